"""Notices that are due, as the background task of notices makes them."""

from mxlib.core.events.notices import DueNotice, NotedEvent
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity

AT = 1_800_000_000.0
_OWN_FIGURES = {EventCode.SENT_JUMP}


def noted(
    code: EventCode = EventCode.MAILBOX_FULL, subject: str = "nina@a.nl", rule: Rule = Rule.MAILBOX_STORAGE,
    number: int = 1, **figures: int | float | str,
) -> NotedEvent:  # fmt: skip
    """Return an event; its domain is that of its subject."""
    domain = subject.partition("@")[2]
    size: dict[str, int | float | str] = {"used_kb": 1024 * 1024, "quota_mb": 1024, "percent": 100}
    figures = {**size, "used": 2**30, "limit": 2**30, "rows": 3, **figures} if code not in _OWN_FIGURES else figures
    return NotedEvent(number, AT, domain, Event(rule, code, subject, 1, figures))


def jump(subject: str = "nina@a.nl") -> NotedEvent:
    """Return a suspected hijack."""
    return noted(EventCode.SENT_JUMP, subject, Rule.SENT_JUMP, sent=2300, usual=40)


def due(*events: NotedEvent, severity: Severity = Severity.URGENT, digest: bool = False, number: int = 7) -> DueNotice:
    """Return a notice of these events."""
    events = events or (noted(),)
    return DueNotice(number, AT, None if digest else events[0].event.rule, severity, events)
