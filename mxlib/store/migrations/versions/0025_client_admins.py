"""Grants that make a user a client admin."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the column; all permissions stay as they are."""
    op.add_column("user", sa.Column("client_admin", sa.JSON(), nullable=False, server_default="[]"))
