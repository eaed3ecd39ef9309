"""Use of mailboxes and domains by the day."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "mailbox",
        sa.Column("id", Integer, nullable=False),
        sa.Column("account", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("gone_at", sa.Float()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "domain", "username"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "usage_daily",
        sa.Column("day", Integer, autoincrement=False, nullable=False),
        sa.Column("mailbox_id", Integer, autoincrement=False, nullable=False),
        sa.Column("usage", Integer),
        sa.Column("quota", Integer),
        sa.Column("sent_max", Integer),
        sa.Column("limit", Integer),
        sa.PrimaryKeyConstraint("day", "mailbox_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_domain_daily",
        sa.Column("account", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("day", Integer, autoincrement=False, nullable=False),
        sa.Column("mailboxes", Integer, nullable=False),
        sa.Column("usage", Integer, nullable=False),
        sa.Column("usage_max", Integer, nullable=False),
        sa.Column("quota", Integer, nullable=False),
        sa.Column("sent", Integer, nullable=False),
        sa.Column("full", Integer, nullable=False),
        sa.Column("nearly_full", Integer, nullable=False),
        sa.Column("near_send_limit", Integer, nullable=False),
        sa.PrimaryKeyConstraint("account", "domain", "day"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_trend",
        sa.Column("mailbox_id", Integer, autoincrement=False, nullable=False),
        sa.Column("day", Integer, nullable=False),
        sa.Column("days", Integer, nullable=False),
        sa.Column("growth", sa.Float()),
        sa.Column("sent_days", Integer, nullable=False),
        sa.Column("usual_sent", Integer),
        sa.PrimaryKeyConstraint("mailbox_id"),
        sqlite_with_rowid=False,
    )
