"""The closed words: verdicts, actions, outcomes and states that rows and runs may have."""

from enum import StrEnum


class Verdict(StrEnum):
    """What the preview says of a row, before anything is sent; the worst that is true wins, in this order."""

    INVALID = "invalid"
    DUPLICATE = "duplicate"
    EXISTS = "exists"
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a verdict, not a secret
    READY = "ready"


class OnExisting(StrEnum):
    """What becomes of rows whose mailbox is there already."""

    SKIP = "skip"
    UPDATE = "update"


class Action(StrEnum):
    """What a row asks of the host."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class RunKind(StrEnum):
    """What a run is for."""

    IMPORT = "import"
    CHANGE = "change"
    DELETE = "delete"
    UNDO = "undo"


#: A recovery email that is to be forgotten; blank keeps what there is.
CLEAR = "-"


class Outcome(StrEnum):
    """What became of a row; the first three only while its run goes on."""

    WAITING = "waiting"
    SENDING = "sending"
    SETTLING = "settling"
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"


#: Not decided yet.
OPEN = frozenset({Outcome.WAITING, Outcome.SENDING, Outcome.SETTLING})

#: The host now is as the row asked.
DONE = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DELETED})

#: What *Retry failed rows* sends again.
RETRIED = frozenset({Outcome.FAILED, Outcome.NOT_ATTEMPTED})


class Proof(StrEnum):
    """How the outcome of a row is known, where its own answer does not say it."""

    ANSWERED = ""
    #: No answer came; its mailbox was read back.
    READ_BACK = "read_back"
    #: MXroute said no, and did it.
    AGAINST_ANSWER = "against_answer"


class RunStatus(StrEnum):
    """How it stands with a run."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"


#: Statuses that nothing leads out of.
AT_AN_END = frozenset({RunStatus.STOPPED, RunStatus.FINISHED})
