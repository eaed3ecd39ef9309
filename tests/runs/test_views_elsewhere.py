"""A process that does not own the runs shows them as their owner does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.core.vocabulary import RunStatus
from mxlib.runs import worker
from mxlib.runs.run_view import RunView
from mxlib.store import Store, pulse
from mxlib.store.pulse import FRESH_S, Pulse
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, Host, ShiftedClock, until


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(Store.open(tmp_path / "mxm.sqlite3", ShiftedClock()), Host())
    made.host.open.clear()
    yield made
    made.host.open.set()
    made.runs.shutdown()
    made.store.close()


@pytest.fixture
def onlooker(owner: Desk, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(Store.open(tmp_path / "mxm.sqlite3", ShiftedClock()), owner.host)
    assert not made.runs.owns()
    yield made
    made.runs.shutdown()
    made.store.close()


def shown(view: RunView) -> tuple[object, ...]:
    """What a view says, without the exact moments."""
    return (
        view.status, view.counts, view.behind, view.eta_at is None, view.turn_at is None, view.paused_reason,
        view.paused_code, view.held, view.note, view.silent_since is None, view.unanswered_seconds > 0,
    )  # fmt: skip


def test_runs_that_go_wait_and_are_paused_look_the_same_everywhere(owner: Desk, onlooker: Desk) -> None:
    first = owner.runs.start(plan(*rows(20)), "ops", retention_days=7)
    until(lambda: owner.host.inside > 0)
    behind = owner.runs.start(plan(*rows(30), name="next.csv"), "ops", retention_days=7)
    paused = owner.runs.start(plan(*rows(5, "b.nl"), name="other.csv"), "ops", retention_days=7)
    owner.runs.pause(paused, by="kim")
    for run in (first, behind, paused):
        until(lambda run=run: shown(onlooker.view(run)) == shown(owner.view(run)))  # type: ignore[misc]
    assert onlooker.view(behind).behind == (first,)
    assert onlooker.view(behind).turn_at == pytest.approx(owner.view(behind).turn_at, abs=30)
    assert onlooker.runs.active() == owner.runs.active() == 2
    assert onlooker.runs.backlog() == pytest.approx(owner.runs.backlog(), abs=3)
    assert onlooker.runs.problems() == []


def test_the_silence_of_the_host_shows_everywhere(owner: Desk, onlooker: Desk) -> None:
    run = owner.runs.start(plan(*rows(20)), "ops", retention_days=7)
    until(lambda: owner.host.inside > 0)
    with owner.runs._worker.changed:
        owner.runs._worker.engine.health.record_failure(owner.clock.monotonic() - 100)
        owner.runs._worker.changed.notify_all()
    until(lambda: onlooker.runs.silent())
    assert onlooker.runs.silent_since() == pytest.approx(owner.runs.silent_since(), abs=5)
    assert "MXroute has not answered since" in onlooker.view(run).status_text
    assert onlooker.view(run).eta_at is None
    (sentence,) = onlooker.runs.problems()
    assert sentence == owner.runs.problems()[0]


def test_problems_of_single_runs_show_everywhere_to_those_who_may_see_them(
    owner: Desk, onlooker: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEAT_EVERY", 0.02)
    run = owner.runs.start(plan(*rows(20)), "ops", retention_days=7)
    until(lambda: owner.host.inside > 0)
    owner.runs._worker.engine.states[run].trouble = "MXroute lists no domain."
    with owner.runs._worker.changed:
        owner.runs._worker._beat_at = 0.0
        owner.runs._worker.changed.notify_all()
    until(lambda: onlooker.runs.problems() == ["MXroute lists no domain."])
    assert onlooker.runs.problems(lambda _run, _problem: False) == []


def test_an_old_pulse_says_nothing(owner: Desk, onlooker: Desk) -> None:
    run = owner.runs.start(plan(*rows(5)), "ops", retention_days=7)
    until(lambda: owner.host.inside > 0)
    with onlooker.store.write() as tx:
        old = onlooker.clock.now() - FRESH_S - 1
        pulse.put(tx, Pulse(old, 100.0, held=(run,), trouble="The disk is full."))
    assert not onlooker.runs.silent()
    assert onlooker.runs.problems() == []
    assert (onlooker.view(run).status, onlooker.view(run).held) == (RunStatus.RUNNING, False)
