"""Keys of runs in a table of their own."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Move the keys."""
    op.create_table(
        "run_key",
        sa.Column("run", Integer, sa.ForeignKey("run.id"), primary_key=True, autoincrement=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
    )
    op.execute("INSERT INTO run_key (run, wrapped) SELECT id, wrapped_key FROM run WHERE wrapped_key IS NOT NULL")
    op.drop_column("run", "wrapped_key")
