"""Channels of notices, and their deliveries."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "channel",
        sa.Column("id", Integer, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("place", Text, nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("client", Integer),
        sa.Column("routes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("stopped_at", sa.Float()),
        sa.Column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        sa.Column("id", Integer, nullable=False),
        sa.Column("channel", Integer, nullable=False),
        sa.Column("notice", Integer),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("events", Integer, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("queued_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("tries", Integer, server_default="0", nullable=False),
        sa.Column("problem", Text, server_default="", nullable=False),
        sa.Column("code", Integer, server_default="0", nullable=False),
        sa.Column("mail", Integer),
        sa.Column("lease_owner", Text),
        sa.Column("lease_until", sa.Float()),
        sa.Column("sealed_message", sa.LargeBinary()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["channel"], ["channel.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("delivery_by_time", "delivery", ["status", "next_at"])
    op.create_index("delivery_by_channel", "delivery", ["channel"])
    op.create_index("delivery_by_notice", "delivery", ["notice"])
    op.create_index("delivery_by_mail", "delivery", ["mail"])
