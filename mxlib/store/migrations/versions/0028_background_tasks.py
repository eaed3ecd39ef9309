"""Background tasks, with a lease each."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "background_task",
        sa.Column("name", Text, nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("requested_at", sa.Float()),
        sa.Column("lease_owner", Text, server_default="", nullable=False),
        sa.Column("lease_until", sa.Float(), server_default="0", nullable=False),
        sa.Column("attempts", Integer, server_default="0", nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.Column("failing_since", sa.Float()),
        sa.Column("code", Text, server_default="", nullable=False),
        sa.Column("figures", sa.JSON(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
