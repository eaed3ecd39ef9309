"""What may happen to runs between two steps: a full disk, and a second process that takes them over.

A process that is overtaken goes on for as long as it is alive: its requests reach the host, its answers are dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from hypothesis import strategies as st

from mxlib.core.text import store_problems
from mxlib.store import OwnershipLost, Store, StoreUnavailable, Tx
from tests.support.simulation import Simulation

#: Steps of the overtaken process and of the owner, in each round.
PACES = ((1, 1), (2, 1), (1, 3), (4, 1), (0, 1))


class Takeover(NamedTuple):
    """A second process takes the runs over before this step; `pace` says how the first one goes on."""

    at: int
    pace: int


takeovers = st.none() | st.builds(Takeover, st.integers(0, 60), st.integers(0, len(PACES) - 1))


class Second:
    """What becomes of the runs when a second process takes them over while the first one is alive."""

    def __init__(self, takeover: Takeover | None) -> None:
        self._takeover = takeover
        self._first: Simulation | None = None

    def step(self, here: Simulation, number: int) -> Simulation:
        """Let every process do what it does next; the one that owns the runs now."""
        if self._takeover is not None and self._takeover.at == number:
            self._first, here = here, here.taken_over()
        first_steps, owner_steps = PACES[self._takeover.pace] if self._first and self._takeover else (0, 1)
        self._go_on(first_steps)
        for _ in range(owner_steps):
            here.step()
        return here

    def leave_behind(self) -> None:
        """Let the first process go on for a while, unless it has noticed."""
        self._go_on(40)

    def _go_on(self, steps: int) -> None:
        try:
            for _ in range(steps):
                if self._first is not None:
                    self._first.step()
        except OwnershipLost:
            self._first = None


class Disk:
    """The disk of a store, which is full at times."""

    def __init__(self, store: Store) -> None:
        self.full = False
        usual = store.write

        @contextmanager
        def write() -> Iterator[Tx]:
            if self.full:
                raise StoreUnavailable(store_problems.DISK_FULL)
            with usual() as tx:
                yield tx

        store.write = write  # type: ignore[method-assign]
