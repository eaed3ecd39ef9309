"""The lock of a data folder: a hint to its owner.

It ends with its process, however that ends.
"""

import os
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mxlib.core.text import store_problems
from mxlib.store import errors
from mxlib.store.errors import StoreNotOpened


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of a data folder, held by an open transaction on its file."""

    path: Path
    held: sqlite3.Connection
    id: str

    def is_lost(self) -> bool:
        """Return whether another file is now at its path: others lock that one."""
        return file_id(self.path) != self.id

    def close(self) -> None:
        """Release the lock."""
        self.held.close()


def take_lock(path: Path) -> Lock | None:
    """Lock the file at `path`, created when missing; None while another process has the lock."""
    try:
        make_private(path)
    except OSError as error:
        raise errors.of_system(error) from error
    held = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        held.close()
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            if errors.cannot_lock(path.parent):
                raise errors.without_locks() from error
            return None
        if isinstance(error, sqlite3.OperationalError):
            raise errors.of_database(error, path) or error from error
        raise StoreNotOpened(store_problems.LOCK_DAMAGED, "LOCK_DAMAGED") from error
    return Lock(path, held, file_id(path))


def file_id(path: Path) -> str:
    """Return the identity of a file, which another one in its place lacks.

    Blank without a file.
    """
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def make_private(path: Path) -> None:
    """Create a file that only its owner can read.

    An existing one is not opened, since closing it would end its locks.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
