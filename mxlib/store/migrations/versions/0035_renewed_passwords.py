"""Passwords that took the place of those of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Add the column."""
    op.add_column("hand_over", sa.Column("renewed_at", sa.Float()))
