"""An index to count the rows of a run by domain."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create the index."""
    op.create_index("row_by_domain", "run_row", ["run", "domain", "verdict", "outcome"])
