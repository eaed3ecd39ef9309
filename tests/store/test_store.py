"""The store: fast to open, private, migrated, written by one transaction at a time."""

import sqlite3
import stat
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mxlib.clock import SystemClock
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.mxroute.protocol import Mailbox
from mxlib.store import Store, StoreUnavailable, audit, database, mailbox_lists, migrations, sqlite, stored_columns
from mxlib.store.audit import Actor
from mxlib.store.tables import metadata
from tests.support.audit_entries import audit_entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mxm.sqlite3"


@pytest.fixture
def store(path: Path):
    opened = Store.open(path, SystemClock())
    yield opened
    opened.close()


@pytest.mark.sqlite
def test_files_and_folder_are_private(store: Store, path: Path) -> None:
    with store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "jan", "jan@b.nl", 0.0)
    store.own()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert {"mxm.sqlite3", "mxm.sqlite3-wal", "mxm.key", "mxm.lock"} <= modes.keys()
    assert set(modes.values()) == {0o600}


@pytest.mark.sqlite
def test_every_connection_has_the_durable_and_secure_pragmas(store: Store) -> None:
    with store.read() as first, store.read() as second:
        for tx in (first, second):
            asked = {name: tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")}
            assert asked == {"journal_mode": "wal", "synchronous": 2}
            assert tx.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
            assert tx.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_the_migrations_make_exactly_the_tables(store: Store) -> None:
    with store.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


def test_the_newest_migration_is_the_head_that_opening_expects() -> None:
    assert ScriptDirectory.from_config(migrations.config()).get_current_head() == database.HEAD


def test_an_up_to_date_store_opens_without_alembic(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mxlib.store.migrations", None)
    Store.open(path, SystemClock()).close()


def test_written_data_is_there_after_reopening(store: Store, path: Path) -> None:
    with store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "jan", "jan@b.nl", 0.0)
    store.close()
    again = Store.open(path, SystemClock())
    with again.read() as tx:
        assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {"jan": "jan@b.nl"}
    again.close()


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    def fail_halfway() -> None:
        with store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "jan", "jan@b.nl", 0.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    with store.read() as tx:
        assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {}


def test_a_reader_sees_the_last_commit_while_a_writer_writes(store: Store) -> None:
    with store.write() as writer:
        stored_columns.put(writer, "recovery_email", "a.nl", "jan", "jan@b.nl", 0.0)
        with store.read() as reader:
            assert stored_columns.of_domain(reader, "recovery_email", "a.nl") == {}


def test_writers_wait_for_each_other(store: Store) -> None:
    def add(number: int) -> None:
        for turn in range(20):
            with store.write() as tx:
                stored_columns.put(tx, "recovery_email", "a.nl", f"u{number}-{turn}", "x@b.nl", 0.0)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as tx:
        assert len(stored_columns.of_domain(tx, "recovery_email", "a.nl")) == 80


@pytest.mark.sqlite
def test_a_full_disk_is_reported_in_one_message(store: Store) -> None:
    def fill_the_disk() -> None:
        with store.write() as tx:
            pages = tx.exec_driver_sql("PRAGMA page_count").scalar_one()
            tx.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            mailbox_lists.keep_domains(tx, [f"{number}-{number * 7919}.example" for number in range(20_000)], 0.0)

    with pytest.raises(StoreUnavailable) as caught:
        fill_the_disk()
    assert str(caught.value) == store_problems.DISK_FULL


@pytest.mark.sqlite
def test_a_locked_database_is_reported_in_one_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    store = Store.open(path, SystemClock())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="Another program holds the database"), store.write():
        pass
    other.close()
    with store.write():
        pass
    store.close()


def test_a_database_error_shows_no_values(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, store.write() as tx:
        tx.execute(metadata.tables["meta"].insert(), [{"name": "x", "value": "topsecret"}, {"name": "x", "value": "y"}])
    assert "topsecret" not in str(caught.value)


@pytest.mark.sqlite
def test_only_one_process_has_the_lock_of_a_file(path: Path) -> None:
    first, second = Store.open(path, SystemClock()), Store.open(path, SystemClock())
    assert first.own()
    assert first.own()
    assert not second.own()
    first.close()
    assert second.own()
    second.close()


def test_the_audit_log_can_neither_be_changed_nor_shortened(store: Store) -> None:
    with store.write() as tx:
        audit.record(tx, Actor("ops"), AuditAction.RUN_START, at=100.0, on="run 1")
    with pytest.raises(sa.exc.IntegrityError, match="never changed"), store.write() as tx:
        tx.exec_driver_sql("UPDATE audit SET who = 'nobody'")
    with pytest.raises(sa.exc.IntegrityError, match="keeps this entry"), store.write() as tx:
        tx.exec_driver_sql("DELETE FROM audit")


def test_retention_drops_only_old_entries_of_the_audit_log(store: Store) -> None:
    with store.write() as tx:
        for at in (100.0, 200.0):
            audit.record(tx, Actor("ops"), AuditAction.EXPORT, at=at, on="a.nl")
        assert audit.forget(tx, before=150.0) == (1, None)
    with store.read() as tx:
        assert [entry["at"] for entry in audit_entries(tx)] == [200.0]


def test_stored_mailbox_lists_come_back_unchanged(store: Store) -> None:
    box = Mailbox(username="jan", email="jan@a.nl", quota=0, usage=1.5, limit=9600, sent=3, suspended=True)
    with store.write() as tx:
        mailbox_lists.keep_domains(tx, ["a.nl", "b.nl"], 5.0)
        mailbox_lists.keep_mailboxes(tx, "a.nl", [box], 6.0)
        mailbox_lists.keep_mailboxes(tx, "a.nl", [box, box], 7.0)
    with store.read() as tx:
        assert mailbox_lists.domains(tx) == mailbox_lists.Domains(("a.nl", "b.nl"), 5.0)
        assert mailbox_lists.mailboxes(tx, "a.nl") == mailbox_lists.Mailboxes((box, box), 7.0)
        assert mailbox_lists.read_at(tx, "a.nl") == 7.0
        assert mailbox_lists.mailboxes(tx, "b.nl") is None
