"""Hashes of the audit log, signatures, and triggers that allow only erasure and retention."""

import sqlalchemy as sa
from alembic import op

from mxlib.store.column_types import Integer, Text

revision = "0018"
down_revision = "0017"

#: Of SQLite.
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

#: Of PostgreSQL, where TRUNCATE would pass by the triggers of rows.
_GUARDS = (
    """
    CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.id <= coalesce((SELECT max(last) FROM audit_head), 0)
            OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
        THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'the audit log only grows';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION audit_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT (
            NEW.id = OLD.id AND NEW.at = OLD.at AND NEW.kind = OLD.kind AND NEW.what = OLD.what
            AND NEW.run IS NOT DISTINCT FROM OLD.run
            AND NEW.version IS NOT DISTINCT FROM OLD.version
            AND NEW.link IS NOT DISTINCT FROM OLD.link
            AND NEW.salt IS NULL
            AND (NEW.commitment IS NOT DISTINCT FROM OLD.commitment OR OLD.commitment IS NULL)
            AND (OLD.version IS NULL OR NEW.erased IS NOT NULL)
            AND NEW.who IN (OLD.who, '(erased)') AND NEW."on" IN (OLD."on", '(erased)')
            AND NEW.address IN (OLD.address, '(erased)') AND NEW.outcome IN (OLD.outcome, '(erased)')
            AND (NEW.detail IS NULL OR CAST(NEW.detail AS TEXT) IS NOT DISTINCT FROM CAST(OLD.detail AS TEXT))
        ) THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'the audit log is never changed';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION audit_forgets_only_what_is_old() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' OR NOT EXISTS (
            SELECT 1 FROM audit_checkpoint WHERE OLD.id BETWEEN first AND last AND OLD.at < until
        ) THEN
            RAISE integrity_constraint_violation USING MESSAGE = 'the audit log keeps this entry';
        END IF;
        RETURN OLD;
    END $$
    """,
    "CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
    """
    CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_never_changed()
    """,
    """
    CREATE TRIGGER audit_forgets_only_what_is_old BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_forgets_only_what_is_old()
    """,
    """
    CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_forgets_only_what_is_old()
    """,
)


def upgrade() -> None:
    """Create the tables, columns and triggers.

    Entries stay as they are; the store signs them when it is next opened, with the server's key.
    """
    op.add_column("audit", sa.Column("version", Integer))
    for name in ("salt", "commitment", "erased", "link"):
        op.add_column("audit", sa.Column(name, sa.LargeBinary()))
    op.create_table(
        "audit_chain",
        sa.Column("number", Integer, primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("why", Text, nullable=False),
        sa.Column("first", Integer, nullable=False),
        sa.Column("before", sa.LargeBinary()),
        sa.Column("earlier", Integer),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_head",
        sa.Column("id", Integer, primary_key=True),
        sa.Column("last", Integer, nullable=False),
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("first", Integer, primary_key=True),
        sa.Column("last", Integer, nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("link", sa.LargeBinary()),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "audit_block",
        sa.Column("first", Integer, primary_key=True),
        sa.Column("last", Integer, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
    )
    op.execute("DELETE FROM meta WHERE name = 'audit_kept_since'")
    if op.get_bind().dialect.name != "sqlite":
        for statement in _GUARDS:
            op.execute(statement)
        return
    for name in ("audit_is_never_changed", "audit_forgets_only_what_is_old"):
        op.execute(f"DROP TRIGGER {name}")
    for trigger in _TRIGGERS:
        op.execute(trigger)
