"""The store: one database, in a file or on a server, written by one transaction at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from mxlib.clock import Clock
from mxlib.core.days import Days
from mxlib.core.text import store_problems
from mxlib.store import data_folder, errors, scratch
from mxlib.store.change_counter import ChangeCounter
from mxlib.store.encryption import ServerKey
from mxlib.store.engines import DatabaseEngine, OwnerLock, ReadTooLong, is_address
from mxlib.store.errors import StoreNotOpened, StoreUnavailable
from mxlib.store.failure_log import FailureLog
from mxlib.store.folder_lock import make_private
from mxlib.store.sqlite import MEMORY, SqliteDatabase
from mxlib.store.tables import meta
from mxlib.store.transaction import AUDIT_KEY, DAYS, Tx

__all__ = ["FILE", "HEAD", "KEY_FILE", "MEMORY", "ReadTooLong", "Store"]

#: The newest migration; an existing store opens without loading Alembic. A test compares it with the folder.
HEAD = "0043"

#: The migration that brought hashes to the audit log.
_HASHES = 18

#: Name in `meta`: the oldest schema whose MXM runs on the one of the database, recorded by the migration to it.
SCHEMA_MIN = "schema_min"

_OLDEST = sa.select(meta.c.value).where(meta.c.name == SCHEMA_MIN)

#: The database in the data folder, and the server's key.
FILE, KEY_FILE = "mxm.sqlite3", "mxm.key"


class Store:
    """The product's database. Reads see the last commit; writes wait for each other."""

    def __init__(self, database: DatabaseEngine, folder: Path | None, clock: Clock, key: ServerKey) -> None:
        self.database, self._folder, self.clock, self.key = database, folder, clock, key
        #: What background work says when it cannot use the store.
        self.failures = FailureLog(clock)
        #: The days of the host, by which figures are stored.
        self.days = Days()
        self._ownership: OwnerLock | None = None
        self._changes = ChangeCounter(database.path) if database.path is not None else None

    @classmethod
    def open(
        cls, place: Path | str, clock: Clock, secret_key: str = "", *, folder: Path | None = None, any_key: bool = False
    ) -> Self:
        """Open the store at `place`.

        That is a file, ":memory:", or the address of a database of PostgreSQL; `folder` is the data folder then.
        Another key than that of the database is refused unless `any_key`. The store is created and migrated as needed;
        its folder and files are private.
        """
        if is_address(place):
            return cls._open_server(str(place), clock, secret_key, folder, any_key=any_key)
        if str(place) == MEMORY:
            store = cls(SqliteDatabase(None, clock), None, clock, ServerKey.make(secret_key))
            store._migrate(None)
            store._begin_audit_chain(created=True)
            return store
        return cls._open_file(Path(place), clock, secret_key, any_key=any_key)

    @classmethod
    def configured(cls, data_dir: Path, address: str, clock: Clock, secret_key: str, *, any_key: bool = False) -> Self:
        """Open the store of the settings: the database at `address`, else the file in the data folder."""
        return cls.open(address.strip() or data_dir / FILE, clock, secret_key, folder=data_dir, any_key=any_key)

    @classmethod
    def _open_server(cls, address: str, clock: Clock, secret_key: str, folder: Path | None, *, any_key: bool) -> Self:
        """Open a database of PostgreSQL.

        Raises StoreNotOpened where it cannot be used, StoreAway when it does not answer.
        """
        from mxlib.store.postgresql import PostgresDatabase  # brings a driver that a file does not need

        if not secret_key:
            raise StoreNotOpened(store_problems.KEY_MISSING, "KEY_MISSING")
        database = PostgresDatabase(address, clock)
        store = cls(database, folder, clock, ServerKey.make(secret_key))
        try:
            if folder is not None:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            database.check()
            version = store._version()
            if version is not None and not any_key:
                store._check_key(version)
            store._migrate(version)
            store._complete(created=version is None)
        except OSError as error:
            store.close()
            raise errors.of_system(error) from error
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def _open_file(cls, path: Path, clock: Clock, secret_key: str, *, any_key: bool) -> Self:
        """Open a file.

        Raises StoreNotOpened where its folder holds what MXM must not work with, else StoreUnavailable.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_folder.check(path)
        try:
            path.parent.chmod(0o700)
            make_private(path)
            path.chmod(0o600)
            store = cls(SqliteDatabase(path, clock), path.parent, clock, ServerKey.make())
            try:
                version = store._version()
                if version is not None:  # a migration may sign the audit log
                    if not (any_key or secret_key or os.path.lexists(path.parent / KEY_FILE)):
                        store._may_make_key(version)
                    store.key = ServerKey.load(path.parent / KEY_FILE, secret_key)
                    if not any_key:
                        store._check_key(version)
                store._migrate(version)
                if version is None:
                    # After the tables: a first start that is killed leaves no key next to an empty database.
                    store.key = ServerKey.load(path.parent / KEY_FILE, secret_key)
                store._complete(created=version is None)
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
        """Return the file of the database; others than a file have none."""
        assert self.database.path is not None  # noqa: S101 - callers ask only where there is one
        return self.database.path

    @property
    def is_file(self) -> bool:
        """Return whether the database is a file in the data folder."""
        return self.database.path is not None

    @property
    def folder(self) -> Path:
        """Return the data folder."""
        assert self._folder is not None  # noqa: S101 - only tests open a store in memory
        return self._folder

    @property
    def commits(self) -> int:
        """Return how many transactions this process committed."""
        return self.database.commits

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction that may write.

        It is on disk when the block ends, and rolled back when the block raises. Raises StoreUnavailable when the
        database cannot take it: the disk is full, it is locked by another program, read-only, or away.
        """
        with self.database.writing() as tx:
            tx.info.update({AUDIT_KEY: self.key.audit, DAYS: self.days})
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a consistent read of the store.

        Raises ReadTooLong when it lasts for over 30 s.
        """
        with self.database.reading() as tx:
            yield tx

    def end_old_readers(self) -> None:
        """End transactions that have read for too long."""
        self.database.end_old_readers()

    def version(self) -> tuple[int, int] | None:
        """Return a value that each commit of any process changes; None where it is unknown."""
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
        """Return whether no page is known to be damaged; None when looking takes over `seconds`."""
        return self.database.is_sound(seconds)

    def scrub(self) -> bool:
        """Let no file of the database hold what was deleted; return whether that worked."""
        return self.database.scrub()

    def remove_copies(self) -> bool:
        """Remove plain copies that killed backups left; return whether none is there now."""
        return not self.is_file or scratch.remove_left(self.folder)

    def own(self) -> bool:
        """Return whether this process holds the lock of the data folder.

        The first call that can takes it. The lock ends with the process, however that ends. It is a hint, which only a
        file has: the lease in the database decides.
        """
        if self._ownership is None:
            self._ownership = self.database.take_lock()
        return self._ownership is not None

    def disown(self) -> None:
        """Release the lock."""
        if self._ownership is not None:
            self._ownership.close()
            self._ownership = None

    def keep_lock(self) -> None:
        """Take the lock again if it was lost: its file was replaced."""
        if self._ownership is not None and self._ownership.is_lost():
            self.disown()
        self.own()

    def lock_id(self) -> str:
        """Return the identity of what is locked, to compare with that of another process.

        Blank without a lock.
        """
        return self._ownership.id if self._ownership is not None else ""

    def close(self) -> None:
        """Close the database."""
        if self._changes is not None:
            self._changes.close()
        self.database.close()
        self.disown()

    def _seal_own_cells(self) -> None:
        from mxlib.store import own_cells

        with self.read() as tx:
            if own_cells.are_sealed(tx):
                return
        with self.write() as tx:
            own_cells.seal_earlier(tx, self.key)
        self.scrub()

    def _may_make_key(self, version: str) -> None:
        """Raise StoreNotOpened when the database was used with a key already."""
        from mxlib.store import key_check

        with self.read() as tx:
            if key_check.is_known(tx, has_chain=int(version) >= _HASHES):
                raise StoreNotOpened(store_problems.KEY_LOST, "KEY_LOST")

    def _check_key(self, version: str) -> None:
        """Raise StoreNotOpened when the database is of another key."""
        from mxlib.store import key_check

        with self.read() as tx:
            if not key_check.fits(tx, self.key, has_chain=int(version) >= _HASHES):
                raise StoreNotOpened(store_problems.OTHER_KEY, "OTHER_KEY")

    def _complete(self, *, created: bool) -> None:
        """Do, once, what needs the key: what earlier releases left in clear, the audit log, and the check value."""
        from mxlib.store import key_check

        self._seal_own_cells()
        self._begin_audit_chain(created=created)
        with self.read() as tx:
            if key_check.is_recorded(tx):
                return
        with self.write() as tx:
            key_check.record(tx, self.key)

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
            known = sa.inspect(tx).has_table("alembic_version")
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
