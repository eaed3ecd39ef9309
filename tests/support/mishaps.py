"""Mishaps of runs between two steps: a full disk, and a second process that takes them over.

A process that was replaced continues while it is alive: its requests reach the host, its responses are dropped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from hypothesis import strategies as st

from mxlib.core.text import store_problems
from mxlib.store import OwnershipLost, Store, StoreUnavailable, Tx
from tests.support.simulation import Simulation

#: Steps of the replaced process and of the owner, in each round.
STEP_RATIOS = ((1, 1), (2, 1), (1, 3), (4, 1), (0, 1))


class Takeover(NamedTuple):
    """A second process takes the runs over before this step; `ratio` selects the steps of both."""

    at: int
    ratio: int


takeovers = st.none() | st.builds(Takeover, st.integers(0, 60), st.integers(0, len(STEP_RATIOS) - 1))


class SecondProcess:
    """A second process that takes the runs over while the first one is alive."""

    def __init__(self, takeover: Takeover | None) -> None:
        self._takeover = takeover
        self._first: Simulation | None = None

    def step(self, here: Simulation, number: int) -> Simulation:
        """Let every process take its next steps, and return the owner of the runs."""
        if self._takeover is not None and self._takeover.at == number:
            self._first, here = here, here.taken_over()
        first_steps, owner_steps = STEP_RATIOS[self._takeover.ratio] if self._first and self._takeover else (0, 1)
        self._go_on(first_steps)
        for _ in range(owner_steps):
            here.step()
        return here

    def let_first_continue(self) -> None:
        """Let the first process continue for a while, unless it has noticed."""
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
