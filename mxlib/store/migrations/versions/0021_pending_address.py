"""The address from which a pending sign-in came."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the column; a sign-in that is pending meanwhile has no address."""
    op.add_column("pending_sign_in", sa.Column("address", Text, nullable=False, server_default=""))
