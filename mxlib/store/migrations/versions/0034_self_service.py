"""Self-service reset: where it is on, requests, their outcomes, and changes of recovery emails."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Create the tables; self-service reset is off everywhere."""
    op.add_column("client", sa.Column("self_service", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "self_service",
        sa.Column("domain", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.PrimaryKeyConstraint("domain"),
    )
    op.create_table(
        "reset_request",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reset_request_by_address", "reset_request", ["address"])
    op.create_index("reset_request_by_network", "reset_request", ["network"])
    op.create_table(
        "reset_answer",
        sa.Column("id", Integer, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
        sa.Column("times", Integer, nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("link", Integer),
        sa.Column("mail", Integer),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("reset_answer_by_mailbox", "reset_answer", ["domain", "username", "last_at"])
    op.create_table(
        "recovery_change",
        sa.Column("id", Integer, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("recovery_change_by_mailbox", "recovery_change", ["domain", "username"])
