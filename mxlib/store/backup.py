"""Back up database and key to one file while the server runs, and restore them.

A backup holds a line of JSON (the manifest) and the database, compressed, in the format of `backup_file`. It contains
the server's key unless that is derived from MXM_SECRET_KEY.

Making one takes a copy of the database first. A read transaction on the database stays open for as long as that copy
exists: it delays no writer, and keeps the erasure of deleted secrets from being reported as finished.
"""

import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from mxlib import __version__
from mxlib.clock import Clock
from mxlib.core.links import LinkEnd
from mxlib.core.text import backups, store_problems
from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit, audit_check, errors, hold, links, ownership, scratch, sessions
from mxlib.store.audit import Identity
from mxlib.store.backup_file import CHUNK, BackupError, seal, unseal
from mxlib.store.database import FILE, KEY_FILE, Store
from mxlib.store.encryption import ServerKey
from mxlib.store.sqlite import BUSY_S
from mxlib.store.transaction import Tx

__all__ = ["BackupError", "Made", "make", "mark_of", "note", "restore"]

#: What a mark of the key is made of.
_MARK = "backup"

#: Bytes of that mark by which servers tell their backups apart.
_SHORT = 4

_MOST_MANIFEST = 65_536


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made: its file, size in bytes, and the time of its data in Unix seconds."""

    path: Path
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class _Manifest:
    """The first line of a backup."""

    version: str
    made_at: float
    #: Bytes of the database.
    size: int
    #: A keyed hash that shows whether a key is the one of this database.
    mark: str
    #: In hexadecimal digits; blank when the key is derived from MXM_SECRET_KEY.
    key: str = field(repr=False)


def make(store: Store, target: Path, passphrase: str, secret_key: str = "") -> Made:
    """Back up to a new file, and return what was made.

    It is checked by a restore into a scratch folder. Raises BackupError, and StoreUnavailable when the database fails.
    Nothing is left then.
    """
    if not store.is_file:
        raise BackupError(store_problems.NO_BACKUP_OF_SERVER)
    if not passphrase:
        raise BackupError(backups.NO_PASSPHRASE)
    if target.exists():
        raise BackupError(backups.exists(str(target)))
    at = store.clock.now()
    try:
        for folder in (store.folder, target.parent):
            scratch.remove_left(folder)
        with _copied(store) as copy, scratch.new_file(target.parent) as (part, file):
            size = os.fstat(copy.fileno()).st_size
            key = _own_key(store)
            mark = store.key.mark(_MARK).hex()
            seal(_packed(_Manifest(__version__, at, size, mark, key), copy), file, passphrase)
            file.flush()
            os.fsync(file.fileno())
            with scratch.new_folder(store.folder) as folder:
                _unpack(part, folder, passphrase, secret_key)
                _check(folder, store.clock, secret_key, store)
            part.replace(target)
            _sync_folder(target.parent)
        return Made(target, target.stat().st_size, at)
    except OSError as error:
        where = Path(error.filename).parent if error.filename else target.parent
        raise BackupError(backups.not_written(str(where), error.strerror or "")) from error


def mark_of(store: Store) -> str:
    """Return the 8 hexadecimal digits in the names of this server's backups."""
    return store.key.mark(_MARK)[:_SHORT].hex()


def note(tx: Tx, by: Identity, made: Made) -> None:
    """Write the entry of the audit log for a backup that was made."""
    outcome, detail = backups.made(made.path.name, made.size), {"file": made.path.name, "bytes": made.size}
    audit.record(tx, by, AuditAction.BACKUP_MAKE, at=made.at, on="this server", outcome=outcome, detail=detail)


def restore(source: Path, folder: Path, passphrase: str, clock: Clock, by: Identity, secret_key: str = "") -> float:
    """Restore a backup into an empty data folder.

    Returns the time of its data in Unix seconds. Everything that would act by itself waits then: see `hold`. Raises
    BackupError or StoreUnavailable, and leaves the folder empty.
    """
    if not passphrase:
        raise BackupError(backups.NO_PASSPHRASE)
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        raise BackupError(backups.not_read(str(source), error.strerror or "")) from error
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (found := next(folder.iterdir(), None)) is not None:
            raise BackupError(backups.not_empty(str(folder), found.name))
        folder.chmod(0o700)
        with scratch.new_folder(folder) as unpacked:
            manifest = _unpack(source, unpacked, passphrase, secret_key)
            _check(unpacked, clock, secret_key)
            _hold(unpacked, manifest, clock, by, secret_key)
            for name in (KEY_FILE, FILE):  # the key first: a database without its key would get a new one
                if (unpacked / name).exists():
                    (unpacked / name).rename(folder / name)
            _sync_folder(folder)
    except OSError as error:
        raise errors.of_system(error) from error
    return manifest.made_at


def _hold(folder: Path, manifest: _Manifest, clock: Clock, by: Identity, secret_key: str) -> None:
    now = clock.now()
    store = Store.open(folder / FILE, clock, secret_key)
    try:
        with store.write() as tx:
            ownership.forget(tx)
            sessions.clear(tx)  # else those that were ended since the backup would work again
            hold.begin(tx, hold.Hold(manifest.made_at))
            links.end_made(tx, LinkEnd.RESTORED, now)  # else those that were used since the backup would work again
            detail = {"made_at": manifest.made_at, "version": manifest.version}
            audit.record(tx, by, AuditAction.BACKUP_RESTORE, at=now, on="this server", detail=detail)
        store.scrub()  # all of it in the one file that is moved
    finally:
        store.close()


def _check(folder: Path, clock: Clock, secret_key: str, live: Store | None = None) -> None:
    """Raise BackupError or StoreUnavailable unless a restored folder can be used.

    Its audit log has to be intact if that of the `live` database is: a log that is broken there is backed up as it is.
    """
    try:
        with _connected(folder / FILE) as database:
            if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                raise BackupError(backups.DATABASE_DAMAGED)
    except sqlite3.DatabaseError:
        raise BackupError(backups.DATABASE_DAMAGED) from None
    store = Store.open(folder / FILE, clock, secret_key)
    try:
        if not store.is_responsive():
            raise BackupError(backups.DATABASE_DAMAGED)
        if live is not None and not audit_check.verify(store).intact and audit_check.verify(live).intact:
            raise BackupError(backups.AUDIT_BROKEN)
    finally:
        store.close()


# The copy of the database.


@contextmanager
def _copied(store: Store) -> Iterator[BinaryIO]:
    """Yield a copy of the database, open for reading.

    It has no name in the folder, so that nothing of it is left when the process is killed.
    """
    with ExitStack() as stack:
        try:
            live = stack.enter_context(_connected(store.path))
            live.execute("BEGIN")
            live.execute("SELECT 1 FROM alembic_version").fetchone()
            with scratch.new_folder(store.folder) as folder, _connected(path := folder / FILE) as copy:
                for pragma in ("journal_mode=OFF", "synchronous=OFF"):
                    copy.execute(f"PRAGMA {pragma}")
                live.backup(copy)
                file = stack.enter_context(path.open("rb"))
        except sqlite3.Error as error:
            raise errors.of_database(error, store.path) or error from error
        yield file


@contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# The content of a backup.


def _own_key(store: Store) -> str:
    """Return the key in the folder; blank when the server uses another one."""
    path = store.folder / KEY_FILE
    if not path.exists() or ServerKey.load(path).mark(_MARK) != store.key.mark(_MARK):
        return ""
    return path.read_text(encoding="ascii").strip()


def _packed(manifest: _Manifest, database: BinaryIO) -> Iterator[bytes]:
    packer = zlib.compressobj(3)
    yield packer.compress(json.dumps(asdict(manifest)).encode() + b"\n")
    while piece := database.read(CHUNK):
        yield packer.compress(piece)
    yield packer.flush()


def _unpack(source: Path, folder: Path, passphrase: str, secret_key: str) -> _Manifest:
    """Write database and key of a backup into a private folder; return its manifest."""
    with source.open("rb") as file, _private_file(folder / FILE) as database:
        pieces = _unpacked(unseal(file, passphrase))
        first = b""
        while b"\n" not in first and len(first) < _MOST_MANIFEST and (piece := next(pieces, b"")):
            first += piece
        line, _, begun = first.partition(b"\n")
        try:
            manifest = _Manifest(**json.loads(line))
        except (ValueError, TypeError):
            raise BackupError(backups.DAMAGED) from None
        database.write(begun)
        for piece in pieces:
            database.write(piece)
        if database.tell() != manifest.size:
            raise BackupError(backups.DAMAGED)
    if manifest.key:
        with _private_file(folder / KEY_FILE) as file:
            file.write(manifest.key.encode("ascii"))
    elif not secret_key:
        raise BackupError(backups.OTHER_KEY)
    key = ServerKey.load(folder / KEY_FILE, secret_key)
    if key.mark(_MARK).hex() != manifest.mark:
        raise BackupError(backups.OWN_KEY if manifest.key else backups.OTHER_KEY)
    return manifest


@contextmanager
def _private_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new private file that is on disk when the block ends."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        yield file
        file.flush()
        os.fsync(handle)


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the decompressed data in pieces of at most CHUNK bytes."""
    unpacker = zlib.decompressobj()
    for chunk in chunks:
        piece, data = b"", chunk
        while piece or data:
            try:
                piece = unpacker.decompress(data, CHUNK)
            except zlib.error:
                raise BackupError(backups.DAMAGED) from None
            if piece:
                yield piece
            data = unpacker.unconsumed_tail
    if not unpacker.eof:
        raise BackupError(backups.DAMAGED)
