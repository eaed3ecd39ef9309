"""Limits of the public pages by network; a restart resets nothing."""

from enum import StrEnum
from math import ceil

from mxlib.auth.throttle import COUNTED_S, Backoff, TooManyAttempts
from mxlib.clock import Clock
from mxlib.store import Store, Tx, clock_guard, sign_in_attempts


class PortalTry(StrEnum):
    """The tries that are counted, each on its own."""

    #: A link that does not exist.
    UNKNOWN_LINK = "unknown link"
    #: A form that was not accepted.
    REFUSED_FORM = "refused form"


#: All people of an office may have one network, and choose their passwords on one day.
_RULES = {
    PortalTry.UNKNOWN_LINK: Backoff(free=60, most=60.0),
    PortalTry.REFUSED_FORM: Backoff(free=200, most=30.0),
}


class PortalThrottle:
    """Counter of tries by network that came to nothing, which sets how long to wait.

    They are counted apart from refused sign-ins: nobody who signs in from the same network waits for them.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def ask(self, kind: PortalTry, network: str) -> None:
        """Raise TooManyAttempts when a try would have to wait; nothing is written."""
        with self._store.read() as tx:
            self._must_not_wait(tx, kind, network)

    def count(self, kind: PortalTry, network: str) -> None:
        """Count a try that came to nothing.

        Those during a wait are not counted, and raise TooManyAttempts.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            if clock_guard.may_forget(tx, now):
                sign_in_attempts.forget(tx, now - COUNTED_S)
            self._must_not_wait(tx, kind, network)
            sign_in_attempts.add_refusal(tx, now, self._mark(kind), _place(network))

    def _must_not_wait(self, tx: Tx, kind: PortalTry, network: str) -> None:
        now = self._clock.now()
        tries = sign_in_attempts.refusals(tx, now - COUNTED_S, name=self._mark(kind), address=_place(network))
        if wait := _RULES[kind].wait(tries, now):
            raise TooManyAttempts(ceil(wait))

    def _mark(self, kind: PortalTry) -> bytes:
        return self._store.key.mark(f"public pages: {kind}")


def _place(network: str) -> str:
    return f"public pages: {network}"
