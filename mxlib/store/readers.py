"""Readers of the store, limited in time: a long one keeps old pages in the log."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mxlib.clock import Clock

#: Seconds after which a reading transaction is ended.
LONGEST_READ = 30.0

#: Steps of SQLite between two looks at whether a reader was ended: about a tenth of a second, so that a statement
#: seldom waits for Python's global lock.
LOOK_EVERY = 1_000_000


@dataclass(slots=True, eq=False)
class Reader:
    """One reading transaction, its start (monotonic seconds), and whether it was ended from outside.

    From outside nothing but `interrupt` is called on a connection while a statement runs on it: SQLite would let that
    call wait until the statement is done, and Python would wait with it.
    """

    connection: sqlite3.Connection
    began: float
    ended: bool = False
    _executes: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin_statement(self) -> bool:
        """Note that a statement runs from now on; return whether it may."""
        with self._lock:
            self._executes = not self.ended
            return self._executes

    def end_statement(self) -> None:
        """Note that no statement runs, though rows of the last one may still be fetched."""
        with self._lock:
            self._executes = False

    def end(self) -> None:
        """End the transaction: at once where no statement runs, else soon, by the thread that reads."""
        with self._lock:
            self.ended = True
            self.connection.interrupt()  # without effect where a statement is about to begin
            if not self._executes:
                with suppress(sqlite3.Error):
                    self.connection.rollback()


class Readers:
    """Reading transactions that are open in this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._open: set[Reader] = set()

    @contextmanager
    def reading(self, connection: sqlite3.Connection) -> Iterator[Reader]:
        """Count a transaction on `connection` while the block lasts."""
        reader = Reader(connection, self._clock.monotonic())
        connection.set_progress_handler(lambda: reader.ended, LOOK_EVERY)
        with self._lock:
            self._open.add(reader)
        try:
            yield reader
        finally:
            with self._lock:
                self._open.discard(reader)
            connection.set_progress_handler(None, 0)

    def end_old(self) -> int:
        """End the transactions that have read for too long; return how many.

        Their next statement fails.
        """
        latest = self._clock.monotonic() - LONGEST_READ
        with self._lock:  # so that no connection is given to another reader meanwhile
            old = [reader for reader in self._open if reader.began <= latest and not reader.ended]
            for reader in old:
                reader.end()
        return len(old)
