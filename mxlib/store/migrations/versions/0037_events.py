"""Events, the states of their rules, notices about them, and snoozes."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "event_state",
        sa.Column("rule", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("level", Integer, nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject"),
        sqlite_with_rowid=False,
    )
    op.create_index("event_state_by_domain", "event_state", ["domain"])
    op.create_table(
        "event",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("rule", Text, nullable=False),
        sa.Column("code", Text, nullable=False),
        sa.Column("severity", Text, nullable=False),
        sa.Column("level", Integer, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("way", Text, nullable=False),
        sa.Column("due_at", sa.Float()),
        sa.Column("notice", Integer),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("event_by_subject", "event", ["subject", "rule", "id"])
    op.create_index("event_by_time", "event", ["at"])
    op.create_index("event_by_notice", "event", ["notice"])
    due = sa.text("notice IS NULL AND due_at IS NOT NULL")
    op.create_index("event_due", "event", ["due_at"], sqlite_where=due, postgresql_where=due)
    op.create_table(
        "notice",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("rule", Text),
        sa.Column("severity", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "event_snooze",
        sa.Column("rule", Text, nullable=False),
        sa.Column("subject", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject"),
        sqlite_with_rowid=False,
    )
