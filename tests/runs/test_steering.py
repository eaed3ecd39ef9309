"""A run is steered only where its state allows that, and a bug in one run holds up no other."""

import pytest

from mxlib.core.vocabulary import PauseCode, RowReason
from mxlib.runs import messages, run_state
from mxlib.runs.decisions import MAX_TRIES
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.store import journal
from tests.support.simulation import Simulation, plan, rows


@pytest.mark.parametrize("steer", ["pause", "resume", "stop"])
@pytest.mark.parametrize("ended", [True, False])
def test_a_run_that_has_ended_or_is_unknown_is_not_steered(steer: str, ended: bool) -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.run()
    noted: list[str] = []
    arguments = ["Why."] if steer == "pause" else []
    getattr(here.engine, steer)(run if ended else 99, *arguments, lambda tx: noted.append("noted"))
    here.run()
    assert (here.record(run).status, here.outcomes(run), noted) == ("finished", ["created"], [])


def test_a_running_run_is_not_resumed_and_a_paused_one_keeps_the_reason_of_its_first_pause() -> None:
    here = Simulation()
    run = here.start(plan(*rows(2)))
    here.engine.resume(run)
    assert here.record(run).status == "running"
    here.engine.pause(run, "kim pressed Pause.")
    here.engine.pause(run, "jan pressed Pause.")
    assert (here.record(run).status, here.record(run).why) == ("paused", "kim pressed Pause.")


def test_a_run_that_is_being_stopped_is_neither_stopped_again_nor_paused() -> None:
    here = Simulation()
    run = here.start(plan(*rows(3)))
    while not here.on_their_way:
        here.step()
    here.engine.stop(run)
    noted: list[str] = []
    here.engine.stop(run, lambda tx: noted.append("noted"))
    here.engine.pause(run, "Why.")
    here.run()
    assert (here.record(run).status, noted) == ("stopped", [])


@pytest.mark.parametrize("answered", [0, 1, 2])
@pytest.mark.parametrize(("fault", "code"), [("plan_full", RowReason.PLAN_FULL), ("forbidden", RowReason.NOT_ALLOWED)])
def test_a_run_is_stopped_right_before_the_refusal_that_would_have_paused_it(
    fault: str, code: RowReason, answered: int
) -> None:
    here = Simulation(Rule(NAMED[fault], count=None))
    run = here.start(plan(*rows(3)))
    while len(here.on_their_way) < 3 or here.taken:
        here.step()
    for _ in range(answered):
        here.clock.passed, _, _, job, answer = here.on_their_way.pop(0)
        here.engine.on_response(job, answer)
    here.engine.stop(run)
    here.run()
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", ["failed"] * 3)
    assert {each.code for each in here.rows(run)} == {code}


@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
def test_rows_that_are_given_up_while_a_run_is_stopped_do_not_wait_again(fault: str) -> None:
    here = Simulation(Rule(NAMED[fault], count=None))
    run = here.start(plan(*rows(3)))
    with here.store.write() as tx:
        for position in range(3):
            journal.set_row(tx, run, position, tries=MAX_TRIES - 1)
    while len(here.on_their_way) < 3 or here.taken:
        here.step()
    here.engine.stop(run)
    here.run()
    expected = "failed" if fault == "lost_before" else "created"
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", [expected] * 3)


def test_a_stopping_run_with_rows_that_wait_ends_when_it_is_loaded() -> None:
    here = Simulation()
    run = here.start(plan(*rows(3)))
    with here.store.write() as tx:
        journal.set_run(tx, run, status="stopping")
    here.kill()
    here.run()
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", ["not_attempted"] * 3)


def test_a_bug_in_a_read_pauses_its_run_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Simulation()
    broken, fine = here.start(plan(*rows(2))), here.start(plan(*rows(2, domain="b.nl"), name="b.csv"))
    usual = run_state.read_request

    def read_request(state, task):
        if state.id == broken:
            raise ZeroDivisionError
        return usual(state, task)

    monkeypatch.setattr(run_state, "read_request", read_request)
    here.run()
    assert (here.record(broken).status, here.record(broken).why_code) == ("paused", PauseCode.FAULT)
    assert here.engine.problems() == [messages.broken(broken)]
    assert here.outcomes(fine) == ["created", "created"]
    monkeypatch.undo()
    here.engine.resume(broken)
    here.run()
    assert here.outcomes(broken) == ["created", "created"]
    assert here.engine.problems() == []


def test_a_run_with_a_bug_that_is_stopped_is_loaded_again_and_ends_with_true_outcomes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Simulation()
    run = here.start(plan(*rows(2)))

    def read_request(state, task):
        raise ZeroDivisionError

    monkeypatch.setattr(run_state, "read_request", read_request)
    here.run()
    monkeypatch.undo()
    here.engine.stop(run)
    here.run()
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", ["not_attempted"] * 2)
    assert here.sandbox.made == {}
