"""Clients and their domains."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "client",
        sa.Column("id", Integer, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("key", Text, nullable=False),
        sa.Column("contacts", sa.JSON(), nullable=False),
        sa.Column("language", Text, nullable=False),
        sa.Column("notes", Text, nullable=False),
        sa.Column("default_quota", Integer),
        sa.Column("max_quota", Integer),
        sa.Column("max_mailboxes", Integer),
        sa.Column("created_by", Text, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "client_domain",
        sa.Column("domain", Text, nullable=False),
        sa.Column("client", Integer, nullable=False),
        sa.Column("position", Integer, nullable=False),
        sa.PrimaryKeyConstraint("domain"),
        sa.ForeignKeyConstraint(["client"], ["client.id"]),
        sqlite_with_rowid=False,
    )
    op.create_index("client_domain_by_client", "client_domain", ["client"])
