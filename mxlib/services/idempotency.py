"""Requests that are carried out once, however often they arrive."""

import hashlib
from collections.abc import Callable

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.store import Store, Tx, clock_guard, idempotency, journal

#: Days for which a repeated request finds the run that it started; then its key counts as new.
KEY_DAYS = 30

_REUSED = "This Idempotency-Key was used for another request. Use a new one."


class KeyReused(Exception):
    """An Idempotency-Key came with another request than the first time."""


@resolves_callers
class IdempotencyKeys:
    """Requests sent with an Idempotency-Key, and the runs that they started.

    A blank key claims nothing.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def run(self, caller: Caller, key: str, request: bytes) -> int | None:
        """Return the run that this request started before.

        Raises KeyReused when the key came with another request.
        """
        if not key:
            return None
        with self._store.read() as tx:
            claim = idempotency.find(tx, caller.name, key)
        if claim is None or (claim.at < self._oldest() and self._forget()):
            return None
        with self._store.read() as tx:
            # The server may have died after the start, before the run was noted here.
            run = claim.run or journal.find_run(tx, operator=caller.name, idempotency_key=key, plan_digest="")
        _must_be_same(claim, request)
        return run

    def start(self, caller: Caller, key: str, request: bytes, begin: Callable[[], int]) -> int:
        """Claim the key for this request, record the run that `begin` starts, return its number.

        Raises KeyReused when another request claimed the key first.
        """
        if not key:
            return begin()
        with self._store.write() as tx:
            self._forget_in(tx)
            claim = idempotency.claim(tx, caller.name, key, _digest(request), self._clock.now())
        _must_be_same(claim, request)
        run = begin()
        with self._store.write() as tx:
            idempotency.started(tx, caller.name, key, run)
        return run

    def _forget(self) -> bool:
        with self._store.write() as tx:
            return self._forget_in(tx)

    def _forget_in(self, tx: Tx) -> bool:
        """Drop the expired keys if the clock can be trusted; return whether it can."""
        believed = clock_guard.may_forget(tx, self._clock.now())
        if believed:
            idempotency.forget(tx, self._oldest())
        return believed

    def _oldest(self) -> float:
        """Return the time (Unix seconds) before which used keys count as new."""
        return self._clock.now() - KEY_DAYS * 86_400.0


def _must_be_same(claim: idempotency.Claim, request: bytes) -> None:
    if claim.digest != _digest(request):
        raise KeyReused(_REUSED)


def _digest(request: bytes) -> bytes:
    return hashlib.sha256(request).digest()
