"""The version of a draft, by which two tabs on one draft notice each other."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column."""
    op.add_column("draft", sa.Column("version", Integer, nullable=False, server_default=sa.text("1")))
