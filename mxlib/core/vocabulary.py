"""The closed sets of what may become of a row and of a run."""

from enum import StrEnum


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
