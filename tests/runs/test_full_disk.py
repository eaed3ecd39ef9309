"""What people ask of a run while the disk is full: the answer says what holds, and the trail gets it later."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.text import store_problems
from mxlib.store import audit
from tests.support import app as support
from tests.support.app import App
from tests.support.mishaps import Disk
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import until


@contextmanager
def full(app: App) -> Iterator[None]:
    disk = Disk(app.services.store)
    disk.full = True
    try:
        yield
    finally:
        disk.full = False


def started(app: App) -> int:
    app.host.down = True
    return app.services.run_manager.start(plan(*rows(3)), "local", retention_days=7)


def whats(app: App, run: int) -> list[str]:
    with app.services.store.read() as tx:
        return [str(entry["what"]) for entry in audit.entries(tx, run=run)]


@pytest.mark.parametrize("held", [True, False])
def test_a_pause_on_a_full_disk_holds_and_is_answered_so(app: App, held: bool) -> None:
    run = started(app)
    with full(app):
        if held:
            app.services.run_manager._worker.steer(lambda engine: engine._halt_all(houses_full()))
            assert app.services.run_manager.view(run).held  # type: ignore[union-attr]
        told = support.data(app.ask("POST", f"/imports/{run}/pause"))
        assert told["status"] == "paused"
        assert "run.pause" not in whats(app, run)
    app.host.down = False
    until(lambda: "run.pause" in whats(app, run))
    view = app.services.run_manager.view(run)
    assert view is not None
    assert (view.status, view.held) == ("paused", False)  # people paused it: it does not go on by itself
    assert whats(app, run).count("run.pause") == 1
    support.data(app.ask("POST", f"/imports/{run}/resume"))
    assert app.ended(run)["counts"]["created"] == 3
    assert whats(app, run).count("run.resume") == 1


@pytest.mark.parametrize("broken", [False, True])
def test_a_resume_on_a_full_disk_holds_and_goes_on_when_there_is_room(app: App, broken: bool) -> None:
    run = started(app)
    support.data(app.ask("POST", f"/imports/{run}/pause"))
    if broken:  # MXM itself failed at it: Resume has to read the journal first
        app.services.run_manager._worker.steer(
            lambda engine: engine._halt_for(engine.states[run], ValueError("a fault"))
        )
    app.host.down = False
    before = len(app.host.sent)
    with full(app):
        told = support.data(app.ask("POST", f"/imports/{run}/resume"))
        assert (told["status"], told["paused_reason"]) == ("paused", store_problems.DISK_FULL)
        assert app.services.run_manager.view(run).held  # type: ignore[union-attr]
        sent = [request for request in app.host.sent[before:] if request.method == "POST"]
        assert sent == []  # nothing leaves that is not in the journal
        assert "run.resume" not in whats(app, run)
    assert app.ended(run)["counts"]["created"] == 3  # nobody has to resume it a second time
    assert whats(app, run).count("run.resume") == 1
    assert app.services.unwell(LOCAL) == []


def test_a_stop_on_a_full_disk_stops_nothing_and_says_so(app: App) -> None:
    run = started(app)
    with full(app):
        answer = app.ask("POST", f"/imports/{run}/stop")
        support.refused(answer, 503, store_problems.DISK_FULL)
        assert answer.json()["error"]["code"] == "STORE_FAILED"
    assert "run.stop" not in whats(app, run)
    assert app.services.run_manager.view(run).status not in ("stopping", "stopped")  # type: ignore[union-attr]
    support.data(app.ask("POST", f"/imports/{run}/stop"))
    assert whats(app, run).count("run.stop") == 1


def houses_full() -> Exception:
    from mxlib.store import StoreUnavailable

    return StoreUnavailable(store_problems.DISK_FULL)
