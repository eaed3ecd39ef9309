"""Ownership: exactly one process sends the requests of a store; the others only watch."""

import sqlite3
from pathlib import Path

import pytest

from mxlib import services
from mxlib.core.reasons import Reason
from mxlib.core.vocabulary import Outcome, RowReason, Wish
from mxlib.runs import manager, worker
from mxlib.services.container import assemble
from mxlib.settings import Settings
from mxlib.store import OwnedStore, OwnershipLost, Store, journal, ownership
from tests.support import app as support
from tests.support.app import StandIn
from tests.support.audit_entries import audit_entries
from tests.support.simulation import FreeRateLimiter, Simulation, plan, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mxm.sqlite3"


def lose_the_lock(path: Path) -> None:
    """Remove the lock file, as a careless person may do."""
    path.with_suffix(".lock").unlink()


def entries(store: Store, what: str) -> list[str]:
    """Return the subjects of the audit entries of one action."""
    with store.read() as tx:
        return sorted(entry["on"] for entry in audit_entries(tx, most=10_000) if entry["what"] == what)


def step_on(process: Simulation) -> None:
    """Let a process take its next steps for a while."""
    for _ in range(100):
        process.step()


@pytest.mark.parametrize("moment", range(0, 60, 3))
def test_a_run_taken_over_by_another_process_creates_every_mailbox_once(moment: int) -> None:
    first = Simulation()
    run = first.start(plan(*rows(12)))
    for _ in range(moment):
        first.step()
    second, alive = first.taken_over(), True
    for _ in range(2_000):
        if alive:
            try:
                first.step()
            except OwnershipLost:
                alive = False
        if not second.going() and not second.on_their_way and second.taken is None:
            break
        second.step()
    assert second.outcomes(run) == ["created"] * 12
    assert set(first.sandbox.made.values()) == {1}
    passwords = {f"user{n}@a.nl": f"Secret-{n}-word" for n in range(12)}
    assert second.passwords(run) == passwords
    assert {address: first.sandbox.password_of(address) for address in passwords} == passwords
    assert entries(second.store, "mailbox.create") == sorted(passwords)


def test_a_process_that_lost_the_runs_sends_nothing_more() -> None:
    first = Simulation()
    first.start(plan(*rows(12)))
    while len(first.sandbox.made) < 4:
        first.step()
    first.taken_over()
    made = len(first.sandbox.made)
    with pytest.raises(OwnershipLost):
        step_on(first)
    assert len(first.sandbox.made) - made <= 3  # the requests in flight


def test_an_outcome_is_written_only_over_the_expected_state() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    while here.outcomes(run) != ["sending"]:
        here.step()
    with here.store.write() as tx:
        journal.set_row(
            tx, run, 0, outcome=Outcome.CREATED, reason=Reason(RowReason.INVALID, words="as another process found")
        )
    with pytest.raises(journal.RowChanged):
        step_on(here)
    assert [row.reason for row in here.rows(run)] == ["as another process found"]


def test_removing_the_lock_file_makes_no_second_owner_while_the_first_lives(path: Path) -> None:
    clock = ShiftedClock()
    first, second = Store.open(path, clock), Store.open(path, clock)
    owned = OwnedStore.acquire(first)
    assert owned is not None
    lose_the_lock(path)
    assert OwnedStore.acquire(second) is None
    clock.ahead = ownership.LEASE_S - 1
    owned.beat()
    clock.ahead += ownership.LEASE_S - 1
    assert OwnedStore.acquire(second) is None
    clock.ahead += 2
    assert OwnedStore.acquire(second) is not None
    with pytest.raises(OwnershipLost), owned.write():
        raise AssertionError("It must not get here.")
    first.close()
    second.close()


def test_an_owner_locks_again_after_the_lock_file_was_removed(path: Path) -> None:
    first, second = Store.open(path, ShiftedClock()), Store.open(path, ShiftedClock())
    owned = OwnedStore.acquire(first)
    assert owned is not None
    lose_the_lock(path)
    owned.beat()
    assert not second.own()
    first.close()
    assert OwnedStore.acquire(second) is not None  # at once: the lock proves that the first one is gone
    second.close()


def test_another_process_takes_over_at_once_when_the_owner_ends(path: Path) -> None:
    first, second = Store.open(path, ShiftedClock()), Store.open(path, ShiftedClock())
    owned = OwnedStore.acquire(first)
    assert owned is not None
    lose_the_lock(path)
    owned.release()
    assert OwnedStore.acquire(second) is not None
    first.close()
    second.close()


def test_locks_that_do_not_work_still_allow_only_one_owner(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without working locks, as on a network share, the last process owns the runs and the first only watches."""
    monkeypatch.setattr(Store, "own", lambda self: True)
    monkeypatch.setattr(Store, "lock_id", lambda self: "the same")
    monkeypatch.setattr(worker, "OWN_EVERY", 0.01)
    monkeypatch.setattr(ownership, "BEAT", 0.002)
    host = Host()
    first = Desk(Store.open(path, ShiftedClock()), host)
    host.open.clear()
    run = first.runs.start(plan(*rows(40)), "ops", retention_days=7)
    until(lambda: host.inside > 0)
    second = Desk(Store.open(path, ShiftedClock()), host)
    host.open.set()
    assert second.wait_for(run, "finished").counts == {Outcome.CREATED: 40}
    assert set(host.sandbox.made.values()) == {1}
    until(lambda: not first.runs.owns())
    assert second.runs.owns()
    for desk in (first, second):
        desk.runs.shutdown()
        desk.store.close()


def test_a_second_process_steers_runs_as_the_first_does(path: Path) -> None:
    with support.opened(path.parent) as app:
        app.host.goes_wrong("stalled", count=None)
        first = app.services
        first.listener.start()
        onlooker = assemble(
            Settings(data_dir=path.parent), first.clock, Store.open(path, first.clock), StandIn(), FreeRateLimiter()
        )  # type: ignore[arg-type]
        onlooker.run_manager.recover()
        run = first.run_manager.start(plan(*rows(3)), "test", retention_days=7)
        first.run_manager.pause(run)
        app.host.goes_wrong("stalled", count=0)
        services.install(onlooker)
        try:
            assert not onlooker.run_manager.owns()
            assert onlooker.run_manager.problems() == []
            assert support.data(app.ask("POST", f"/imports/{run}/take-over"))["operator"] == "test (token 1)"
            assert support.data(app.ask("POST", f"/imports/{run}/resume"))["status"] != "paused"
            late = onlooker.run_manager.start(plan(*rows(2, "c.nl"), name="late.csv"), "test", retention_days=7)
            assert app.ended(late)["status"] == "finished"
            assert app.ask("POST", f"/imports/{run}/stop").status_code in {200, 409}  # it may have finished
            assert app.ended(run)["status"] in {"stopped", "finished"}
        finally:
            services.install(first)
            onlooker.close()
        for action in ("run.pause", "run.resume", "run.take_over"):
            assert len(entries(first.store, action)) == (action != "run.pause"), action


def test_a_pause_in_a_process_that_was_replaced_waits_for_the_next_owner(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "OWNER_S", 0.1)
    store = Store.open(path, ShiftedClock())
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(3)), "ops", retention_days=7)
    until(lambda: desk.host.inside > 0)
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE account_lease SET epoch = 99, owner = 'another'")
    desk.runs.pause(run)
    assert desk.view(run).wish is Wish.PAUSE
    desk.host.open.set()
    desk.runs.shutdown()
    store.close()


def test_a_row_costs_two_commits() -> None:
    def commits(number: int) -> int:
        here = Simulation()
        before = here.store.commits
        here.start(plan(*rows(number)))
        here.run()
        return here.store.commits - before

    assert commits(30) - commits(10) == 2 * 20


def test_an_answer_to_an_engine_that_was_dropped_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "OWN_EVERY", 60.0)  # else it could own the runs again before this test has looked
    store = Store.open(path, ShiftedClock())
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(3)), "ops", retention_days=7)
    until(lambda: desk.view(run).counts.get(Outcome.SENDING, 0) == 3 or desk.host.inside > 0)
    before = desk.view(run).counts
    with store.write() as tx:
        tx.exec_driver_sql("UPDATE account_lease SET owner = 'another', until = until + 300")
    desk.host.open.set()
    until(lambda: not desk.runs.owns())
    until(lambda: desk.host.inside == 0)
    desk.runs.shutdown()
    assert desk.view(run).counts == before
    assert not entries(store, "mailbox.create")
    store.close()


def test_who_drains_keeps_the_lease_until_the_last_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "OWN_EVERY", 0.01)
    host, clock = Host(), ShiftedClock()
    first = Desk(Store.open(path, clock), host)
    second = Store.open(path, clock)
    lose_the_lock(path)
    run = first.runs.start(plan(*rows(6)), "ops", retention_days=7)
    until(lambda: first.view(run).status == "finished")
    host.open.clear()
    again = first.runs.start(plan(*rows(3, "b.nl"), name="other.csv"), "ops", retention_days=7)
    until(lambda: host.inside > 0)
    first.runs.begin_shutdown()
    clock.ahead += ownership.LEASE_S - 1
    monkeypatch.setattr(ownership, "BEAT", 0.0)
    renewed = first.runs._worker._owned
    assert renewed is not None
    since = renewed.renewed_at
    until(lambda: renewed.renewed_at > since)
    clock.ahead += ownership.LEASE_S - 1
    assert OwnedStore.acquire(second) is None
    host.open.set()
    assert first.runs.shutdown()
    assert OwnedStore.acquire(second) is not None
    assert first.view(again).open
    first.store.close()
    second.close()


def test_the_epoch_only_increases(path: Path) -> None:
    for expected in (1, 2, 3):
        store = Store.open(path, ShiftedClock())
        owned = OwnedStore.acquire(store)
        assert owned is not None
        assert owned.epoch.number == expected
        store.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT account, epoch FROM account_lease").fetchall() == [(1, 3)]
