"""Passwords of runs that were taken away or handed over."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Create the table.

    A file of results that was downloaded before had every password of its run.
    """
    op.create_table(
        "hand_over",
        sa.Column("run", Integer, nullable=False),
        sa.Column("position", Integer, nullable=False),
        sa.Column("taken_at", sa.Float()),
        sa.Column("taken_as", Text, server_default="", nullable=False),
        sa.Column("at", sa.Float()),
        sa.Column("who", Text, server_default="", nullable=False),
        sa.Column("way", Text, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
        sa.PrimaryKeyConstraint("run", "position"),
    )
    op.execute(
        "INSERT INTO hand_over (run, position, taken_at) SELECT run.id, run_row.position, run.downloaded_at FROM run"
        " JOIN run_row ON run_row.run = run.id"
        " WHERE run.downloaded_at IS NOT NULL AND run_row.sealed_password IS NOT NULL"
    )
