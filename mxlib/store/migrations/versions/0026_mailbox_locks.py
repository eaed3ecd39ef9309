"""Locks of mailboxes."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "mailbox_lock",
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("reason", Text, nullable=False),
        sa.PrimaryKeyConstraint("domain", "username"),
    )
