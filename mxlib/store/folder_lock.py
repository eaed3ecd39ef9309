"""The lock of a data folder: a hint who owns it, that ends with its process, however that dies."""

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

    def is_replaced(self) -> bool:
        """Whether the file that is there now is another one."""
        return file_id(self.path) != self.id

    def close(self) -> None:
        self.held.close()


def take_lock(path: Path) -> Lock | None:
    """The lock on the file at `path`, made when missing; None while another process has it."""
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
    """What tells a file from another one that takes its place; blank when there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_dev}:{found.st_ino}"


def make_private(path: Path) -> None:
    """Make a file that only its owner reads; one that is there is not opened, since closing it would end its locks."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
