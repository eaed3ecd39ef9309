"""The closed words: verdicts, actions, outcomes, states, and what the audit log records."""

# ruff: noqa: S105 - words about passwords and tokens, none of which is a secret

from enum import StrEnum


class Verdict(StrEnum):
    """What the preview says of a row, before anything is sent; the worst that is true wins, in this order."""

    INVALID = "invalid"
    DUPLICATE = "duplicate"
    EXISTS = "exists"
    NEEDS_PASSWORD = "needs_password"
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


#: A value kept here that is to be forgotten; blank keeps what there is.
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


class CallerKind(StrEnum):
    """What kind of identity acts: a person, a token of the API, or MXM itself."""

    OPERATOR = "operator"
    TOKEN = "token"
    ENGINE = "engine"


class AuditAction(StrEnum):
    """Every action that the audit log records; a stored value never changes."""

    MAILBOX_CREATE = "mailbox.create"
    MAILBOX_UPDATE = "mailbox.update"
    MAILBOX_DELETE = "mailbox.delete"
    MAILBOX_NOT_DONE = "mailbox.not_done"
    MAILBOX_PASSWORD_SHOWN = "mailbox.password_shown"
    MAILBOX_PASSWORD_FORGOTTEN = "mailbox.password_forgotten"
    RECOVERY_SET = "recovery.set"
    NAME_SET = "name.set"
    EXPORT = "export"
    RESULTS_DOWNLOAD = "results.download"
    RUN_START = "run.start"
    RUN_RETRY = "run.retry"
    RUN_UNDO = "run.undo"
    RUN_TAKE_OVER = "run.take_over"
    RUN_PAUSE = "run.pause"
    RUN_RESUME = "run.resume"
    RUN_STOP = "run.stop"
    RUN_PAUSED = "run.paused"
    RUN_STOPPED = "run.stopped"
    RUN_FINISHED = "run.finished"
    RUN_EXTEND = "run.extend"
    RUN_HANDED_OVER = "run.handed_over"
    RUN_PASSWORDS_FORGOTTEN = "run.passwords_forgotten"
    RUN_PASSWORDS_ERASED = "run.passwords_erased"
    COLUMNS_ANSWER = "columns.answer"
    DRAFT_TAKE_OVER = "draft.take_over"
    DRAFT_DOWNLOAD = "draft.download"
    DRAFT_DISCARD = "draft.discard"
    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_OUT = "sign_out"
    SIGN_OUT_EVERYWHERE = "sign_out.everywhere"
    PASSWORD_SET = "password.set"
    USER_ADD = "user.add"
    USER_CHANGE = "user.change"
    USER_DISABLE = "user.disable"
    USER_ENABLE = "user.enable"
    USER_LINK = "user.link"
    USER_UNLINK = "user.unlink"
    TOKEN_CREATE = "token.create"
    TOKEN_CHANGE = "token.change"
    TOKEN_REVOKE = "token.revoke"
    TOKEN_HAND_OVER = "token.hand_over"
    TIME_CONFIRM = "time.confirm"
    AUDIT_DOWNLOAD = "audit.download"


#: What a row or a single write did to its mailbox, once it is done.
ACTION_DONE = {
    Action.CREATE: AuditAction.MAILBOX_CREATE,
    Action.UPDATE: AuditAction.MAILBOX_UPDATE,
    Action.DELETE: AuditAction.MAILBOX_DELETE,
}

#: Actions after which a mailbox, or what MXM keeps of it, is different.
MAILBOX_CHANGES = frozenset({*ACTION_DONE.values(), AuditAction.RECOVERY_SET, AuditAction.NAME_SET})

#: Actions after which an address may be another mailbox than before.
MAILBOX_REPLACED = frozenset({AuditAction.MAILBOX_CREATE, AuditAction.MAILBOX_DELETE})
