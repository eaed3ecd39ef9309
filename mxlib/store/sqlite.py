"""SQLite as the database: one file, opened once a process, written by one transaction at a time."""

import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from mxlib.clock import Clock
from mxlib.store import errors, storable_text
from mxlib.store.change_counter import ChangeCounter
from mxlib.store.engines import SIGNALS, Hear, ReadTooLong
from mxlib.store.folder_lock import Lock, take_lock
from mxlib.store.readers import Readers
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx

#: Seconds that a statement waits for another program's lock on the database.
BUSY_S = 5.0

MEMORY = ":memory:"

#: Key of a connection's `info`: the reader that uses it.
READER = "reader"


class SqliteDatabase:
    """A file, or a database in memory."""

    name, keeps_log = "SQLite", False

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self.path, self.pool = path, make_pool(MEMORY if path is None else str(path))
        self.alone = threading.Lock()
        self.readers = Readers(clock)
        self.commits = 0
        self._clock = clock

    @property
    def end_old_readers(self) -> Callable[[], object]:
        """Return the function that ends transactions which read for too long."""
        return self.readers.end_old

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """Open the one transaction that may write; see `DatabaseEngine`."""
        with self.alone, self._connect() as tx:
            try:
                tx.exec_driver_sql("BEGIN IMMEDIATE")
                yield tx
                self._commit(tx)
            except BaseException as error:
                _roll_back(tx)
                if isinstance(error, DBAPIError) and (failure := errors.of_database(error, self.path)):
                    raise failure from error
                raise

    def _commit(self, tx: Tx) -> None:
        self.commits += 1  # before: an interruption meanwhile is raised once it is committed
        try:
            tx.exec_driver_sql("COMMIT")
        except Exception:
            self.commits -= 1
            raise

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a consistent read; raises ReadTooLong when it lasts for over 30 s."""
        if self.path is None:
            with self.alone, self.pool.connect() as tx:
                yield tx
            return
        with self._connect() as tx:
            raw: Any = tx.connection.dbapi_connection
            try:
                with self.readers.reading(raw) as reader:
                    tx.info[READER] = reader
                    try:
                        tx.exec_driver_sql("BEGIN")
                        yield tx
                    except DBAPIError as error:
                        if reader.ended:
                            raise ReadTooLong from error
                        if failure := errors.of_database(error, self.path):
                            raise failure from error
                        raise
                    finally:
                        del tx.info[READER]
            finally:
                _roll_back(tx)

    def _connect(self) -> sa.Connection:
        """Return a connection; raises StoreUnavailable when none can be opened."""
        try:
            return self.pool.connect()
        except (DBAPIError, sqlite3.Error) as error:
            raise errors.of_database(error, self.path) or error from error

    def is_sound(self, seconds: float) -> bool | None:
        """Return whether a quick check finds no damaged page; None when it takes over `seconds`."""
        until = time.monotonic() + seconds
        with self._connect() as tx:
            raw: Any = tx.connection.dbapi_connection
            raw.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            try:
                return bool(tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok")
            except DBAPIError as error:
                failure = errors.of_database(error, self.path)
                return False if failure is not None and failure.code == "DATABASE_DAMAGED" else None
            finally:
                raw.set_progress_handler(None, 0)

    def scrub(self) -> bool:
        """Empty the write-ahead log, so that no file holds what was purged.

        Return whether that worked. It fails while anyone reads. It does not wait for that, since every writer would
        wait as well.
        """
        self.readers.end_old()
        with self.alone, self.pool.connect() as tx:
            try:
                tx.exec_driver_sql("PRAGMA busy_timeout=0")
                busy, *_ = tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            except OperationalError:
                return False
            finally:
                tx.exec_driver_sql(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
        return not busy

    @contextmanager
    def listening(self) -> Iterator[Hear]:
        """Hear signals by their facts; see `DatabaseEngine`."""
        counter = ChangeCounter(self.path) if self.path is not None else None
        known, version = self._signals() if counter else {}, counter.value() if counter else None

        def hear(seconds: float) -> Collection[str]:
            nonlocal known, version
            time.sleep(seconds)
            if counter is None or (now := counter.value()) is None or now == version:
                return ()
            before, version = known, now  # before the facts: what is committed meanwhile is looked at again
            known = self._signals()
            return [name for name, value in known.items() if before.get(name) != value]

        try:
            yield hear
        finally:
            if counter is not None:
                counter.close()

    def _signals(self) -> dict[str, str]:
        with self.reading() as tx:
            rows = tx.execute(sa.select(meta.c.name, meta.c.value).where(meta.c.name.startswith(f"{SIGNALS}:")))
            return {name.partition(":")[2]: value for name, value in rows}

    def take_lock(self) -> Lock | None:
        """Lock the data folder; None while another process has it, and in memory."""
        return None if self.path is None else take_lock(self.path.with_suffix(".lock"))

    def time(self) -> sa.ColumnElement[float]:
        """Return the time of the clock that was handed in: all who use a file are on one machine."""
        return sa.bindparam(None, callable_=self._clock.now, type_=sa.Float())

    def version(self) -> str:
        """Return the version of SQLite."""
        return f"SQLite {sqlite3.sqlite_version}"

    def close(self) -> None:
        """Close the file."""
        self.pool.dispose()


def make_pool(database: str) -> sa.Engine:
    """Return connections to a database by its name."""
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(database, timeout=BUSY_S, isolation_level=None, check_same_thread=False),
        poolclass=StaticPool if database == MEMORY else QueuePool,
        isolation_level="AUTOCOMMIT",  # transactions are begun explicitly, to choose between BEGIN and BEGIN IMMEDIATE
        hide_parameters=True,
        json_serializer=storable_text.dumps,
        **({} if database == MEMORY else {"max_overflow": -1}),
    )
    storable_text.watch(engine)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "before_cursor_execute", _begin_statement)
    event.listen(engine, "after_cursor_execute", _end_statement)
    event.listen(engine, "handle_error", _end_failed_statement)
    return engine


def _end_failed_statement(context: ExceptionContext) -> None:
    if context.connection is not None:
        _end_statement(context.connection)


def _begin_statement(tx: Tx, *_: Any) -> None:
    reader = tx.info.get(READER)
    if reader is not None and not reader.begin_statement():
        raise ReadTooLong


def _end_statement(tx: Tx, *_: Any) -> None:
    reader = tx.info.get(READER)
    if reader is not None:
        reader.end_statement()


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            break
        except sqlite3.OperationalError as error:  # two first starts at once: SQLite does not wait for this lock itself
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _roll_back(tx: Tx) -> None:
    if tx.invalidated:  # an interruption within a statement: SQLAlchemy closed the connection, which rolls back
        return
    raw: Any = tx.connection.dbapi_connection
    if raw.in_transaction:
        raw.rollback()
