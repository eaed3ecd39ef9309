"""A row's own cells, sealed; those in clear are sealed when the store is opened, since that takes the server's key."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the column."""
    op.add_column("run_row", sa.Column("sealed_cells", sa.LargeBinary()))
