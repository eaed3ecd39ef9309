"""A database that goes away in a commit: the run goes on by itself, and makes each mailbox once."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mxlib.store import Tx
from mxlib.store.errors import CommitUnknown, StoreAway
from tests.support.simulation import Simulation, plan, rows


class Away:
    """Lets the transaction of a number end without an answer: committed or not, and reported or not known."""

    def __init__(self, here: Simulation, number: int, *, committed: bool, known: bool) -> None:
        self._writing, self._number = here.store.database.writing, number
        self._committed, self._known = committed, known
        self.count = 0

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        self.count += 1
        if self.count != self._number:
            with self._writing() as tx:
                yield tx
            return
        if self._committed:
            with self._writing() as tx:
                yield tx
            raise CommitUnknown
        with self._writing() as tx:
            yield tx
            raise StoreAway("") if self._known else CommitUnknown


@pytest.mark.parametrize(("committed", "known"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("number", range(1, 11))
def test_a_commit_without_an_answer_costs_a_wait_and_no_row(number: int, committed: bool, known: bool) -> None:
    here = Simulation()
    run = here.start(plan(*rows(3)))
    away = Away(here, number, committed=committed, known=known)
    here.store.database.writing = away.writing  # type: ignore[method-assign]
    for _ in range(3):  # else a run that is held at the very first would count as one that rests
        here.step()
    here.run()
    assert away.count >= number
    assert here.outcomes(run) == ["created"] * 3
    assert set(here.sandbox.made.values()) == {1}
    assert here.record(run).status == "finished"


def test_what_a_person_asked_for_meanwhile_stays() -> None:
    here = Simulation()
    run = here.start(plan(*rows(3)))
    here.step()
    away = Away(here, 1, committed=True, known=False)
    here.store.database.writing = away.writing  # type: ignore[method-assign]
    here.engine.pause(run, "kim pressed Pause.")
    here.run()
    assert here.record(run).status == "paused"
