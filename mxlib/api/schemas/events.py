"""Shapes of events."""

from typing import Any

from typing_extensions import TypedDict

from mxlib.api.schemas.common import iso_time
from mxlib.core.text import events as texts
from mxlib.services.notices import EventPage


class RuleEventShape(TypedDict):
    """One event of a rule.

    `domain` is null for the account and this server; `due` is when its notice is due, null for none.
    """

    id: int
    time: str
    rule: str
    code: str
    severity: str
    level: int
    subject: str
    domain: str | None
    figures: dict[str, Any]
    text: str
    way: str
    due: str | None
    notice: int | None


class EventsShape(TypedDict):
    """Events, newest first.

    `older` continues from the last one, null at the end.
    """

    events: list[RuleEventShape]
    older: int | None


def page(found: EventPage) -> EventsShape:
    """Return a page of events."""
    shown: list[RuleEventShape] = [
        {
            "id": each.number,
            "time": iso_time(each.at) or "",
            "rule": each.event.rule,
            "code": each.event.code,
            "severity": each.severity,
            "level": each.event.level,
            "subject": each.event.subject,
            "domain": each.domain or None,
            "figures": dict(each.event.figures),
            "text": texts.text(each.event, each.at),
            "way": each.way,
            "due": iso_time(each.due_at),
            "notice": each.notice,
        }
        for each in found.events
    ]
    return {"events": shown, "older": found.older}
