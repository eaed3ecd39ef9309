"""Proof of a row's outcome, and the latest audit entry when a run was planned."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add both; an earlier run counts as planned when it was started."""
    op.add_column("run_row", sa.Column("proof", Text, nullable=False, server_default=""))
    op.add_column("run", sa.Column("planned_after", Integer, nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE run SET planned_after = (SELECT coalesce(max(audit.id), 0) FROM audit WHERE audit.at <= run.created_at)"
    )
