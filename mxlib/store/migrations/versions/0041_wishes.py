"""Requests for runs that another process carries out."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

EXPANDS = True


def upgrade() -> None:
    """Add the column, and an index of the runs that have one."""
    op.add_column("run", sa.Column("wish", sa.JSON()))
    where = sa.text("wish IS NOT NULL")
    op.create_index("run_with_wish", "run", ["id"], sqlite_where=where, postgresql_where=where)
