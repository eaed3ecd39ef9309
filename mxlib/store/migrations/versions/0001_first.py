"""The first tables: lists, runs with their rows and attempts, recovery emails, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables, and forbid changes of the audit log."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("on", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_by_run", "audit", ["run"])
    op.create_index("audit_by_time", "audit", ["at"])
    op.create_table(
        "last_list",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("read_at", sa.Float(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("domain"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "recovery_email",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("set_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "username"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_digest", sa.Text(), nullable=False),
        sa.Column("plan_digest", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("retry_of", sa.Integer()),
        sa.Column("domains", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.Column("checked_at", sa.Float()),
        sa.Column("differences", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("difference", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("seen", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("downloaded_at", sa.Float()),
        sa.Column("retention_days", sa.Integer(), nullable=False),
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
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Float(), nullable=False),
        sa.Column("heard_at", sa.Float()),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("attempt_by_row", "attempt", ["run", "position"])
    op.create_index("attempt_by_time", "attempt", ["sent_at"])
    op.create_table(
        "run_row",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("sealed_password", sa.LargeBinary()),
        sa.Column("generated", sa.Boolean(), nullable=False),
        sa.Column("quota", sa.Integer()),
        sa.Column("limit", sa.Integer()),
        sa.Column("recovery_email", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("unanswered", sa.Boolean(), server_default=sa.text("0"), nullable=False),
        sa.Column("host_quota", sa.Integer()),
        sa.Column("host_limit", sa.Integer()),
        sa.Column("differs", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"]),
        sa.PrimaryKeyConstraint("run", "position"),
        sqlite_with_rowid=False,
    )
    op.create_index("row_by_outcome", "run_row", ["run", "outcome"])
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
