"""Deletions that have a date."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "dated_deletion",
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("due_at", sa.Float(), nullable=False),
        sa.Column("asked_at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("why", Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("domain", "username"),
    )
    op.create_index("dated_deletion_by_time", "dated_deletion", ["due_at"])
