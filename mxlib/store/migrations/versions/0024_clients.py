"""Clients and their domains."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "client",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("contacts", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("default_quota", sa.Integer()),
        sa.Column("max_quota", sa.Integer()),
        sa.Column("max_mailboxes", sa.Integer()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "client_domain",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("client", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain"),
        sa.ForeignKeyConstraint(["client"], ["client.id"]),
        sqlite_with_rowid=False,
    )
    op.create_index("client_domain_by_client", "client_domain", ["client"])
