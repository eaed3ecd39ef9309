"""The queue in front of password hashing: bounded, with a lane for known addresses.

Known are those that people signed in from before.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

#: Seconds after which to try again when a lane is full.
RETRY_AFTER_S = 5


#: Seconds that any sign-in waits for its turn; one that was refused often may be passed by others for long.
MAX_WAIT_S = 15.0

#: Addresses that were turned away and are remembered for it.
_REMEMBERED = 10_000


class QueueFull(Exception):
    """Too many sign-ins wait already; the message is one sentence that says what to do."""

    seconds = RETRY_AFTER_S

    def __init__(self) -> None:
        super().__init__(f"Too many sign-ins at once. Wait {RETRY_AFTER_S} s and try again.")


@dataclass(eq=False, slots=True)
class _Waiting:
    address: str
    order: tuple[int, int]  # refused tries of the address, then the order of arrival
    called: threading.Event = field(default_factory=threading.Event)
    turned_away: bool = False


class PasswordQueue:
    """Queue that hashes one password at a time; at most `places` more wait.

    Each hash takes 64 MB and all cores. The sign-in that was refused and turned away least goes first. A full lane
    turns away the one that was refused most, so that a flood of guesses gives way to a new person. One address holds at
    most `per_address` places.
    """

    def __init__(self, places: int, per_address: int, patience: float = MAX_WAIT_S) -> None:
        self.places, self._per_address, self._patience = places, per_address, patience
        self._lock = threading.Lock()
        self._numbers = count()
        self._waiting: list[_Waiting] = []
        self._hashing: _Waiting | None = None
        self._turned_away = Counter[str]()  # since the lane was last empty

    @contextmanager
    def slot(self, address: str, refused: int) -> Iterator[None]:
        """Wait for a turn, and hold it for the block.

        Raises QueueFull instead of waiting too long.
        """
        mine = self._enter(address, refused)
        if not mine.called.wait(self._patience):
            self._give_up(mine)
        if mine.turned_away:
            raise QueueFull
        try:
            yield
        finally:
            self._leave()

    def waiting(self) -> int:
        """Return how many wait for their turn."""
        with self._lock:
            return len(self._waiting)

    def _enter(self, address: str, refused: int) -> _Waiting:
        with self._lock:
            mine = _Waiting(address, (refused + self._turned_away[address], next(self._numbers)))
            if self._hashing is None:
                self._hashing = mine
                mine.called.set()
                return mine
            present = [self._hashing, *self._waiting]
            if sum(each.address == address for each in present) >= self._per_address:
                raise self._turn_away(address)
            if len(self._waiting) >= self.places:
                last = max(self._waiting, key=lambda each: each.order)
                if last.order < mine.order:
                    raise self._turn_away(address)
                self._waiting.remove(last)
                self._turn_away(last.address)
                last.turned_away = True
                last.called.set()
            self._waiting.append(mine)
            return mine

    def _give_up(self, mine: _Waiting) -> None:
        """Stop waiting, unless the turn came in this very moment."""
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                self._turn_away(mine.address)
                mine.turned_away = True

    def _turn_away(self, address: str) -> QueueFull:
        if len(self._turned_away) >= _REMEMBERED:
            self._turned_away.clear()
        self._turned_away[address] += 1
        return QueueFull()

    def _leave(self) -> None:
        with self._lock:
            self._hashing = min(self._waiting, key=lambda each: each.order, default=None)
            if self._hashing is None:
                self._turned_away.clear()
            else:
                self._waiting.remove(self._hashing)
                self._hashing.called.set()
