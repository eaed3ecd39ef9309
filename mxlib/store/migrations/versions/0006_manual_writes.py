"""The journal of writes by hand."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create its table."""
    op.create_table(
        "manual_write",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("recovery_email", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("settle_at", sa.Float(), nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("passwords_until", sa.Float(), nullable=False),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("manual_write_by_mailbox", "manual_write", ["domain", "username"])
