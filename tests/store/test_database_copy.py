"""Copies between SQLite and PostgreSQL: every row arrives, the audit log verifies, and numbers go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from mxlib import cli
from mxlib.clock import SystemClock
from mxlib.core.text import database_copies, store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.store import FILE, OwnedStore, Store, audit, audit_check, database_copy, journal, storable_text
from mxlib.store.audit import Actor
from mxlib.store.database import KEY_FILE
from mxlib.store.database_copy import CopyError
from mxlib.store.tables import audit as audit_table
from mxlib.store.tables import event, meta, metadata, run
from tests.support import postgresql as server

pytestmark = pytest.mark.sqlite

SCHEMAS = sorted((Path(__file__).parents[1] / "files" / "schemas").glob("*.sql"))
KEY = "key of the schema fixtures"
BY = Actor("boss")

#: Facts about a process or a moment, and what the copy adds.
_OWN = ("owner", "audit_verified", "time_seen")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a data folder with a row in nearly every table."""
    folder = tmp_path / "source"
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE)) as raw:
        raw.executescript(SCHEMAS[-1].read_text())
    with closing(Store.open(folder / FILE, SystemClock(), KEY)) as store, store.write() as tx:
        audit.record(tx, BY, AuditAction.EXPORT, at=1.5, on="a.nl", detail={"b": 1, "a": [1e300, "é", "\u2028"]})
        values = {"rule": "r", "code": "c", "severity": "s", "level": 0, "subject": "x", "domain": "a.nl", "way": "w"}
        tx.execute(event.insert().values(id=77, at=0.1 + 0.2, figures={"n": -0.0}, **values))
        tx.execute(event.delete().where(event.c.id == 77))
    return folder


def copied(begin: Path | str, end: Path | str, key: str = KEY, configured: str = "") -> database_copy.Copied:
    return database_copy.copy(str(begin), str(end), configured, SystemClock(), key, BY)


def everything(place: Path | str) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows but those of one process and of copies, by table."""
    with closing(Store.open(place, SystemClock(), KEY)) as store, store.read() as tx:
        found = {}
        for table in metadata.sorted_tables:
            query = sa.select(table).order_by(*table.primary_key.columns)
            if table is meta:
                query = query.where(meta.c.name.not_in(_OWN))
            found[table.name] = [tuple(row) for row in tx.execute(query)]
    found["audit"] = [row for row in found["audit"] if AuditAction.DATABASE_COPY not in row]
    del found["audit_head"], found["account_lease"]  # moves with the entry of the copy; belongs to a process
    return found


def test_everything_goes_to_postgresql_and_back(source: Path, tmp_path: Path) -> None:
    address = server.new_database(empty=True)
    done = copied(source, address)
    before = everything(source / FILE)
    assert sum(bool(rows) for rows in before.values()) > 25
    assert (done.source, done.target, done.key_from_file) == ("SQLite", "PostgreSQL", False)
    assert done.rows > sum(len(rows) for rows in before.values())
    assert everything(address) == before
    copied(address, tmp_path / "back")
    assert everything(tmp_path / "back" / FILE) == before
    assert (tmp_path / "back").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "back" / FILE).stat().st_mode & 0o777 == 0o600
    for place, copies in ((address, 1), (tmp_path / "back" / FILE, 2)):
        with closing(Store.open(place, SystemClock(), KEY)) as store:
            assert audit_check.verify(store).broken is None
            with store.read() as tx:
                entries = audit.find(tx, audit.AuditFilter(what=AuditAction.DATABASE_COPY))
            assert [entry.outcome for entry in entries][-1] == "from SQLite to PostgreSQL"
            assert len(entries) == copies


def test_numbers_that_were_given_are_not_given_again(source: Path, tmp_path: Path) -> None:
    address = server.new_database(empty=True)
    copied(source, address)
    copied(address, tmp_path / "back")
    values = {"rule": "r", "code": "c", "severity": "s", "level": 0, "subject": "x", "domain": "a.nl", "way": "w"}
    for place in (address, tmp_path / "back" / FILE):
        with closing(Store.open(place, SystemClock(), KEY)) as store, store.write() as tx:
            added = tx.execute(event.insert().values(at=1.0, figures={}, **values)).inserted_primary_key
            assert added is not None
            assert added[0] == 78
            highest = tx.scalar(sa.select(sa.func.max(run.c.id)))
            assert journal.add_link_run(tx, operator="boss", domains=["a.nl"], total=0, at=1.0) == highest + 1


def test_the_append_only_log_stays_append_only(source: Path) -> None:
    address = server.new_database(empty=True)
    copied(source, address)
    with closing(Store.open(address, SystemClock(), KEY)) as store:
        with pytest.raises(sa.exc.IntegrityError, match="audit log"), store.write() as tx:
            tx.execute(audit_table.delete())
        assert audit_check.verify(store).broken is None


def test_an_entry_of_an_earlier_release_with_a_nul_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "data"
    with monkeypatch.context() as patch:
        patch.setattr(storable_text, "storable", lambda text: text)
        patch.setattr(storable_text, "_clean", lambda parameters: parameters)
        with closing(Store.open(source / FILE, SystemClock(), KEY)) as store, store.write() as tx:
            audit.record(tx, Actor("o\0ps"), AuditAction.EXPORT, at=2.0)
    done = copied(source, address := server.new_database(empty=True))
    with closing(Store.open(source / FILE, SystemClock(), KEY)) as store:
        assert audit_check.verify(store).intact
    assert done.broke_audit_log
    with closing(Store.open(address, SystemClock(), KEY)) as store:
        assert audit_check.verify(store).broken is not None


def test_the_key_of_a_file_is_the_key_of_the_copy(tmp_path: Path) -> None:
    folder, address = tmp_path / "data", server.new_database(empty=True)
    with closing(Store.open(folder / FILE, SystemClock())) as store:
        sealed = store.key.seal(b"secret", "place")
    assert copied(folder, address, "").key_from_file
    key = f"mxm.key:{(folder / KEY_FILE).read_text()}"
    with closing(Store.open(address, SystemClock(), key)) as store:
        assert store.key.open(sealed, "place") == b"secret"
        assert audit_check.verify(store).intact
    copied(folder / FILE, tmp_path / "twice", "")
    assert (tmp_path / "twice" / KEY_FILE).read_bytes() == (folder / KEY_FILE).read_bytes()
    Store.open(tmp_path / "twice" / FILE, SystemClock()).close()


@pytest.fixture
def full(source: Path) -> str:
    address = server.new_database(empty=True)
    copied(source, address)
    return address


def test_a_place_that_is_not_empty_or_in_use_is_refused(source: Path, tmp_path: Path, full: str) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    for end in (full, tmp_path / "other", source):
        with pytest.raises(CopyError) as caught:
            copied(source, end)
        assert str(caught.value) == database_copies.NOT_EMPTY
    for place in (source / FILE, full):
        with closing(Store.open(place, SystemClock(), KEY, folder=tmp_path / "owner")) as store:
            owned = OwnedStore.acquire(store)
            assert owned is not None
            with pytest.raises(CopyError) as caught:
                copied(place, tmp_path / "new")
            assert str(caught.value) == database_copies.IN_USE
            owned.release()
    assert not (tmp_path / "new").exists()


def test_a_copy_that_is_not_the_same_is_not_made(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address, rows = server.new_database(empty=True), database_copy._rows

    def without_one(tx: sa.Connection, table: sa.Table) -> Iterator[tuple[object, ...]]:
        found = rows(tx, table)
        if table is run and tx.dialect.name == "postgresql":
            next(found)
        return found

    monkeypatch.setattr(database_copy, "_rows", without_one)
    with pytest.raises(CopyError, match="table run is not the same"):
        copied(source, address)
    monkeypatch.undo()
    copied(source, address)  # which is still empty
    assert everything(address) == everything(source / FILE)


def test_a_copy_to_a_file_that_fails_leaves_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_copy, "_set_sequences", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        copied(source, tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def test_the_command_line_copies_and_shows_no_password(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = server.new_database(empty=True).replace("mxm@", "mxm:topsecret@")
    monkeypatch.setenv("MXM_SECRET_KEY", KEY)
    assert cli.main(["database", "copy", str(source), "MXM_DATABASE_URL"]) == 2
    assert capsys.readouterr().err == f"{database_copies.NOT_CONFIGURED}\n"
    monkeypatch.setenv("MXM_DATABASE_URL", address)
    assert cli.main(["database", "copy", f"sqlite:///{source / FILE}", "MXM_DATABASE_URL"]) == 0
    assert cli.main(["database", "copy", address, str(source)]) == 2
    assert cli.main(["database", "copy", "mysql://kim:topsecret@host/x", str(source)]) == 2
    assert cli.main(["database", "copy", str(tmp_path / "nothing"), address]) == 2
    assert cli.main(["database", "copy", "postgresql://kim:topsecret@127.0.0.1:1/x", str(tmp_path / "new")]) == 2
    monkeypatch.setenv("MXM_SECRET_KEY", "another")
    assert cli.main(["database", "copy", address, str(tmp_path / "new")]) == 2
    shown = capsys.readouterr()
    assert "from SQLite to PostgreSQL" in shown.out
    assert store_problems.OTHER_KEY in shown.err
    assert "topsecret" not in shown.out + shown.err
