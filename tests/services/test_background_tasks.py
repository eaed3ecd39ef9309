"""Background tasks as admins see them: their states, the request to run one now, and what health reports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.mails import MailCause, MailStatus, TrialMail
from mxlib.core.text import background_tasks as texts
from mxlib.services.background_tasks import LONG_S, LONGEST_RUN_S, TaskState
from mxlib.services.exports import NotFound
from mxlib.services.outbox import QueuedMail, Recipient
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

    def renew(self, lease: Lease) -> None:
        with self.app.services.store.write() as tx:
            assert background_tasks.renew(tx, lease, self.clock.now())

    def later(self, seconds: float, *idle: TaskName) -> None:
        """Let time pass; all tasks but those that are `idle` run as they should."""
        self.clock.ahead += seconds
        for name in TaskName:
            if name not in idle:
                self.run(name)

    def state(self, name: TaskName = TASK) -> TaskState:
        return next(state for state in self.service.every(LOCAL) if state.name == name)

    def unwell(self) -> list[str]:
        return self.app.services.unwell(LOCAL)


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


def test_an_admin_runs_a_task_now_and_the_audit_log_says_so(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[bool] = []
    monkeypatch.setattr(tasks.service._runner, "wake", lambda: woken.append(True))
    tasks.service.run_now(LOCAL, TASK)
    assert woken == [True]
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
    tasks.later(2 * LONG_S, TASK)
    assert tasks.unwell()
    assert tasks.app.services.unwell(KIM) == []


def test_a_task_that_is_not_prepared_yet_cannot_be_run(app: App) -> None:
    known = trail(app)
    with pytest.raises(NotFound, match="Try again in a minute"):
        app.services.background_tasks.run_now(LOCAL, TASK)
    assert trail(app) == known
    assert app.services.unwell(LOCAL) == []


def test_health_reports_a_task_that_fails_for_long_until_it_succeeds(tasks: Tasks) -> None:
    tasks.run(TASK, TaskCode.UNFORESEEN)
    assert tasks.unwell() == []
    since = tasks.state().failing_since
    assert since is not None
    tasks.later(LONG_S + MINUTE, TASK)
    tasks.run(TASK, TaskCode.UNFORESEEN)
    assert tasks.unwell() == [texts.failing(TASK, since, tasks.clock.now())]
    tasks.run(TASK)
    assert tasks.unwell() == []


def test_health_reports_an_overdue_task_once_the_server_had_time_to_run_it(tasks: Tasks) -> None:
    due_at = tasks.state().due_at
    assert due_at is not None
    tasks.later(10 * MINUTE + LONG_S - MINUTE, TASK)
    assert tasks.unwell() == []
    tasks.later(2 * MINUTE, TASK)
    assert tasks.unwell() == [texts.overdue(TASK, due_at, tasks.clock.now())]
    tasks.service._since = tasks.clock.now()  # the server was stopped until now
    assert tasks.unwell() == []


def test_requests_again_and_again_do_not_hide_that_a_task_is_overdue(tasks: Tasks) -> None:
    tasks.later(2 * LONG_S, TASK)
    tasks.service.run_now(LOCAL, TASK)
    assert tasks.state().is_overdue


def test_health_reports_a_run_that_does_not_end(tasks: Tasks) -> None:
    lease, since = tasks.take(TASK), tasks.clock.now()
    tasks.later(LONGEST_RUN_S - MINUTE, TASK)
    tasks.renew(lease)
    assert tasks.unwell() == []
    tasks.later(2 * MINUTE, TASK)
    tasks.renew(lease)
    assert tasks.unwell() == [texts.stuck(TASK, since, tasks.clock.now())]


@pytest.mark.parametrize(
    ("name", "code", "reported"),
    [
        (TaskName.BACKUP, TaskCode.FAILED, False),
        (TaskName.DATABASE_CHECK, TaskCode.FAILED, False),
        (TaskName.BACKUP, TaskCode.UNFORESEEN, True),
        (TaskName.AUDIT_CHECK, TaskCode.UNFORESEEN, True),
        (TaskName.ERASURE, TaskCode.FAILED, True),
    ],
)
def test_a_failure_that_is_reported_elsewhere_is_not_repeated(
    tasks: Tasks, name: TaskName, code: TaskCode, reported: bool
) -> None:
    tasks.run(name, code)
    tasks.later(LONG_S + MINUTE, name)
    tasks.run(name, code)
    assert [texts.LABELS[name] in problem for problem in tasks.unwell()] == [True] * reported


def test_a_late_backup_is_reported_by_its_age_alone(tasks: Tasks) -> None:
    tasks.later(3 * LONG_S, TaskName.BACKUP)
    assert tasks.state(TaskName.BACKUP).is_overdue
    assert tasks.unwell() == []


@pytest.mark.parametrize(("closing", "status"), [(False, MailStatus.CAUGHT), (True, MailStatus.WAITING)])
def test_mails_stay_queued_once_the_process_is_closing(tasks: Tasks, closing: bool, status: MailStatus) -> None:
    app, runner = tasks.app.services, tasks.app.services.task_runner
    mail = QueuedMail(Recipient("kim@agency.example"), TrialMail("jo", ""), MailCause.TEST)
    with app.store.write() as tx:
        app.outbox.queue(tx, mail, "jo")
    if closing:
        runner.close()
    task = next(each for each in runner.tasks if each.name is TaskName.MAIL)
    task.step(tasks.take(TaskName.MAIL))
    assert [each.status for each in app.outbox.list_all(LOCAL)] == [status]
