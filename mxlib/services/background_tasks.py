"""The background tasks of the server: which there are, when each is due, and how it ended for people."""

from collections.abc import Callable

from mxlib.auth.refusals import Refusals
from mxlib.clock import Clock
from mxlib.core.nights import DAY
from mxlib.runs.manager import RunManager
from mxlib.services.audit_proof import CHECK_HOUR, AuditProof
from mxlib.services.backups import BACKUP_HOUR, Backups
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.housekeeping import Housekeeping
from mxlib.services.outbox import OutboxService
from mxlib.store import Store
from mxlib.tasks import BackgroundTask, Every, Lease, Nightly, TaskCode, TaskName, TaskResult, TaskRunner

#: Seconds between two runs of what is due at any time.
_OFTEN = 600.0

#: Seconds after which files that were in use are emptied again.
ERASE_AGAIN_S = 2.0


def make_runner(store: Store, clock: Clock, refusals: Refusals, owns: Callable[[], bool]) -> TaskRunner:
    """Return the runner, before any task.

    Long readers and counts of refusals are of each process, so each ends its own.
    """
    return TaskRunner(store, clock, owns, (store.readers.end_old, refusals.end_hour))


def register_all(
    runner: TaskRunner, clock: Clock, runs: RunManager, housekeeping: Housekeeping, proof: AuditProof,
    backups: Backups, dated: DatedDeletions, outbox: OutboxService,
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
        done = outbox.send_due()
        tried = done.sent + done.ended + done.failed
        return TaskResult(TaskCode.DONE if tried else TaskCode.NOTHING_DUE, {"mails": done.sent}, done.next_at)

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
    ):
        runner.register(task)


def _counted(what: str, count: int) -> TaskResult:
    """Return the result of a task that did so many things."""
    return TaskResult(TaskCode.DONE, {what: count}) if count else TaskResult(TaskCode.NOTHING_DUE)
