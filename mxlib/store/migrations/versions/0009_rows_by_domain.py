"""An index by which the rows of a run are counted domain by domain."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the index."""
    op.create_index("row_by_domain", "run_row", ["run", "domain", "verdict", "outcome"])
