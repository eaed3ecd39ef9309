"""The user who began a draft, besides its present operator."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; for earlier drafts it is unknown."""
    op.add_column("draft", sa.Column("begun_by", Text, nullable=True))
