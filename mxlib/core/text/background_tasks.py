"""Texts about background tasks."""

from collections.abc import Mapping
from typing import Any

from mxlib.core.background_tasks import TaskCode, TaskName
from mxlib.core.format import count, moment
from mxlib.core.outgoing import SendProblem
from mxlib.core.text import outgoing

#: What each task does, as a title.
LABELS: Mapping[TaskName, str] = {
    TaskName.PASSWORD_RETENTION: "Forget passwords whose retention ended",
    TaskName.ERASURE: "Erase forgotten passwords from the files",
    TaskName.EXPIRED_DATA: "Remove expired data",
    TaskName.DATABASE_CHECK: "Check the database",
    TaskName.AUDIT_CHECK: "Check the audit log",
    TaskName.BACKUP: "Make the nightly backup",
    TaskName.BACKUP_COPIES: "Remove what an interrupted backup left",
    TaskName.DATED_DELETIONS: "Carry out dated deletions",
    TaskName.MAIL: "Send mails of the outbox",
    TaskName.NOTICES: "Look for events, and make notices that are due",
    TaskName.LINKS: "Make links that are due",
    TaskName.RESETS: "Answer requests to reset a password",
    TaskName.USAGE: "Read the use of all mailboxes and of the account",
    TaskName.MONTH: "Mail the month of all clients on the 1st",
    TaskName.HEARTBEAT: "Call the address of the heartbeat",
    TaskName.DELIVERIES: "Send notices to channels",
    TaskName.MAIL_PORTS: "Look at the mail ports of the server",
}


def started(name: TaskName) -> str:
    """Return what *Run now* did."""
    return f"Started: {LABELS[name]}. Its row shows how it ends."


_ENDS: Mapping[TaskCode, str] = {
    TaskCode.DONE: "Done",
    TaskCode.NOTHING_DUE: "Nothing was due",
    TaskCode.NOT_SET: "Not set up",
    TaskCode.ON_HOLD: "Waits for an admin to press Continue after the restore",
    TaskCode.UNFINISHED: "Not finished, and tried again soon: something is still in use",
    TaskCode.BEHIND_OTHERS: "Waits: other reads come first at MXroute's limit",
    TaskCode.FAILED: "Failed: the log of the server says why",
    TaskCode.STORE_UNAVAILABLE: "Failed: the database could not be used, see its problem under /health",
    TaskCode.UNFORESEEN: "Failed in an unforeseen way: send the log of the server to the person who maintains MXM",
    TaskCode.INTERRUPTED: "Interrupted: the server ended before it was done",
}

#: Settings without which a task does nothing, and what each is for.
_SETTINGS = {
    "MXM_BACKUP_DIR": "for a backup each night",
    "MXM_HEARTBEAT_URL": "for another service to notice when MXM stops",
    "MXM_MONTH_REPORT_TO": "for a mail about each month on the 1st",
    "MX_SERVER": "and the account: the sandbox has no mail ports",
}

#: What the figures of a result count.
_COUNTED = {
    "runs": ("run", "runs"),
    "events": ("event", "events"),
    "notices": ("notice", "notices"),
    "entries": ("audit entry", "audit entries"),
    "deletions": ("dated deletion", "dated deletions"),
    "mails": ("mail", "mails"),
    "links": ("link", "links"),
    "requests": ("request", "requests"),
    "sizes": ("size", "sizes"),
    "deliveries": ("delivery", "deliveries"),
    "ports": ("port that answers", "ports that answer"),
    "queued": ("mail queued", "mails queued"),
}


def result(code: str, figures: Mapping[str, Any]) -> str:
    """Say how a task ended last; blank before its first end."""
    if not code:
        return ""
    text = _ENDS.get(TaskCode(code), code) if code in {*TaskCode} else code
    if code == TaskCode.NOT_SET and (setting := str(figures.get("setting", ""))) in _SETTINGS:
        return f"{text}: set {setting} {_SETTINGS[setting]}."
    if code == TaskCode.FAILED and (why := str(figures.get("problem", ""))) in {*SendProblem}:
        return f"Failed: {outgoing.failed(SendProblem(why), int(figures.get('status', 0)))}"
    counted = [count(int(figures[name]), *nouns) for name, nouns in _COUNTED.items() if figures.get(name)]
    return f"{text}: {', '.join(counted)}." if counted and code == TaskCode.DONE else f"{text}."


def failing(name: TaskName, since: float, now: float) -> str:
    """Say that a task has failed for long, and what to do."""
    return (
        f'The background task "{LABELS[name]}" has failed since {moment(since, now)}. '
        "See Background tasks, and the log of the server."
    )


def overdue(name: TaskName, due_at: float, now: float) -> str:
    """Say that a task did not run at its time, and what to do."""
    return (
        f'The background task "{LABELS[name]}" was due {moment(due_at, now)} and has not run. '
        "If this stays so, restart the server."
    )


def stuck(name: TaskName, since: float, now: float) -> str:
    """Say that the run of a task does not end, and what to do."""
    return (
        f'The background task "{LABELS[name]}" has been running since {moment(since, now)}. '
        "If it does not end, restart the server: it begins again."
    )


def not_ready(name: TaskName) -> str:
    """Say that a task cannot be run yet."""
    return f'The server has not prepared "{LABELS[name]}" yet. Try again in a minute.'
