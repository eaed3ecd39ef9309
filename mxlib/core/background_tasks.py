"""Background tasks: their names, and the codes of their results."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class TaskName(StrEnum):
    """Every background task; a stored value never changes."""

    PASSWORD_RETENTION = "password_retention"  # noqa: S105 - the name of a task
    ERASURE = "erasure"
    EXPIRED_DATA = "expired_data"
    DATABASE_CHECK = "database_check"
    AUDIT_CHECK = "audit_check"
    BACKUP = "backup"
    BACKUP_COPIES = "backup_copies"
    DATED_DELETIONS = "dated_deletions"
    MAIL = "mail"
    NOTICES = "notices"
    LINKS = "links"
    RESETS = "resets"
    USAGE = "usage"
    MONTH = "month"
    HEARTBEAT = "heartbeat"
    MAIL_PORTS = "mail_ports"
    DELIVERIES = "deliveries"


class TaskCode(StrEnum):
    """The end of a background task; a stored value never changes."""

    DONE = "done"
    NOTHING_DUE = "nothing_due"
    #: A setting that the task needs is blank.
    NOT_SET = "not_set"
    #: A restore from a backup waits for an admin.
    ON_HOLD = "on_hold"
    #: Some of it has to wait, and is tried again soon.
    UNFINISHED = "unfinished"
    #: Others need MXroute's limit of reads first; it is tried again soon.
    BEHIND_OTHERS = "behind_others"
    #: The task failed, and knows why; its log says it.
    FAILED = "failed"
    #: The database could not be written or read.
    STORE_UNAVAILABLE = "store_unavailable"
    #: An error that no code foresees.
    UNFORESEEN = "unforeseen"
    #: The process ended, or lost its lease, before the task did.
    INTERRUPTED = "interrupted"


#: Codes of results that are tried again with growing pauses, and that make a task count as failing.
FAILURES = frozenset({TaskCode.FAILED, TaskCode.STORE_UNAVAILABLE, TaskCode.UNFORESEEN, TaskCode.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class TaskResult:
    """The end of one step of a background task."""

    code: TaskCode = TaskCode.DONE
    #: What fills the text of the result, such as how many things were done.
    figures: Mapping[str, int | float | str] = field(default_factory=dict)
    #: When to go on (Unix seconds), if that is before the schedule's next time.
    again_at: float | None = None

    @property
    def failed(self) -> bool:
        """Return whether the task counts as failing after this."""
        return self.code in FAILURES
