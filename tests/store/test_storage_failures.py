"""Storage failures: each has its own message and code, and none is a traceback."""

import asyncio
import errno
import fcntl
import logging
import os
import socket
import sqlite3
from pathlib import Path

import pytest

from mxlib import cli
from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.services.container import assemble
from mxlib.services.housekeeping import Housekeeping
from mxlib.settings import Settings
from mxlib.store import FILE, Store, StoreUnavailable, audit, errors, journal, sqlite
from mxlib.store.audit import Actor
from mxlib.store.errors import of_database, of_system
from mxlib.store.failure_log import FailureLog
from mxlib.ui.app.file_limits import OutOfFiles
from tests.support import app as support
from tests.support.clocks import PassingClock
from tests.support.simulation import FreeRateLimiter, plan, rows
from tests.support.threaded_runs import until

pytestmark = pytest.mark.sqlite


def raw(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, "DISK_FULL"),
        (sqlite3.SQLITE_IOERR, "DISK_ERROR"),
        (sqlite3.SQLITE_IOERR | 3 << 8, "DISK_ERROR"),
        (sqlite3.SQLITE_READONLY, "DISK_READ_ONLY"),
        (sqlite3.SQLITE_READONLY | 4 << 8, "DISK_READ_ONLY"),
        (sqlite3.SQLITE_CANTOPEN, "DISK_READ_ONLY"),
        (sqlite3.SQLITE_BUSY, "DATABASE_LOCKED"),
        (sqlite3.SQLITE_CORRUPT, "DATABASE_DAMAGED"),
        (sqlite3.SQLITE_NOTADB, "DATABASE_DAMAGED"),
        (sqlite3.SQLITE_ERROR, "STORE_FAILED"),
    ],
)
def test_each_failure_of_the_database_has_its_code(tmp_path: Path, code: int, kind: str) -> None:
    reported = of_database(raw(code), tmp_path / FILE)
    assert reported is not None
    assert reported.code == kind


def test_a_programming_error_is_not_a_storage_failure() -> None:
    error = sqlite3.IntegrityError("unique")
    error.sqlite_errorcode = sqlite3.SQLITE_CONSTRAINT
    assert of_database(error, None) is None


def test_each_failure_has_its_own_message(tmp_path: Path) -> None:
    reported = {
        str(of_database(raw(code), tmp_path / FILE))
        for code in (
            sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR,
        )
    }  # fmt: skip
    assert len(reported) == 6
    assert "full" in str(of_system(OSError(errno.ENOSPC, "")))
    assert "input/output" in str(of_system(OSError(errno.EIO, "")))
    assert "read-only" in str(of_system(OSError(errno.EROFS, "")))


def test_an_input_output_error_on_a_full_disk_is_reported_as_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "_is_full", lambda _path: True)
    reported = of_database(raw(sqlite3.SQLITE_IOERR | 19 << 8), tmp_path / FILE)
    assert reported is not None
    assert reported.code == "DISK_FULL"


def test_the_api_returns_the_code_of_a_storage_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with support.opened(tmp_path) as app:
        app.have("nina@a.nl")

        def write() -> None:
            raise StoreUnavailable(store_problems.DISK_ERROR, "DISK_ERROR")

        monkeypatch.setattr(app.services.store, "write", write)
        answer = app.ask("DELETE", "/domains/a.nl/email-accounts/nina")
        monkeypatch.undo()
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "DISK_ERROR"
    assert "input/output" in answer.json()["error"]["message"]


def damaged(folder: Path) -> None:
    """Overwrite a page in the middle of the database, as a failing disk does."""
    store = Store.open(folder / FILE, SystemClock())
    with store.write() as tx:
        for number in range(2_000):
            audit.record(tx, Actor("ops"), AuditAction.EXPORT, at=1.0, on=f"domain{number}.example")
    store.scrub()
    store.close()
    content = bytearray((folder / FILE).read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\x55" * 4096
    (folder / FILE).write_bytes(content)


def test_a_damaged_page_is_found_at_the_start_and_reported(tmp_path: Path) -> None:
    clock, host = SystemClock(), support.StandIn()
    damaged(tmp_path)
    app = assemble(Settings(data_dir=tmp_path), clock, Store.open(tmp_path / FILE, clock), host, FreeRateLimiter())  # type: ignore[arg-type]
    app.start()
    try:
        until(lambda: store_problems.DATABASE_DAMAGED in app.unwell(LOCAL))
    finally:
        app.close()


def test_a_sound_database_is_no_problem(tmp_path: Path) -> None:
    clock = SystemClock()
    store = Store.open(tmp_path / FILE, clock)
    keeping = Housekeeping(Settings(), store, clock)
    assert keeping.check() is True
    assert keeping.problems() == []
    assert store.is_sound()
    store.close()


def test_a_check_that_takes_too_long_gives_no_verdict(tmp_path: Path) -> None:
    damaged(tmp_path)
    store = Store.open(tmp_path / FILE, SystemClock())
    assert store.is_sound() is False
    assert store.is_sound(seconds=-1.0) in (None, False)
    with store.read() as tx:
        assert journal.open_runs(tx) == []
    store.close()


def test_running_out_of_file_descriptors_is_logged_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    loop, handler = asyncio.new_event_loop(), OutOfFiles()
    handler.install(loop)
    for _ in range(5_000):
        loop.call_exception_handler(
            {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "Too many")}
        )
    reported = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [record.getMessage() for record in reported] == [store_problems.OUT_OF_FILES]
    assert reported[0].exc_info is None
    loop.call_exception_handler({"message": "something else", "exception": ZeroDivisionError()})
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 2
    loop.close()


def test_running_out_of_file_descriptors_is_logged_at_most_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("mxlib.ui.app.file_limits.time.monotonic", lambda: now)
    handler, logger = OutOfFiles(), logging.getLogger("a.server")
    caplog.handler.addFilter(handler)
    try:
        for seconds in (0.0, 10.0, 59.0, 60.0, 61.0):
            now = 1_000.0 + seconds
            try:
                try:
                    raise OSError(errno.EMFILE, "Too many open files")
                except OSError as error:
                    raise RuntimeError("Exception in ASGI application") from error
            except RuntimeError:
                logger.exception("A request failed")
        logger.error("something else", exc_info=ZeroDivisionError())
    finally:
        caplog.handler.removeFilter(handler)
    reported = [record.getMessage() for record in caplog.records]
    assert reported == [store_problems.OUT_OF_FILES, store_problems.OUT_OF_FILES, "something else"]


def test_a_server_that_stops_says_nothing_of_connections_that_it_could_not_accept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop, listener = asyncio.new_event_loop(), socket.socket()
    OutOfFiles().install(loop)
    listener.close()
    loop.call_soon(loop._start_serving, None, listener)  # type: ignore[attr-defined]
    loop.call_soon(int, "no number")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert ["int" in record.getMessage() for record in caplog.records] == [True]


def test_the_store_and_the_server_say_together_in_one_line_that_no_file_can_be_opened(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop, handler, failures = asyncio.new_event_loop(), OutOfFiles(), FailureLog(PassingClock())
    caplog.handler.addFilter(handler)
    try:
        handler.handle(loop, {"exception": OSError(errno.EMFILE, "Too many open files")})
        failures.report(of_system(OSError(errno.EMFILE, "Too many open files")))
        failures.report(of_system(OSError(errno.ENOSPC, "No space left on device")))
    finally:
        caplog.handler.removeFilter(handler)
        loop.close()
    assert [record.getMessage() for record in caplog.records] == [store_problems.OUT_OF_FILES, store_problems.DISK_FULL]


def test_a_host_silent_for_a_minute_is_reported(tmp_path: Path) -> None:
    clock = PassingClock()
    with support.opened(tmp_path, clock) as app:
        app.host.down = True
        app.services.run_manager.start(plan(*rows(1)), "ops", retention_days=7)
        until(lambda: app.services.run_manager._worker.engine.health.silent_since is not None)
        assert not any("has not answered since" in reported for reported in app.services.unwell(LOCAL))
        clock.passed += 61
        assert any("has not answered since" in reported for reported in app.services.unwell(LOCAL))


# At the start.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder that holds data."""
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.write() as tx:
        tx.exec_driver_sql("INSERT INTO meta VALUES ('kept', 'this')")
    store.close()
    return tmp_path


def refused(folder: Path, code: str) -> str:
    """Return the message of a refused start, and check that the key file is unchanged."""
    key = folder / "mxm.key"
    before = key.read_bytes() if key.is_file() else None
    with pytest.raises(StoreUnavailable) as reported:
        Store.open(folder / FILE, SystemClock()).own()
    assert reported.value.code == code
    assert (key.read_bytes() if key.is_file() else None) == before
    return str(reported.value)


@pytest.mark.parametrize(
    "content", [b"", b"abc", b"zz" * 32, b"ab" * 16, b"ab" * 64, b"\xff\xfe\x00", b"ab" * 31 + b"\n"]
)
def test_an_invalid_key_file_is_refused_and_not_replaced(folder: Path, content: bytes) -> None:
    (folder / "mxm.key").write_bytes(content)
    assert "mxm.key" in refused(folder, "KEY_DAMAGED")


def test_a_key_that_is_a_folder_is_refused(folder: Path) -> None:
    (folder / "mxm.key").unlink()
    (folder / "mxm.key").mkdir()
    assert "mxm.key" in refused(folder, "KEY_DAMAGED")


def test_a_key_with_a_trailing_line_break_is_valid(folder: Path) -> None:
    (folder / "mxm.key").write_text((folder / "mxm.key").read_text() + "\n")
    Store.open(folder / FILE, SystemClock()).close()


@pytest.mark.parametrize("garbage", [b"garbage", b"x" * 10_000])
def test_a_lock_file_of_garbage_is_refused(folder: Path, garbage: bytes) -> None:
    (folder / "mxm.lock").write_bytes(garbage)
    assert "mxm.lock" in refused(folder, "LOCK_DAMAGED")


def test_a_lock_that_is_a_folder_is_refused(folder: Path) -> None:
    (folder / "mxm.lock").unlink(missing_ok=True)
    (folder / "mxm.lock").mkdir()
    assert "mxm.lock" in refused(folder, "LOCK_DAMAGED")


def make_newer(folder: Path) -> None:
    """Let the database be one that no MXM before schema 9999 works with."""
    with sqlite3.connect(folder / FILE) as raw_store:
        raw_store.execute("UPDATE alembic_version SET version_num = '9999'")
        raw_store.execute("UPDATE meta SET value = '9999' WHERE name = 'schema_min'")
    raw_store.close()


def test_a_database_of_a_newer_program_is_refused(folder: Path) -> None:
    make_newer(folder)
    assert "newer MXM (schema 9999" in refused(folder, "DATABASE_NEWER")


def test_an_empty_database_with_a_key_file_is_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(b"")
    for rest in ("-wal", "-shm"):
        (folder / f"{FILE}{rest}").unlink(missing_ok=True)
    assert "empty" in refused(folder, "DATABASE_EMPTY")
    assert (folder / FILE).read_bytes() == b""


def test_a_missing_wal_file_with_its_index_is_refused(folder: Path) -> None:
    (folder / f"{FILE}-shm").write_bytes(b"\0" * 32_768)
    assert f"{FILE}-wal" in refused(folder, "LOG_MISSING")


def test_a_database_of_garbage_or_a_folder_is_refused(folder: Path) -> None:
    (folder / FILE).write_bytes(b"no database" * 1000)
    assert "damaged" in refused(folder, "DATABASE_DAMAGED")
    (folder / FILE).unlink()
    (folder / FILE).mkdir()
    assert FILE in refused(folder, "DATABASE_DAMAGED")


def test_a_locked_database_at_the_start_is_not_reported_as_another_mxm(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.05)
    other = sqlite3.connect(folder / FILE, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    reported = refused(folder, "DATABASE_LOCKED")
    assert "Another program holds the database" in reported
    other.close()


def test_a_file_system_that_cannot_lock_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", no_locks)
    monkeypatch.setattr(sqlite, "BUSY_S", 0.05)
    other = sqlite3.connect(folder / "mxm.lock", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "cannot lock files" in refused(folder, "NO_LOCKS")
    other.close()


def test_a_full_disk_while_creating_the_lock_is_reported_as_such(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(folder / FILE, SystemClock())

    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(StoreUnavailable) as reported:
            store.own()
    assert reported.value.code == "DISK_FULL"
    store.close()


@pytest.mark.parametrize("what", ["key", "lock", "newer"])
def test_the_command_line_reports_a_refused_start_in_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    monkeypatch.setenv("MXM_DATA_DIR", str(folder))
    if what == "key":
        (folder / "mxm.key").write_text("halved")
    elif what == "lock":
        (folder / "mxm.lock").write_bytes(b"garbage")
    else:
        make_newer(folder)
    assert cli.main(["user", "list"]) == 2
    reported = capsys.readouterr().err
    assert reported.count("\n") == 1
    assert "Traceback" not in reported


def test_a_killed_first_start_leaves_no_key_with_an_empty_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_store: Store, _version: str | None) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_migrate", killed)
        with pytest.raises(KeyboardInterrupt):
            Store.open(tmp_path / FILE, SystemClock())
    assert not (tmp_path / "mxm.key").exists()
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.read() as tx:
        assert journal.open_runs(tx) == []
    store.close()
