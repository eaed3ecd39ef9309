"""The outbox."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "outbox_mail",
        sa.Column("id", Integer, nullable=False),
        sa.Column("cause", Text, nullable=False),
        sa.Column("reference", Text, nullable=False),
        sa.Column("recipient", Text, nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("message_id", Text, nullable=False),
        sa.Column("sealed_message", sa.LargeBinary()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("queued_at", sa.Float(), nullable=False),
        sa.Column("next_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("tries", Integer, server_default="0", nullable=False),
        sa.Column("problem", Text, server_default="", nullable=False),
        sa.Column("code", Integer, server_default="0", nullable=False),
        sa.Column("words", Text, server_default="", nullable=False),
        sa.Column("lease_owner", Text),
        sa.Column("lease_until", sa.Float()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_mail_by_time", "outbox_mail", ["status", "next_at"])
    op.create_table(
        "outbox_try",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
