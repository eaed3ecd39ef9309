"""Figures of the whole server for its monitoring: counts and ages, and nothing about any person."""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.clock import Clock
from mxlib.core.channels import DeliveryStatus
from mxlib.core.mail_ports import MailPort, MailPorts
from mxlib.core.mails import MailStatus
from mxlib.core.vocabulary import OPEN, Outcome, RunStatus
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.runs.manager import RunManager
from mxlib.services.backups import Backups
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.usage_watch import UsageWatch
from mxlib.store import Store, background_tasks, channels, outbox, server_counts
from mxlib.store.background_tasks import TaskRecord
from mxlib.tasks import TaskName, TaskRunner


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """One background task: when it ended last, and since when it fails (Unix seconds); None for never."""

    ended_at: float | None
    failing_since: float | None


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """The ages of the newest and of the oldest list, in seconds; None for never."""

    newest_s: float | None
    oldest_s: float | None
    never_read: int


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """Everything that the monitoring reads at once."""

    runs: Mapping[RunStatus, int]
    rows: Mapping[Outcome, int]
    #: Requests that MXroute's limit leaves in this window, and allows in a whole one, by kind.
    limits: Mapping[str, tuple[int, int]]
    requests: Mapping[str, int]
    failures: Mapping[str, int]
    #: Whether MXroute answered well at the last try; None before the first one.
    host_is_well: bool | None
    mails: Mapping[MailStatus, int]
    #: Seconds since the first mail that waits was due; 0.0 while none does.
    mail_delay_s: float
    deliveries: Mapping[DeliveryStatus, int]
    #: Whether each mail port served at the last look; blank before the first one, and on the sandbox.
    mail_ports: Mapping[MailPort, bool]
    #: Seconds until the first certificate of a mail port ends; None while none is known.
    certificate_s: float | None
    watch: WatchFigures
    tasks: Mapping[str, TaskFigures]
    #: Seconds since the newest good backup; None before the first one, and where none is made.
    backup_age_s: float | None

    @property
    def rows_waiting(self) -> int:
        """Return the rows that have no end yet."""
        return sum(self.rows.get(outcome, 0) for outcome in OPEN)


class ServerFiguresService:
    """Counts what the monitoring reads. Who may read it is decided at its route."""

    def __init__(
        self, store: Store, clock: Clock, host: MXrouteClient, rate_limiter: RateLimiter, lists: MailboxLists,
        manager: RunManager, usage_watch: UsageWatch, backups: Backups, runner: TaskRunner,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._host, self._rate_limiter = store, clock, host, rate_limiter
        self._manager = manager
        self._lists, self._usage_watch, self._backups, self._runner = lists, usage_watch, backups, runner

    def read(self) -> ServerFigures:
        """Return the figures of now; raises StoreUnavailable."""
        now = self._clock.now()
        with self._store.read() as tx:
            counts, mails = server_counts.runs(tx), outbox.counts(tx)
            waiting, tasks = outbox.waiting(tx), background_tasks.every(tx)
            deliveries = channels.counts(tx)
        looked = tasks.get(TaskName.MAIL_PORTS)
        ports = MailPorts.from_figures(looked.figures) if looked else None
        until = ports.certificate_until if ports else None
        problem, watch = self._lists.last_problem(), self._usage_watch.state()
        due = waiting.due_since
        return ServerFigures(
            runs={status: counts.runs.get(status, 0) for status in RunStatus},
            rows={outcome: counts.rows.get(outcome, 0) for outcome in Outcome},
            limits={kind: self._rate_limiter.left(kind) for kind in ("read", "write")},
            requests=self._host.counts.requests(),
            failures={kind.value: count for kind, count in self._host.counts.failures().items()},
            host_is_well=False if self._manager.silent() else None if problem is None else not problem,
            mails={status: mails.get(status, 0) for status in MailStatus},
            mail_delay_s=0.0 if due is None else max(0.0, now - due),
            deliveries={status: deliveries.get(status, 0) for status in DeliveryStatus},
            mail_ports={each.look.port: each.look.problem is None for each in ports.ports} if ports else {},
            certificate_s=None if until is None else until - now,
            watch=WatchFigures(_age(watch.newest, now), _age(watch.oldest, now), watch.never_read),
            tasks={task.name.value: _of_task(tasks.get(task.name)) for task in self._runner.tasks},
            backup_age_s=self._backups.age() if self._backups.is_set else None,
        )


def _age(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)


def _of_task(record: TaskRecord | None) -> TaskFigures:
    return TaskFigures(record.finished_at, record.failing_since) if record else TaskFigures(None, None)
