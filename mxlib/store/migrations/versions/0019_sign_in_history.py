"""The end of temporary passwords, and the sign-in before the present one."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the columns; passwords of earlier releases hold until they are changed."""
    op.add_column("user", sa.Column("password_ends_at", sa.Float()))
    op.add_column("user", sa.Column("last_sign_in_from", Text, nullable=False, server_default=""))
    op.add_column("user", sa.Column("refused_since", Integer, nullable=False, server_default=sa.text("0")))
    op.add_column("session", sa.Column("before_at", sa.Float()))
    op.add_column("session", sa.Column("before_from", Text, nullable=False, server_default=""))
    op.add_column("session", sa.Column("before_refused", Integer, nullable=False, server_default=sa.text("0")))
