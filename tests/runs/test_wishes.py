"""A process that does not own the runs hands over what it is asked: the owner does it within moments."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.vocabulary import AuditAction, Outcome, PauseCode, RunStatus, Wish
from mxlib.runs import manager, worker
from mxlib.runs.manager import InvalidState
from mxlib.runs.run_state import Note
from mxlib.store import Store, audit, hold
from mxlib.store import wishes as stored
from mxlib.store.signals import Listener, Signal
from tests.support.audit_entries import audit_entries
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until


class Process(Desk):
    """A process with its signals."""

    def __init__(self, path: Path, host: Host, *, listens: bool = True) -> None:
        super().__init__(Store.open(path, ShiftedClock()), host)
        self.listener = Listener(self.store, {Signal.RUNS: self.runs.heard})
        if listens:
            self.listener.start()

    def close(self) -> None:
        self.listener.close()
        self.runs.shutdown()
        self.store.close()


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def owner(tmp_path: Path, host: Host) -> Iterator[Process]:
    made = Process(tmp_path / "mxm.sqlite3", host)
    yield made
    host.open.set()
    made.close()


@pytest.fixture
def onlooker(owner: Process, tmp_path: Path, host: Host) -> Iterator[Process]:
    made = Process(tmp_path / "mxm.sqlite3", host)
    assert not made.runs.owns()
    yield made
    host.open.set()
    made.close()


def note(run: int, action: AuditAction) -> Note:
    return partial(audit.record, by=LOCAL, action=action, at=1.0, run=run)


def recorded(store: Store) -> list[str]:
    with store.read() as tx:
        return [str(entry["what"]) for entry in reversed(audit_entries(tx)) if str(entry["what"]).startswith("run.")]


def test_a_run_is_paused_resumed_and_stopped_from_a_process_that_does_not_send_it(
    owner: Process, onlooker: Process, host: Host
) -> None:
    host.open.clear()
    run = owner.runs.start(plan(*rows(40)), "ops", retention_days=7)
    until(lambda: host.inside > 0)
    onlooker.runs.pause(run, by="kim", note=note(run, AuditAction.RUN_PAUSE))
    view = onlooker.view(run)
    assert (view.status, view.wish, view.paused_code) == (RunStatus.PAUSED, None, PauseCode.OPERATOR)
    assert view.paused_reason == "kim pressed Pause. Resume to go on."
    assert owner.view(run).paused_reason == view.paused_reason
    onlooker.runs.resume(run, note=note(run, AuditAction.RUN_RESUME))
    assert owner.view(run).status in {RunStatus.QUEUED, RunStatus.RUNNING}
    onlooker.runs.stop(run, note=note(run, AuditAction.RUN_STOP))
    host.open.set()
    assert owner.wait_for(run, "stopped").counts[Outcome.NOT_ATTEMPTED] >= 30
    assert [what for what in recorded(owner.store) if what != "run.paused"] == [
        "run.start", "run.pause", "run.resume", "run.stop", "run.stopped",
    ]  # fmt: skip


def test_a_run_that_is_started_anywhere_is_sent_by_the_owner(owner: Process, onlooker: Process, host: Host) -> None:
    run = onlooker.runs.start(plan(*rows(5)), "ops", retention_days=7)
    assert onlooker.wait_for(run, "finished").counts == {Outcome.CREATED: 5}
    assert owner.runs.start(plan(*rows(5), name="again.csv"), "ops", retention_days=7) != run
    assert set(host.sandbox.made.values()) == {1}
    assert recorded(owner.store)[:1] == ["run.start"]


def test_failed_rows_are_retried_and_a_run_is_taken_over_from_anywhere(
    owner: Process, onlooker: Process, host: Host
) -> None:
    host.open.clear()
    run = owner.runs.start(plan(*rows(9)), "ops", retention_days=7)
    until(lambda: host.inside > 0)
    onlooker.runs.take_over(run, "kim")
    until(lambda: owner.runs._worker.engine.states[run].operator == "kim")
    onlooker.runs.stop(run)
    host.open.set()
    onlooker.wait_for(run, "stopped")
    again = onlooker.runs.retry_failed(run, "kim")
    assert sum(onlooker.wait_for(again, "finished").counts.values()) == onlooker.view(run).retriable
    assert set(host.sandbox.made.values()) == {1}
    onlooker.runs.extend(again, 30, note(again, AuditAction.RUN_EXTEND))
    onlooker.runs.handed_over(again, "kim")
    assert owner.view(again).handed_over_at is not None


def test_what_an_owner_that_hears_nothing_was_asked_is_shown_and_done_by_the_next_one(
    tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "OWNER_S", 0.2)
    monkeypatch.setattr(worker, "OWN_EVERY", 0.01)
    host.open.clear()
    first = Process(tmp_path / "mxm.sqlite3", host, listens=False)
    run = first.runs.start(plan(*rows(40)), "ops", retention_days=7)
    until(lambda: host.inside > 0)
    second = Process(tmp_path / "mxm.sqlite3", host)
    for _ in range(2):
        second.runs.pause(run, by="kim", note=note(run, AuditAction.RUN_PAUSE))
    view = second.view(run)
    assert (view.status, view.wish) == (RunStatus.RUNNING, Wish.PAUSE)
    assert view.status_text.startswith("Pause was pressed, and the server that sends this run has not paused it yet.")
    assert recorded(second.store).count("run.pause") == 1
    host.open.set()
    first.close()
    until(lambda: second.view(run).status == "paused" and second.view(run).wish is None)
    assert second.view(run).paused_reason == "kim pressed Pause. Resume to go on."
    second.close()


def test_a_stop_that_waits_is_overtaken_by_nothing_and_a_newer_wish_by_no_older_one(owner: Process) -> None:
    run = owner.runs.start(plan(*rows(1)), "ops", retention_days=7)
    owner.wait_for(run, "finished")
    with owner.store.write() as tx:
        assert stored.put(tx, run, Wish.LOOK)
        assert stored.put(tx, run, Wish.PAUSE, "kim")
        assert not stored.put(tx, run, Wish.LOOK)
        assert not stored.put(tx, run, Wish.PAUSE, "lea")
        before = stored.pending(tx)
        assert stored.put(tx, run, Wish.STOP)
        stored.clear(tx, before)
        assert [each.wish for each in stored.pending(tx)] == [Wish.STOP]
        assert not stored.put(tx, run, Wish.RESUME)


def test_nothing_is_resumed_elsewhere_while_a_restore_waits_for_an_admin(owner: Process, onlooker: Process) -> None:
    with owner.store.write() as tx:
        hold.begin(tx, hold.Hold(1.0))
    with pytest.raises(InvalidState, match="Continue"):
        onlooker.runs.resume(1)
