"""A store of every earlier schema opens in this release, with all its data."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mxlib.clock import SystemClock
from mxlib.core.audit_verification import BreakKind
from mxlib.core.vocabulary import AuditAction
from mxlib.store import FILE, Store, audit, audit_check, database, hand_over, journal
from mxlib.store.hand_over import HandOver
from mxlib.store.tables import metadata

pytestmark = pytest.mark.sqlite

SCHEMAS = sorted((Path(__file__).parents[1] / "files" / "schemas").glob("*.sql"))
SECRET = "key of the schema fixtures"
BOSS = "boss@agency.example"

#: Queries whose results a migration must not change, over columns that every schema has had.
KEPT = (
    'SELECT id, at, who, kind, what, "on", address, run, outcome FROM audit '
    "WHERE outcome NOT LIKE 'import includes view %' ORDER BY id",
    'SELECT run, position, line, action, username, domain, quota, "limit", recovery_email, verdict, outcome, reason, '
    "host_quota, host_limit, sealed_password FROM run_row ORDER BY run, position",
    "SELECT id, status, operator, total, created_at, passwords_until FROM run ORDER BY id",
    "SELECT domain, username, email FROM recovery_email ORDER BY 1, 2",
    "SELECT run, position, kind, sent_at, answer FROM attempt ORDER BY id",
    "SELECT domain, read_at, content FROM last_list ORDER BY 1",
)

#: Dumps that were made one from the other.
LINES = (
    ("0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012"),
    ("0013", "0014", "0015"),
    ("0016", "0017", "0018", "0019"),
    (
        "0020",
        "0021",
        "0022",
        "0023",
        "0024",
        "0025",
        "0026",
        "0027",
        "0028",
        "0029",
        "0030",
        "0031",
        "0032",
        "0033",
        "0034",
        "0035",
        "0036",
        "0037",
        "0038",
        "0039",
        "0040",
        "0041",
        "0042",
    ),
)

#: What each of them added to the one before, as this release has it.
BROUGHT: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "0006": (
        "SELECT username, status, recovery_email, length(sealed_password) FROM manual_write ORDER BY id",
        [("lena", "uncertain", "lena@mail.example", 38), ("mila", "kept", "mila@mail.example", 38)],
    ),
    "0007": ("SELECT user.name FROM token JOIN user ON user.id = owner WHERE token.name = 'nightly sync'", [(BOSS,)]),
    "0008": ("SELECT version FROM draft", [(3,)]),
    "0009": ("SELECT email FROM recovery_email WHERE domain = 'b.nl'", [("a2@mail.example",)]),
    "0010": (
        "SELECT answered_by, json_extract(answer, '$.meanings.Person') FROM mapping_answer "
        "WHERE answer LIKE '%Person%' ORDER BY 1",
        [(BOSS, "name"), ("viewer@agency.example", "other")],
    ),
    "0011": ("SELECT begun_by FROM draft", [("importer@agency.example",)]),
    "0012": ("SELECT sealed_cells IS NULL FROM run_row WHERE run = 1 AND position = 0", [(0,)]),
    "0014": (
        "SELECT permissions FROM user WHERE name = 'importer@agency.example'",
        [('{"a.nl": ["view", "import", "delete"]}',)],
    ),
    "0015": (
        "SELECT mailbox_name.name, run_row.name, manual_write.name FROM mailbox_name, run_row, manual_write "
        "WHERE run = 1 AND position = 0",
        [("Nina van den Berg", "Nina van den Berg", "Nina Berg")],
    ),
    "0017": (
        "SELECT how, passed FROM pending_sign_in",
        [("password", '["second_factor"]')],
    ),
    "0018": ("SELECT count(*) FROM audit WHERE link IS NOT NULL AND at = 1795701800.0", [(1,)]),
    "0019": (
        "SELECT password_ends_at IS NULL, last_sign_in_from, user.refused_since, session.before_from, before_refused "
        "FROM user JOIN session ON session.user = user.id",
        [(0, "192.0.2.7", 2, "192.0.2.8", 1)],
    ),
    "0021": (
        "SELECT pending_sign_in.address, wrong, (SELECT count(*) FROM recovery_code) "
        "FROM pending_sign_in, second_factor",
        [("192.0.2.7", 1, 1)],
    ),
    "0022": ("SELECT run FROM draft", [(1,)]),
    "0023": ("SELECT id FROM run WHERE sealed_notes IS NOT NULL", [(1,)]),
    "0024": (
        "SELECT name, domain, max_quota FROM client JOIN client_domain ON client = client.id ORDER BY domain",
        [("Client A", "a.nl", 4096), ("Client A", "b.nl", 4096)],
    ),
    "0025": (
        "SELECT name, client_admin FROM user WHERE client_admin <> '[]'",
        [("client.admin@clienta.example", '["client:1"]')],
    ),
    "0026": ("SELECT who, reason FROM mailbox_lock", [(BOSS, "left us")]),
    "0027": (
        "SELECT username, why, json_extract(figures, '$.messages') FROM dated_deletion ORDER BY username",
        [("lena", "sent", 3), ("mila", "", None)],
    ),
    "0028": ("SELECT name, attempts, finished_at FROM background_task", [("tidy", 1, 1795902000.0)]),
    "0029": ("SELECT kind, language, who FROM handover_text", [("message", "en", BOSS)]),
    "0030": ("SELECT position, who, way FROM hand_over", [(0, BOSS, "letter")]),
    "0031": ("SELECT recipient, status, words FROM outbox_mail", [("kim@agency.example", "sent", "queued")]),
    "0032": ("SELECT username, purpose, recipient FROM link WHERE id = 1", [("nina", "invite", "nina@mail.example")]),
    "0033": ("SELECT username, usage, sent_max FROM mailbox JOIN usage_daily ON mailbox_id = id", [("a2", 2048, 3)]),
    "0034": ("SELECT domain, who FROM self_service", [("a.nl", BOSS)]),
    "0035": ("SELECT renewed_at FROM hand_over", [(1795903600.0,)]),
    "0036": ("SELECT who, name FROM saved_view", [(BOSS, "Nearly full")]),
    "0037": ("SELECT subject, code, notice FROM event", [("nina@a.nl", "mailbox_full", 1)]),
    "0038": ("SELECT name, kind FROM channel", [("Team chat", "ntfy")]),
    "0039": ("SELECT recipient FROM link WHERE ended_at IS NULL", [("nina.later@mail.example",)]),
    "0040": ("SELECT id, at, length(sealed) FROM selection", [("5e1ec7ed", 1795903700.0, 46)]),
    "0041": ("SELECT id, wish FROM run WHERE wish IS NOT NULL", [(2, '{"wish": "look", "by": ""}')]),
    "0042": ("SELECT account, owner, epoch FROM account_lease", [(1, "a server that ended", 3)]),
}  # fmt: skip


def before_schema(number: str) -> list[Path]:
    """Return the dumps of schemas before this one."""
    return [path for path in SCHEMAS if path.stem < number]


@cache
def migrated(dump: Path) -> bytes:
    """Return a database of this dump as this release opened it; migrating one for every test takes too long."""
    with TemporaryDirectory() as folder:
        file = load(dump, Path(folder))
        store = Store.open(file, SystemClock(), SECRET)
        assert store.scrub()
        store.close()
        return file.read_bytes()


def load(dump: Path, folder: Path) -> Path:
    """Load a dump into a new database; return its file."""
    file = folder / FILE
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(dump.read_text())
    return file


@pytest.fixture(params=SCHEMAS, ids=lambda path: path.stem)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """The store of a dump, migrated."""
    (tmp_path / FILE).write_bytes(migrated(request.param))
    opened = Store.open(tmp_path / FILE, SystemClock(), SECRET)
    yield opened
    opened.close()


def test_there_is_a_dump_of_every_earlier_schema() -> None:
    """A new migration comes with a dump of the schema before: see the README there."""
    stems = [path.stem for path in SCHEMAS]
    assert stems[: int(database.HEAD) - 1] == [f"{number:04}" for number in range(1, int(database.HEAD))]


def test_a_store_of_an_earlier_schema_gets_the_current_tables(store: Store) -> None:
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == database.HEAD
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


@pytest.mark.parametrize("dump", SCHEMAS, ids=lambda path: path.stem)
def test_a_store_of_an_earlier_schema_keeps_its_data(dump: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(load(dump, tmp_path))) as connection:
        before = [connection.execute(query).fetchall() for query in KEPT]
        keys = connection.execute("SELECT id, wrapped_key FROM run WHERE wrapped_key IS NOT NULL").fetchall()
    (tmp_path / FILE).write_bytes(migrated(dump))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        assert [connection.execute(query).fetchall() for query in KEPT] == before
        assert connection.execute("SELECT run, wrapped FROM run_key ORDER BY run").fetchall() == keys
    assert all(before)
    assert keys


def test_a_release_before_the_lease_owns_the_runs_no_longer(tmp_path: Path) -> None:
    """It looks for an epoch of its own in each transaction, and raises it to own them: this one is no number."""
    (tmp_path / FILE).write_bytes(migrated(next(path for path in SCHEMAS if path.stem == "0041")))
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        (value,) = connection.execute("SELECT value FROM meta WHERE name = 'owner'").fetchone()
    with pytest.raises(ValueError, match="invalid literal"):
        int(json.loads(value)["epoch"])


@pytest.mark.parametrize("number", BROUGHT)
def test_what_a_schema_brought_is_kept(number: str, tmp_path: Path) -> None:
    """A dump has data in the tables and columns of its schema, and so have those that were made from it."""
    query, expected = BROUGHT[number]
    line = next(line for line in LINES if number in line)
    for later in line[line.index(number) :]:
        (tmp_path / FILE).write_bytes(migrated(next(path for path in SCHEMAS if path.stem == later)))
        with closing(sqlite3.connect(tmp_path / FILE)) as connection:
            assert connection.execute(query).fetchall() == expected, later


@pytest.mark.parametrize("store", before_schema("0016"), indirect=True, ids=lambda path: path.stem)
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


def test_a_run_paused_by_an_earlier_release_resumes_by_its_pause_code(tmp_path: Path) -> None:
    database_file = load(before_schema("0016")[-1], tmp_path)
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


def test_passwords_whose_results_were_downloaded_by_an_earlier_release_count_as_taken(tmp_path: Path) -> None:
    database_file = load(before_schema("0030")[-1], tmp_path)
    with closing(sqlite3.connect(database_file)) as connection, connection:
        connection.execute("UPDATE run SET downloaded_at = 9.0 WHERE id = 1")
        connection.execute("UPDATE run_row SET sealed_password = NULL WHERE run = 1 AND position = 2")
    store = Store.open(database_file, SystemClock(), SECRET)
    with store.read() as tx:
        found = [hand_over.owners_at(tx, run, range(3)) for run in (1, 2)]
    store.close()
    assert [{each.position: each.hand_over for each in owners} for owners in found] == [
        {0: HandOver(9.0), 1: HandOver(9.0)}, {},
    ]  # fmt: skip


def test_every_import_permission_includes_view_after_migration(store: Store) -> None:
    with store.read() as tx:
        names = {
            name
            for table in ("user", "token")
            for name, given in tx.exec_driver_sql(f'SELECT name, permissions FROM "{table}"')
            if [may for may in json.loads(given).values() if "import" in may and "view" not in may]
        }
    assert not names


@pytest.mark.parametrize("store", [p for p in SCHEMAS if p.stem == "0013"], indirect=True, ids=["0013"])
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
        wrapped = tx.exec_driver_sql("SELECT wrapped FROM run_key WHERE run = 1").scalar_one()
        sealed = tx.exec_driver_sql("SELECT sealed_password FROM run_row WHERE run = 1 AND position = 0").scalar_one()
    assert store.key.unwrap(wrapped).open_password(sealed, 0) == "Geheim.2026x"


def test_the_audit_log_of_an_earlier_release_stays_protected(store: Store) -> None:
    with store.read() as tx:
        triggers = set(tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars())
    assert {"audit_is_never_changed", "audit_forgets_only_what_is_old", "audit_only_grows"} <= triggers


def test_the_audit_log_of_an_earlier_release_is_intact_and_continues(store: Store) -> None:
    found = audit_check.verify(store)
    with store.read() as tx:
        stored = audit.count(tx, audit.AuditFilter())
    assert (found.intact, found.accepted, found.chains, found.entries) == (True, (), 1, stored)
    assert stored > 0
    with store.write() as tx:
        audit.record(tx, audit.Actor("ops"), AuditAction.EXPORT, at=1.0, on="a.nl")
    after = audit_check.verify(store)
    assert (after.intact, after.chains, after.entries) == (True, 1, found.entries + 1)


@pytest.mark.parametrize("store", [p for p in SCHEMAS if p.stem == "0020"], indirect=True, ids=["0020"])
def test_a_chain_of_an_earlier_release_keeps_its_erasure_and_its_checkpoint(store: Store) -> None:
    found = audit_check.verify(store)
    assert (found.broken, found.checkpoints, found.erased) == (None, 1, 1)


@pytest.mark.parametrize("store", before_schema("0018"), indirect=True, ids=lambda path: path.stem)
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


def test_each_text_of_why_a_deletion_asks_becomes_its_code() -> None:
    """The texts are those that earlier releases stored; an unknown one stays as it is."""
    coded = import_module("mxlib.store.migrations.versions.0039_planned_links")._coded
    asked = datetime(2026, 12, 20, 10).timestamp()
    for text, code in (
        ("it is not locked", "not_locked"), ("it was unlocked since", "unlocked"),
        ("another mailbox may have its name: it was listed for the first time since", "made_again"),
        ("it holds less mail than when this was asked, so someone may use it", "less_mail"),
        ("a backup was restored since, and it may have been called off after the backup", "restored"),
        ("MXroute does not report whether it was used", "not_known"), ("its run was stopped", "stopped"),
    ):  # fmt: skip
        assert coded(text, asked) == (code, {})
    for day, when in (("21 Dec", datetime(2026, 12, 21)), ("3 Jan", datetime(2027, 1, 3))):
        expected = {"messages": 1_200, "at": when.timestamp()}
        assert coded(f"it sent 1,200 messages on {day}", asked) == ("sent", expected)
    assert coded("boss@agency.example may no longer delete in a.nl", asked) == ("not_allowed", {"domain": "a.nl"})
    for text in ("holds 9 MB of mail", "it sent 3 messages on 40 Foo"):
        assert coded(text, asked) == ("earlier", {"text": text})
