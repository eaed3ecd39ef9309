"""PostgreSQL as the database: one writer at a time, in any process, and a server that may be away for a while.

Every writing transaction takes one advisory lock first: what the product checks before it acts stays so until it has
acted, as with SQLite. A process that stands still in a transaction loses it after 15 seconds: journalling a
large run on a busy machine takes a few.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mxlib.clock import Clock
from mxlib.core.text import store_problems
from mxlib.store import storable_text
from mxlib.store.engines import SIGNALS, Hear, ReadTooLong, is_address
from mxlib.store.errors import CommitUnknown, StoreAway, StoreNotOpened, StoreUnavailable
from mxlib.store.transaction import Tx

#: Connections that are kept, and those that may be opened besides.
_KEPT, _MORE = 5, 15

#: Seconds that a thread waits for a connection, and for another process that writes.
BUSY_S = 8.0

#: Seconds for which the server is asked whether a commit was made that got no answer.
SETTLE_S = 10.0

_PAUSE = 0.2

#: Number of the advisory lock of the writer, by chance.
_WRITER = 5_571_890_401

_BEGIN_WRITE = (
    f"BEGIN; SET LOCAL lock_timeout = {int(BUSY_S * 1000)}; SET LOCAL idle_in_transaction_session_timeout = 15000"
)
_LOCK = f"SELECT pg_advisory_xact_lock({_WRITER}), CAST(pg_current_xact_id() AS TEXT)"
_BEGIN_READ = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 30000; "
    "SET LOCAL idle_in_transaction_session_timeout = 30000"
)

#: How the connection notices that the server, or the way to it, is gone.
_NETWORK = {
    "connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
    "tcp_user_timeout": 15_000, "application_name": "mxm",
}  # fmt: skip

#: Tables that hold sealed secrets, or the keys that open them, for as long as these are needed.
_SECRET = (
    "run_key",
    "run",
    "manual_write",
    "link",
    "outbox_mail",
    "delivery",
    "draft",
    "channel",
    "reset_request",
    "second_factor",
)
_VACUUM = "SET lock_timeout = 500", f"VACUUM FULL {', '.join(_SECRET)}", "RESET lock_timeout"

#: The oldest release that has what is used here.
_OLDEST = 130_000

#: Classes and codes of PostgreSQL's errors (SQLSTATE).
_CONNECTION = ("08", "57P01", "57P02", "57P03", "25P03", "53300", "25006")
_FULL, _BUSY, _ENDED, _REFUSED, _DAMAGED = "53100", ("55P03", "40P01"), "57014", ("42501", "28"), ("XX001", "XX002")


class PostgresDatabase:
    """A database of PostgreSQL; the address and its password are in no repr."""

    name, path, keeps_log = "PostgreSQL", None, True

    def __init__(self, address: str, clock: Clock) -> None:
        self._url, self._clock = url_of(address), clock
        self.alone = threading.Lock()
        self.commits = 0
        self.pool = sa.create_engine(
            self._url, pool_size=_KEPT, max_overflow=_MORE, pool_timeout=BUSY_S, connect_args=self._options(),
            isolation_level="AUTOCOMMIT",  # transactions are begun explicitly
            hide_parameters=True, json_serializer=storable_text.dumps,
        )  # fmt: skip
        storable_text.watch(self.pool)

    def _options(self) -> dict[str, Any]:
        return {name: value for name, value in _NETWORK.items() if name not in self._url.query}

    @property
    def end_old_readers(self) -> Callable[[], object]:
        """Return a function that does nothing: the server ends transactions by its own clock."""
        return lambda: None

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """Open the one transaction that may write; see `DatabaseEngine`."""
        with self.alone, self._opened(_BEGIN_WRITE) as tx:
            try:
                number = str(tx.exec_driver_sql(_LOCK).one()[1])
                yield tx
                self._commit(tx, number)
            except DBAPIError as error:
                raise self._failure(error) or error from error
            finally:
                _roll_back(tx)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a consistent read, which the server refuses to write in."""
        with self._opened(_BEGIN_READ) as tx:
            try:
                yield tx
            except DBAPIError as error:
                if _code(error) in (_ENDED, "25P03"):
                    raise ReadTooLong from error
                raise self._failure(error) or error from error
            finally:
                _roll_back(tx)

    @contextmanager
    def _opened(self, begin: str) -> Iterator[Tx]:
        """Yield a connection whose transaction has begun; one that is stale is replaced once."""
        with self._begun(begin) as tx:
            yield tx

    def _begun(self, begin: str) -> Tx:
        for turn in range(2):
            tx = self._connected()
            try:
                tx.exec_driver_sql(begin)
            except DBAPIError as error:
                tx.close()
                failure = self._failure(error) or error
                if turn or not isinstance(failure, StoreAway):
                    raise failure from error
            except BaseException:
                tx.close()
                raise
            else:
                return tx
        raise AssertionError

    def _connected(self) -> Tx:
        try:
            return self.pool.connect()
        except DBAPIError as error:
            raise self._away(error) from error
        except PoolTimeout as error:
            raise StoreUnavailable(store_problems.DATABASE_BUSY, "DATABASE_BUSY") from error

    def _commit(self, tx: Tx, number: str) -> None:
        raw: Any = tx.connection.dbapi_connection
        if raw.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            # COMMIT would roll back what a caught error has spoilt, and say nothing.
            raise RuntimeError("A statement of this transaction failed, and nobody said so.")
        self.commits += 1  # before: an interruption meanwhile is raised once it is committed
        try:
            tx.exec_driver_sql("COMMIT")
        except DBAPIError as error:
            if not isinstance(self._failure(error), StoreAway) or not self._was_committed(number):
                self.commits -= 1
                raise
        except Exception:
            self.commits -= 1
            raise

    def _was_committed(self, number: str) -> bool:
        """Return whether a transaction was committed whose COMMIT got no answer.

        Raises CommitUnknown when the server does not say so in time.
        """
        until = self._clock.monotonic() + SETTLE_S
        while True:
            with suppress(DBAPIError, StoreUnavailable), self._connected() as tx:
                status = tx.exec_driver_sql("SELECT pg_xact_status(CAST(%s AS xid8))", (number,)).scalar()
                if status in ("committed", "aborted"):
                    return bool(status == "committed")
            if self._clock.monotonic() >= until:
                self.commits -= 1
                raise CommitUnknown
            self._wait(_PAUSE)

    def _wait(self, seconds: float) -> None:
        turn = threading.Condition()
        with turn:
            self._clock.wait(turn, seconds)

    def is_sound(self, seconds: float) -> bool | None:
        """Return whether the server has met no page with a wrong checksum in this database."""
        try:
            with self.reading() as tx:
                tx.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}")
                query = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
                return not tx.exec_driver_sql(query).scalar()
        except StoreUnavailable as failure:
            return False if failure.code == "DATABASE_DAMAGED" else None

    def scrub(self) -> bool:
        """Rewrite the tables with secrets, without what was deleted; return whether that worked.

        It does not wait for those who read. The write-ahead log of the server keeps it until that is recycled, and
        archives and backups for as long as they are kept.
        """
        try:
            with self._connected() as tx:
                try:
                    for statement in _VACUUM:
                        tx.exec_driver_sql(statement)
                except DBAPIError:
                    with suppress(DBAPIError):
                        tx.exec_driver_sql(_VACUUM[-1])
                    return False
        except StoreUnavailable:
            return False
        return True

    @contextmanager
    def listening(self) -> Iterator[Hear]:
        """Hear signals on a connection of their own; see `DatabaseEngine`."""
        try:
            with self._alone_connected() as held:
                held.execute(f"LISTEN {SIGNALS}")

                def hear(seconds: float) -> Collection[str]:
                    return {each.payload for each in held.notifies(timeout=seconds, stop_after=1)}

                yield hear
        except psycopg.Error as error:
            raise self._away(error) from error

    def _alone_connected(self) -> psycopg.Connection[Any]:
        """Return a connection that is of no pool."""
        arguments = {**self.pool.dialect.create_connect_args(self._url)[1], **self._options()}
        return psycopg.connect(**arguments, autocommit=True)

    def take_lock(self) -> None:
        """Return nothing: what a session locks ends with its connection, and says nothing about its process."""

    def time(self) -> sa.ColumnElement[float]:
        """Return the time of the server."""
        return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)

    def check(self) -> None:
        """Raise StoreNotOpened unless the server can be used; StoreAway when it does not answer."""
        with self._connected() as tx:
            number = int(tx.exec_driver_sql("SHOW server_version_num").scalar_one())
            if number < _OLDEST:
                raise StoreNotOpened(store_problems.postgresql_too_old(number // 10_000), "DATABASE_TOO_OLD")
            encoding = tx.exec_driver_sql("SHOW server_encoding").scalar_one()
            if encoding != "UTF8":
                raise StoreNotOpened(store_problems.postgresql_not_utf8(encoding), "DATABASE_ENCODING")

    def version(self) -> str:
        """Return the version of the server."""
        with self.reading() as tx:
            return f"PostgreSQL {tx.exec_driver_sql('SHOW server_version').scalar_one()}"

    def close(self) -> None:
        """Close all connections."""
        self.pool.dispose()

    def _failure(self, error: DBAPIError) -> StoreUnavailable | None:
        """Return the error for an error of the database.

        None for one that is a fault of ours.
        """
        code = _code(error)
        if code.startswith(_CONNECTION) or (not code and (error.connection_invalidated or _is_broken(error))):
            return self._away(error)
        if code == _FULL:
            return StoreUnavailable(store_problems.DATABASE_DISK_FULL, "DISK_FULL")
        if code in _BUSY:
            return StoreUnavailable(store_problems.DATABASE_BUSY, "DATABASE_BUSY")
        if code in _DAMAGED:
            return StoreUnavailable(store_problems.DATABASE_DAMAGED, "DATABASE_DAMAGED")
        if code.startswith(_REFUSED):
            return StoreUnavailable(store_problems.DATABASE_REFUSES, "DATABASE_REFUSES")
        return None

    def _away(self, error: DBAPIError | psycopg.Error) -> StoreAway:
        """Return the error for a server that does not answer; it shows no password."""
        raw = error.orig if isinstance(error, DBAPIError) else error
        words = next(iter(str(raw).splitlines()), "").strip()
        password = self._url.password
        return StoreAway(words.replace(str(password), "…") if password else words)


def url_of(address: str) -> URL:
    """Read an address; raises StoreNotOpened, whose message shows nothing of it."""
    try:
        url = sa.make_url(address.strip())
    except (ArgumentError, ValueError):
        raise StoreNotOpened(store_problems.WRONG_DATABASE_URL, "DATABASE_URL") from None
    if not is_address(url.drivername + "://") or not url.database:
        raise StoreNotOpened(store_problems.WRONG_DATABASE_URL, "DATABASE_URL")
    return url.set(drivername="postgresql+psycopg")


def _code(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _is_broken(error: DBAPIError) -> bool:
    return isinstance(error.orig, psycopg.OperationalError)


def _roll_back(tx: Tx) -> None:
    if tx.invalidated or tx.closed:
        return
    raw: Any = tx.connection.dbapi_connection
    try:
        if raw.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
            raw.rollback()
    except psycopg.Error:
        tx.invalidate()
