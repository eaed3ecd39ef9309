"""Full names of the people whose mailboxes they are, kept like recovery emails."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table, and the name columns of runs and of writes by hand."""
    op.create_table(
        "mailbox_name",
        sa.Column("domain", Text, primary_key=True),
        sa.Column("username", Text, primary_key=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
    )
    op.add_column("run_row", sa.Column("name", Text, nullable=False, server_default=""))
    op.add_column("manual_write", sa.Column("name", Text, nullable=False, server_default=""))
