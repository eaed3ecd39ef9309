"""A backup taken in the middle of a run, restored: nothing is sent before Continue, then each row gets its outcome."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.text import backups
from mxlib.core.vocabulary import PauseCode, RunStatus
from mxlib.mxroute import protocol
from mxlib.runs import results
from mxlib.runs.manager import InvalidState
from mxlib.store import FILE, Store, backup, hold
from tests.support.audit_entries import audit_entries
from tests.support.backups import PASSPHRASE, derive_fast
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until

ROWS = 12


class SlowHost(Host):
    """A host that answers so many requests, and then keeps them waiting."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.left = answers

    def send(self, request: protocol.Request, **how: Any) -> protocol.Response:
        self.left -= 1
        if self.left < 0:
            self.open.clear()
        return super().send(request, **how)


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    derive_fast(monkeypatch)
    monkeypatch.setattr("mxlib.runs.engine.HOLD_TICK", 0.02)


@pytest.fixture
def half_done(tmp_path: Path) -> Iterator[tuple[Desk, int]]:
    """A run of which some rows are done, some are on their way, and some wait; it was backed up now."""
    desk = Desk(Store.open(tmp_path / "data" / FILE, ShiftedClock()), SlowHost(6))
    run = desk.runs.start(plan(*rows(ROWS)), "kim", retention_days=7)
    until(lambda: desk.host.inside == 3)
    backup.make(desk.store, tmp_path / "mxm.backup", PASSPHRASE)
    yield desk, run
    desk.host.open.set()
    desk.runs.shutdown()
    desk.store.close()


@pytest.fixture
def restored(half_done: tuple[Desk, int], tmp_path: Path) -> Iterator[Desk]:
    """The backup on another machine, and a host that goes on from what the first one sent by then."""
    first, _ = half_done
    host = Host()
    host.sandbox = first.host.sandbox
    backup.restore(tmp_path / "mxm.backup", tmp_path / "new", PASSPHRASE, ShiftedClock(), LOCAL)
    desk = Desk(Store.open(tmp_path / "new" / FILE, ShiftedClock()), host)
    yield desk
    desk.runs.shutdown()
    desk.store.close()


def a_continue(desk: Desk) -> None:
    with desk.store.write() as tx:
        hold.end(tx, LOCAL, desk.clock.now())


def requests(desk: Desk) -> int:
    return len(desk.host.sandbox.log)


def test_nothing_is_sent_before_continue_and_then_each_row_is_right(
    half_done: tuple[Desk, int], restored: Desk
) -> None:
    first, run = half_done
    before = requests(restored)
    view = restored.wait_for(run, "paused")
    assert (view.paused_code, view.paused_reason) == (PauseCode.RESTORED, backups.RESTORED)
    until(lambda: restored.runs._worker.engine.seconds_until_next() < 1.0)
    with pytest.raises(InvalidState, match="until an admin presses Continue"):
        restored.runs.resume(run)
    assert restored.view(run).status is RunStatus.PAUSED
    assert requests(restored) == before

    first.runs.shutdown(0.0)  # what was on its way there arrives, and its answers go to nobody
    first.host.open.set()
    until(lambda: first.host.inside == 0)
    a_continue(restored)
    restored.wait_for(run, "finished")
    frame = results.rows_frame(restored.store, run, with_passwords=True)
    planned = {f"{row.username}@{row.domain}": row.password for row in rows(ROWS)}
    assert dict(zip(frame["address"], frame["password"], strict=True)) == planned
    assert set(frame["outcome"]) <= {"created", "skipped"}
    mailboxes = restored.host.sandbox.account.domains["a.nl"]
    assert set(mailboxes) == {row.username for row in rows(ROWS)}
    assert {f"{name}@a.nl": box.password for name, box in mailboxes.items()} == planned
    assert set(restored.host.sandbox.made.values()) == {1}
    refused = [entry for entry in restored.host.sandbox.log if entry.method == "POST" and not entry.effect]
    assert refused == []


def test_a_run_that_is_started_meanwhile_waits_too(half_done: tuple[Desk, int], restored: Desk) -> None:
    before = requests(restored)
    run = restored.runs.start(plan(*rows(2, "b.nl"), name="other.csv"), "kim", retention_days=7)
    assert restored.wait_for(run, "paused").paused_code is PauseCode.RESTORED
    assert requests(restored) == before
    a_continue(restored)
    restored.runs.continue_held()
    assert restored.view(run).status is not RunStatus.PAUSED
    restored.wait_for(run, "finished")


def test_a_run_that_a_person_paused_before_stays_paused_after_continue(tmp_path: Path) -> None:
    desk = Desk(Store.open(tmp_path / "data" / FILE, ShiftedClock()), SlowHost(3))
    run = desk.runs.start(plan(*rows(ROWS)), "kim", retention_days=7)
    until(lambda: desk.host.inside == 3)
    desk.runs.pause(run, "kim")
    backup.make(desk.store, tmp_path / "mxm.backup", PASSPHRASE)
    desk.host.open.set()
    desk.runs.shutdown()
    backup.restore(tmp_path / "mxm.backup", tmp_path / "new", PASSPHRASE, ShiftedClock(), LOCAL)
    again = Desk(Store.open(tmp_path / "new" / FILE, ShiftedClock()))
    assert again.view(run).paused_code is PauseCode.OPERATOR
    a_continue(again)
    until(lambda: not again.runs._worker.engine.on_hold)
    assert again.view(run).paused_code is PauseCode.OPERATOR
    again.runs.shutdown()


def test_a_continue_while_no_server_runs_lets_runs_go_on_at_the_next_start(
    half_done: tuple[Desk, int], restored: Desk
) -> None:
    _, run = half_done
    restored.wait_for(run, "paused")
    restored.runs.shutdown()
    a_continue(restored)
    again = Desk(restored.store, restored.host)
    again.wait_for(run, "running", "finished")
    again.runs.shutdown()


def test_the_hold_outlasts_a_restart(half_done: tuple[Desk, int], restored: Desk) -> None:
    _, run = half_done
    before = requests(restored)
    restored.wait_for(run, "paused")
    restored.runs.shutdown()
    again = Desk(restored.store, restored.host)
    assert again.wait_for(run, "paused").paused_code is PauseCode.RESTORED
    assert requests(restored) == before
    again.runs.shutdown()


def test_a_stopping_run_sends_nothing_before_continue(half_done: tuple[Desk, int], restored: Desk) -> None:
    _, run = half_done
    before = requests(restored)
    restored.wait_for(run, "paused")
    restored.runs.stop(run)
    assert restored.view(run).status is RunStatus.STOPPING
    assert requests(restored) == before
    a_continue(restored)
    until(lambda: requests(restored) > before)


def test_a_pause_after_a_restore_is_in_the_audit_log(half_done: tuple[Desk, int], restored: Desk) -> None:
    _, run = half_done
    restored.wait_for(run, "paused")

    def noted() -> bool:
        with restored.store.read() as tx:
            return any(entry["outcome"] == backups.RESTORED for entry in audit_entries(tx, run=run))

    until(noted)
