"""Labels of the actions that the audit log records."""

from collections.abc import Mapping

from mxlib.core.vocabulary import AuditAction

#: The label of every action, in the order of the filter.
ACTION_LABELS: Mapping[str, str] = {
    AuditAction.MAILBOX_CREATE: "Created a mailbox",
    AuditAction.MAILBOX_UPDATE: "Changed a mailbox",
    AuditAction.MAILBOX_DELETE: "Deleted a mailbox",
    AuditAction.MAILBOX_NOT_DONE: "Asked for, not done",
    AuditAction.MAILBOX_LOCK: "Locked a mailbox",
    AuditAction.MAILBOX_UNLOCK: "Unlocked a mailbox",
    AuditAction.MAILBOX_LOCK_ENDED: "A lock ended: its mailbox is gone",
    AuditAction.MAILBOX_DELETE_LATER: "Set a date for a deletion",
    AuditAction.MAILBOX_DELETE_ASKS: "A dated deletion asks first",
    AuditAction.MAILBOX_DELETE_CALLED_OFF: "Called a dated deletion off",
    AuditAction.MAILBOX_PASSWORD_SHOWN: "Took a password that may be set",
    AuditAction.MAILBOX_PASSWORD_FORGOTTEN: "A password was forgotten",
    AuditAction.RECOVERY_SET: "Set a recovery email",
    AuditAction.NAME_SET: "Set a full name",
    AuditAction.EXPORT: "Exported mailboxes",
    AuditAction.RESULTS_DOWNLOAD: "Took results with passwords",
    AuditAction.RESULTS_DOWNLOAD_BARE: "Took results without passwords",
    AuditAction.MESSAGE_TAKE: "Took a message with a password",
    AuditAction.HAND_OVER_MARK: "Marked passwords as handed over",
    AuditAction.HAND_OVER_UNMARK: "Marked passwords as not handed over",
    AuditAction.RUN_START: "Started a run",
    AuditAction.RUN_RETRY: "Started a run of failed rows",
    AuditAction.RUN_UNDO: "Started an undo",
    AuditAction.RUN_TAKE_OVER: "Took a run over",
    AuditAction.RUN_PAUSE: "Pressed Pause",
    AuditAction.RUN_RESUME: "Pressed Resume",
    AuditAction.RUN_STOP: "Pressed Stop",
    AuditAction.RUN_PAUSED: "The run paused",
    AuditAction.RUN_STOPPED: "The run stopped",
    AuditAction.RUN_FINISHED: "The run finished",
    AuditAction.RUN_EXTEND: "Kept passwords longer",
    AuditAction.RUN_HANDED_OVER: "Erased MXM's copy of passwords",
    AuditAction.RUN_PASSWORDS_FORGOTTEN: "The retention of passwords ended",
    AuditAction.RUN_PASSWORDS_ERASED: "Passwords were erased from the files",
    AuditAction.COLUMNS_ANSWER: "Said what columns hold",
    AuditAction.IMPORT_SAME_PEOPLE: "Said that existing mailboxes are of the same people",
    AuditAction.DRAFT_TAKE_OVER: "Took a draft over",
    AuditAction.DRAFT_DOWNLOAD: "Took a draft with passwords",
    AuditAction.DRAFT_DISCARD: "Discarded a draft",
    AuditAction.SIGN_IN: "Signed in",
    AuditAction.SIGN_IN_REFUSED: "Sign-in refused",
    AuditAction.SIGN_OUT: "Signed out",
    AuditAction.SIGN_OUT_EVERYWHERE: "Signed out everywhere",
    AuditAction.SIGN_OUT_ELSEWHERE: "Signed out other browsers",
    AuditAction.SECOND_FACTOR_ENROLL: "Set up a second factor",
    AuditAction.SECOND_FACTOR_REFUSED: "A code was refused",
    AuditAction.SECOND_FACTOR_RESET: "Reset a second factor",
    AuditAction.RECOVERY_CODES_MAKE: "Made recovery codes",
    AuditAction.RECOVERY_CODE_USE: "Used a recovery code",
    AuditAction.IDENTITY_CONFIRM: "Confirmed who they are",
    AuditAction.IDENTITY_REFUSED: "A confirmation was refused",
    AuditAction.PASSWORD_SET: "Set a password",
    AuditAction.USER_ADD: "Added a user",
    AuditAction.USER_CHANGE: "Changed a user",
    AuditAction.USER_DISABLE: "Disabled a user",
    AuditAction.USER_ENABLE: "Enabled a user",
    AuditAction.USER_LINK: "First came from the provider",
    AuditAction.USER_UNLINK: "Forgot the provider's account",
    AuditAction.TOKEN_CREATE: "Made a token",
    AuditAction.TOKEN_CHANGE: "Changed a token",
    AuditAction.TOKEN_REVOKE: "Revoked a token",
    AuditAction.TOKEN_HAND_OVER: "Handed a token over",
    AuditAction.TOKEN_REFUSED: "Token refused",
    AuditAction.PERMISSION_REFUSED: "Permission refused",
    AuditAction.CLIENT_ADD: "Added a client",
    AuditAction.CLIENT_CHANGE: "Changed a client",
    AuditAction.CLIENT_DELETE: "Deleted a client",
    AuditAction.TEXT_CHANGE: "Changed a text",
    AuditAction.TEXT_RESET: "Set the standard text",
    AuditAction.LETTERHEAD_CHANGE: "Changed a letterhead",
    AuditAction.TIME_CONFIRM: "Confirmed the server's time",
    AuditAction.TASK_RUN: "Ran a background task",
    AuditAction.BACKUP_MAKE: "Made a backup",
    AuditAction.BACKUP_RESTORE: "Restored a backup",
    AuditAction.BACKUP_CONTINUE: "Let runs go on after a restore",
    AuditAction.AUDIT_DOWNLOAD: "Downloaded the audit log",
    AuditAction.AUDIT_NEW_CHAIN: "Began a chain of hashes",
    AuditAction.AUDIT_ACCEPT: "Accepted a break",
    AuditAction.PERSON_EXPORT: "Exported a person's data",
    AuditAction.PERSON_ERASE: "Erased a person's data",
    AuditAction.EVIDENCE_DOWNLOAD: "Downloaded the evidence report",
    AuditAction.MAIL_TEST: "Sent a test mail",
    AuditAction.MAIL_TRY: "Tried to send a mail again",
    AuditAction.MAIL_DISCARD: "Discarded a mail",
    AuditAction.LINK_SEND: "Sent links",
    AuditAction.LINK_RESEND: "Sent a new link",
    AuditAction.LINK_REMIND: "Reminded a person of a link",
    AuditAction.LINK_REVOKE: "Revoked a link",
    AuditAction.LINK_COPY: "Copied a link",
}

#: Families of actions that a filter finds together: all whose value starts with the name.
ACTION_FAMILIES = {
    "mailbox": "Mailboxes: anything",
    "run": "Runs: anything",
    "sign_in": "Sign-ins, refused ones too",
    "user": "Users: anything",
    "token": "Tokens: anything",
    "client": "Clients: anything",
    "link": "Links: anything",
}


def action_label(action: str) -> str:
    """Return the label of an action; one of another version is spelled out."""
    return ACTION_LABELS.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()


def actions_matching(name: str) -> str:
    """Return the label of an action or a family, as a filter names it."""
    return ACTION_FAMILIES.get(name) or action_label(name)
