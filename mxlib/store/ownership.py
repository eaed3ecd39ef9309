"""Ownership of an account's runs: of all processes that work with a database, one sends.

It has the lease of the account. The lease only says when an owner may count as gone; what protects is the fence: each
transaction of the owner begins by renewing the lease, and fails once another process has taken it. So a process that
stood still writes nothing of a run any more, and sends nothing that it cannot journal. What it had journalled before
may leave for as long as its permit lasts, which the next owner waits for before it sends the same again.

Of a file of SQLite, the lock of the data folder is a hint, too: it ends with its process, so that one that gets it
after the owner need not wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from mxlib.store import account_lease, clock_guard
from mxlib.store.account_lease import ACCOUNT, Epoch
from mxlib.store.database import Store
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx

#: Seconds for which a lease holds, unless it is renewed.
LEASE_S = 10.0

#: The part of that time after which an owner renews it at the latest.
BEAT = 0.3

#: Where releases before the lease recorded their owner in `meta`.
_EARLIER = "owner"


class OwnershipLost(Exception):
    """Another process now sends what this store holds."""

    def __init__(self) -> None:
        super().__init__("Another MXM has taken over the runs.")


class OwnedStore(Store):
    """The store as the owner of an account writes it.

    Every transaction fails with OwnershipLost once another process owns the account.
    """

    def __init__(self, store: Store, epoch: Epoch, lease_s: float = LEASE_S) -> None:
        self._base, self.clock, self.epoch = store, store.clock, epoch
        self.failures = store.failures
        self.lease_s, self._is_released = lease_s, False
        time = store.database.time()
        self._renewal = account_lease.renewal(ACCOUNT, epoch, time, lease_s)
        self._as_it_is = account_lease.renewal(ACCOUNT, epoch, time, 0.0)
        #: When the lease was last known to be renewed, in monotonic seconds: it holds for `lease_s` at least since.
        self.renewed_at = self.clock.monotonic()

    @property
    def key(self) -> ServerKey:  # type: ignore[override]
        """Return the key of the server."""
        return self._base.key

    @property
    def beat_after(self) -> float:
        """Return the seconds since `renewed_at` after which the owner gives a sign of life."""
        return self.lease_s * BEAT

    @classmethod
    def acquire(cls, store: Store, *, lease_s: float = LEASE_S, lost_before: bool = False) -> Self | None:
        """Own the account from now on, under a new epoch; None while another process does.

        The lock of the file that the last owner locked proves that it is gone, unless it was `lost_before`: then locks
        prove nothing here, and only its silence does.
        """
        proof = store.lock_id() if store.own() and not lost_before else ""
        time = store.database.time()
        with store.read() as tx:  # most who ask look on: they keep nobody from writing
            if not account_lease.is_free(tx, ACCOUNT, time, proof):
                return None
        with store.write() as tx:
            epoch = account_lease.take(tx, ACCOUNT, time, lease_s, store.lock_id(), proof=proof)
            if epoch is None:
                return None
            clock_guard.observe(tx, store.clock.now())
        return cls(store, epoch, lease_s)

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """Open a transaction of the owner, which renews its lease first.

        Raises OwnershipLost before anything is written, else as `Store.write`.
        """
        began = self.clock.monotonic()
        with self._base.write() as tx:
            self._renew(tx)
            yield tx
            if self.clock.monotonic() - began > self.beat_after:  # a large plan takes a while to journal
                began = self.clock.monotonic()
                self._renew(tx)
        self.renewed_at = began

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a consistent read of the store."""
        with self._base.read() as tx:
            yield tx

    def check(self) -> None:
        """Raise OwnershipLost when another process took over."""
        with self.read() as tx:
            if account_lease.current(tx, ACCOUNT) != self.epoch:
                raise OwnershipLost

    def beat(self) -> clock_guard.Jump | None:
        """Give a sign of life, and lock again if the lock file was removed.

        Returns the jump that the clock has made.
        """
        self._base.keep_lock()
        with self.write() as tx:
            account_lease.record_lock(tx, ACCOUNT, self.epoch, self._base.lock_id())
            return clock_guard.observe(tx, self.clock.now())

    def release(self) -> None:
        """Let another process take over at once; until one does, this one may still write."""
        self._is_released = True
        with self.write():
            pass

    def _renew(self, tx: Tx) -> None:
        if not tx.execute(self._as_it_is if self._is_released else self._renewal).rowcount:
            raise OwnershipLost


def forget(tx: Tx) -> None:
    """Forget the owner, in a copy of a database that no process works with."""
    account_lease.end(tx)
    tx.execute(meta.delete().where(meta.c.name == _EARLIER))
