"""Closed sets of values: verdicts, actions, outcomes, statuses, and the actions in the audit log."""

# ruff: noqa: S105 - words about passwords and tokens, none of which is a secret

from enum import StrEnum


class Verdict(StrEnum):
    """The verdict on a row before anything is sent.

    If several apply, the first in this order wins: the worst is first.
    """

    INVALID = "invalid"
    DUPLICATE = "duplicate"
    EXISTS = "exists"
    NEEDS_PASSWORD = "needs_password"
    READY = "ready"


class OnExisting(StrEnum):
    """The choice for rows whose mailbox exists already."""

    SKIP = "skip"
    UPDATE = "update"


class Action(StrEnum):
    """The request that a row makes of MXroute."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    #: Sets a password that nobody knows; nothing stores it.
    LOCK = "lock"
    #: Sets a new password, which ends a lock.
    UNLOCK = "unlock"


class RunKind(StrEnum):
    """The purpose of a run."""

    IMPORT = "import"
    CHANGE = "change"
    DELETE = "delete"
    UNDO = "undo"
    #: It sends links, and asks nothing of MXroute.
    LINKS = "links"


#: Clears a value that MXM stores; blank leaves it as it is.
CLEAR = "-"


class Outcome(StrEnum):
    """The outcome of a row; the first three occur only while its run is active."""

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


#: Outcomes of rows that are not decided yet.
OPEN = frozenset({Outcome.WAITING, Outcome.SENDING, Outcome.SETTLING})

#: Outcomes after which MXroute has what the row asked for.
DONE = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.DELETED})

#: Outcomes of the rows that *Retry failed rows* sends again.
RETRIED = frozenset({Outcome.FAILED, Outcome.NOT_ATTEMPTED})


class Proof(StrEnum):
    """The evidence for a row's outcome, where the response to its request is not enough."""

    ANSWERED = ""
    #: There was no response; the mailbox was read back.
    READ_BACK = "read_back"
    #: MXroute reported a refusal, but made the change.
    AGAINST_ANSWER = "against_answer"


class RowReason(StrEnum):
    """Reasons of the outcomes of run rows; codes are public and stay as they are."""

    # It was left out when the run was planned.
    UNTICKED = "unticked"
    INVALID = "invalid"
    DUPLICATE = "duplicate"
    ALREADY_EXISTS = "already_exists"
    NEEDS_PASSWORD = "needs_password"
    NO_CHANGE = "no_change"
    # Its mailbox is not the planned one any more, and stays as it is.
    CREATED_MEANWHILE = "created_meanwhile"
    CREATED_BY_ANOTHER = "created_by_another"
    GONE = "gone"
    RECREATED = "recreated"
    CHANGED_SINCE_PLAN = "changed_since_plan"
    CHANGED_SINCE_RUN = "changed_since_run"
    FIGURE_CHANGED = "figure_changed"
    VALUE_CHANGED = "value_changed"
    SUSPENDED = "suspended"
    HOLDS_MAIL = "holds_mail"
    SENT_TODAY = "sent_today"
    LESS_MAIL = "less_mail"
    FEWER_SENT = "fewer_sent"
    USE_UNKNOWN = "use_unknown"
    STATE_UNKNOWN = "state_unknown"
    NOT_RESTORABLE = "not_restorable"
    # Its lock forbids it, or there is no lock to end.
    LOCKED = "locked"
    NOT_LOCKED = "not_locked"
    # Its client may not have that quota by now.
    QUOTA_OVER_CAP = "quota_over_cap"
    # It is withdrawn, or may be.
    CALLED_OFF = "called_off"
    OTHER_DATE = "other_date"
    RESTORED = "restored"
    #: One of these, to a reader who may not see which.
    NOT_AS_PLANNED = "not_as_planned"
    # It failed.
    REFUSED = "refused"
    NOT_ALLOWED = "not_allowed"
    PLAN_FULL = "plan_full"
    NO_ANSWER = "no_answer"
    NOT_READABLE = "not_readable"
    NOT_DONE = "not_done"
    # Its run was stopped.
    STOPPED = "stopped"
    STOPPED_UNANSWERED = "stopped_unanswered"
    MAY_BE_DONE = "may_be_done"
    # It is done.
    STORED_HERE = "stored_here"
    READ_BACK = "read_back"
    AGAINST_ANSWER = "against_answer"
    # It is done, and was compared with MXroute.
    AS_ASKED = "as_asked"
    DIFFERS = "differs"
    NOT_LISTED = "not_listed"
    LISTED_AGAIN = "listed_again"


class RunStatus(StrEnum):
    """The status of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"


class Wish(StrEnum):
    """A request of a process that does not own a run to its owner: to look at it, at least."""

    LOOK = "look"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


#: Statuses that are final.
AT_AN_END = frozenset({RunStatus.STOPPED, RunStatus.FINISHED})


class PauseCode(StrEnum):
    """Reasons of pauses of a run; codes are public and stay as they are."""

    OPERATOR = "operator"
    KEY_REFUSED = "key_refused"
    NOT_ALLOWED = "not_allowed"
    NO_WRITES = "no_writes"
    PLAN_FULL = "plan_full"
    HOST_SILENT = "host_silent"
    READS_REFUSED = "reads_refused"
    PASSWORDS_LOCKED = "passwords_locked"
    STORE_FAILED = "store_failed"
    RESTORED = "restored"
    FAULT = "fault"


#: Stored in place of a name, an address or a text that was erased for a person.
ERASED = "(erased)"


class CallerKind(StrEnum):
    """The kind of identity that acts: a person, an API token, MXM itself, or the owner of a mailbox by a link."""

    OPERATOR = "operator"
    TOKEN = "token"
    ENGINE = "engine"
    LINK = "link"


class HandOverWay(StrEnum):
    """The way on which a password reaches its owner.

    `results` leave without being for single people.
    """

    LETTER = "letter"
    MAIL_MERGE = "mail_merge"
    FILE = "file"
    PASSWORD_MANAGER = "password_manager"
    MESSAGE = "message"
    OTHER = "other"
    RESULTS = "results"


class SecondFactorMode(StrEnum):
    """The rule for second factors of people who sign in with a password."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    OFF = "off"


class AuditAction(StrEnum):
    """Every action that the audit log records; a stored value never changes."""

    MAILBOX_CREATE = "mailbox.create"
    MAILBOX_UPDATE = "mailbox.update"
    MAILBOX_DELETE = "mailbox.delete"
    MAILBOX_NOT_DONE = "mailbox.not_done"
    MAILBOX_LOCK = "mailbox.lock"
    MAILBOX_UNLOCK = "mailbox.unlock"
    MAILBOX_UNLOCK_BY_LINK = "mailbox.unlock_by_link"
    MAILBOX_LOCK_ENDED = "mailbox.lock_ended"
    MAILBOX_DELETE_LATER = "mailbox.delete_later"
    MAILBOX_DELETE_ASKS = "mailbox.delete_asks"
    MAILBOX_DELETE_CALLED_OFF = "mailbox.delete_called_off"
    MAILBOX_PASSWORD_SHOWN = "mailbox.password_shown"
    MAILBOX_PASSWORD_FORGOTTEN = "mailbox.password_forgotten"
    RECOVERY_SET = "recovery.set"
    NOTICES_LEFT_OUT = "run.notices_left_out"
    NAME_SET = "name.set"
    EXPORT = "export"
    RESULTS_DOWNLOAD = "results.download"
    RESULTS_DOWNLOAD_BARE = "results.download_bare"
    MESSAGE_TAKE = "run.message"
    HAND_OVER_MARK = "run.hand_over_mark"
    HAND_OVER_UNMARK = "run.hand_over_unmark"
    HAND_OVER_RENEW = "run.hand_over_renew"
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
    IMPORT_SAME_PEOPLE = "import.same_people"
    DRAFT_TAKE_OVER = "draft.take_over"
    DRAFT_DOWNLOAD = "draft.download"
    DRAFT_DISCARD = "draft.discard"
    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_OUT = "sign_out"
    SIGN_OUT_EVERYWHERE = "sign_out.everywhere"
    SIGN_OUT_ELSEWHERE = "sign_out.elsewhere"
    SECOND_FACTOR_ENROLL = "second_factor.enroll"
    SECOND_FACTOR_REFUSED = "second_factor.refused"
    SECOND_FACTOR_RESET = "second_factor.reset"
    RECOVERY_CODES_MAKE = "second_factor.recovery_codes"
    RECOVERY_CODE_USE = "second_factor.recovery_code_used"
    IDENTITY_CONFIRM = "identity.confirm"
    IDENTITY_REFUSED = "identity.refused"
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
    TOKEN_REFUSED = "token.refused"
    PERMISSION_REFUSED = "permission.refused"
    CLIENT_ADD = "client.add"
    CLIENT_CHANGE = "client.change"
    CLIENT_DELETE = "client.delete"
    SELF_SERVICE_ON = "client.reset_on"
    SELF_SERVICE_OFF = "client.reset_off"
    TEXT_CHANGE = "client.text"
    TEXT_RESET = "client.text_reset"
    LETTERHEAD_CHANGE = "client.letterhead"
    TIME_CONFIRM = "time.confirm"
    TASK_RUN = "task.run"
    BACKUP_MAKE = "backup.make"
    BACKUP_RESTORE = "backup.restore"
    DATABASE_COPY = "database.copy"
    BACKUP_CONTINUE = "backup.continue"
    AUDIT_DOWNLOAD = "audit.download"
    AUDIT_NEW_CHAIN = "audit.new_chain"
    AUDIT_ACCEPT = "audit.accept"
    PERSON_EXPORT = "person.export"
    PERSON_ERASE = "person.erase"
    EVIDENCE_DOWNLOAD = "evidence.download"
    MAIL_TEST = "mail.test"
    MAIL_TRY = "mail.try"
    MAIL_DISCARD = "mail.discard"
    CHANNEL_CREATE = "channel.create"
    CHANNEL_CHANGE = "channel.change"
    CHANNEL_DELETE = "channel.delete"
    CHANNEL_TEST = "channel.test"
    CHANNEL_STOP = "channel.stop"
    LINK_SEND = "link.send"
    LINK_RESET = "link.reset"
    LINK_RESEND = "link.resend"
    LINK_REMIND = "link.remind"
    LINK_REVOKE = "link.revoke"
    LINK_COPY = "link.copy"
    LINK_LETTER = "link.letter"
    EVENT_SNOOZE = "event.snooze"
    EVENT_SNOOZE_END = "event.snooze_end"
    EVENT_PREFERENCES = "event.preferences"


#: The audit action of a row or a single write that is done.
ACTION_DONE = {
    Action.CREATE: AuditAction.MAILBOX_CREATE,
    Action.UPDATE: AuditAction.MAILBOX_UPDATE,
    Action.DELETE: AuditAction.MAILBOX_DELETE,
    Action.LOCK: AuditAction.MAILBOX_LOCK,
    Action.UNLOCK: AuditAction.MAILBOX_UNLOCK,
}

#: Actions that change a mailbox, or what MXM stores about it.
MAILBOX_CHANGES = frozenset(
    {*ACTION_DONE.values(), AuditAction.MAILBOX_UNLOCK_BY_LINK, AuditAction.RECOVERY_SET, AuditAction.NAME_SET}
)

#: Actions that lock a mailbox or end its lock.
LOCK_CHANGES = frozenset({AuditAction.MAILBOX_LOCK, AuditAction.MAILBOX_UNLOCK, AuditAction.MAILBOX_UNLOCK_BY_LINK})

#: Actions after which an address may be another mailbox than before.
MAILBOX_REPLACED = frozenset({AuditAction.MAILBOX_CREATE, AuditAction.MAILBOX_DELETE})
