"""Who began a draft, beside whose it is now."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; of earlier drafts it is not known."""
    op.add_column("draft", sa.Column("begun_by", sa.Text(), nullable=True))
