"""A store of every earlier schema opens in this release, with all its data."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mxlib.clock import SystemClock
from mxlib.core.audit_verification import BreakKind
from mxlib.core.vocabulary import AuditAction
from mxlib.store import FILE, Store, audit, audit_check, database, journal
from mxlib.store.tables import metadata

SCHEMAS = sorted((Path(__file__).parents[1] / "files" / "schemas").glob("*.sql"))
SECRET = "key of the schema fixtures"

#: Queries whose results a migration must not change, over columns that every schema has had.
KEPT = (
    'SELECT id, at, who, kind, what, "on", address, run, outcome FROM audit '
    "WHERE outcome NOT LIKE 'import includes view %' ORDER BY id",
    'SELECT run, position, line, action, username, domain, quota, "limit", recovery_email, verdict, outcome, reason, '
    "host_quota, host_limit, sealed_password FROM run_row ORDER BY run, position",
    "SELECT id, status, operator, total, created_at, wrapped_key, passwords_until FROM run ORDER BY id",
    "SELECT domain, username, email FROM recovery_email ORDER BY 1, 2",
    "SELECT run, position, kind, sent_at, answer FROM attempt ORDER BY id",
    "SELECT domain, read_at, content FROM last_list ORDER BY 1",
)


def before_schema(number: str) -> list[Path]:
    """Return the dumps of schemas before this one."""
    return [path for path in SCHEMAS if path.stem < number]


@pytest.fixture(params=SCHEMAS, ids=lambda path: path.stem)
def database_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / FILE
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(request.param.read_text())
    return file


@pytest.fixture
def before(database_file: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(database_file)) as connection:
        return [connection.execute(query).fetchall() for query in KEPT]


@pytest.fixture
def store(database_file: Path, before: object) -> Iterator[Store]:
    opened = Store.open(database_file, SystemClock(), SECRET)
    yield opened
    opened.close()


def test_there_is_a_dump_of_every_schema_of_a_release() -> None:
    assert [path.stem for path in SCHEMAS] == ["0001", "0002", "0003", "0004", "0005", "0013", "0016", "0020"]


def test_a_store_of_an_earlier_schema_gets_the_current_tables(store: Store) -> None:
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == database.HEAD
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_a_store_of_an_earlier_schema_keeps_its_data(store: Store, before: list[list[tuple[object, ...]]]) -> None:
    with store.read() as tx:
        after = [[tuple(row) for row in tx.exec_driver_sql(query)] for query in KEPT]
    assert after == before
    assert all(before)


@pytest.mark.parametrize("database_file", before_schema("0016"), indirect=True, ids=lambda path: path.stem)
def test_rows_and_entries_of_an_earlier_schema_keep_their_texts_and_have_no_code(store: Store) -> None:
    with store.read() as tx:
        found = tx.exec_driver_sql("SELECT run, position, reason FROM run_row")
        texts = {(run, position): reason for run, position, reason in found}
        rows = [row for run in journal.latest_runs(tx, 100) for row in journal.rows(tx, run.id)]
        entries = audit.find(tx, audit.AuditFilter(), most=1_000)
    assert {(row.run, row.position): row.reason for row in rows} == texts
    assert any(texts.values())
    assert {(row.code, row.detail) for row in rows} == {("", None)}
    assert {entry.detail for entry in entries} == {None}


@pytest.mark.parametrize("database_file", before_schema("0016")[-1:], indirect=True, ids=lambda path: path.stem)
def test_a_run_paused_by_an_earlier_release_resumes_by_its_pause_code(database_file: Path) -> None:
    why = "MXroute answers, but not when it is asked to change something. Resume when MXroute is well."
    with closing(sqlite3.connect(database_file)) as connection, connection:
        connection.execute("UPDATE run SET status = 'paused', why = ? WHERE id = 1", (why,))
        connection.execute("UPDATE run SET status = 'paused', why = 'kim pressed Pause.' WHERE id <> 1")
    store = Store.open(database_file, SystemClock(), SECRET)
    with store.read() as tx:
        codes = {run.id: (run.why_code, run.why) for run in journal.latest_runs(tx, 100)}
    store.close()
    assert codes.pop(1) == ("no_writes", why)
    assert set(codes.values()) == {("", "kim pressed Pause.")}


def test_every_import_permission_includes_view_after_migration(store: Store) -> None:
    with store.read() as tx:
        names = {
            name
            for table in ("user", "token")
            for name, given in tx.exec_driver_sql(f'SELECT name, permissions FROM "{table}"')
            if [may for may in json.loads(given).values() if "import" in may and "view" not in may]
        }
    assert not names


@pytest.mark.parametrize("database_file", [p for p in SCHEMAS if p.stem == "0013"], indirect=True, ids=["0013"])
def test_view_comes_with_an_audit_entry_for_each_user_and_token(store: Store) -> None:
    with store.read() as tx:
        entries = tx.exec_driver_sql(
            "SELECT who, kind, what, \"on\", outcome FROM audit WHERE outcome LIKE 'import includes view %' ORDER BY id"
        ).all()
        kept = {row[0]: row[1] for row in tx.exec_driver_sql('SELECT name, permissions FROM "user"')}
    prefix = "import includes view from this release on: "
    assert [tuple(entry) for entry in entries] == [
        ("MXM", "engine", "user.change", "importer@agency.example", f"{prefix}a.nl: view, import; b.nl: view"),
        ("MXM", "engine", "user.change", "everywhere@agency.example",
         f"{prefix}*: view, import; a.nl: view, import, delete"),
        ("MXM", "engine", "user.change", "viewer@agency.example", f"{prefix}*: view, export; b.nl: view, import"),
        ("MXM", "engine", "token.change", "test (token 3)", f"{prefix}a.nl: view, import"),
    ]  # fmt: skip
    assert kept["boss@agency.example"] == "{}"


def test_passwords_of_an_earlier_release_open(store: Store) -> None:
    with store.read() as tx:
        wrapped = tx.exec_driver_sql("SELECT wrapped_key FROM run WHERE id = 1").scalar_one()
        sealed = tx.exec_driver_sql("SELECT sealed_password FROM run_row WHERE run = 1 AND position = 0").scalar_one()
    assert store.key.unwrap(wrapped).open_password(sealed, 0) == "Geheim.2026x"


def test_the_audit_log_of_an_earlier_release_stays_protected(store: Store) -> None:
    with store.read() as tx:
        triggers = set(tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars())
    assert {"audit_is_never_changed", "audit_forgets_only_what_is_old", "audit_only_grows"} <= triggers


@pytest.mark.parametrize("database_file", [p for p in SCHEMAS if p.stem == "0020"], indirect=True, ids=["0020"])
def test_a_chain_of_an_earlier_release_holds_and_continues(store: Store) -> None:
    found = audit_check.verify(store)
    assert (found.broken, found.chains, found.checkpoints, found.erased) == (None, 1, 1, 1)
    with store.write() as tx:
        audit.record(tx, audit.Actor("ops"), AuditAction.EXPORT, at=1.0, on="a.nl")
    after = audit_check.verify(store)
    assert (after.broken, after.chains, after.entries) == (None, 1, found.entries + 1)


@pytest.mark.parametrize("database_file", before_schema("0018"), indirect=True, ids=lambda path: path.stem)
def test_the_entries_of_an_earlier_release_are_signed_and_not_rewritten(store: Store) -> None:
    found = audit_check.verify(store)
    assert (found.broken, found.chains) == (None, 1)
    assert found.entries == found.earlier > 0
    with store.read() as tx:
        columns = "version, salt, commitment, erased, link"
        assert set(tx.exec_driver_sql(f"SELECT DISTINCT {columns} FROM audit")) == {(None,) * 5}
    with store.write() as tx:
        audit.record(tx, audit.Actor("ops"), AuditAction.EXPORT, at=1.0, on="a.nl")
        assert tx.exec_driver_sql("SELECT count(*) FROM audit WHERE link IS NOT NULL").scalar() == 1
    assert audit_check.verify(store).entries == found.entries + 1
    with store.write() as tx:
        tx.exec_driver_sql("DROP TRIGGER audit_is_never_changed")
        tx.exec_driver_sql("UPDATE audit SET outcome = 'another' WHERE id = (SELECT min(id) FROM audit)")
    broken = audit_check.verify(store).broken
    assert broken
    assert broken.kind is BreakKind.BLOCK
