"""Use of mailboxes and domains by the day."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("gone_at", sa.Float()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "domain", "username"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "usage_daily",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailbox_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("usage", sa.Integer()),
        sa.Column("quota", sa.Integer()),
        sa.Column("sent_max", sa.Integer()),
        sa.Column("limit", sa.Integer()),
        sa.PrimaryKeyConstraint("day", "mailbox_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_domain_daily",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mailboxes", sa.Integer(), nullable=False),
        sa.Column("usage", sa.Integer(), nullable=False),
        sa.Column("usage_max", sa.Integer(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("full", sa.Integer(), nullable=False),
        sa.Column("nearly_full", sa.Integer(), nullable=False),
        sa.Column("near_send_limit", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "domain", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_trend",
        sa.Column("mailbox_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("growth", sa.Float()),
        sa.Column("sent_days", sa.Integer(), nullable=False),
        sa.Column("usual_sent", sa.Integer()),
        sa.PrimaryKeyConstraint("mailbox_id"),
        sqlite_with_rowid=False,
    )
