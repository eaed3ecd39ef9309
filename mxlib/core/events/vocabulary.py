"""Codes of events, their severities, and the rules that they come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """The urgency of an event; a stored value never changes."""

    INFO = "info"
    WARNING = "warning"
    URGENT = "urgent"


class Rule(StrEnum):
    """The rules that events come from; a stored value never changes."""

    MAILBOX_STORAGE = "mailbox_storage"
    SEND_LIMIT = "send_limit"
    SENT_JUMP = "sent_jump"
    ACCOUNT_STORAGE = "account_storage"
    WATCH = "watch"


class EventCode(StrEnum):
    """Codes of events; a stored value never changes."""

    MAILBOX_NEARLY_FULL = "mailbox_nearly_full"
    #: MXroute bounces mail to it.
    MAILBOX_FULL = "mailbox_full"
    MAILBOX_BACK_TO_NORMAL = "mailbox_back_to_normal"
    SENT_NEAR_LIMIT = "sent_near_limit"
    #: A sign of a mailbox that others use.
    SENT_JUMP = "sent_jump"
    ACCOUNT_NEARLY_FULL = "account_nearly_full"
    ACCOUNT_FULL = "account_full"
    ACCOUNT_BACK_TO_NORMAL = "account_back_to_normal"
    WATCH_FAILED = "watch_failed"
    WATCH_BACK = "watch_back"


#: The severity of each event, unless a person sets another one for its rule.
SEVERITIES: Mapping[EventCode, Severity] = {
    EventCode.MAILBOX_NEARLY_FULL: Severity.WARNING,
    EventCode.MAILBOX_FULL: Severity.URGENT,
    EventCode.MAILBOX_BACK_TO_NORMAL: Severity.INFO,
    EventCode.SENT_NEAR_LIMIT: Severity.WARNING,
    EventCode.SENT_JUMP: Severity.URGENT,
    EventCode.ACCOUNT_NEARLY_FULL: Severity.URGENT,
    EventCode.ACCOUNT_FULL: Severity.URGENT,
    EventCode.ACCOUNT_BACK_TO_NORMAL: Severity.INFO,
    EventCode.WATCH_FAILED: Severity.URGENT,
    EventCode.WATCH_BACK: Severity.INFO,
}

#: Events that say that something is over.
RECOVERIES = frozenset({EventCode.MAILBOX_BACK_TO_NORMAL, EventCode.ACCOUNT_BACK_TO_NORMAL, EventCode.WATCH_BACK})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a subject: a mailbox by its address, or blank for the account.

    `level` is the class of its rule: a higher one is worse, and 0 is back to normal.
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
