"""Drafts of the rows that a run left out."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the run that a draft's rows were left out of."""
    op.add_column("draft", sa.Column("run", Integer))
