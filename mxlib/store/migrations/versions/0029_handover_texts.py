"""Texts to owners of mailboxes, and letterheads."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "handover_text",
        sa.Column("client", Integer, autoincrement=False, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("body", Text, nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.PrimaryKeyConstraint("client", "kind", "language"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "letterhead",
        sa.Column("client", Integer, autoincrement=False, nullable=False),
        sa.Column("agency", Text, nullable=False),
        sa.Column("help_address", Text, nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.PrimaryKeyConstraint("client"),
    )
