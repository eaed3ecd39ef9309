"""The threads of the runs survive what fails around them, and send no row twice for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mxlib.runs import engine, worker
from mxlib.runs.engine import Engine
from mxlib.store import OwnedStore, Store, StoreUnavailable
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Yield runs with a store in memory, which are not started yet."""
    monkeypatch.setattr(worker, "OWN_EVERY", 0.01)
    here = Desk(Store.open(":memory:", ShiftedClock()), recover=False)
    yield here
    monkeypatch.undo()
    here.host.open.set()
    here.runs.shutdown()


def failing_first(usual: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Return the usual function, which fails the first time that it is called."""
    left = [error]

    def call(*arguments: Any, **named: Any) -> Any:
        if left:
            raise left.pop()
        return usual(*arguments, **named)

    return call


def all_created_once(desk: Desk, run: int, number: int) -> bool:
    """Return whether a run ends with each mailbox created by one request that took effect."""
    desk.wait_for(run, "finished")
    return desk.view(run).done == number and set(desk.host.sandbox.made.values()) == {1}


def test_runs_start_by_themselves_once_the_store_works(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    usual = OwnedStore.acquire

    def acquire(*given: object, **named: object) -> None:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    monkeypatch.setattr(OwnedStore, "acquire", acquire)
    desk.runs.recover()
    assert desk.runs.problems() == ["The disk is full."]
    with pytest.raises(StoreUnavailable, match="The disk is full") as refused:
        desk.runs.pause(run)
    assert refused.value.code == "DISK_FULL"
    monkeypatch.setattr(OwnedStore, "acquire", usual)
    assert all_created_once(desk, run, 2)
    assert desk.runs.problems() == []


def test_a_programming_error_in_the_driver_is_logged_and_the_runs_continue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Engine, "next_request", failing_first(Engine.next_request, ZeroDivisionError()))
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.runs.recover()
    assert all_created_once(desk, run, 2)
    assert "The driver of the runs failed" in caplog.text


@pytest.mark.parametrize("before", [True, False])
def test_a_request_that_fails_in_an_unforeseen_way_is_read_back(
    before: bool, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual, sent = Host.send, []

    def send(self: Host, request: Any, **named: Any) -> Any:
        first = request.kind == "write" and not sent
        sent.extend([request] if request.kind == "write" else [])
        answer = None if first and before else usual(self, request, **named)
        if first:
            raise ZeroDivisionError
        return answer

    monkeypatch.setattr(Host, "send", send)
    run = desk.runs.start(plan(*rows(1)), "ops", retention_days=7)
    desk.runs.recover()
    until(lambda: "A request failed in an unforeseen way" in caplog.text)
    if before:
        until(lambda: desk.view(run).counts == {"settling": 1})
        desk.runs.stop(run)
        return
    assert all_created_once(desk, run, 1)
    assert len(sent) == 1


def test_a_request_that_was_held_up_does_not_leave(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LEAVES_WITHIN", -1.0)
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.runs.recover()
    until(lambda: desk.runs._worker.engine.health.silent_since is not None)
    assert not desk.host.sandbox.log
    monkeypatch.setattr(engine, "LEAVES_WITHIN", 5.0)
    assert all_created_once(desk, run, 2)


def test_a_sign_of_life_that_cannot_be_written_stops_no_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker, "BEAT_EVERY", 0.0)
    monkeypatch.setattr(OwnedStore, "beat", failing_first(OwnedStore.beat, StoreUnavailable("The disk is full.")))
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=7)
    desk.runs.recover()
    assert all_created_once(desk, run, 2)
    assert "The disk is full." in caplog.text
