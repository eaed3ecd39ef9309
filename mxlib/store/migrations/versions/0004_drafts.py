"""Drafts: imports that were begun and not yet started."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "draft",
        sa.Column("id", Text, nullable=False),
        sa.Column("operator", Text, nullable=False),
        sa.Column("file_name", Text, nullable=False),
        sa.Column("domains", sa.JSON(), nullable=False),
        sa.Column("rows", Integer, nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.Column("sealed_file", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_rows", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
