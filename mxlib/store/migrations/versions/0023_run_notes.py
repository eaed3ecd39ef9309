"""Notes about the file of a run."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Add the column of sealed notes."""
    op.add_column("run", sa.Column("sealed_notes", sa.LargeBinary()))
