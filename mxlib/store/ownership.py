"""Ownership of the store: one process sends what it holds.

The lock file is the first hint: a process that cannot lock it only reads. But locks get lost (the file is removed, a
file system cannot lock), so an epoch in the database, which each transaction checks, is the proof: taking over raises
it, and the process with the one before can no longer write what belongs to runs, and so sends nothing more.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

import sqlalchemy as sa

from mxlib.store import clock_guard
from mxlib.store.database import Store
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Seconds between two signs of life of an owner.
BEAT_EVERY = 10.0

#: Seconds without a sign of life after which an owner counts as gone, where the lock does not prove it.
SILENT_AFTER = 30.0

_NAME = "owner"
_READ = sa.select(meta.c.value).where(meta.c.name == _NAME)


class OwnershipLost(Exception):
    """Another process now sends what this store holds."""

    def __init__(self) -> None:
        super().__init__("Another MXM has taken over the runs of this data folder.")


@dataclass(frozen=True, slots=True)
class Epoch:
    """One term of ownership: a number that only rises, and an id, never used again."""

    number: int
    id: str


class OwnedStore(Store):
    """The store as its owner writes it.

    Every transaction fails with OwnershipLost once another process owns it.
    """

    def __init__(self, store: Store, epoch: Epoch) -> None:
        self._base, self.clock, self.epoch = store, store.clock, epoch
        self.failures = store.failures

    @property
    def key(self) -> ServerKey:  # type: ignore[override]
        """Return the key of the server."""
        return self._base.key

    @classmethod
    def acquire(cls, store: Store, *, lost_before: bool = False) -> Self | None:
        """Own the store from now on, under a new epoch; None while another process does.

        The lock of the file that the last owner locked proves that it is gone, unless it was `lost_before`: then locks
        prove nothing here, and only its silence does.
        """
        if not store.own():
            return None
        now, lock = store.clock.now(), store.lock_id()
        with store.write() as tx:
            last = _read(tx)
            is_gone = last.get("lock") == lock and not lost_before
            if not is_gone and abs(now - last.get("seen_at", -SILENT_AFTER)) < SILENT_AFTER:
                return None
            epoch = Epoch(int(last.get("epoch", 0)) + 1, uuid4().hex)
            _write(tx, epoch, lock, now)
            clock_guard.observe(tx, now)
        return cls(store, epoch)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction of the owner.

        Raises OwnershipLost before anything is written, else as `Store.write`.
        """
        with self._base.write() as tx:
            self._check(tx)
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a consistent read of the store."""
        with self._base.read() as tx:
            yield tx

    def check(self) -> None:
        """Raise OwnershipLost when another process took over."""
        with self.read() as tx:
            self._check(tx)

    def beat(self) -> clock_guard.Jump | None:
        """Give a sign of life, and lock again if the lock file was removed.

        Returns the jump that the clock has made.
        """
        self._base.keep_lock()
        now = self.clock.now()
        with self.write() as tx:
            _write(tx, self.epoch, self._base.lock_id(), now)
            return clock_guard.observe(tx, now)

    def release(self) -> None:
        """Let another process take over at once."""
        with self.write() as tx:
            _write(tx, self.epoch, "", float("-inf"))

    def _check(self, tx: Tx) -> None:
        owner = _read(tx)
        if (owner.get("epoch"), owner.get("id")) != (self.epoch.number, self.epoch.id):
            raise OwnershipLost


def forget(tx: Tx) -> None:
    """Forget the owner, in a copy of a database that no process works with."""
    tx.execute(meta.delete().where(meta.c.name == _NAME))


def _read(tx: Tx) -> dict[str, Any]:
    value = tx.execute(_READ).scalar()
    return dict(json.loads(value)) if value else {}


def _write(tx: Tx, epoch: Epoch, lock: str, at: float) -> None:
    seen = {} if at == float("-inf") else {"seen_at": at}
    value = json.dumps({"epoch": epoch.number, "id": epoch.id, "lock": lock, **seen})
    put_fact(tx, _NAME, value)
