"""Second factors, recovery codes, and when a session last proved its user."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the tables, and add the columns of sessions."""
    op.create_table(
        "second_factor",
        sa.Column("user", Integer, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.Float(), nullable=False),
        sa.Column("last_step", Integer, nullable=False),
        sa.Column("wrong", Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("wrong_at", sa.Float(), nullable=False, server_default=sa.text("0")),
        sa.PrimaryKeyConstraint("user"),
        sa.ForeignKeyConstraint(["user"], ["user.id"]),
    )
    op.create_table(
        "recovery_code",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user", Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.ForeignKeyConstraint(["user"], ["user.id"]),
    )
    op.create_index("recovery_code_by_user", "recovery_code", ["user"])
    op.add_column("session", sa.Column("proved_at", sa.Float()))
    op.add_column("session", sa.Column("by_provider", sa.Boolean(), nullable=False, server_default=sa.false()))
