"""Steering a run while the disk is full: the response is true, the audit log follows later."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.text import store_problems
from tests.support import app as support
from tests.support.app import App
from tests.support.audit_entries import audit_entries
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
        return [str(entry["what"]) for entry in audit_entries(tx, run=run)]


@pytest.mark.parametrize("held", [True, False])
def test_a_pause_on_a_full_disk_takes_effect_and_is_audited_later(app: App, held: bool) -> None:
    run = started(app)
    with full(app):
        if held:
            app.services.run_manager._worker.apply(lambda engine: engine._halt_all(disk_full_error()))
            assert app.services.run_manager.view(run).held  # type: ignore[union-attr]
        response = support.data(app.ask("POST", f"/imports/{run}/pause"))
        assert response["status"] == "paused"
        assert "run.pause" not in whats(app, run)
    app.host.down = False
    until(lambda: "run.pause" in whats(app, run))
    view = app.services.run_manager.view(run)
    assert view is not None
    assert (view.status, view.held) == ("paused", False)  # a person paused it: it does not continue by itself
    assert whats(app, run).count("run.pause") == 1
    support.data(app.ask("POST", f"/imports/{run}/resume"))
    assert app.ended(run)["counts"]["created"] == 3
    assert whats(app, run).count("run.resume") == 1


@pytest.mark.parametrize("broken", [False, True])
def test_a_resume_on_a_full_disk_takes_effect_once_there_is_room(app: App, broken: bool) -> None:
    run = started(app)
    support.data(app.ask("POST", f"/imports/{run}/pause"))
    if broken:  # MXM itself failed at it: Resume has to read the journal first
        app.services.run_manager._worker.apply(
            lambda engine: engine._halt_for(engine.states[run], ValueError("a fault"))
        )
    app.host.down = False
    before = len(app.host.sent)
    with full(app):
        response = support.data(app.ask("POST", f"/imports/{run}/resume"))
        assert (response["status"], response["paused_reason"]) == ("paused", store_problems.DISK_FULL)
        assert app.services.run_manager.view(run).held  # type: ignore[union-attr]
        sent = [request for request in app.host.sent[before:] if request.method == "POST"]
        assert sent == []  # nothing is sent that is not in the journal
        assert "run.resume" not in whats(app, run)
    assert app.ended(run)["counts"]["created"] == 3  # no second resume is needed
    assert whats(app, run).count("run.resume") == 1
    assert app.services.unwell(LOCAL) == []


def test_a_stop_on_a_full_disk_is_refused_with_the_cause(app: App) -> None:
    run = started(app)
    with full(app):
        answer = app.ask("POST", f"/imports/{run}/stop")
        support.refused(answer, 503, store_problems.DISK_FULL)
        assert answer.json()["error"]["code"] == "STORE_FAILED"
    assert "run.stop" not in whats(app, run)
    assert app.services.run_manager.view(run).status not in ("stopping", "stopped")  # type: ignore[union-attr]
    support.data(app.ask("POST", f"/imports/{run}/stop"))
    assert whats(app, run).count("run.stop") == 1


def disk_full_error() -> Exception:
    from mxlib.store import StoreUnavailable

    return StoreUnavailable(store_problems.DISK_FULL)
