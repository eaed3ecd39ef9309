"""Own columns of a row, encrypted.

Those in clear are encrypted when the store is opened, since that needs the server's key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the column."""
    op.add_column("run_row", sa.Column("sealed_cells", sa.LargeBinary()))
