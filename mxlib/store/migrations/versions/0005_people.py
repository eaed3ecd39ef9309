"""Users and their sessions; the kind of a run; the first sighting of a mailbox."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables, and the columns of runs."""
    op.create_table(
        "user",
        sa.Column("id", Integer, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("password_hash", Text),
        sa.Column("subject", Text),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("created_by", Text, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("password_set_at", sa.Float()),
        sa.Column("last_sign_in_at", sa.Float()),
        sa.Column("disabled_at", sa.Float()),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("subject"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user", Integer, sa.ForeignKey("user.id"), nullable=False),
        sa.Column("began_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("agent", Text, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("session_by_user", "session", ["user"])
    op.create_table(
        "sign_in_refused",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("refused_by_time", "sign_in_refused", ["at"])
    op.create_table(
        "first_seen",
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "username"),
        sqlite_with_rowid=False,
    )
    op.add_column("run", sa.Column("kind", Text, nullable=False, server_default="import"))
    # SQLite accepts a reference in a new column only in this form; Alembic would add it afterwards, which SQLite
    # cannot.
    number = Integer.compile(op.get_bind().dialect)
    op.execute(f"ALTER TABLE run ADD COLUMN undo_of {number} REFERENCES run (id)")
    op.create_index("audit_by_subject", "audit", ["on"])
    op.create_index("row_by_mailbox", "run_row", ["domain", "username"])
