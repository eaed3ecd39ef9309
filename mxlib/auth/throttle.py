"""Slows down whoever guesses passwords; what it knows is in the store, so a restart forgives nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from mxlib.auth.trusted_proxies import household
from mxlib.clock import Clock
from mxlib.store import Store, Tx, clock_guard, users

#: Seconds for which a refused try counts.
COUNTED_S = 3600.0

#: Seconds for which an address that somebody signed in from is known as theirs.
KNOWN_S = 90 * 86_400.0


def normalise_name(name: str) -> str:
    """One form for the variants of a name that mean the same user."""
    return name.strip().lower()


class TooManyAttempts(Exception):
    """Too many tries were refused; `seconds` until the next one is heard."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds} s.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Backoff:
    """`free` refusals cost nothing; each further one doubles the wait, from 1 s to `most` seconds."""

    free: int
    most: float

    def wait(self, refused: Sequence[float], now: float) -> float:
        """Seconds until the next try is heard, after refusals at these times (the latest first)."""
        if len(refused) < self.free:
            return 0.0
        pause = min(self.most, 2.0 ** min(len(refused) - self.free, 30))
        return max(0.0, refused[0] + pause - now)


#: A name tried from an address that its owner signed in from before.
AT_HOME = Backoff(free=5, most=300.0)
#: An address, whatever names it tries: many people may sit behind one.
OF_ADDRESS = Backoff(free=10, most=900.0)
#: A name, from wherever it is tried. The wait stays short: see `Throttle`.
OF_NAME = Backoff(free=10, most=60.0)


class KnownAddresses:
    """The addresses that people signed in from within 90 days, as the audit trail knows.

    They are kept in memory, so that looking a name up takes as long for one that nobody has.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._at: dict[tuple[str, str], float] = {}
        self._anybody: dict[str, float] = {}

    def read(self, tx: Tx) -> None:
        """Follow the audit trail, which another process may write too."""
        self._last, found = users.sign_ins(tx, since=self._clock.now() - KNOWN_S, after=self._last)
        for name, address, at in found:
            self.note(name, household(address), at)

    def note(self, name: str, address: str, at: float) -> None:
        """Somebody signed in there."""
        self._at[name, address] = self._anybody[address] = at

    def know(self, address: str, name: str | None = None) -> bool:
        """Whether anybody, or the user of that name, signed in from there."""
        at = self._anybody.get(address) if name is None else self._at.get((name, address))
        return at is not None and at >= self._clock.now() - KNOWN_S


class Throttle:
    """Counts refused tries by name and by address, and says how long to wait.

    Anybody can have tries refused under somebody else's name, from as many addresses as they can rent, and must not
    lock the owner out by that. So an address from which the owner signed in within 90 days is counted on its own: what
    is refused elsewhere under that name, or there under other names, delays nobody at home. Everywhere else a name
    waits a minute at most, and tries that come while one has to wait are not counted: the wait never grows by
    knocking, and ends a minute after a flood. That leaves a flood 60 guesses an hour at a name, of which the password
    rule makes nothing. Names are kept as keyed marks, since people type passwords into the wrong box. An IPv6 address
    counts by its /64.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock, self._homes = store, clock, KnownAddresses(clock)
        with store.read() as tx:
            self._homes.read(tx)

    def knows(self, address: str) -> bool:
        """Whether somebody signed in from this address before; nothing is read."""
        return self._homes.know(household(address))

    def ask(self, name: str, address: str) -> int:
        """Raise TooMany when a try would have to wait; otherwise how many of this address were refused.

        Nothing is written, so that a flood of tries costs the store no write each.
        """
        now, address = self._clock.now(), household(address)
        with self._store.read() as tx:
            if wait := self._wait(tx, name, self._store.key.mark(name), address, now):
                raise TooManyAttempts(ceil(wait))
            return len(users.refusals(tx, now - COUNTED_S, address=address))

    def enter(self, name: str, address: str) -> None:
        """Count a try as refused until `forgive` says otherwise, so that many at once gain nothing; raises TooMany."""
        now, mark, address = self._clock.now(), self._store.key.mark(name), household(address)
        with self._store.write() as tx:
            if clock_guard.may_forget(tx, now):
                users.forget_refusals(tx, now - COUNTED_S)
            if wait := self._wait(tx, name, mark, address, now):
                raise TooManyAttempts(ceil(wait))
            users.refuse(tx, now, mark, address)

    def forgive(self, tx: Tx, name: str, address: str) -> None:
        """It was the owner: forget the tries under this name from here, and only those."""
        users.forgive(tx, self._store.key.mark(name), household(address))
        self._homes.note(name, household(address), self._clock.now())

    def _wait(self, tx: Tx, name: str, mark: bytes, address: str, now: float) -> float:
        since = now - COUNTED_S
        self._homes.read(tx)
        if self._homes.know(address, name):
            return AT_HOME.wait(users.refusals(tx, since, name=mark, address=address), now)
        return max(
            OF_NAME.wait(users.refusals(tx, since, name=mark), now),
            OF_ADDRESS.wait(users.refusals(tx, since, address=address), now),
        )
