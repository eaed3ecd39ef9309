"""What the manager of runs refuses, and what it does only once."""

from collections.abc import Iterator
from typing import Any

import pytest

from mxlib.core.vocabulary import RunKind, RunStatus
from mxlib.runs import messages
from mxlib.runs.manager import InvalidState, SameImport
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.store import Store, journal
from tests.support.audit_entries import audit_entries
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import Desk, ShiftedClock


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Yield runs with a store in memory."""
    here = Desk(Store.open(":memory:", ShiftedClock()))
    yield here
    here.host.open.set()
    here.runs.shutdown()


def audited(desk: Desk, run: int) -> list[tuple[str, str]]:
    """Return what was done about a run, and by whom."""
    with desk.store.read() as tx:
        return [(entry["what"], entry["who"]) for entry in audit_entries(tx, run=run)]


def test_a_second_run_of_a_file_with_an_open_run_is_refused_unless_it_is_allowed_next_to_that(desk: Desk) -> None:
    desk.host.open.clear()
    first = desk.runs.start(plan(*rows(2)), "ops", retention_days=7, allowed=())
    with pytest.raises(SameImport, match=f"^Run {first} imports the same rows already") as refused:
        desk.runs.start(plan(*rows(3)), "ops2", retention_days=7, allowed=())
    assert refused.value.run == first
    assert [view.id for view in desk.runs.views()] == [first]
    assert desk.runs.start(plan(*rows(3)), "ops2", retention_days=7, allowed={first}) != first


@pytest.mark.parametrize("times", [1, 2])
def test_a_start_that_the_database_refuses_is_tried_once_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    store_it, refused = journal.add_run, [journal.AlreadyOpen() for _ in range(times)]

    def add_run(*args: Any, **kwargs: Any) -> int:
        if refused:
            raise refused.pop()
        return store_it(*args, **kwargs)

    monkeypatch.setattr(journal, "add_run", add_run)
    if times == 1:
        assert desk.runs.start(plan(*rows(1)), "ops", retention_days=7) == 1
    else:
        with pytest.raises(journal.AlreadyOpen):
            desk.runs.start(plan(*rows(1)), "ops", retention_days=7)


def test_an_undo_is_audited_at_the_run_that_it_undoes(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    undo = desk.runs.start(type(plan())("", "undo", (row(0, "b"),), RunKind.UNDO, run), "ops2", retention_days=7)
    assert ("run.undo", "ops2") in audited(desk, run)
    assert desk.view(run).undone_by == (undo,)


def test_a_second_retry_of_a_run_gives_the_retry_that_is_open(desk: Desk) -> None:
    desk.host.sandbox.schedule = Schedule.of(Rule(NAMED["plan_full"], count=2))
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    desk.host.open.clear()
    again = desk.runs.retry_failed(run, "ops")
    assert desk.runs.retry_failed(run, "ops") == again
    assert [what for what, _ in audited(desk, again)].count("run.retry") == 1


def test_start_take_over_retry_and_undo_are_audited_with_their_facts(desk: Desk) -> None:
    desk.host.sandbox.schedule = Schedule.of(Rule(NAMED["plan_full"], count=1))
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    desk.runs.take_over(run, "ops2")
    again = desk.runs.retry_failed(run, "ops2")
    desk.wait_for(again, "finished")
    undo = desk.runs.start(type(plan())("", "undo", (row(1, "b"),), RunKind.UNDO, run), "ops2", retention_days=7)
    desk.wait_for(undo, "finished")

    def facts(number: int, action: str) -> object:
        with desk.store.read() as tx:
            return next(entry["detail"] for entry in audit_entries(tx, run=number) if entry["what"] == action)

    assert facts(run, "run.start") == {"rows": 2}
    assert facts(run, "run.take_over") == {"from": "ops"}
    assert facts(again, "run.retry") == {"rows": 1, "of": run}
    assert facts(run, "run.undo") == {"by": undo}


def test_taking_over_ones_own_run_changes_and_audits_nothing(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.runs.take_over(run, "ops")
    assert desk.view(run).operator == "ops"
    assert "run.take_over" not in [what for what, _ in audited(desk, run)]


def test_passwords_of_a_run_that_is_active_or_unknown_are_not_erased(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    for number in (run, 99):
        with pytest.raises(InvalidState, match="still needs its passwords"):
            desk.runs.handed_over(number)
    assert desk.view(run).has_passwords


def test_passwords_of_a_row_that_may_still_be_created_are_not_erased(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    with desk.store.write() as tx:
        journal.set_row(tx, run, 0, outcome="settling")
    with pytest.raises(InvalidState) as refused:
        desk.runs.handed_over(run)
    assert str(refused.value) == messages.not_settled(1)
    assert desk.view(run).has_passwords


def test_passwords_are_handed_over_and_audited_once(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    desk.runs.handed_over(run, "ops")
    at = desk.view(run).handed_over_at
    desk.runs.handed_over(run, "ops2")
    assert desk.view(run).handed_over_at == at
    assert [entry for entry in audited(desk, run) if entry[0] == "run.handed_over"] == [("run.handed_over", "ops")]


def test_passwords_are_kept_longer_but_never_shorter_and_erased_ones_stay_erased(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    noted: list[int] = []
    until = desk.view(run).passwords_until
    desk.runs.extend(run, 1, lambda tx: noted.append(1))
    assert desk.view(run).passwords_until == until
    desk.runs.extend(run, 30, lambda tx: noted.append(30))
    assert desk.view(run).passwords_until == pytest.approx(desk.clock.now() + 30 * 86_400, abs=60)
    desk.runs.handed_over(run)
    desk.runs.extend(run, 60, lambda tx: noted.append(60))
    assert desk.view(run).passwords_until is None
    assert noted == [1, 30]


def test_the_host_counts_as_silent_after_a_minute_without_a_response(desk: Desk) -> None:
    assert not desk.runs.silent()
    desk.runs._worker.engine.health.record_failure(desk.clock.monotonic() - 61)
    assert desk.runs.silent()
    (problem,) = desk.runs.problems()
    assert problem.startswith("MXroute has not answered since ")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (RunStatus.FINISHED, "Run 4 has finished; nothing of it waits any more."),
        (RunStatus.STOPPED, "Run 4 was stopped; nothing of it waits any more."),
        (RunStatus.STOPPING, "Run 4 is being stopped; nothing of it waits any more."),
    ],
)
def test_a_run_that_cannot_be_steered_any_more_is_refused_with_its_state(status: RunStatus, text: str) -> None:
    assert messages.over(4, status) == text


@pytest.mark.parametrize(("rows_left", "words"), [(1, "Of 1 row "), (1200, "Of 1,200 rows ")])
def test_rows_that_are_not_settled_are_counted(rows_left: int, words: str) -> None:
    assert messages.not_settled(rows_left).startswith(words)
