"""Delays for password guessing; the counts are in the store, so a restart resets nothing."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import ceil

from mxlib.auth.trusted_proxies import household
from mxlib.clock import Clock
from mxlib.store import Store, StoreUnavailable, Tx, clock_guard, sign_in_attempts

#: Seconds for which a refused try counts.
COUNTED_S = 3600.0

#: Seconds for which an address that a user signed in from is known as theirs.
KNOWN_S = 90 * 86_400.0


def normalise_name(name: str) -> str:
    """Return one form for the variants of a name that mean the same user."""
    return name.strip().lower()


class TooManyAttempts(Exception):
    """Too many tries were refused; `seconds` until the next one is accepted."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds} s.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delay rule: `free` refusals cost nothing.

    Each further one doubles the wait, from 1 s to `most` seconds.
    """

    free: int
    most: float

    def wait(self, refused: Sequence[float], now: float) -> float:
        """Return the seconds until the next try is accepted.

        `refused` are the times of refusals, latest first.
        """
        if len(refused) < self.free:
            return 0.0
        pause = min(self.most, 2.0 ** min(len(refused) - self.free, 30))
        return max(0.0, refused[0] + pause - now)


#: A name tried from an address that its owner signed in from before.
AT_HOME = Backoff(free=5, most=300.0)
#: An address, with any names: many people may share one.
OF_ADDRESS = Backoff(free=10, most=900.0)
#: A name, from any address. The wait stays short: see `Throttle`.
OF_NAME = Backoff(free=10, most=60.0)


class KnownAddresses:
    """Addresses that people signed in from within 90 days, by the audit log.

    They are in memory, so that looking a name up takes as long for one that nobody has.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._at: dict[tuple[str, str], float] = {}
        self._anybody: dict[str, float] = {}

    def read(self, tx: Tx) -> None:
        """Read the new entries of the audit log, which another process may write too."""
        self._last, found = sign_in_attempts.sign_ins(tx, since=self._clock.now() - KNOWN_S, after=self._last)
        for name, address, at in found:
            self.note(name, household(address), at)

    def note(self, name: str, address: str, at: float) -> None:
        """Record that the user of that name signed in from there."""
        self._at[name, address] = self._anybody[address] = at

    def know(self, address: str, name: str | None = None) -> bool:
        """Return whether anyone, or the user of that name, signed in from there."""
        at = self._anybody.get(address) if name is None else self._at.get((name, address))
        return at is not None and at >= self._clock.now() - KNOWN_S


class Throttle:
    """Counter of refused tries by name and by address, which sets how long to wait.

    Anyone can have tries refused under another's name, from as many addresses as they can rent, and must not lock the
    owner out by that. So an address from which the owner signed in within 90 days is counted on its own: what is
    refused elsewhere under that name, or there under other names, delays nobody at home. Everywhere else a name waits a
    minute at most, and tries that come while one has to wait are not counted: the wait never grows by more tries, and
    ends a minute after a flood. That leaves a flood 60 guesses an hour at a name, far too few against the password
    policy. Names are stored as keyed hashes, since people type passwords into the wrong field. An IPv6 address counts
    by its /64.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock, self._homes = store, clock, KnownAddresses(clock)
        # A damaged page of the audit log keeps nobody from signing in; housekeeping finds and reports it.
        with suppress(StoreUnavailable), store.read() as tx:
            self._homes.read(tx)

    def knows(self, address: str) -> bool:
        """Return whether anyone signed in from this address before; the store is not read."""
        return self._homes.know(household(address))

    def ask(self, name: str, address: str) -> int:
        """Raise TooManyAttempts when a try would have to wait; else return this address's refusals.

        Nothing is written, so that a flood of tries costs the store no write each.
        """
        now, address = self._clock.now(), household(address)
        with self._store.read() as tx:
            if wait := self._wait(tx, name, self._store.key.mark(name), address, now):
                raise TooManyAttempts(ceil(wait))
            return len(sign_in_attempts.refusals(tx, now - COUNTED_S, address=address))

    def enter(self, name: str, address: str) -> None:
        """Count a try as refused until `forgive`, so that many at once gain nothing.

        Raises TooManyAttempts.
        """
        now, mark, address = self._clock.now(), self._store.key.mark(name), household(address)
        with self._store.write() as tx:
            if clock_guard.may_forget(tx, now):
                sign_in_attempts.forget(tx, now - COUNTED_S)
            if wait := self._wait(tx, name, mark, address, now):
                raise TooManyAttempts(ceil(wait))
            sign_in_attempts.add_refusal(tx, now, mark, address)

    def forgive(self, tx: Tx, name: str, address: str) -> None:
        """Delete the tries under this name from here, and only those: it was the owner."""
        sign_in_attempts.forgive(tx, self._store.key.mark(name), household(address))
        self._homes.note(name, household(address), self._clock.now())

    def _wait(self, tx: Tx, name: str, mark: bytes, address: str, now: float) -> float:
        since = now - COUNTED_S
        self._homes.read(tx)
        if self._homes.know(address, name):
            return AT_HOME.wait(sign_in_attempts.refusals(tx, since, name=mark, address=address), now)
        return max(
            OF_NAME.wait(sign_in_attempts.refusals(tx, since, name=mark), now),
            OF_ADDRESS.wait(sign_in_attempts.refusals(tx, since, address=address), now),
        )
