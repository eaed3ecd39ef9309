"""A value that changes with every commit to the database, of whatever process."""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path


class ChangeCounter:
    """Asks SQLite whether anything was committed, which takes a hundredth of a read.

    The number is that of one connection, so it has a connection of its own, on which nothing is ever written.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._connection: sqlite3.Connection | None = None
        #: Connections opened so far: each counts from its own beginning.
        self._opened = 0
        self._is_closed = False

    def value(self) -> tuple[int, int] | None:
        """Return which connection it is and its count of changes; None where unreadable."""
        with self._lock:
            if self._is_closed:
                return None
            try:
                if self._connection is None:
                    uri = f"{self._path.absolute().as_uri()}?mode=ro"
                    self._connection = sqlite3.connect(uri, uri=True, timeout=0, check_same_thread=False)
                    self._opened += 1
                row = self._connection.execute("PRAGMA data_version").fetchone()
                return self._opened, int(row[0])
            except sqlite3.Error:
                self._drop()
                return None

    def close(self) -> None:
        """Close the connection; there is no number from now on."""
        with self._lock:
            self._is_closed = True
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
