"""Erasure: reported only once no file holds the passwords, and repeated until then."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from mxlib.auth.permissions import LOCAL
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.run_view import Passwords
from mxlib.services import background_tasks
from mxlib.services.housekeeping import Housekeeping
from mxlib.settings import Settings
from mxlib.store import FILE, Store, audit, clock_guard, erasure, journal, readers, run_passwords
from mxlib.store.audit import Actor
from mxlib.store.database import ReadTooLong
from mxlib.store.transaction import Tx
from tests.support import app as support
from tests.support.app import App, data
from tests.support.audit_entries import audit_entries
from tests.support.clocks import PassingClock
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, live_through, until


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PassingClock:
    monkeypatch.setattr(background_tasks, "ERASE_AGAIN_S", 0.02)
    return PassingClock()


@pytest.fixture
def app(tmp_path: Path, clock: PassingClock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as app:
        app.services.task_runner.start()
        yield app


def finished(app: App) -> int:
    run = app.services.run_manager.start(plan(*rows(5)), LOCAL.name, retention_days=7)
    app.ended(run)
    return run


def secrets_of(store: Store, run: int) -> list[bytes]:
    with store.read() as tx:
        record = journal.get_run(tx, run)
        assert record is not None
        return [record.wrapped_key or b"", *(row.sealed_password or b"" for row in journal.rows(tx, run))]


def on_disk(folder: Path, secrets: list[bytes]) -> bool:
    """Return whether a file of the folder holds any of the secrets."""
    held = b"".join(file.read_bytes() for file in folder.iterdir())
    return any(secret in held for secret in secrets)


def whats(store: Store, run: int) -> list[tuple[str, str]]:
    with store.read() as tx:
        return [(entry["what"], entry["outcome"]) for entry in audit_entries(tx, run=run)]


def reading(path: Path) -> sqlite3.Connection:
    """Return the connection of another program with a read that has not finished."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM run").fetchall()
    return other


def passwords(app: App, run: int) -> str:
    state: str = data(app.ask("GET", f"/imports/{run}"))["passwords"]
    return state


def test_passwords_stay_being_erased_while_a_reader_is_open(app: App, tmp_path: Path) -> None:
    run, store = finished(app), app.services.store
    assert passwords(app, run) == "kept"
    secrets = secrets_of(store, run)
    with closing(reading(tmp_path / FILE)):
        data(app.ask("POST", f"/imports/{run}/handed-over"))
        assert passwords(app, run) == "erasing"
        assert on_disk(tmp_path, secrets)
        assert whats(store, run)[0] == ("run.handed_over", "being erased")
        view = app.services.runs.get(LOCAL, run)
        assert view is not None
        assert "is being erased" in view.status_text
        assert "no longer kept" not in view.status_text
        time.sleep(0.1)
        assert passwords(app, run) == "erasing"
    until(lambda: passwords(app, run) == "erased")
    assert not on_disk(tmp_path, secrets)
    assert whats(store, run)[0] == ("run.passwords_erased", "in no file of this server any more")
    view = app.services.runs.get(LOCAL, run)
    assert view is not None
    assert "copy of the passwords is erased" in view.status_text


def test_passwords_are_erased_at_once_without_readers(app: App, tmp_path: Path) -> None:
    run = finished(app)
    secrets = secrets_of(app.services.store, run)
    data(app.ask("POST", f"/imports/{run}/handed-over"))
    assert not on_disk(tmp_path, secrets)
    assert passwords(app, run) == "erased"
    actions = [what for what, _ in whats(app.services.store, run)]
    assert (actions.count("run.handed_over"), actions.count("run.passwords_erased")) == (1, 1)


def test_erasing_continues_after_a_restart(tmp_path: Path, clock: PassingClock) -> None:
    with support.opened(tmp_path, clock) as app:
        run = finished(app)
        secrets = secrets_of(app.services.store, run)
        other = reading(tmp_path / FILE)
        app.services.runs.handed_over(LOCAL, run)
    assert on_disk(tmp_path, secrets)
    store = Store.open(tmp_path / FILE, clock)
    desk = Desk(store)
    assert not desk.runs.erase_forgotten()
    assert desk.view(run).passwords is Passwords.ERASING
    other.close()
    assert desk.runs.erase_forgotten()
    assert desk.view(run).passwords is Passwords.ERASED
    assert not on_disk(tmp_path, secrets)
    desk.runs.shutdown()
    store.close()


def test_a_kill_during_handing_over_leaves_it_audited_or_rolled_back(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, store = finished(app), app.services.store

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # before the commit: everything is rolled back
        patch.setattr(erasure, "begin", killed)
        with pytest.raises(KeyboardInterrupt):
            app.services.runs.handed_over(LOCAL, run)
    assert passwords(app, run) == "kept"
    assert "run.handed_over" not in dict(whats(store, run))

    with monkeypatch.context() as patch:  # after it: it is in the audit log, and continues
        patch.setattr(erasure, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            app.services.runs.handed_over(LOCAL, run)
    assert "run.handed_over" in dict(whats(store, run))
    assert erasure.finish(store)
    assert passwords(app, run) == "erased"


def test_passwords_past_their_retention_are_erased_too(app: App, tmp_path: Path) -> None:
    run, store = finished(app), app.services.store
    secrets = secrets_of(store, run)
    with closing(reading(tmp_path / FILE)):
        live_through(store, 8)
        app.services.run_manager.purge()  # the background task may have been first
        assert passwords(app, run) == "erasing"
        assert on_disk(tmp_path, secrets)
    assert erasure.finish(store)
    assert passwords(app, run) == "erased"
    assert not on_disk(tmp_path, secrets)


def test_a_reader_of_this_process_is_ended_after_thirty_seconds(app: App, tmp_path: Path, clock: PassingClock) -> None:
    run, store = finished(app), app.services.store
    secrets = secrets_of(store, run)

    def read() -> None:
        with store.read() as tx:
            journal.get_run(tx, run)
            app.services.runs.handed_over(LOCAL, run)
            assert passwords(app, run) == "erasing"
            clock.passed += readers.LONGEST_READ + 1
            until(lambda: passwords(app, run) == "erased")
            assert not on_disk(tmp_path, secrets)
            journal.get_run(tx, run)

    with pytest.raises(ReadTooLong, match="over 30 seconds"):
        read()
    with store.read() as tx:  # the connection works again
        assert journal.get_run(tx, run) is not None


def test_a_statement_that_runs_too_long_is_ended(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)
    failed: list[Exception] = []

    def count_for_ever() -> None:
        try:
            with store.read() as tx:
                tx.exec_driver_sql(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
                ).all()
        except ReadTooLong as error:
            failed.append(error)

    thread = threading.Thread(target=count_for_ever)
    thread.start()
    until(lambda: bool(store.database.readers._open))
    clock.passed += readers.LONGEST_READ + 1

    def ended() -> bool:
        # Again and again, as the server does: the statement may not have begun the first time.
        store.database.readers.end_old()
        thread.join(0.05)
        return not thread.is_alive()

    until(ended)
    assert failed
    store.close()


class Late:
    """A connection on which each statement begins right after the interrupt."""

    def __init__(self) -> None:
        self.rolled_back = False

    def interrupt(self) -> None:
        """Do nothing, as SQLite does where no statement runs yet."""

    def rollback(self) -> None:
        """Note what SQLite would do only after the statement."""
        self.rolled_back = True


def test_a_statement_that_begins_right_after_the_interrupt_is_ended_without_a_wait_for_it(
    tmp_path: Path, clock: PassingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "LOOK_EVERY", 1_000)
    store = Store.open(tmp_path / FILE, clock)
    failed, executes = threading.Event(), threading.Event()

    def count_for_ever() -> None:
        with suppress(ReadTooLong), store.read() as tx:
            connection: Any = tx.connection.dbapi_connection
            connection.create_function("begun", 0, executes.set)
            tx.exec_driver_sql(
                "WITH RECURSIVE n(i) AS (SELECT begun() UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n"
            ).all()
        failed.set()

    thread = threading.Thread(target=count_for_ever)
    thread.start()
    assert executes.wait(60)
    clock.passed += readers.LONGEST_READ + 1
    [reader], late = store.database.readers._open, Late()
    reader.connection = late  # type: ignore[assignment]
    assert store.database.readers.end_old() == 1
    assert not late.rolled_back
    assert failed.wait(60)
    thread.join()
    store.close()


def in_transaction(tx: Tx) -> bool:
    connection: Any = tx.connection.dbapi_connection
    return bool(connection.in_transaction)


def test_a_reader_that_was_ended_between_two_statements_begins_no_other(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)

    def read() -> None:
        with store.read() as tx:
            assert tx.exec_driver_sql("SELECT 1").scalar() == 1
            clock.passed += readers.LONGEST_READ + 1
            assert store.database.readers.end_old() == 1
            assert not in_transaction(tx)
            tx.exec_driver_sql("SELECT 1")

    with pytest.raises(ReadTooLong):
        read()
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT 1").scalar() == 1
    store.close()


def test_a_reader_that_was_ended_fetches_no_more_rows(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)

    def read() -> None:
        with store.read() as tx:
            found = tx.exec_driver_sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT i FROM n")
            assert found.fetchone() == (1,)
            clock.passed += readers.LONGEST_READ + 1
            assert store.database.readers.end_old() == 1
            found.fetchone()

    with pytest.raises(ReadTooLong):
        read()
    store.close()


def test_a_reader_whose_statement_failed_is_idle(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)
    with store.read() as tx:
        with pytest.raises(DBAPIError):
            tx.exec_driver_sql("SELECT nothing")
        clock.passed += readers.LONGEST_READ + 1
        assert store.database.readers.end_old() == 1
        assert not in_transaction(tx)
    store.close()


def test_scrubbing_the_wal_does_not_wait_for_a_reader(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)
    with closing(reading(tmp_path / FILE)):
        with store.write() as tx:
            erasure.begin(tx)
        began = time.monotonic()
        assert not store.scrub()
        assert time.monotonic() - began < 1.0
    assert store.scrub()
    store.close()


@pytest.mark.slow
def test_shortening_a_long_audit_log_lets_others_write(tmp_path: Path, clock: PassingClock) -> None:
    store = Store.open(tmp_path / FILE, clock)
    many = 12_000
    with store.write() as tx:
        for number in range(many):
            at = clock.now() - 100 * 86_400
            audit.record(tx, Actor("ops"), AuditAction.MAILBOX_CREATE, at=at, on=f"user{number}@a.nl")
    slowest, stop = 0.0, threading.Event()

    def write() -> None:
        nonlocal slowest
        while not stop.wait(0.005):
            began = time.monotonic()
            with store.write() as tx:
                run_passwords.drop(tx, 0)
            slowest = max(slowest, time.monotonic() - began)

    thread = threading.Thread(target=write)
    thread.start()
    with store.write() as tx:
        clock_guard.confirm(tx, LOCAL, clock.now())
    assert Housekeeping(Settings(audit_days=30), store, clock).tidy() == many
    stop.set()
    thread.join()
    assert slowest < 2.0
    with store.read() as tx:
        assert audit.count(tx, audit.AuditFilter()) == 1, "the confirmation of the time"
    store.close()
