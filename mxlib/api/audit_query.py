"""Queries, parsed: that of the audit log for its files and its route, and times of other routes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from mxlib.services.audit_log import AuditFilter

T = TypeVar("T")

#: Characters of a text to look for.
LONGEST = 255


class InvalidQuery(Exception):
    """A query parameter is invalid; the message says why, `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def parse_filter(query: Mapping[str, str]) -> AuditFilter:
    """Parse `address`, `who`, `what`, `run`, `client`, and `since` and `until` as ISO 8601."""
    return AuditFilter(
        address=_text(query, "address"),
        who=_text(query, "who"),
        what=_text(query, "what"),
        run=_read(query, "run", _number, "the number of a run"),
        since=parse_time(query, "since"),
        until=parse_time(query, "until"),
        client=_read(query, "client", _number, "the number of a client"),
    )


def parse_time(query: Mapping[str, str], name: str) -> float | None:
    """Parse a date or a time in ISO 8601; None for a blank one."""
    return _read(query, name, _time, "a date such as 2026-05-03")


def _text(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "").strip()
    if len(value) > LONGEST:
        raise InvalidQuery(name, f"{name} has {len(value):,} characters; {LONGEST} are the most.")
    return value


def _read(query: Mapping[str, str], name: str, parse: Callable[[str], T], kind: str) -> T | None:
    value = query.get(name, "").strip()
    if not value:
        return None
    try:
        return parse(value)
    except (ValueError, OverflowError):
        raise InvalidQuery(name, f"{name} must be {kind}.") from None


def _number(text: str) -> int:
    if len(text) > 18:  # more than the store can hold
        raise ValueError
    return int(text)


def _time(text: str) -> float:
    """Return Unix seconds; a time without a zone is the server's."""
    return datetime.fromisoformat(text).timestamp()
