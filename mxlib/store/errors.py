"""Errors of the store's files: each kind with its own sentence and code."""

import errno
import fcntl
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from mxlib.core.text import store_problems

#: Bytes that are free on a disk which is not full.
_ROOM = 1_000_000

#: The code of a process that may open no further file.
OUT_OF_FILES = "OUT_OF_FILES"

_OUT_OF_FILES = (errno.EMFILE, errno.ENFILE)
_CANNOT_LOCK = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


class StoreUnavailable(Exception):
    """The store cannot be used now.

    The message has the reason and what to do; `code` is the kind of failure.
    """

    def __init__(self, message: str, code: str = "STORE_FAILED") -> None:
        super().__init__(message)
        self.code = code


class StoreNotOpened(StoreUnavailable):
    """The data folder holds what MXM must not work with.

    The message says what to do.
    """


class StoreAway(StoreUnavailable):
    """The database server does not answer for now.

    Nothing has to be repaired here: work goes on by itself when it is back.
    """

    def __init__(self, words: str) -> None:
        super().__init__(store_problems.away(words), "DATABASE_AWAY")


class CommitUnknown(StoreAway):
    """The database went away in a commit, and nobody knows whether that was made.

    What is in memory may differ from what is stored: read that again.
    """

    def __init__(self) -> None:
        StoreUnavailable.__init__(self, store_problems.COMMIT_UNKNOWN, "COMMIT_UNKNOWN")


def of_database(error: DBAPIError | sqlite3.Error, path: Path | None) -> StoreUnavailable | None:
    """Return the error for an error of the database.

    None for one that is a fault of ours.
    """
    raw = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(raw, "sqlite_errorcode", None)
    make_error = _OF_CODE.get((code or 0) & 0xFF) if code is not None else None
    if make_error is None:
        if not isinstance(raw, sqlite3.OperationalError):
            return None
        return StoreUnavailable(store_problems.store_failed(str(raw)))
    return make_error(path)


def of_system(error: OSError) -> StoreUnavailable:
    """Return the error for an error of the operating system in the data folder."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return StoreUnavailable(store_problems.DISK_FULL, "DISK_FULL")
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return StoreUnavailable(store_problems.DISK_READ_ONLY, "DISK_READ_ONLY")
        case errno.EMFILE | errno.ENFILE:
            return StoreUnavailable(store_problems.OUT_OF_FILES, OUT_OF_FILES)
        case errno.EIO:
            return StoreUnavailable(store_problems.DISK_ERROR, "DISK_ERROR")
        case _:
            return StoreUnavailable(store_problems.store_failed(error.strerror or type(error).__name__))


def cannot_lock(folder: Path) -> bool:
    """Return whether the file system of a folder cannot lock files at all."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _CANNOT_LOCK
    return False


def without_locks() -> StoreNotOpened:
    """Return the error for a file system that cannot lock files."""
    return StoreNotOpened(store_problems.NO_LOCKS, "NO_LOCKS")


def _full(_path: Path | None) -> StoreUnavailable:
    return StoreUnavailable(store_problems.DISK_FULL, "DISK_FULL")


def _disk_error(path: Path | None) -> StoreUnavailable:
    return _full(path) if _is_full(path) else StoreUnavailable(store_problems.DISK_ERROR, "DISK_ERROR")


def _read_only(_path: Path | None) -> StoreUnavailable:
    return StoreUnavailable(store_problems.DISK_READ_ONLY, "DISK_READ_ONLY")


def _not_opened(path: Path | None) -> StoreUnavailable:
    """Find the reason, since SQLite reports only that it cannot open the file."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno in _OUT_OF_FILES:
            return of_system(error)
    return _full(path) if _is_full(path) else _read_only(path)


def _locked(_path: Path | None) -> StoreUnavailable:
    return StoreUnavailable(store_problems.DATABASE_LOCKED, "DATABASE_LOCKED")


def _damaged(_path: Path | None) -> StoreUnavailable:
    return StoreUnavailable(store_problems.DATABASE_DAMAGED, "DATABASE_DAMAGED")


def _is_full(path: Path | None) -> bool:
    try:
        free = os.statvfs(path.parent) if path is not None else None
    except OSError:
        return False
    return free is not None and free.f_bavail * free.f_frsize < _ROOM


_OF_CODE: dict[int, Callable[[Path | None], StoreUnavailable]] = {
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_IOERR: _disk_error,
    sqlite3.SQLITE_READONLY: _read_only,
    sqlite3.SQLITE_PERM: _read_only,
    sqlite3.SQLITE_CANTOPEN: _not_opened,
    sqlite3.SQLITE_BUSY: _locked,
    sqlite3.SQLITE_LOCKED: _locked,
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_NOTADB: _damaged,
}
