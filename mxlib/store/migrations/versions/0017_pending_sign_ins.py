"""Sign-ins whose password was right and that have steps left."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "pending_sign_in",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user", Integer, nullable=False),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("how", Text, nullable=False),
        sa.Column("passed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.ForeignKeyConstraint(["user"], ["user.id"]),
    )
    op.create_index("pending_by_user", "pending_sign_in", ["user"])
