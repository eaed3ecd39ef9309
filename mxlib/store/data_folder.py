"""Checks of the data folder before it is opened.

Anything that MXM must not work with is refused, with what to do.
"""

from pathlib import Path

from mxlib.core.text import store_problems
from mxlib.store.errors import StoreNotOpened

#: First bytes of every SQLite file.
_HEADER = b"SQLite format 3\x00"


def check(database: Path) -> None:
    """Raise StoreNotOpened where continuing would lose or hide stored data."""
    key, lock = database.with_name("mxm.key"), database.with_suffix(".lock")
    log, index = database.with_name(f"{database.name}-wal"), database.with_name(f"{database.name}-shm")
    has_key = key.exists()
    if database.is_dir():
        raise StoreNotOpened(store_problems.is_a_folder(database.name), "DATABASE_DAMAGED")
    if has_key and database.is_file() and not _size(database) and not _size(log):
        raise StoreNotOpened(store_problems.EMPTY_BESIDE_KEY, "DATABASE_EMPTY")
    if index.exists() and not log.exists() and index.exists():  # a program that ends removes the index first
        raise StoreNotOpened(store_problems.LOG_MISSING, "LOG_MISSING")
    if lock.exists() and not lock.is_file():
        raise StoreNotOpened(store_problems.is_a_folder(lock.name), "LOCK_DAMAGED")
    if _size(lock) and not _begins_as_database(lock):
        raise StoreNotOpened(store_problems.LOCK_DAMAGED, "LOCK_DAMAGED")


def _begins_as_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
