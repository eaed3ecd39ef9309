"""What may happen to runs between two steps: deaths, steering, a full disk, and a second process that takes them over.

A process that is overtaken goes on for as long as it is alive: its requests reach the host, its answers are dropped.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from hypothesis import strategies as st

from mxlib.mailboxes import words
from mxlib.runs.outcomes import AT_AN_END, OPEN
from mxlib.sandbox.faults import Schedule
from mxlib.store import OwnershipLost, Store, Tx, Unwritable
from tests.simulation import Simulation


class Happening(NamedTuple):
    """Something that happens before a step.

    `number` says which run is steered, for how many steps the disk is full, or how an overtaken process goes on.
    """

    at: int
    what: str
    number: int


#: Steps of the overtaken process and of the owner, in each round.
PACES = ((1, 1), (2, 1), (1, 3), (4, 1), (0, 1))


def happenings(within: int) -> st.SearchStrategy[list[Happening]]:
    """A few of everything, all of it `within` so many steps."""

    def some(what: str, most: int, number: st.SearchStrategy[int]) -> st.SearchStrategy[list[Happening]]:
        return st.lists(st.builds(Happening, st.integers(0, within), st.just(what), number), max_size=most)

    which = st.integers(1, 2)
    return st.tuples(
        some("kill", 3, st.just(0)),
        some("pause", 2, which),
        some("resume", 2, which),
        some("stop", 1, which),
        some("full", 2, st.integers(1, 12)),
        some("second owner", 1, st.integers(0, len(PACES) - 1)),
    ).map(lambda drawn: sorted(each for group in drawn for each in group))


class Disk:
    """The disk of a store, which is full at times."""

    def __init__(self, store: Store) -> None:
        self.full = False
        usual = store.write

        @contextmanager
        def write() -> Iterator[Tx]:
            if self.full:
                raise Unwritable(words.DISK_FULL)
            with usual() as tx:
                yield tx

        store.write = write  # type: ignore[method-assign]


class Scene:
    """Runs, the process that owns them, and those that owned them before and do not know it yet."""

    def __init__(self, here: Simulation, runs: Sequence[int]) -> None:
        self.here, self.runs = here, runs
        self.overtaken: list[tuple[Simulation, int]] = []
        self._disk = Disk(here.store)
        self._full_until = 0

    def step(self, number: int, now: Sequence[Happening]) -> None:
        """Let happen what happens now, then let every process do what it does next."""
        due = [each for each in now if each.at == number]
        self._full_until = max([self._full_until, *(number + each.number for each in due if each.what == "full")])
        begins = any(each.what in {"kill", "second owner"} for each in due)
        self._disk.full = number < self._full_until and not begins  # a process starts where there is room
        for each in due:
            self._happen(each)
        owner = 1
        for process, pace in tuple(self.overtaken):
            steps, owner = PACES[pace]
            self._go_on(process, steps)
        for _ in range(owner):
            self.here.step()

    def _happen(self, each: Happening) -> None:
        match each.what:
            case "kill":
                self.here.kill()
            case "second owner":
                first, self.here = self.here, self.here.taken_over()
                self.overtaken.append((first, each.number))
            case "full":
                pass
            case _ if each.number <= len(self.runs):
                why = ("A test.",) if each.what == "pause" else ()
                getattr(self.here.engine, each.what)(self.runs[each.number - 1], *why)

    def _go_on(self, process: Simulation, steps: int) -> None:
        try:
            for _ in range(steps):
                process.step()
        except OwnershipLost:
            self.overtaken = [other for other in self.overtaken if other[0] is not process]

    def end(self) -> None:
        """Run to the end; where that pauses, the operator corrects what is wrong and resumes."""
        self._disk.full = False
        for process, _ in tuple(self.overtaken):
            self._go_on(process, 40)
        for _ in range(10):
            self.here.run()
            if self._is_over():
                return
            self.here.sandbox.schedule = Schedule()
            for run in self.runs:
                self.here.engine.resume(run)
            for _ in range(60 if self._waits_to_settle() else 0):
                self.here.step()
        raise AssertionError(f"Not finished: {[self.here.record(run) for run in self.runs]}")

    def _is_over(self) -> bool:
        return all(self.here.record(run).status in AT_AN_END for run in self.runs) and not self._waits_to_settle()

    def _waits_to_settle(self) -> bool:
        """Whether a stopped run has rows of which nobody knows yet what became."""
        ended = (run for run in self.runs if self.here.record(run).status in AT_AN_END)
        return any(outcome in OPEN for run in ended for outcome in self.here.outcomes(run))
