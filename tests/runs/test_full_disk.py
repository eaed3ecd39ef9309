"""What people ask of a run while the disk is full: the answer says what holds, and the trail gets it later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.text import store_problems
from mxlib.store import audit
from tests.support import app as houses
from tests.support.app import House
from tests.support.mishaps import Disk
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import until


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with houses.opened(tmp_path) as made:
        yield made


@contextmanager
def full(house: House) -> Iterator[None]:
    disk = Disk(house.services.store)
    disk.full = True
    try:
        yield
    finally:
        disk.full = False


def started(house: House) -> int:
    house.host.down = True
    return house.services.run_manager.start(plan(*rows(3)), "local", retention_days=7)


def whats(house: House, run: int) -> list[str]:
    with house.services.store.read() as tx:
        return [str(entry["what"]) for entry in audit.entries(tx, run=run)]


@pytest.mark.parametrize("held", [True, False])
def test_a_pause_on_a_full_disk_holds_and_is_answered_so(house: House, held: bool) -> None:
    run = started(house)
    with full(house):
        if held:
            house.services.run_manager._worker.steer(lambda engine: engine._halt_all(houses_full()))
            assert house.services.run_manager.view(run).held  # type: ignore[union-attr]
        told = houses.data(house.ask("POST", f"/imports/{run}/pause"))
        assert told["status"] == "paused"
        assert "run.pause" not in whats(house, run)
    house.host.down = False
    until(lambda: "run.pause" in whats(house, run))
    view = house.services.run_manager.view(run)
    assert view is not None
    assert (view.status, view.held) == ("paused", False)  # people paused it: it does not go on by itself
    assert whats(house, run).count("run.pause") == 1
    houses.data(house.ask("POST", f"/imports/{run}/resume"))
    assert house.ended(run)["counts"]["created"] == 3
    assert whats(house, run).count("run.resume") == 1


@pytest.mark.parametrize("broken", [False, True])
def test_a_resume_on_a_full_disk_holds_and_goes_on_when_there_is_room(house: House, broken: bool) -> None:
    run = started(house)
    houses.data(house.ask("POST", f"/imports/{run}/pause"))
    if broken:  # MXM itself failed at it: Resume has to read the journal first
        house.services.run_manager._worker.steer(
            lambda engine: engine._halt_for(engine.states[run], ValueError("a fault"))
        )
    house.host.down = False
    before = len(house.host.sent)
    with full(house):
        told = houses.data(house.ask("POST", f"/imports/{run}/resume"))
        assert (told["status"], told["paused_reason"]) == ("paused", store_problems.DISK_FULL)
        assert house.services.run_manager.view(run).held  # type: ignore[union-attr]
        sent = [request for request in house.host.sent[before:] if request.method == "POST"]
        assert sent == []  # nothing leaves that is not in the journal
        assert "run.resume" not in whats(house, run)
    assert house.ended(run)["counts"]["created"] == 3  # nobody has to resume it a second time
    assert whats(house, run).count("run.resume") == 1
    assert house.services.unwell(LOCAL) == []


def test_a_stop_on_a_full_disk_stops_nothing_and_says_so(house: House) -> None:
    run = started(house)
    with full(house):
        answer = house.ask("POST", f"/imports/{run}/stop")
        houses.refused(answer, 503, store_problems.DISK_FULL)
        assert answer.json()["error"]["code"] == "STORE_FAILED"
    assert "run.stop" not in whats(house, run)
    assert house.services.run_manager.view(run).status not in ("stopping", "stopped")  # type: ignore[union-attr]
    houses.data(house.ask("POST", f"/imports/{run}/stop"))
    assert whats(house, run).count("run.stop") == 1


def houses_full() -> Exception:
    from mxlib.store import StoreUnavailable

    return StoreUnavailable(store_problems.DISK_FULL)
