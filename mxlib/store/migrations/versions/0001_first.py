"""The first tables: lists, runs with their rows and attempts, recovery emails, the audit log."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, and forbid changes of the audit log."""
    op.create_table(
        "audit",
        sa.Column("id", Integer, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("what", Text, nullable=False),
        sa.Column("on", Text, nullable=False),
        sa.Column("address", Text, nullable=False),
        sa.Column("run", Integer),
        sa.Column("outcome", Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_by_run", "audit", ["run"])
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_table(
        "last_list",
        sa.Column("domain", Text, nullable=False),
        sa.Column("read_at", sa.Float(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("domain"),
    )
    op.create_table(
        "meta",
        sa.Column("name", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "recovery_email",
        sa.Column("domain", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("email", Text, nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "username"),
    )
    op.create_table(
        "run",
        sa.Column("id", Integer, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("why", Text, server_default="", nullable=False),
        sa.Column("operator", Text, nullable=False),
        sa.Column("file_name", Text, nullable=False),
        sa.Column("file_digest", Text, nullable=False),
        sa.Column("plan_digest", Text, nullable=False),
        sa.Column("idempotency_key", Text),
        sa.Column("retry_of", Integer),
        sa.Column("domains", sa.JSON(), nullable=False),
        sa.Column("total", Integer, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.Column("checked_at", sa.Float()),
        sa.Column("differences", Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("difference", Text, server_default="", nullable=False),
        sa.Column("note", Text, server_default="", nullable=False),
        sa.Column("seen", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("downloaded_at", sa.Float()),
        sa.Column("retention_days", Integer, nullable=False),
        sa.Column("passwords_until", sa.Float()),
        sa.Column("handed_over_at", sa.Float()),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.ForeignKeyConstraint(["retry_of"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("operator", "idempotency_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("run_by_file", "run", ["file_digest"])
    op.create_index("run_by_status", "run", ["status"])
    op.create_table(
        "attempt",
        sa.Column("id", Integer, nullable=False),
        sa.Column("run", Integer, nullable=False),
        sa.Column("position", Integer),
        sa.Column("kind", Text, nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.Column("heard_at", sa.Float()),
        sa.Column("answer", Text, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attempt_by_row", "attempt", ["run", "position"])
    op.create_index("attempt_by_time", "attempt", ["sent_at"])
    op.create_table(
        "run_row",
        sa.Column("run", Integer, nullable=False),
        sa.Column("position", Integer, nullable=False),
        sa.Column("line", Integer, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("username", Text, nullable=False),
        sa.Column("domain", Text, nullable=False),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("quota", Integer),
        sa.Column("limit", Integer),
        sa.Column("recovery_email", Text, nullable=False),
        sa.Column("verdict", Text, nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("outcome", Text, nullable=False),
        sa.Column("reason", Text, server_default="", nullable=False),
        sa.Column("tries", Integer, server_default=sa.text("0"), nullable=False),
        sa.Column("unanswered", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("host_quota", Integer),
        sa.Column("host_limit", Integer),
        sa.Column("differs", Text, server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
        sa.PrimaryKeyConstraint("run", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("row_by_outcome", "run_row", ["run", "outcome"])
    if op.get_bind().dialect.name != "sqlite":
        return  # a store in another database begins with the triggers of 0018
    op.execute(
        """
        CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END
        """
    )
    op.execute(
        """
        CREATE TRIGGER audit_forgets_only_what_is_old BEFORE DELETE ON audit
        WHEN OLD.at >= coalesce((SELECT CAST(value AS REAL) FROM meta WHERE name = 'audit_kept_since'), 0)
        BEGIN SELECT RAISE(ABORT, 'the audit trail keeps this entry'); END
        """
    )
