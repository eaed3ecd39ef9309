"""One open run a plan, one open undo a run, and selected mailboxes behind links."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0040"
down_revision = "0039"

EXPANDS = True

_OPEN = "status NOT IN ('finished', 'stopped')"


def upgrade() -> None:
    """Create the indexes and the table."""
    for name, column, where in (
        ("run_open_plan", "plan_digest", _OPEN),
        ("run_open_undo", "undo_of", f"{_OPEN} AND undo_of IS NOT NULL AND retry_of IS NULL"),
    ):
        op.create_index(
            name, "run", [column], unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    op.create_table(
        "selection",
        sa.Column("id", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("selection_by_time", "selection", ["at"])
