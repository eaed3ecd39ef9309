"""Slows down whoever guesses passwords; what it knows is in the store, so a restart forgives nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from mxlib.clock import Clock
from mxlib.store import Store, Tx, people

#: Seconds for which a refused try counts.
COUNTED_S = 3600.0

#: Seconds for which an address that somebody signed in from is known as theirs.
KNOWN_S = 90 * 86_400.0


class TooMany(Exception):
    """Too many tries were refused; `seconds` until the next one is heard."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many tries. Wait {seconds} s.")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Patience:
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
AT_HOME = Patience(free=5, most=300.0)
#: An address, whatever names it tries: many people may sit behind one.
OF_ADDRESS = Patience(free=10, most=900.0)
#: A name, from wherever it is tried. The wait stays short: see `Throttle`.
OF_NAME = Patience(free=10, most=60.0)


class Throttle:
    """Counts refused tries by name and by address, and says how long to wait.

    Anybody can have tries refused under somebody else's name, from as many addresses as they can rent, and must not
    lock the owner out by that. So an address from which the owner signed in within 90 days is counted on its own: what
    is refused elsewhere under that name, or there under other names, delays nobody at home. Everywhere else a name
    waits a minute at most, and tries that come while one has to wait are not counted: the wait never grows by
    knocking, and ends a minute after a flood. That leaves a flood 60 guesses an hour at a name, of which the password
    rule makes nothing. Names are kept as keyed marks, since people type passwords into the wrong box.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def enter(self, name: str, address: str) -> None:
        """Count a try as refused until `forgive` says otherwise, so that many at once gain nothing; raises TooMany."""
        now, mark = self._clock.now(), self._store.key.mark(name)
        with self._store.write() as tx:
            people.forget_refusals(tx, now - COUNTED_S)
            if wait := self._wait(tx, name, mark, address, now):
                raise TooMany(ceil(wait))
            people.refuse(tx, now, mark, address)

    def forgive(self, tx: Tx, name: str, address: str) -> None:
        """It was the owner: forget the tries under this name from here, and only those."""
        people.forgive(tx, self._store.key.mark(name), address)

    def _wait(self, tx: Tx, name: str, mark: bytes, address: str, now: float) -> float:
        since = now - COUNTED_S
        if people.signed_in_from(tx, name, address, now - KNOWN_S):
            return AT_HOME.wait(people.refusals(tx, since, name=mark, address=address), now)
        return max(
            OF_NAME.wait(people.refusals(tx, since, name=mark), now),
            OF_ADDRESS.wait(people.refusals(tx, since, address=address), now),
        )
