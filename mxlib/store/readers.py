"""Readers of the store, limited in time: a long one keeps old pages in the log."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mxlib.clock import Clock

#: Seconds after which a reading transaction is ended.
LONGEST_READ = 30.0


@dataclass(slots=True, eq=False)
class Reader:
    """One reading transaction, its start (monotonic seconds), and whether it was ended from outside."""

    connection: sqlite3.Connection
    began: float
    ended: bool = False


class Readers:
    """Reading transactions that are open in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._open: set[Reader] = set()

    @contextmanager
    def reading(self, connection: sqlite3.Connection) -> Iterator[Reader]:
        """Count a transaction on `connection` while the block lasts."""
        reader = Reader(connection, self._clock.monotonic())
        with self._lock:
            self._open.add(reader)
        try:
            yield reader
        finally:
            with self._lock:
                self._open.discard(reader)
                if reader.ended:
                    connection.set_progress_handler(None, 0)

    def end_old(self) -> int:
        """End the transactions that have read for too long; return how many.

        Their next statement fails.
        """
        latest = self._clock.monotonic() - LONGEST_READ
        with self._lock:
            old = [reader for reader in self._open if reader.began <= latest and not reader.ended]
            for reader in old:
                reader.ended = True
                reader.connection.interrupt()  # fails the statement that runs now
                with suppress(sqlite3.Error):
                    reader.connection.rollback()
                reader.connection.set_progress_handler(lambda: 1, 1)  # fails every one from now on
        return len(old)
