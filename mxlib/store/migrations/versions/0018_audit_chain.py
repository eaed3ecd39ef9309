"""Hashes of the audit log, signatures, and triggers that allow only erasure and retention."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_TRIGGERS = (
    """
    CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
    WHEN NEW.id <= coalesce((SELECT max(last) FROM audit_head), 0) OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
    """,
    """
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    WHEN NOT (
        NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.kind IS OLD.kind AND NEW.what IS OLD.what AND NEW.run IS OLD.run
        AND NEW.version IS OLD.version AND NEW.link IS OLD.link AND NEW.salt IS NULL
        AND (NEW.commitment IS OLD.commitment OR OLD.commitment IS NULL)
        AND (OLD.version IS NULL OR NEW.erased IS NOT NULL)
        AND NEW.who IN (OLD.who, '(erased)') AND NEW."on" IN (OLD."on", '(erased)')
        AND NEW.address IN (OLD.address, '(erased)') AND NEW.outcome IN (OLD.outcome, '(erased)')
        AND (NEW.detail IS OLD.detail OR NEW.detail IS NULL)
    )
    BEGIN SELECT RAISE(ABORT, 'the audit log is never changed'); END
    """,
    """
    CREATE TRIGGER audit_forgets_only_what_is_old BEFORE DELETE ON audit
    WHEN NOT EXISTS (SELECT 1 FROM audit_checkpoint WHERE OLD.id BETWEEN first AND last AND OLD.at < until)
    BEGIN SELECT RAISE(ABORT, 'the audit log keeps this entry'); END
    """,
)


def upgrade() -> None:
    """Create the tables, columns and triggers.

    Entries stay as they are; the store signs them when it is next opened, with the server's key.
    """
    op.add_column("audit", sa.Column("version", sa.Integer()))
    for name in ("salt", "commitment", "erased", "link"):
        op.add_column("audit", sa.Column(name, sa.LargeBinary()))
    op.create_table(
        "audit_chain",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary()),
        sa.Column("earlier", sa.Integer()),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("first", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("link", sa.LargeBinary()),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_block",
        sa.Column("first", sa.Integer(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.execute("DELETE FROM meta WHERE name = 'audit_kept_since'")
    for name in ("audit_is_never_changed", "audit_forgets_only_what_is_old"):
        op.execute(f"DROP TRIGGER {name}")
    for trigger in _TRIGGERS:
        op.execute(trigger)
