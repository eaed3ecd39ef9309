"""Texts of events: what happened, and what to do."""

from collections.abc import Callable, Mapping
from typing import Any

from mxlib.core.events.notices import Preferences, Way
from mxlib.core.events.vocabulary import OF_RUNS, Event, EventCode, Rule, Severity
from mxlib.core.format import age, count, full_day, moment, readable
from mxlib.core.plans.change_text import size
from mxlib.core.usage import KB_PER_MB
from mxlib.core.vocabulary import ERASED

#: What each rule looks at, as a title.
RULES: Mapping[Rule, str] = {
    Rule.MAILBOX_STORAGE: "Mailbox storage",
    Rule.SEND_LIMIT: "Near send limit",
    Rule.SENT_JUMP: "Sends far more than usual",
    Rule.MAILBOX_MADE: "Made outside MXM",
    Rule.MAILBOX_GONE: "Gone outside MXM",
    Rule.ACCOUNT_STORAGE: "Account storage",
    Rule.ACCOUNT_GRACE: "Deadline for a full account",
    Rule.HOST: "MXroute silent",
    Rule.HOST_KEY: "API key",
    Rule.WATCH: "Lists not read",
    Rule.MAIL_PORTS: "Mail not reachable",
    Rule.CERTIFICATE: "Certificate of the mail server",
    Rule.RUN: "Runs",
    Rule.PASSWORDS: "Passwords nobody took",
    Rule.BACKUP: "Backups",
    Rule.ADMIN_SIGN_IN: "Admin from a new browser",
    Rule.TOKEN: "Tokens near their end",
    Rule.AUDIT_LOG: "Audit log",
}

#: What happened, in a few words for a subject or a heading.
_TITLES: Mapping[EventCode, str] = {
    EventCode.MAILBOX_NEARLY_FULL: "Mailbox nearly full, {subject}",
    EventCode.MAILBOX_FULL: "Mailbox full, {subject}",
    EventCode.MAILBOX_BACK_TO_NORMAL: "Mailbox has room again, {subject}",
    EventCode.SENT_NEAR_LIMIT: "Near send limit, {subject}",
    EventCode.SENT_JUMP: "Sends far more than usual, {subject}",
    EventCode.MAILBOX_MADE_OUTSIDE: "Made outside MXM, {subject}",
    EventCode.MAILBOX_GONE_OUTSIDE: "Gone outside MXM, {subject}",
    EventCode.ACCOUNT_NEARLY_FULL: "Account nearly full",
    EventCode.ACCOUNT_FULL: "Account full",
    EventCode.ACCOUNT_BACK_TO_NORMAL: "Account has room again",
    EventCode.ACCOUNT_GRACE: "Deadline for the full account",
    EventCode.ACCOUNT_GRACE_OVER: "No deadline for the account any more",
    EventCode.HOST_SILENT: "MXroute silent",
    EventCode.HOST_BACK: "MXroute answers again",
    EventCode.KEY_REFUSED: "API key refused",
    EventCode.KEY_ACCEPTED: "API key accepted again",
    EventCode.WATCH_FAILED: "Mailbox lists not read",
    EventCode.WATCH_BACK: "Mailbox lists read again",
    EventCode.MAIL_UNREACHABLE: "Mail not reachable",
    EventCode.MAIL_REACHABLE: "Mail reachable again",
    EventCode.CERTIFICATE_ENDS_SOON: "Certificate of the mail server ends soon",
    EventCode.CERTIFICATE_RENEWED: "Certificate of the mail server renewed",
    EventCode.RUN_PAUSED: "Run {subject} paused",
    EventCode.RUN_NEEDS_YOU: "Run {subject} needs you",
    EventCode.RUN_STOPPED: "Run {subject} stopped",
    EventCode.RUN_FINISHED: "Run {subject} finished",
    EventCode.PASSWORDS_END_SOON: "Passwords of run {subject} end soon",
    EventCode.BACKUP_OLD: "Backup too old",
    EventCode.BACKUP_MADE: "New backup made",
    EventCode.ADMIN_NEW_BROWSER: "Admin from a new browser, {subject}",
    EventCode.TOKEN_ENDS_SOON: "Token ends soon, {subject}",
    EventCode.AUDIT_LOG_BROKEN: "Audit log broken",
    EventCode.AUDIT_LOG_INTACT: "Audit log intact again",
}

SEVERITIES: Mapping[Severity, str] = {
    Severity.URGENT: "Urgent",
    Severity.WARNING: "Warning",
    Severity.INFO: "Information",
}

#: How an event is notified.
WAYS: Mapping[Way, str] = {
    Way.AT_ONCE: "At once",
    Way.DIGEST: "Digest",
    Way.SNOOZED: "Snoozed",
    Way.REPEATED: "Not again in a week",
    Way.UNKNOWN_BEFORE: "None",
    Way.OVERTAKEN: "None",
}

_WITHOUT: Mapping[Way, str] = {
    Way.AT_ONCE: "It goes out at once.",
    Way.DIGEST: "It goes out with the digest.",
    Way.SNOOZED: "No notice: it is snoozed.",
    Way.REPEATED: "No notice: one about it went out within a week, and it did not get worse.",
    Way.UNKNOWN_BEFORE: "No notice: its begin had none either.",
    Way.OVERTAKEN: "No notice: it began again before the digest.",
}

MAY_NOT_SNOOZE = (
    "Only helpdesk and managers of the agency snooze events of a mailbox, and only admins the others. Ask an admin."
)
ONLY_ADMINS = "Only admins set quiet hours, the digest and severities. Ask an admin."
WRONG_HOURS = "Hours go from 0 to 23. Choose other ones."
WRONG_UNTIL = "A snooze ends at a day from tomorrow to a year ahead. Choose another day."
NO_EVENTS = "Nothing has happened that MXM reports. Events appear here as lists are read."
NOTHING_OPEN = "Nothing is open."
NOTHING_SNOOZED = "Nothing is snoozed."
NO_ADDRESS = "Your name here is not an email address, so no mail can go to you. An admin can add a channel instead."
NOT_YOURS = "There is no such event that you may see."


NONE_MATCH = "No event matches. Choose less narrowly."
NO_MAIL_SERVER = "No mail leaves: no mail server is set. An admin sets MXM_SMTP_URL and MXM_MAIL_FROM."
MAILS_HELP = "Mails go to {address}, about what you may see here. Urgent ones come at once, the others once a day."
PREFERENCES_HELP = (
    "Times are those of {zone}. In quiet hours nothing goes out, except that a mailbox sends far more than usual. What "
    "is not urgent waits for the digest."
)
PREFERENCES_SAVED = "Saved. It holds for events from now on."
SEVERITIES_HELP = "Urgent events go out at once, the others with the digest. Standard leaves it to each event."

#: What a person or a channel gets, by the least severity of events.
LEAST: Mapping[Severity, str] = {
    Severity.URGENT: "Urgent events",
    Severity.WARNING: "Urgent events and warnings",
    Severity.INFO: "All events",
}


def text(event: Event, at: float) -> str:
    """Return a sentence about an event of the time `at`, and what to do."""
    return _TEXTS[event.code](event.subject, event.figures, at)


def title(event: Event) -> str:
    """Say in a few words what happened, and to what."""
    return _TITLES[event.code].format(subject=readable(event.subject))


def notified(notice: int | None, due_at: float | None, way: Way, now: float) -> str:
    """Say in a sentence which notice an event is in, or when."""
    if notice is not None:
        return f"It is in notice {notice}."
    if due_at is None:
        return _WITHOUT[way]
    if way is Way.DIGEST:
        return f"It goes into the digest of {moment(due_at, now)}."
    return f"Its notice goes out after the quiet hours, {moment(due_at, now)}." if due_at > now else _WITHOUT[way]


def mails_saved(least: Severity | None) -> str:
    """Say which mails a person gets from now on."""
    return f"Saved. Mails to you: {LEAST[least].lower() if least else 'none'}."


def snoozed(subject: str, rule: Rule, until: float) -> str:
    """Say that a snooze began."""
    return f"Snoozed until {full_day(until)}: {silenced(subject, rule)}."


def snooze_ended(subject: str, rule: Rule) -> str:
    """Say that a snooze ended."""
    return f"Reported again: {silenced(subject, rule)}."


def silenced(subject: str, rule: Rule) -> str:
    """Name what a snooze is about."""
    about = readable(f"run {subject}" if rule in OF_RUNS else subject)
    return ", ".join(filter(None, [RULES[rule], about]))


def preferences(chosen: Preferences) -> str:
    """Describe what admins chose, for the audit log."""
    quiet = "no quiet hours"
    if chosen.quiet_from is not None and chosen.quiet_from != chosen.quiet_until:
        quiet = f"quiet from {chosen.quiet_from}:00 to {chosen.quiet_until}:00"
    severities = ", ".join(f"{RULES[rule]}: {SEVERITIES[severity]}" for rule, severity in chosen.severities.items())
    return "; ".join(filter(None, [quiet, f"digest at {chosen.digest_hour}:00", severities]))


def sent_in(notice: int | None, due_at: float | None, way: Way, now: float) -> str:
    """Say whether an event is in a notice, or when it will be."""
    if notice is not None:
        return f"Notice {notice}"
    if due_at is None:
        return WAYS[way]
    return f"Digest {moment(due_at, now)}" if way is Way.DIGEST else f"Due {moment(due_at, now)}"


def _use(figures: Mapping[str, Any]) -> str:
    return f"{size(figures['used_kb'] / KB_PER_MB)} of {size(figures['quota_mb'])}, {figures['percent']} %"


def _account(figures: Mapping[str, Any]) -> str:
    return f"{size(figures['used'] / 1024**2)} of {size(figures['limit'] / 1024**2)}, {figures['percent']} %"


def _sent_jump(name: str, figures: Mapping[str, Any], _at: float) -> str:
    return (
        f"{name} sent {figures['sent']:,} messages today, usually {figures['usual']:,}. Others may be using it: "
        "lock it, and ask its owner."
    )


def _run_finished(name: str, figures: Mapping[str, Any], _at: float) -> str:
    failed = f", {figures['failed']:,} failed" if figures.get("failed") else ""
    why = " Its card on Jobs says why." if failed else ""
    return f"Run {name} is finished: {count(figures['rows'], 'row')}{failed}.{why}"


def _new_browser(name: str, figures: Mapping[str, Any], _at: float) -> str:
    browser, address = (str(figures.get(part) or ERASED) for part in ("browser", "address"))
    return (
        f"The admin {name} signed in with {browser} from {address} for the first time. If nobody knows of it, disable "
        "the user under Team and API."
    )


_Text = Callable[[str, Mapping[str, Any], float], str]

_TEXTS: Mapping[EventCode, _Text] = {
    EventCode.MAILBOX_NEARLY_FULL: lambda name, figures, _at: (
        f"{name} is nearly full: {_use(figures)}. Raise its quota, or ask its owner to delete mail."
    ),
    EventCode.MAILBOX_FULL: lambda name, figures, _at: (
        f"{name} is full: {_use(figures)}. New mail to it bounces. Raise its quota, or ask its owner to delete mail."
    ),
    EventCode.MAILBOX_BACK_TO_NORMAL: lambda name, figures, _at: f"{name} has room again: {_use(figures)}.",
    EventCode.SENT_NEAR_LIMIT: lambda name, figures, _at: (
        f"{name} sent {figures['sent']:,} of {figures['limit']:,} messages today. At its limit, MXroute refuses more "
        "until midnight. Raise the limit if its owner needs it."
    ),
    EventCode.SENT_JUMP: _sent_jump,
    EventCode.MAILBOX_MADE_OUTSIDE: lambda name, _figures, _at: (
        f"{name} was made outside MXM. If nobody knows of it, lock it."
    ),
    EventCode.MAILBOX_GONE_OUTSIDE: lambda name, _figures, _at: (
        f"{name} is gone, and MXM did not delete it. Ask who works in MXroute's panel."
    ),
    EventCode.ACCOUNT_NEARLY_FULL: lambda _name, figures, _at: (
        f"The account's storage is nearly used up: {_account(figures)}. Empty mailboxes, or buy storage at MXroute."
    ),
    EventCode.ACCOUNT_FULL: lambda _name, figures, _at: (
        f"The account's storage is used up: {_account(figures)}. Empty mailboxes, or buy storage at MXroute."
    ),
    EventCode.ACCOUNT_BACK_TO_NORMAL: lambda _name, figures, _at: (
        f"The account has storage again: {_account(figures)}."
    ),
    EventCode.ACCOUNT_GRACE: lambda _name, figures, _at: (
        f"MXroute names a deadline for the full account: {readable(str(figures['until']))}. Empty mailboxes before it, "
        "or buy storage."
    ),
    EventCode.ACCOUNT_GRACE_OVER: lambda _name, _figures, _at: "MXroute names no deadline for the account any more.",
    EventCode.HOST_SILENT: lambda _name, _figures, _at: (
        "MXroute's API has not answered for 10 minutes. Runs wait, and go on by themselves. Mail itself may work."
    ),
    EventCode.HOST_BACK: lambda _name, _figures, _at: "MXroute's API answers again.",
    EventCode.KEY_REFUSED: lambda _name, _figures, _at: (
        "MXroute refuses the API key. Set a valid one in MX_API_KEY, and restart the server."
    ),
    EventCode.KEY_ACCEPTED: lambda _name, _figures, _at: "MXroute accepts the API key again.",
    EventCode.WATCH_FAILED: lambda _name, figures, _at: (
        f"No mailbox list could be read for {age(figures['silent_s'])}, so MXM does not see what gets full. The page "
        "Background tasks says why."
    ),
    EventCode.WATCH_BACK: lambda _name, _figures, _at: "Mailbox lists are read again.",
    EventCode.MAIL_UNREACHABLE: lambda _name, figures, _at: (
        f"At the mail server, {figures['ports']} cannot be reached. See MXroute's status page, and tell your clients."
    ),
    EventCode.MAIL_REACHABLE: lambda _name, _figures, _at: "The mail server can be reached again.",
    EventCode.CERTIFICATE_ENDS_SOON: lambda _name, figures, at: (
        f"The certificate of the mail server ends {moment(figures['until'], at)}. MXroute renews it as a rule; ask its "
        "support when two days are left."
    ),
    EventCode.CERTIFICATE_RENEWED: lambda _name, _figures, _at: "The certificate of the mail server was renewed.",
    EventCode.RUN_PAUSED: lambda name, _figures, _at: f"Run {name} is paused: a person paused it. Resume it on Jobs.",
    EventCode.RUN_NEEDS_YOU: lambda name, _figures, _at: (
        f"Run {name} cannot go on by itself. Its card on Jobs says why, and what to do."
    ),
    EventCode.RUN_STOPPED: lambda name, figures, _at: (
        f"Run {name} of {count(figures['rows'], 'row')} was stopped. Its card on Jobs says what was done."
    ),
    EventCode.RUN_FINISHED: _run_finished,
    EventCode.PASSWORDS_END_SOON: lambda name, figures, at: (
        f"Passwords of run {name} are deleted {moment(figures['until'], at)}, and nobody took those of "
        f"{count(figures['people'], 'person', 'people')}. Hand them over on Jobs."
    ),
    EventCode.BACKUP_OLD: lambda _name, figures, _at: (
        f"The newest backup is {age(figures['age_s'])} old. See Background tasks, and the log of the server."
    ),
    EventCode.BACKUP_MADE: lambda _name, _figures, _at: "There is a new backup again.",
    EventCode.ADMIN_NEW_BROWSER: _new_browser,
    EventCode.TOKEN_ENDS_SOON: lambda name, figures, at: (
        f"The token {name} ends {moment(figures['until'], at)}. Make another one under Team and API."
    ),
    EventCode.AUDIT_LOG_BROKEN: lambda _name, figures, _at: (
        f"The audit log breaks at {count(figures['breaks'], 'place')}. The page Audit log says where, and what to do."
    ),
    EventCode.AUDIT_LOG_INTACT: lambda _name, _figures, _at: (
        "The audit log is intact, or an admin accepted its breaks."
    ),
}
