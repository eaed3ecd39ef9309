"""Codes of events, their severities, and the rules that they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """The urgency of an event; a stored value never changes."""

    INFO = "info"
    WARNING = "warning"
    URGENT = "urgent"

    def is_at_least(self, least: "Severity") -> bool:
        """Return whether it is as urgent as another one, or more."""
        return BY_URGENCY.index(self) >= BY_URGENCY.index(least)


#: Severities from the least to the most urgent.
BY_URGENCY = (Severity.INFO, Severity.WARNING, Severity.URGENT)


class Rule(StrEnum):
    """The rules that events come from; a stored value never changes."""

    MAILBOX_STORAGE = "mailbox_storage"
    SEND_LIMIT = "send_limit"
    SENT_JUMP = "sent_jump"
    MAILBOX_MADE = "mailbox_made"
    MAILBOX_GONE = "mailbox_gone"
    ACCOUNT_STORAGE = "account_storage"
    ACCOUNT_GRACE = "account_grace"
    HOST = "host"
    HOST_KEY = "host_key"
    WATCH = "watch"
    MAIL_PORTS = "mail_ports"
    CERTIFICATE = "certificate"
    RUN = "run"
    PASSWORDS = "passwords"
    BACKUP = "backup"
    ADMIN_SIGN_IN = "admin_sign_in"
    TOKEN = "token"  # noqa: S105 - the name of a rule
    AUDIT_LOG = "audit_log"


#: Rules whose subject is a mailbox; their events belong to its domain.
OF_MAILBOXES = frozenset({Rule.MAILBOX_STORAGE, Rule.SEND_LIMIT, Rule.SENT_JUMP, Rule.MAILBOX_MADE, Rule.MAILBOX_GONE})

#: Those whose mailbox is there, so that its page is the place to act.
WITH_MAILBOX = OF_MAILBOXES - {Rule.MAILBOX_GONE}

#: Rules whose subject is a run, by its number; who may see the run sees its events.
OF_RUNS = frozenset({Rule.RUN, Rule.PASSWORDS})

#: Rules about this server and its people, for admins.
OF_ADMINS = frozenset({Rule.BACKUP, Rule.ADMIN_SIGN_IN, Rule.TOKEN, Rule.AUDIT_LOG})


class EventCode(StrEnum):
    """Codes of events; a stored value never changes."""

    MAILBOX_NEARLY_FULL = "mailbox_nearly_full"
    #: MXroute bounces mail to it.
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_BACK_TO_NORMAL = "mailbox_back_to_normal"
    SENT_NEAR_LIMIT = "sent_near_limit"
    #: A sign of a mailbox that others use.
    SENT_JUMP = "sent_jump"
    #: By someone else than MXM.
    MAILBOX_MADE_OUTSIDE = "mailbox_made_outside"
    MAILBOX_GONE_OUTSIDE = "mailbox_gone_outside"
    ACCOUNT_NEARLY_FULL = "account_nearly_full"
    ACCOUNT_FULL = "account_full"
    ACCOUNT_BACK_TO_NORMAL = "account_back_to_normal"
    #: MXroute names a day by which a full account must be emptied.
    ACCOUNT_GRACE = "account_grace"
    ACCOUNT_GRACE_OVER = "account_grace_over"
    HOST_SILENT = "host_silent"
    HOST_BACK = "host_back"
    KEY_REFUSED = "key_refused"
    KEY_ACCEPTED = "key_accepted"
    WATCH_FAILED = "watch_failed"
    WATCH_BACK = "watch_back"
    #: A mail program gets no answer, though the API may.
    MAIL_UNREACHABLE = "mail_unreachable"
    MAIL_REACHABLE = "mail_reachable"
    CERTIFICATE_ENDS_SOON = "certificate_ends_soon"
    CERTIFICATE_RENEWED = "certificate_renewed"
    #: A person paused it, or MXM waits for MXroute.
    RUN_PAUSED = "run_paused"
    #: It goes on only when a person does something.
    RUN_NEEDS_YOU = "run_needs_you"
    RUN_STOPPED = "run_stopped"
    RUN_FINISHED = "run_finished"
    PASSWORDS_END_SOON = "passwords_end_soon"
    BACKUP_OLD = "backup_old"
    BACKUP_MADE = "backup_made"
    ADMIN_NEW_BROWSER = "admin_new_browser"
    TOKEN_ENDS_SOON = "token_ends_soon"  # noqa: S105 - a code
    AUDIT_LOG_BROKEN = "audit_log_broken"
    AUDIT_LOG_INTACT = "audit_log_intact"


#: The severity of each event, unless a person sets another one for its rule.
SEVERITIES: Mapping[EventCode, Severity] = {
    EventCode.MAILBOX_NEARLY_FULL: Severity.WARNING,
    EventCode.MAILBOX_FULL: Severity.URGENT,
    EventCode.MAILBOX_BACK_TO_NORMAL: Severity.INFO,
    EventCode.SENT_NEAR_LIMIT: Severity.WARNING,
    EventCode.SENT_JUMP: Severity.URGENT,
    EventCode.MAILBOX_MADE_OUTSIDE: Severity.INFO,
    EventCode.MAILBOX_GONE_OUTSIDE: Severity.WARNING,
    EventCode.ACCOUNT_NEARLY_FULL: Severity.URGENT,
    EventCode.ACCOUNT_FULL: Severity.URGENT,
    EventCode.ACCOUNT_BACK_TO_NORMAL: Severity.INFO,
    EventCode.ACCOUNT_GRACE: Severity.URGENT,
    EventCode.ACCOUNT_GRACE_OVER: Severity.INFO,
    EventCode.HOST_SILENT: Severity.URGENT,
    EventCode.HOST_BACK: Severity.INFO,
    EventCode.KEY_REFUSED: Severity.URGENT,
    EventCode.KEY_ACCEPTED: Severity.INFO,
    EventCode.WATCH_FAILED: Severity.URGENT,
    EventCode.WATCH_BACK: Severity.INFO,
    EventCode.MAIL_UNREACHABLE: Severity.URGENT,
    EventCode.MAIL_REACHABLE: Severity.INFO,
    EventCode.CERTIFICATE_ENDS_SOON: Severity.WARNING,
    EventCode.CERTIFICATE_RENEWED: Severity.INFO,
    EventCode.RUN_PAUSED: Severity.WARNING,
    EventCode.RUN_NEEDS_YOU: Severity.URGENT,
    EventCode.RUN_STOPPED: Severity.INFO,
    EventCode.RUN_FINISHED: Severity.INFO,
    EventCode.PASSWORDS_END_SOON: Severity.WARNING,
    EventCode.BACKUP_OLD: Severity.URGENT,
    EventCode.BACKUP_MADE: Severity.INFO,
    EventCode.ADMIN_NEW_BROWSER: Severity.URGENT,
    EventCode.TOKEN_ENDS_SOON: Severity.WARNING,
    EventCode.AUDIT_LOG_BROKEN: Severity.URGENT,
    EventCode.AUDIT_LOG_INTACT: Severity.INFO,
}

#: Events that say that something is over.
RECOVERIES = frozenset(
    {
        EventCode.MAILBOX_BACK_TO_NORMAL,
        EventCode.ACCOUNT_BACK_TO_NORMAL,
        EventCode.ACCOUNT_GRACE_OVER,
        EventCode.HOST_BACK,
        EventCode.KEY_ACCEPTED,
        EventCode.WATCH_BACK,
        EventCode.MAIL_REACHABLE,
        EventCode.CERTIFICATE_RENEWED,
        EventCode.BACKUP_MADE,
        EventCode.AUDIT_LOG_INTACT,
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a subject, by the rule that found it.

    A subject is a mailbox by its address, a run by its number, a user or a token by its name, or blank for the account
    and this server. `level` is the class of its rule: a higher one is worse, and 0 is back to normal.
    """

    rule: Rule
    code: EventCode
    subject: str
    level: int
    figures: Mapping[str, int | float | str] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Return its severity before any choice of a person."""
        return SEVERITIES[self.code]

    @property
    def is_recovery(self) -> bool:
        """Return whether something is over."""
        return self.code in RECOVERIES
