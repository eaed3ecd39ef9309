"""Plain copies of the data, while a backup is made, checked or restored.

Each is locked by the process that made it, however that ends: one without a lock was left by a process that was
killed. SQLite locks databases in another way, so only folders, and files that it never opens, are locked here.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

#: The beginning of their names.
PREFIX = ".mxm-backup-"


@contextmanager
def new_folder(where: Path) -> Iterator[Path]:
    """Yield a private folder that is removed at the end."""
    while True:
        path = Path(tempfile.mkdtemp(dir=where, prefix=PREFIX))
        with suppress(FileNotFoundError):
            handle = _opened(path)
            if _locked_in_time(handle, path):
                break
            os.close(handle)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


@contextmanager
def new_file(where: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a private file that is removed at the end unless it was renamed."""
    while True:
        handle, name = tempfile.mkstemp(dir=where, prefix=PREFIX)
        if _locked_in_time(handle, Path(name)):
            break
        os.close(handle)
    try:
        with os.fdopen(handle, "wb") as file:
            yield Path(name), file
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def remove_left(where: Path) -> bool:
    """Remove what killed processes left in a folder; return whether none is there now."""
    clean = True
    for path in where.glob(f"{PREFIX}*"):
        try:
            handle = _opened(path)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)
        except FileNotFoundError:
            pass
        except OSError:  # in use, or not to be removed by this process
            clean = False
    return clean


def _opened(path: Path) -> int:
    """Open a file or folder to lock it."""
    # Network file systems lock only files that are open for writing.
    return os.open(path, (os.O_RDONLY if path.is_dir() else os.O_RDWR) | os.O_NOFOLLOW)


def _locked_in_time(handle: int, path: Path) -> bool:
    """Lock what was just made; return whether it is still there.

    `remove_left` of another thread or process may have found it before it was locked.
    """
    with suppress(OSError):  # a file system without locks: nothing there counts as left then
        fcntl.flock(handle, fcntl.LOCK_EX)
    return path.exists()
