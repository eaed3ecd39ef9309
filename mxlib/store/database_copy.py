"""A copy of an installation in another database: from SQLite to PostgreSQL, or the other way.

Rows go over in one transaction, table by table, and are compared before it is committed: a copy is whole, or is not
there. The append-only triggers hold meanwhile; the head of the audit log goes last, since they read it.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from mxlib.clock import Clock
from mxlib.core.text import database_copies as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit, audit_check, ownership, storable_text
from mxlib.store.database import FILE, KEY_FILE, Store
from mxlib.store.encryption import ServerKey
from mxlib.store.engines import is_address
from mxlib.store.folder_lock import make_private
from mxlib.store.functions import as_text
from mxlib.store.sqlite import SqliteDatabase
from mxlib.store.tables import audit_head, meta, metadata
from mxlib.store.transaction import Tx

#: The word that stands for the address in MXM_DATABASE_URL, so that no list of processes shows its password.
CONFIGURED = "MXM_DATABASE_URL"

_SQLITE = "sqlite:///"

#: Rows in memory.
_AT_ONCE = 500

_ESCAPED_NUL = "\\u0000"


class CopyError(Exception):
    """The copy was not made; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made.

    `key_from_file` if its key is that of an mxm.key, which PostgreSQL does not have; `broke_audit_log` if only that of
    the source can be verified.
    """

    tables: int
    rows: int
    source: str
    target: str
    key_from_file: bool
    broke_audit_log: bool


def copy(source: str, target: str, configured: str, clock: Clock, secret_key: str, by: audit.Identity) -> Copied:
    """Copy the installation at `source` to the empty place `target`.

    Each is a data folder, a file of SQLite (also as sqlite:///FILE), the address of a database of PostgreSQL, or
    CONFIGURED. Raises CopyError, or StoreUnavailable when a database fails; `target` is as it was then.
    """
    begin, end = _place(source, configured), _place(target, configured)
    with TemporaryDirectory() as scratch, _source(begin, clock, secret_key, Path(scratch)) as read_from:
        key_file = "" if secret_key else _key_file(read_from)
        with _target(end, clock, read_from.key, key_file) as made:
            with _snapshot(read_from) as rows, made.write() as tx:
                if sa.inspect(tx).get_table_names():
                    raise CopyError(texts.NOT_EMPTY)
                tables, count = _copy_all(rows, tx)
                ownership.forget(tx)
                outcome = f"from {read_from.database.name} to {made.database.name}"
                audit.record(tx, by, AuditAction.DATABASE_COPY, at=clock.now(), on="this server", outcome=outcome)
            # Rows are the same, so only a NUL character of an earlier release breaks what was whole.
            broke = not audit_check.verify(made).intact and audit_check.verify(read_from).intact
        names = read_from.database.name, made.database.name
    return Copied(tables, count, *names, key_from_file=bool(key_file) and isinstance(end, str), broke_audit_log=broke)


# Places.


def _place(word: str, configured: str) -> Path | str:
    """Return what is at one end: the file of a database, or an address."""
    if word == CONFIGURED:
        if not configured.strip():
            raise CopyError(texts.NOT_CONFIGURED)
        word = configured.strip()
    if is_address(word):
        return word
    if word.startswith(_SQLITE):
        word = word.removeprefix(_SQLITE)
    elif "://" in word:
        raise CopyError(texts.UNKNOWN_PLACE)
    path = Path(word)
    return path if path.name == FILE else path / FILE


@contextmanager
def _source(place: Path | str, clock: Clock, secret_key: str, scratch: Path) -> Iterator[Store]:
    """Yield the store that is copied, which no other process works with meanwhile."""
    if isinstance(place, Path) and not place.is_file():
        raise CopyError(texts.nothing_there(str(place)))
    with closing(Store.open(place, clock, secret_key, folder=scratch)) as store:
        owned = ownership.OwnedStore.acquire(store)
        if owned is None:
            raise CopyError(texts.IN_USE)
        try:
            yield store
        finally:
            owned.release()


@contextmanager
def _target(place: Path | str, clock: Clock, key: ServerKey, key_file: str) -> Iterator[Store]:
    """Yield a store without tables; a file that was begun goes when the block raises."""
    if isinstance(place, str):
        from mxlib.store.postgresql import PostgresDatabase  # as in Store

        database = PostgresDatabase(place, clock)
        with closing(Store(database, None, clock, key)) as store:
            database.check()
            yield store
        return
    folder = place.parent
    if folder.exists() and any(folder.iterdir()):
        raise CopyError(texts.NOT_EMPTY)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    try:
        if key_file:
            with os.fdopen(os.open(folder / KEY_FILE, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(key_file)
        make_private(place)
        with closing(Store(SqliteDatabase(place, clock), folder, clock, key)) as store:
            yield store
    except BaseException:
        for name in (KEY_FILE, FILE, f"{FILE}-wal", f"{FILE}-shm"):
            (folder / name).unlink(missing_ok=True)
        raise


def _key_file(store: Store) -> str:
    """Return the content of the source's mxm.key."""
    return (store.folder / KEY_FILE).read_text(encoding="ascii").strip()


@contextmanager
def _snapshot(store: Store) -> Iterator[Tx]:
    """Open a consistent read that may take as long as it needs: nobody else works with this database."""
    on_server = not store.is_file
    with store.database.pool.connect() as tx:
        tx.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if on_server else "BEGIN")
        try:
            yield tx
        finally:
            tx.exec_driver_sql("ROLLBACK")


# Rows.


def _copy_all(source: Tx, target: Tx) -> tuple[int, int]:
    """Copy all tables; return how many, and how many rows.

    Raises CopyError when one is not the same afterwards.
    """
    from mxlib.store.migrations import upgrade

    upgrade(target)
    target.execute(meta.delete())
    tables = [*(table for table in metadata.sorted_tables if table is not audit_head), audit_head]
    whole = {table.name: _copy(source, target, table) for table in tables}
    _set_sequences(source, target, tables)
    for table in tables:
        if _digest(_rows(target, table)) != whole[table.name]:
            raise CopyError(texts.differs(table.name))
    return len(tables), sum(count for count, _ in whole.values())


def _copy(source: Tx, target: Tx, table: sa.Table) -> tuple[int, str]:
    """Copy a table; return how many rows it has, and the digest of them."""
    quote = target.dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    mark = "?" if target.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(table.columns))
    statement = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - names of our tables

    def written() -> Iterator[tuple[Any, ...]]:
        block: list[tuple[Any, ...]] = []
        for row in _rows(source, table):
            block.append(row)
            if len(block) == _AT_ONCE:
                target.exec_driver_sql(statement, block)
                block = []
            yield row
        if block:
            target.exec_driver_sql(statement, block)

    return _digest(written())


def _rows(tx: Tx, table: sa.Table) -> Iterator[tuple[Any, ...]]:
    """Yield the rows in the order of their key, as either database stores them."""
    is_json = [isinstance(column.type, sa.JSON) for column in table.columns]
    columns = [as_text(column) if json else column for column, json in zip(table.columns, is_json, strict=True)]
    query = sa.select(*columns).order_by(*table.primary_key.columns).execution_options(yield_per=_AT_ONCE)
    for row in tx.execute(query):
        yield tuple(map(_cell, row, is_json))


def _cell(cell: Any, is_json: bool) -> Any:
    if not isinstance(cell, str):
        return cell
    return storable_text.dumps(json.loads(cell)) if is_json and _ESCAPED_NUL in cell else storable_text.storable(cell)


def _digest(rows: Iterator[tuple[Any, ...]]) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    for row in rows:
        count += 1
        digest.update(repr(row).encode())
    return count, digest.hexdigest()


# Numbers that are given next: one that was used is not used again.


def _set_sequences(source: Tx, target: Tx, tables: list[sa.Table]) -> None:
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        highest = target.scalar(sa.select(sa.func.max(column))) or 0
        last = max(int(highest), _last_given(source, table, column.name))
        if not last:
            continue
        if target.dialect.name == "postgresql":
            name = target.dialect.identifier_preparer.quote(table.name)
            target.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(name, column.name), last)))
        elif table.dialect_options["sqlite"]["autoincrement"]:
            target.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            target.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, last))


def _last_given(tx: Tx, table: sa.Table, column: str) -> int:
    """Return the last number that the source gave by itself."""
    if tx.dialect.name == "sqlite":
        return int(tx.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar() or 0)
    name = tx.dialect.identifier_preparer.quote(table.name)
    sequence = tx.scalar(sa.select(sa.func.pg_get_serial_sequence(name, column)))
    if sequence is None:
        return 0
    last = tx.exec_driver_sql(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
    return int(last.scalar_one())
