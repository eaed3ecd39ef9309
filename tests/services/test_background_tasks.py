"""Background tasks as admins see them: their states, the request to run one now."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.text import background_tasks as texts
from mxlib.services.background_tasks import TaskState
from mxlib.services.exports import NotFound
from mxlib.store import background_tasks
from mxlib.store.background_tasks import LEASE_S, Lease
from tests.support.app import App, opened, trail
from tests.support.threaded_runs import ShiftedClock

KIM = Caller("kim", domains={"a.nl": frozenset(Permission)})
TASK = TaskName.EXPIRED_DATA
MINUTE = 60.0


class Tasks:
    """The tasks of a server whose runner is not started: a test takes and ends their leases itself."""

    def __init__(self, app: App, clock: ShiftedClock) -> None:
        self.app, self.clock, self.service = app, clock, app.services.background_tasks
        with app.services.store.write() as tx:
            for name in TaskName:
                background_tasks.introduce(tx, name, clock.now(), at_start=False)
        for name in TaskName:
            self.run(name)

    def run(self, name: TaskName, code: TaskCode = TaskCode.DONE, **figures: int) -> None:
        """Run a task to its end; it is due again in 10 minutes."""
        lease, now = self.take(name), self.clock.now()
        with self.app.services.store.write() as tx:
            assert background_tasks.end(tx, lease, TaskResult(code, figures), now, now + 10 * MINUTE)

    def take(self, name: TaskName) -> Lease:
        now = self.clock.now()
        with self.app.services.store.write() as tx:
            lease = background_tasks.take(tx, background_tasks.every(tx)[name], now, now + MINUTE)
        assert lease is not None
        return lease

    def state(self, name: TaskName = TASK) -> TaskState:
        return next(state for state in self.service.every(LOCAL) if state.name == name)


@pytest.fixture
def tasks(app: App, clock: ShiftedClock) -> Tasks:
    return Tasks(app, clock)


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def test_each_task_has_its_last_result_and_its_next_time(tasks: Tasks) -> None:
    assert {state.name for state in tasks.service.every(LOCAL)} == {*TaskName}
    tasks.run(TASK, entries=3)
    state, now = tasks.state(), tasks.clock.now()
    assert texts.result(state.code, state.figures or {}) == "Done: 3 audit entries."
    assert state.ended_at == pytest.approx(now, abs=5)
    assert state.due_at == pytest.approx(now + 10 * MINUTE, abs=5)
    assert not state.moves(now)


def test_a_running_task_says_since_when_until_its_lease_ends(tasks: Tasks) -> None:
    tasks.take(TASK)
    assert tasks.state().running_since == pytest.approx(tasks.clock.now(), abs=5)
    tasks.clock.ahead += LEASE_S + 1
    assert tasks.state().running_since is None


def test_an_admin_runs_a_task_now_and_the_audit_log_says_so(tasks: Tasks) -> None:
    tasks.service.run_now(LOCAL, TASK)
    assert tasks.state().moves(tasks.clock.now())
    assert trail(tasks.app)[-1] == ("task.run", TASK, LOCAL.name)


def test_others_neither_see_nor_run_tasks(tasks: Tasks) -> None:
    before, known = tasks.state(), trail(tasks.app)
    with pytest.raises(Forbidden, match="Only admins"):
        tasks.service.every(KIM)
    with pytest.raises(Forbidden, match="Only admins"):
        tasks.service.run_now(KIM, TASK)
    assert tasks.state() == before
    assert "task.run" not in {what for what, _, _ in trail(tasks.app)[len(known) :]}


def test_a_task_that_is_not_prepared_yet_cannot_be_run(app: App) -> None:
    known = trail(app)
    with pytest.raises(NotFound, match="Try again in a minute"):
        app.services.background_tasks.run_now(LOCAL, TASK)
    assert trail(app) == known
