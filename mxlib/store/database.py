"""The store: one SQLite file, opened once a process, written by one transaction at a time."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from mxlib.clock import Clock
from mxlib.core.days import Days
from mxlib.core.text import store_problems
from mxlib.store import data_folder, errors, scratch
from mxlib.store.change_counter import ChangeCounter
from mxlib.store.encryption import ServerKey
from mxlib.store.errors import StoreNotOpened, StoreUnavailable
from mxlib.store.failure_log import FailureLog
from mxlib.store.folder_lock import Lock, make_private, take_lock
from mxlib.store.readers import Readers
from mxlib.store.tables import meta
from mxlib.store.transaction import AUDIT_KEY, DAYS, Tx

#: The newest migration; an existing store opens without loading Alembic. A test compares it with the folder.
HEAD = "0039"

#: The migration that brought hashes to the audit log.
_HASHES = 18

#: Name in `meta`: the oldest schema whose MXM runs on the one of the database, recorded by the migration to it.
SCHEMA_MIN = "schema_min"

_OLDEST = sa.select(meta.c.value).where(meta.c.name == SCHEMA_MIN)

#: Seconds that a statement waits for another program's lock on the database.
BUSY_S = 5.0

MEMORY = ":memory:"

#: The database in the data folder, and the server's key.
FILE, KEY_FILE = "mxm.sqlite3", "mxm.key"


#: Key of a connection's `info`: the reader that uses it.
READER = "reader"


class ReadTooLong(StoreUnavailable):
    """A reading transaction was ended, since it delayed others."""

    def __init__(self) -> None:
        super().__init__("Reading this took over 30 seconds and was ended, so that others can go on. Ask for less.")


class Store:
    """The product's database. Reads see the last commit; writes wait for each other."""

    def __init__(self, engine: sa.Engine, path: Path | None, clock: Clock, key: ServerKey) -> None:
        self._engine, self._path, self.clock, self.key = engine, path, clock, key
        self._writing = threading.Lock()
        self.readers = Readers(clock)
        #: What background work says when it cannot use the store.
        self.failures = FailureLog(clock)
        #: The days of the host, by which figures are stored.
        self.days = Days()
        self._ownership: Lock | None = None
        #: Transactions that this process committed.
        self.commits = 0
        self._changes = ChangeCounter(path) if path is not None else None

    @classmethod
    def open(cls, path: Path | str, clock: Clock, secret_key: str = "") -> Self:
        """Open the store at `path` (":memory:" for a store without a file).

        It is created and migrated as needed; its folder and files are private.
        """
        if str(path) == MEMORY:
            store = cls(_engine(MEMORY), None, clock, ServerKey.make(secret_key))
            store._migrate(None)
            store._begin_audit_chain(created=True)
        else:
            store = cls._open_file(Path(path), clock, secret_key)
        return store

    @classmethod
    def _open_file(cls, path: Path, clock: Clock, secret_key: str) -> Self:
        """Open a file.

        Raises StoreNotOpened where its folder holds what MXM must not work with, else StoreUnavailable.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_folder.check(path)
        try:
            path.parent.chmod(0o700)
            make_private(path)
            path.chmod(0o600)
            store = cls(_engine(str(path)), path, clock, ServerKey.make())
            try:
                version = store._version()
                if version is not None:  # a migration may sign the audit log
                    store.key = ServerKey.load(path.parent / KEY_FILE, secret_key)
                store._migrate(version)
                if version is None:
                    # After the tables: a first start that is killed leaves no key next to an empty database.
                    store.key = ServerKey.load(path.parent / KEY_FILE, secret_key)
                store._seal_own_cells()
                store._begin_audit_chain(created=version is None)
            except BaseException:
                store.close()
                raise
        except OSError as error:
            raise errors.of_system(error) from error
        except StoreUnavailable as problem:
            if problem.code == "DATABASE_LOCKED" and errors.cannot_lock(path.parent):
                raise errors.without_locks() from problem
            raise
        return store

    @property
    def path(self) -> Path:
        """Return the file of the database; a store in memory has none."""
        assert self._path is not None  # noqa: S101 - only tests open a store in memory
        return self._path

    @property
    def folder(self) -> Path:
        """Return the data folder."""
        return self.path.parent

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that may write.

        It is on disk when the block ends, and rolled back when the block raises. Raises StoreUnavailable when the disk
        is full, or the file is locked by another program or read-only.
        """
        with self._writing, self._connect() as tx:
            tx.info.update({AUDIT_KEY: self.key.audit, DAYS: self.days})
            try:
                tx.exec_driver_sql("BEGIN IMMEDIATE")
                yield tx
                self._commit(tx)
            except BaseException as error:
                _roll_back(tx)
                if isinstance(error, DBAPIError) and (failure := errors.of_database(error, self._path)):
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
    def read(self) -> Iterator[Tx]:
        """Open a consistent read of the store.

        Raises ReadTooLong when it lasts for over 30 s.
        """
        if self._path is None:
            with self._writing, self._engine.connect() as tx:
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
                        if failure := errors.of_database(error, self._path):
                            raise failure from error
                        raise
                    finally:
                        del tx.info[READER]
            finally:
                _roll_back(tx)

    def _connect(self) -> sa.Connection:
        """Return a connection; raises StoreUnavailable when none can be opened."""
        try:
            return self._engine.connect()
        except (DBAPIError, sqlite3.Error) as error:
            raise errors.of_database(error, self._path) or error from error

    def version(self) -> int | None:
        """Return a number that each commit changes, of whatever process; None where it is unknown."""
        return self._changes.value() if self._changes is not None else None

    def is_responsive(self) -> bool:
        """Return whether the database can be read."""
        try:
            with self.read() as tx:
                return tx.exec_driver_sql("SELECT 1 FROM alembic_version").first() is not None
        except (DBAPIError, StoreUnavailable):
            return False

    def is_usable(self) -> bool:
        """Return whether the database can be read, on a schema that this version runs on."""
        try:
            version = self._version()
        except (DBAPIError, StoreUnavailable):
            return False
        return version is not None and int(version) >= int(HEAD)

    def is_sound(self, seconds: float = 30.0) -> bool | None:
        """Return whether a quick check finds no damaged page; None when it takes over `seconds`."""
        until = time.monotonic() + seconds
        with self._connect() as tx:
            raw: Any = tx.connection.dbapi_connection
            raw.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            try:
                return bool(tx.exec_driver_sql("PRAGMA quick_check(1)").scalar() == "ok")
            except DBAPIError as error:
                failure = errors.of_database(error, self._path)
                return False if failure is not None and failure.code == "DATABASE_DAMAGED" else None
            finally:
                raw.set_progress_handler(None, 0)

    def scrub(self) -> bool:
        """Empty the write-ahead log, so that no file holds what was purged.

        Return whether that worked. It fails while anyone reads. It does not wait for that, since every writer would
        wait as well.
        """
        self.readers.end_old()
        with self._writing, self._engine.connect() as tx:
            try:
                tx.exec_driver_sql("PRAGMA busy_timeout=0")
                busy, *_ = tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            except OperationalError:
                return False
            finally:
                tx.exec_driver_sql(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
        return not busy

    def remove_copies(self) -> bool:
        """Remove plain copies that killed backups left; return whether none is there now."""
        return self._path is None or scratch.remove_left(self.folder)

    def own(self) -> bool:
        """Return whether this process holds the lock of the data folder.

        The first call that can takes it. The lock ends with the process, however that ends. It is a hint: `ownership`
        holds the proof.
        """
        if self._ownership is None and self._path is not None:
            self._ownership = take_lock(self._path.with_suffix(".lock"))
            return self._ownership is not None
        return True

    def disown(self) -> None:
        """Release the lock."""
        if self._ownership is not None:
            self._ownership.close()
            self._ownership = None

    def keep_lock(self) -> None:
        """Lock the file in the folder again if the locked one was removed or replaced."""
        if self._ownership is not None and self._ownership.is_replaced():
            self.disown()
            self.own()

    def lock_id(self) -> str:
        """Return the identity of the locked file, to compare with that of another process."""
        return self._ownership.id if self._ownership is not None else ""

    def close(self) -> None:
        """Close the file."""
        if self._changes is not None:
            self._changes.close()
        self._engine.dispose()
        self.disown()

    def _seal_own_cells(self) -> None:
        from mxlib.store import own_cells

        with self.read() as tx:
            if own_cells.are_sealed(tx):
                return
        with self.write() as tx:
            own_cells.seal_earlier(tx, self.key)
        self.scrub()

    def _begin_audit_chain(self, *, created: bool) -> None:
        """Begin a chain where none is recorded.

        It is the first one only if the store was `created`, or is as empty as where the first start was killed.
        """
        from mxlib.store import audit_chain

        with self.read() as tx:
            if audit_chain.has_begun(tx):
                return
        with self.write() as tx:
            if not audit_chain.has_begun(tx):
                audit_chain.begin(tx, self.clock.now(), may_be_first=created or audit_chain.is_unused(tx))

    def _version(self) -> str | None:
        """Return the newest migration of the database; None when it has no tables.

        Raises StoreNotOpened where it is newer, unless its own MXM recorded that this one runs on it, too.
        """
        with self.read() as tx:
            known = tx.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
            found = tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if known else None
            version = None if found is None else str(found)
            if version is None or (version.isdecimal() and int(version) <= int(HEAD)):
                return version
            oldest = str(tx.execute(_OLDEST).scalar() or "")
        if not (version.isdecimal() and oldest.isdecimal() and int(oldest) <= int(HEAD)):
            raise StoreNotOpened(store_problems.newer_database(version, HEAD), "DATABASE_NEWER")
        return version

    def _migrate(self, version: str | None) -> None:
        """Migrate from `version`; a log without hashes is signed in the same transaction.

        So an open that is killed leaves no log that is migrated and not signed, which would count as tampered with.
        """
        if version is None or int(version) < int(HEAD):
            from mxlib.store import audit_chain
            from mxlib.store.migrations import oldest_that_runs, upgrade

            with self.write() as tx:
                upgrade(tx)
                tx.execute(meta.delete().where(meta.c.name == SCHEMA_MIN))
                tx.execute(meta.insert().values(name=SCHEMA_MIN, value=oldest_that_runs()))
                if version is not None and int(version) < _HASHES and not audit_chain.has_begun(tx):
                    audit_chain.begin(tx, self.clock.now(), may_be_first=True)


def _engine(database: str) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(database, timeout=BUSY_S, isolation_level=None, check_same_thread=False),
        poolclass=StaticPool if database == MEMORY else QueuePool,
        isolation_level="AUTOCOMMIT",  # transactions are begun explicitly, to choose between BEGIN and BEGIN IMMEDIATE
        hide_parameters=True,
        **({} if database == MEMORY else {"max_overflow": -1}),
    )
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
