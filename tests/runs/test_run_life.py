"""Runs with their threads: started once, steered from any thread, ended and recovered."""

import threading
from pathlib import Path

import pytest

from mxlib.core.text import run_status
from mxlib.core.vocabulary import CallerKind, Outcome
from mxlib.runs import worker
from mxlib.runs.manager import InvalidState
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.store import Store, journal, sqlite
from mxlib.store.encryption import ServerKey
from tests.support.audit_entries import audit_entries
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mxm.sqlite3"


@pytest.fixture
def store(path: Path):
    opened = Store.open(path, ShiftedClock())
    yield opened
    opened.close()


@pytest.fixture
def desk(store: Store):
    here = Desk(store)
    yield here
    here.host.open.set()
    here.runs.shutdown()


def test_a_run_finishes_by_itself(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(30)), "ops", retention_days=7)
    view = desk.wait_for(run, "finished")
    assert view.counts == {Outcome.CREATED: 30}
    assert len(desk.host.sandbox.made) == 30
    assert (view.done, view.open, view.decided, view.total) == (30, 0, 30, 30)


def test_never_more_than_three_requests_are_in_flight(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(20)), "ops", retention_days=7)
    desk.host.open.clear()
    most = 0
    for _ in range(20):
        most = max(most, desk.host.inside)
    desk.host.open.set()
    desk.wait_for(run, "finished")
    assert most <= worker.WORKERS


def test_a_double_click_starts_one_run(desk: Desk) -> None:
    desk.host.open.clear()
    first = desk.runs.start(plan(*rows(3)), "ops", retention_days=7)
    assert desk.runs.start(plan(*rows(3)), "ops", retention_days=7) == first
    desk.host.open.set()
    desk.wait_for(first, "finished")


def test_a_repeated_request_with_the_same_key_starts_one_run_even_later(desk: Desk) -> None:
    first = desk.runs.start(plan(*rows(3)), "ops", retention_days=7, idempotency_key="k")
    desk.wait_for(first, "finished")
    assert desk.runs.start(plan(*rows(3)), "ops", retention_days=7, idempotency_key="k") == first
    assert desk.runs.start(plan(*rows(3)), "ops2", retention_days=7, idempotency_key="k") != first


def test_the_same_file_again_creates_only_what_is_missing(desk: Desk) -> None:
    desk.wait_for(desk.runs.start(plan(*rows(3)), "ops", retention_days=7), "finished")
    again = desk.runs.start(plan(*rows(5)), "ops", retention_days=7)
    assert desk.wait_for(again, "finished").counts == {Outcome.SKIPPED: 3, Outcome.CREATED: 2}


def test_pause_resume_and_stop_from_any_thread(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(9)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    desk.runs.pause(run, "jan")
    view = desk.view(run)
    assert (view.status, view.paused_reason) == ("paused", run_status.paused_by("jan"))
    desk.host.open.set()
    desk.runs.resume(run)
    desk.host.open.clear()
    desk.runs.stop(run)
    desk.host.open.set()
    view = desk.wait_for(run, "stopped")
    assert view.open == 0


def test_failed_rows_are_retried_with_the_same_passwords(desk: Desk) -> None:
    desk.host.sandbox.schedule = Schedule.of(Rule(NAMED["plan_full"], first=2, count=2))
    run = desk.runs.start(plan(*rows(3), row(3, left_out="Not ticked.")), "ops", retention_days=7)
    assert desk.wait_for(run, "finished").counts[Outcome.FAILED] == 2
    again = desk.runs.retry_failed(run, "ops2")
    view = desk.wait_for(again, "finished")
    assert (view.counts, view.operator, view.retry_of) == ({Outcome.CREATED: 2}, "ops2", run)
    assert {n: desk.host.sandbox.password_of(f"user{n}@a.nl") for n in range(3)} == {
        n: f"Secret-{n}-word" for n in range(3)
    }


def test_a_run_that_cannot_be_retried_is_refused_with_the_cause(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    with pytest.raises(InvalidState, match="not at its end"):
        desk.runs.retry_failed(run, "ops")
    desk.host.open.set()
    desk.wait_for(run, "finished")
    with pytest.raises(InvalidState, match="No row of this run failed"):
        desk.runs.retry_failed(run, "ops")


def test_retrying_without_passwords_is_refused_with_the_cause(desk: Desk) -> None:
    desk.host.sandbox.schedule = Schedule.of(Rule(NAMED["plan_full"]))
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    desk.runs.handed_over(run)
    with pytest.raises(InvalidState, match="passwords of this run were forgotten"):
        desk.runs.retry_failed(run, "ops")


def test_taking_over_changes_the_operator_and_is_audited(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.runs.take_over(run, "ops2")
    desk.host.open.set()
    assert desk.wait_for(run, "finished").operator == "ops2"
    with desk.store.read() as tx:
        entries = [(entry["who"], entry["what"], entry["outcome"]) for entry in audit_entries(tx, run=run)]
    assert ("ops2", "run.take_over", "from ops") in entries
    assert ("ops2", "run.finished", "2 created") in entries


def test_the_operator_sees_a_finished_run_as_unseen_once(desk: Desk) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    assert [view.id for view in desk.runs.unseen("ops")] == [run]
    assert desk.runs.unseen("ops2") == ()
    desk.runs.seen(run)
    assert desk.runs.unseen("ops") == ()


def test_a_view_shows_progress_and_estimated_end(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(10)), "ops", retention_days=7)
    other = desk.runs.start(plan(*rows(4, domain="b.nl")), "ops", retention_days=7)
    view = desk.wait_for(run, "running")
    assert (view.total, view.open) == (10, 10)
    assert view.eta_at is not None
    assert view.eta_at - desk.clock.now() == pytest.approx((10 + 4) * 3.0, abs=1.0)
    assert desk.runs.backlog() == 14
    late = desk.runs.start(plan(row(0, "late")), "ops", retention_days=7)
    assert desk.view(late).behind == (run,)
    desk.runs.stop(late)
    desk.wait_for(late, "stopped")
    assert desk.runs.active() == 2
    assert desk.runs.estimate(6) == 60.0
    assert [each.id for each in desk.runs.views()] == [late, other, run]
    desk.host.open.set()
    assert desk.wait_for(run, "finished").eta_at is None
    assert desk.runs.view(99) is None


def test_shutdown_waits_for_requests_in_flight_and_leaves_the_run_resumable(store: Store, path: Path) -> None:
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(9)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    desk.host.open.set()
    desk.runs.shutdown()
    assert desk.host.inside == 0
    assert desk.view(run).counts.get(Outcome.SENDING, 0) == 0
    store.close()

    again = Desk(Store.open(path, ShiftedClock()), desk.host)
    assert again.wait_for(run, "finished").counts == {Outcome.CREATED: 9}
    assert set(desk.host.sandbox.made.values()) == {1}
    again.runs.shutdown()
    again.store.close()


def test_shutdown_does_not_wait_for_ever(store: Store) -> None:
    desk = Desk(store)
    desk.host.open.clear()
    desk.runs.start(plan(*rows(9)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    desk.runs.shutdown(patience=0.02)
    desk.host.open.set()
    until(lambda: desk.host.inside == 0)


def test_a_response_after_shutdown_leaves_the_row_to_the_next_process(store: Store, path: Path) -> None:
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    desk.host.open.set()
    until(lambda: desk.host.sandbox.log != [])  # the domain was read; the row comes next
    desk.host.open.clear()
    until(lambda: desk.view(run).counts.get(Outcome.SENDING) == 1 and desk.host.inside > 0)
    desk.runs.shutdown(patience=0.02)
    store.close()

    with Store.open(path, ShiftedClock()).write() as tx:  # what the next process found meanwhile
        journal.set_row(tx, run, 0, outcome=Outcome.CREATED)
    heard = threading.Event()
    desk.runs._worker.engine.on_response = lambda *_: heard.set()  # type: ignore[method-assign]
    desk.host.open.set()
    until(lambda: desk.runs._worker._in_flight == 0)
    assert not heard.is_set()


def test_take_over_and_retry_are_audited_with_caller_and_address(desk: Desk) -> None:
    desk.host.sandbox.schedule = Schedule.of(Rule(NAMED["plan_full"]))
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    desk.runs.take_over(run, "robot", kind=CallerKind.TOKEN, address="192.0.2.7")
    again = desk.runs.retry_failed(run, "robot", kind=CallerKind.TOKEN, address="192.0.2.7")
    desk.wait_for(again, "finished")
    with desk.store.read() as tx:
        entries = {entry["what"]: (entry["kind"], entry["address"]) for entry in audit_entries(tx)}
    assert entries["run.take_over"] == entries["run.retry"] == ("token", "192.0.2.7")


def test_a_second_process_watches_and_takes_over_when_the_first_is_gone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "OWN_EVERY", 0.01)
    host = Host()
    first = Desk(Store.open(path, ShiftedClock()), host)
    second = Desk(Store.open(path, ShiftedClock()), host)
    host.open.clear()
    run = first.runs.start(plan(*rows(2)), "ops", retention_days=7)
    first.runs.pause(run)
    host.open.set()
    assert not second.runs.owns()
    assert second.runs.problems() == []
    assert second.view(run).status == "paused"
    first.runs.shutdown()
    first.store.close()
    until(second.runs.owns)
    second.runs.resume(run)
    assert second.wait_for(run, "finished").done == 2
    assert second.runs.problems() == []
    second.runs.shutdown()
    second.store.close()


def test_the_rate_limits_are_rebuilt_from_the_last_minute(store: Store) -> None:
    desk = Desk(store)
    desk.wait_for(desk.runs.start(plan(*rows(2)), "ops", retention_days=7), "finished")
    desk.runs.shutdown()
    again = Desk(store, desk.host)
    assert [kind for kind, _ in again.rate_limiter.rebuilt] == ["read", "write", "write", "read"]
    again.runs.shutdown()


def test_a_locked_database_stops_the_run_before_the_next_request(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.01)
    store = Store.open(path, ShiftedClock())
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(9)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    with Store.open(path, ShiftedClock()).write():
        desk.host.open.set()
        until(lambda: desk.view(run).status == "paused")
        asked = len(desk.host.sandbox.log)
        assert "Another program holds the database" in desk.view(run).paused_reason
        assert desk.runs.problems() == [desk.view(run).paused_reason]
        assert len(desk.host.sandbox.log) == asked
    assert desk.wait_for(run, "finished").done == 9
    desk.runs.shutdown()
    store.close()


@pytest.mark.parametrize("lost", [False, True])
def test_a_run_with_a_lost_key_does_not_promise_its_passwords(desk: Desk, lost: bool) -> None:
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.wait_for(run, "finished")
    if lost:
        desk.store.key = ServerKey.make("another")
    text = desk.runs.view(run).status_text
    assert ("Its passwords cannot be read: the server's key is another one." in text) is lost
    assert ("is kept until" in text) is not lost


def test_a_start_that_another_process_made_meanwhile_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planned, find = plan(*rows(2)), journal.find_run
    first = desk.runs.start(planned, "ops", retention_days=7)
    desk.runs.pause(first)
    blind = iter([None])
    with monkeypatch.context() as patched:
        patched.setattr(journal, "find_run", lambda *given, **more: next(blind, 0) or find(*given, **more))
        assert desk.runs.start(planned, "kim", retention_days=7) == first
    assert next(blind, 0) == 0
