"""Signals to the other processes on the same database: something changed that one of them waits for.

A signal is sent in the transaction of what changed, so that anyone who hears it finds that. On PostgreSQL it is a
NOTIFY; a file of SQLite has a fact for each, at which every process looks after a commit. A signal gets lost with a
connection: then everything counts as changed.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

import sqlalchemy as sa

from mxlib.store.database import Store
from mxlib.store.engines import SIGNALS
from mxlib.store.errors import StoreUnavailable
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

log = logging.getLogger(__name__)

#: Seconds between two looks at a file of SQLite, and after which a listener notices that it is closed.
LOOK_EVERY = 0.25

#: Seconds between two tries to listen.
_AGAIN_AFTER = 1.0


class Signal(StrEnum):
    """Something that may have changed."""

    RUNS = "runs"
    SESSIONS = "sessions"


def send(tx: Tx, signal: Signal) -> None:
    """Signal a change to every process, once it is committed."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_notify(SIGNALS, signal.value)))
    else:
        put_fact(tx, f"{SIGNALS}:{signal}", secrets.token_hex(8))


class Listener:
    """A thread that hears the signals of every process."""

    def __init__(self, store: Store, heard: Mapping[Signal, Callable[[], object]]) -> None:
        self._store, self._heard = store, heard
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen from now on."""
        self._thread = threading.Thread(target=self._listen, name="mxm-signals", daemon=True)
        self._thread.start()

    def close(self, patience: float = 2.0) -> None:
        """Hear nothing any longer."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with self._store.database.listening() as hear:
                    self._report([signal.value for signal in Signal])  # nobody heard what was sent before
                    while not self._closed.is_set():
                        self._report(hear(LOOK_EVERY))
            except StoreUnavailable:
                self._closed.wait(_AGAIN_AFTER)

    def _report(self, names: Collection[str]) -> None:
        for signal in self._heard.keys() & set(names):
            try:
                self._heard[Signal(signal)]()
            except Exception:  # the next one is reported, too
                log.exception("A signal led to a failure")
