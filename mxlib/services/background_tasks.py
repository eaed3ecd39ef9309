"""The background tasks of the server: which there are, when each is due, and what an admin sees and does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.refusals import Refusals
from mxlib.clock import Clock
from mxlib.core.nights import DAY, HOUR
from mxlib.core.text import background_tasks as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import RunManager
from mxlib.services.audit_proof import CHECK_HOUR, AuditProof
from mxlib.services.backups import BACKUP_HOUR, Backups
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.deliveries import Deliveries
from mxlib.services.exports import NotFound
from mxlib.services.heartbeat import BEAT_EVERY, Heartbeat
from mxlib.services.housekeeping import Housekeeping
from mxlib.services.link_maker import LinkMaker
from mxlib.services.mail_ports import LOOK_EVERY, MailPortsService
from mxlib.services.month_mails import MonthMails
from mxlib.services.notice_maker import NOTICES_EVERY, NoticeMaker
from mxlib.services.outbox import OutboxService
from mxlib.services.self_service import SelfService
from mxlib.services.usage_watch import WATCH_EVERY, UsageWatch
from mxlib.store import Store, audit, background_tasks
from mxlib.store.background_tasks import TaskRecord
from mxlib.tasks import BackgroundTask, Every, Lease, Nightly, TaskCode, TaskName, TaskResult, TaskRunner

#: Seconds between two runs of what is due at any time.
_OFTEN = 600.0

#: Seconds after which files that were in use are emptied again.
ERASE_AGAIN_S = 2.0

#: Seconds after which a failure, or a run that did not begin at its time, is reported.
LONG_S = HOUR

#: Seconds after which a run that has not ended is reported.
LONGEST_RUN_S = 3 * HOUR

#: Tasks whose own problem is reported by what they do, where their result is FAILED.
_REPORT_FAILURES = frozenset({TaskName.BACKUP, TaskName.DATABASE_CHECK})

#: Tasks whose delay is reported by what they do: the age of the newest backup.
_REPORT_DELAYS = frozenset({TaskName.BACKUP})


@dataclass(frozen=True, slots=True)
class TaskState:
    """One background task as an admin sees it; times in Unix seconds."""

    name: TaskName
    #: How it ended last, and what fills the text of that; blank before its first end.
    code: str = ""
    figures: Mapping[str, Any] | None = None
    ended_at: float | None = None
    #: When it is due; None before the server has prepared it.
    due_at: float | None = None
    running_since: float | None = None
    failing_since: float | None = None
    #: Whether its run has not begun, long after it was due.
    is_overdue: bool = False
    #: Whether its run has not ended for very long.
    is_stuck: bool = False

    def moves(self, now: float) -> bool:
        """Return whether it runs, or is about to."""
        return self.running_since is not None or (self.due_at is not None and self.due_at <= now)


@resolves_callers
class BackgroundTasks:
    """Shows background tasks to admins, and runs one now; any process may do it."""

    def __init__(self, store: Store, clock: Clock, runner: TaskRunner) -> None:
        self._store, self._clock, self._runner = store, clock, runner
        self._since = clock.now()

    def every(self, caller: Caller) -> tuple[TaskState, ...]:
        """Return the state of each task; for admins."""
        if not caller.admin:
            raise Forbidden("Only admins see the background tasks. Ask an admin.")
        with self._store.read() as tx:
            records = background_tasks.every(tx)
        now = self._clock.now()
        return tuple(self._state(task, records.get(task.name), now) for task in self._runner.tasks)

    def run_now(self, caller: Caller, name: TaskName) -> None:
        """Let a task run at once, or again if it runs; for admins.

        Raises NotFound for one that the server has not prepared yet.
        """
        if not caller.admin:
            raise Forbidden("Only admins run background tasks. Ask an admin.")
        now = self._clock.now()
        with self._store.write() as tx:
            if not background_tasks.request(tx, name, now):
                raise NotFound(texts.not_ready(name))
            audit.record(tx, caller, AuditAction.TASK_RUN, at=now, on=name.value)
        self._runner.wake()

    def problems(self, caller: Caller) -> list[str]:
        """Return which tasks fail, wait or run for too long, one sentence each; for admins.

        What the backup and the check of the database report themselves is left out.
        """
        now = self._clock.now()
        found = (_problem(state, now) for state in self.every(caller)) if caller.admin else ()
        return [text for text in found if text]

    def _state(self, task: BackgroundTask, record: TaskRecord | None, now: float) -> TaskState:
        if record is None:
            return TaskState(task.name)
        due_at = record.next_at if record.requested_at is None else min(record.next_at, record.requested_at)
        if record.is_due(now, task.longest_wait):
            due_at = min(due_at, now)
        running_since = record.started_at if record.is_leased(now) else None
        return TaskState(
            task.name, record.code, record.figures, record.finished_at, due_at, running_since, record.failing_since,
            # While the server was stopped, nothing could run.
            is_overdue=running_since is None and now - max(due_at, self._since) > LONG_S,
            is_stuck=running_since is not None and now - running_since > LONGEST_RUN_S,
        )  # fmt: skip


def _problem(state: TaskState, now: float) -> str:
    """Return what is wrong with a task, in one sentence.

    Blank when nothing is, or when others report it.
    """
    if state.is_stuck and state.running_since is not None:
        return texts.stuck(state.name, state.running_since, now)
    if state.is_overdue and state.due_at is not None and state.name not in _REPORT_DELAYS:
        return texts.overdue(state.name, state.due_at, now)
    since, reported = state.failing_since, state.code == TaskCode.FAILED and state.name in _REPORT_FAILURES
    return texts.failing(state.name, since, now) if since is not None and now - since > LONG_S and not reported else ""


def make_runner(store: Store, clock: Clock, refusals: Refusals, owns: Callable[[], bool]) -> TaskRunner:
    """Return the runner, before any task.

    Long readers and counts of refusals are of each process, so each ends its own.
    """
    return TaskRunner(store, clock, owns, (store.end_old_readers, refusals.end_hour))


def register_all(
    runner: TaskRunner, clock: Clock, runs: RunManager, housekeeping: Housekeeping, proof: AuditProof,
    backups: Backups, dated: DatedDeletions, outbox: OutboxService, link_maker: LinkMaker, self_service: SelfService,
    usage: UsageWatch, month_mails: MonthMails, heartbeat: Heartbeat, mail_ports: MailPortsService,
    deliveries: Deliveries,
) -> None:  # fmt: skip
    """Register every background task of the server."""

    def retain(_lease: Lease) -> TaskResult:
        return _counted("runs", runs.purge())

    def erase(_lease: Lease) -> TaskResult:
        if runs.erase_forgotten():
            return TaskResult()
        return TaskResult(TaskCode.UNFINISHED, again_at=clock.now() + ERASE_AGAIN_S)

    def tidy(_lease: Lease) -> TaskResult:
        return _counted("entries", housekeeping.tidy())

    def check_database(_lease: Lease) -> TaskResult:
        sound = housekeeping.check()
        return TaskResult(TaskCode.UNFINISHED if sound is None else TaskCode.DONE if sound else TaskCode.FAILED)

    def check_audit(_lease: Lease) -> TaskResult:
        return TaskResult(TaskCode.DONE if proof.check() else TaskCode.NOTHING_DUE)

    def remove_copies(_lease: Lease) -> TaskResult:
        gone = backups.remove_left()
        return TaskResult(TaskCode.DONE if gone else TaskCode.UNFINISHED)

    def delete_dated(_lease: Lease) -> TaskResult:
        return _counted("deletions", dated.work())

    def send_mails(_lease: Lease) -> TaskResult:
        done = outbox.send_due(lambda: not runner.is_closing)
        tried = done.sent + done.ended + done.failed
        return TaskResult(TaskCode.DONE if tried else TaskCode.NOTHING_DUE, {"mails": done.sent}, done.next_at)

    def make_links(_lease: Lease) -> TaskResult:
        done = link_maker.work(lambda: not runner.is_closing)
        did = done.made + done.ended
        return TaskResult(TaskCode.DONE if did else TaskCode.NOTHING_DUE, {"links": done.made}, done.next_at)

    def answer_requests(_lease: Lease) -> TaskResult:
        done = self_service.work(lambda: not runner.is_closing)
        figures = {"requests": done.requests, "mails": done.mails}
        code = TaskCode.DONE if done.requests or done.mails else TaskCode.NOTHING_DUE
        return TaskResult(code, figures, done.next_at)

    def send_notices(_lease: Lease) -> TaskResult:
        done = deliveries.send_due(lambda: not runner.is_closing)
        code = TaskCode.DONE if done.sent or done.failed else TaskCode.NOTHING_DUE
        return TaskResult(code, {"deliveries": done.sent}, done.next_at)

    for task in (
        BackgroundTask(TaskName.PASSWORD_RETENTION, Every(_OFTEN), retain, at_start=True),
        BackgroundTask(TaskName.ERASURE, Every(_OFTEN), erase, at_start=True, retry_s=ERASE_AGAIN_S),
        BackgroundTask(TaskName.EXPIRED_DATA, Every(_OFTEN), tidy, at_start=True),
        BackgroundTask(TaskName.DATABASE_CHECK, Every(DAY), check_database, at_start=True),
        BackgroundTask(TaskName.AUDIT_CHECK, Nightly(CHECK_HOUR), check_audit, at_start=True),
        BackgroundTask(TaskName.BACKUP_COPIES, Every(_OFTEN), remove_copies, at_start=True),
        BackgroundTask(TaskName.BACKUP, Nightly(BACKUP_HOUR), lambda _lease: backups.nightly(), at_start=True),
        BackgroundTask(TaskName.DATED_DELETIONS, Every(_OFTEN), delete_dated, at_start=True),
        BackgroundTask(TaskName.MAIL, Every(_OFTEN), send_mails, at_start=True),
        BackgroundTask(TaskName.LINKS, Every(_OFTEN), make_links, at_start=True),
        BackgroundTask(TaskName.RESETS, Every(_OFTEN), answer_requests, at_start=True),
        BackgroundTask(TaskName.USAGE, Every(WATCH_EVERY), usage.read),
        BackgroundTask(TaskName.MONTH, Every(HOUR), lambda _lease: month_mails.work(), at_start=True),
        BackgroundTask(TaskName.HEARTBEAT, Every(BEAT_EVERY), heartbeat.beat, at_start=True, is_quick=True),
        BackgroundTask(TaskName.MAIL_PORTS, Every(LOOK_EVERY), mail_ports.look, at_start=True, is_quick=True),
        BackgroundTask(TaskName.DELIVERIES, Every(_OFTEN), send_notices, at_start=True),
    ):
        runner.register(task)


def of_notices(notices: NoticeMaker) -> BackgroundTask:
    """Return the background task of notices."""
    return BackgroundTask(TaskName.NOTICES, Every(NOTICES_EVERY), notices.work, is_quick=True)


def _counted(what: str, count: int) -> TaskResult:
    """Return the result of a task that did so many things."""
    return TaskResult(TaskCode.DONE, {what: count}) if count else TaskResult(TaskCode.NOTHING_DUE)
