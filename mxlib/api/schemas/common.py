"""Shapes of the API's responses: the functions build them, the OpenAPI document describes them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Generic, Literal, NotRequired, TypeVar

import pandas as pd
from typing_extensions import TypedDict

from mxlib.auth.permissions import Caller
from mxlib.core.days import date_of
from mxlib.core.text import locks
from mxlib.core.usage import KB_PER_MB
from mxlib.services.account_storage import AccountStorage
from mxlib.services.audit_log import Page
from mxlib.services.history import MailboxHistory
from mxlib.services.mailboxes import MailboxDetails
from mxlib.services.search import Found, Hit
from mxlib.services.usage import DomainDay

T = TypeVar("T")

#: Columns of a list that are shown as one lock, or not at all.
_NOT_A_FIELD = frozenset(
    {"days_left", "made_elsewhere", "is_locked", "being_locked", "locked_since", "locked_by", "lock_reason"}
)


class Success(TypedDict, Generic[T]):
    """The envelope of a success."""

    success: Literal[True]
    data: T


class Listed(TypedDict, Generic[T]):
    """The envelope of a list.

    `read_at` is when it was read from MXroute; `problem` says why it is an old one, if it is.
    """

    success: Literal[True]
    data: T
    read_at: str | None
    problem: NotRequired[str]


class Error(TypedDict):
    """An error; `field` names the cell or the parameter where there is one."""

    code: str
    message: str
    field: NotRequired[str]


class Failure(TypedDict):
    """The envelope of a failure."""

    success: Literal[False]
    error: Error


class Me(TypedDict):
    """The holder of the token; `permissions` by domain."""

    name: str
    admin: bool
    permissions: dict[str, list[str]]


class LockShape(TypedDict):
    """A lock: since when, by whom and why; nobody knows the password of the mailbox."""

    since: str | None
    by: str
    reason: str | None


class MailboxShape(TypedDict):
    """A mailbox as MXroute has it, with the recovery email and name kept by MXM.

    Quota and usage are in MB; quota 0 = unlimited. `locked` is null unless MXroute confirmed its lock. `password` is
    there once, after an unlock that generated it.
    """

    username: str
    email: str
    quota: int
    usage: float
    limit: int
    sent: int
    suspended: bool
    recovery_email: str | None
    has_recovery_email: bool
    name: str | None
    locked: LockShape | None
    warnings: NotRequired[list[str]]
    password: NotRequired[str]


class RecoveryShape(TypedDict):
    """The recovery email of a mailbox."""

    email: str
    recovery_email: str | None
    has_recovery_email: bool


class Deleted(TypedDict):
    """The address of the deleted mailbox."""

    email: str
    warnings: NotRequired[list[str]]


class FoundShape(TypedDict):
    """The best of `total` mailboxes found in the cached lists.

    `never_read` are domains without a list.
    """

    mailboxes: list[MailboxShape]
    total: int
    never_read: list[str]
    oldest_read_at: str | None


class EventShape(TypedDict):
    """An event of a mailbox, by a run (its number and file) or by hand."""

    at: str | None
    who: str
    what: str
    detail: str
    run: int | None
    file: str | None


class HistoryShape(TypedDict):
    """The history of a mailbox, newest first.

    `first_seen` is set for a mailbox that MXM did not make.
    """

    email: str
    events: list[EventShape]
    first_seen: str | None


class DayShape(TypedDict):
    """The use of one domain on one day: use and quotas in MB, and how many mailboxes are full or near a limit.

    `peak` is the highest use of that day, `quota` that of the mailboxes which have one.
    """

    day: str
    domain: str
    mailboxes: int
    usage: float
    peak: float
    quota: int
    sent: int
    over_quota: int
    nearly_full: int
    near_send_limit: int


class StorageShape(TypedDict):
    """The account's storage in bytes; limit 0 = unlimited, null = not known.

    MXroute computes it once an hour.
    """

    used: int | None
    limit: int | None
    free: int | None
    reckoned_at: str | None
    read_at: str | None
    problem: NotRequired[str]


#: One audit entry. `kind` is operator, token or engine, `from` the address of the request, `detail` the
#: facts behind the outcome.
EntryShape = TypedDict(
    "EntryShape",
    {
        "id": int,
        "time": str,
        "who": str,
        "kind": str,
        "what": str,
        "on": str,
        "from": str,
        "run": int | None,
        "outcome": str,
        "detail": dict[str, Any] | None,
    },
)


class AuditShape(TypedDict):
    """Entries of the audit log, newest first.

    `older` continues from the last one, null at the end.
    """

    entries: list[EntryShape]
    older: int | None


def me(caller: Caller) -> Me:
    """Return the caller's own name, role and permissions."""
    permissions = {domain: sorted(map(str, rights)) for domain, rights in sorted(caller.domains.items())}
    return {"name": caller.name, "admin": caller.admin, "permissions": permissions}


def mailbox(kept: MailboxDetails) -> MailboxShape:
    """Return one mailbox."""
    box = kept.box
    shape: MailboxShape = {
        "username": box.username,
        "email": f"{box.username}@{kept.domain}",
        "quota": box.quota,
        "usage": box.usage,
        "limit": box.limit,
        "sent": box.sent,
        "suspended": box.suspended,
        "recovery_email": kept.stored["recovery_email"] or None,
        "has_recovery_email": bool(kept.stored["recovery_email"]),
        "name": kept.stored["name"] or None,
        "locked": _lock(kept.lock.since, kept.lock.by, kept.lock.reason) if kept.lock else None,
    }
    warnings = [*kept.warnings, *([locks.being_locked(shape["email"])] if kept.being_locked else [])]
    if warnings:
        shape["warnings"] = warnings
    if kept.password:
        shape["password"] = kept.password
    return shape


def mailboxes(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the mailboxes of a domain's list."""
    own = [name for name in frame.columns if name not in _NOT_A_FIELD]
    names = ["email" if name == "address" else str(name) for name in own]
    columns = (frame[name].tolist() for name in own)  # a fifth of the time that `to_dict("records")` takes
    rows: Iterable[dict[str, Any]] = (dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True))
    since, by, why = (frame[name].tolist() for name in ("locked_since", "locked_by", "lock_reason"))
    locked = [_lock(*each) if each[0] == each[0] else None for each in zip(since, by, why, strict=True)]
    return [
        {**row, **_kept(row["recovery_email"], row["name"]), "locked": lock}
        for row, lock in zip(rows, locked, strict=True)
    ]


def found(result: Found) -> FoundShape:
    """Return the mailboxes that a search found."""
    return {
        "mailboxes": [_hit(hit) for hit in result.hits],
        "total": result.total,
        "never_read": list(result.never_read),
        "oldest_read_at": iso_time(result.oldest),
    }


def _hit(hit: Hit) -> MailboxShape:
    return {
        "username": hit.username,
        "email": hit.address,
        "quota": hit.quota,
        "usage": hit.usage,
        "limit": hit.limit,
        "sent": hit.sent,
        "suspended": hit.suspended,
        "recovery_email": hit.recovery_email or None,
        "has_recovery_email": bool(hit.recovery_email),
        "name": hit.name or None,
        "locked": _lock(hit.locked_since, hit.locked_by, hit.lock_reason) if hit.is_locked else None,
    }


def history(email: str, past: MailboxHistory) -> HistoryShape:
    """Return the history of the mailbox `email`."""
    events: list[EventShape] = [
        {
            "at": iso_time(event.at),
            "who": event.who,
            "what": event.what,
            "detail": event.detail,
            "run": event.run,
            "file": event.file or None,
        }
        for event in past.events
    ]
    return {"email": email, "events": events, "first_seen": iso_time(past.first_seen)}


def day_of_domain(found: DomainDay) -> DayShape:
    """Return one day of a domain."""
    return {
        "day": date_of(found.day).isoformat(),
        "domain": found.domain,
        "mailboxes": found.mailboxes,
        "usage": round(found.usage / KB_PER_MB, 1),
        "peak": round(found.usage_max / KB_PER_MB, 1),
        "quota": found.quota,
        "sent": found.sent,
        "over_quota": found.full,
        "nearly_full": found.nearly_full,
        "near_send_limit": found.near_send_limit,
    }


def storage(current: AccountStorage, problem: str) -> StorageShape:
    """Return the account's storage."""
    figures: StorageShape = {
        "used": current.used,
        "limit": current.limit,
        "free": current.free,
        "reckoned_at": iso_time(current.reckoned_at),
        "read_at": iso_time(current.read_at),
    }
    return figures | {"problem": problem} if problem else figures


def audit(page: Page) -> AuditShape:
    """Return entries of the audit log."""
    entries: list[EntryShape] = [
        {
            "id": entry.id,
            "time": iso_time(entry.at) or "",
            "who": entry.who,
            "kind": entry.kind,
            "what": entry.what,
            "on": entry.on,
            "from": entry.address,
            "run": entry.run,
            "outcome": entry.outcome,
            "detail": dict(entry.detail) if entry.detail is not None else None,
        }
        for entry in page.entries
    ]
    return {"entries": entries, "older": page.older}


def recovery(email: str, kept: str) -> RecoveryShape:
    """Return the recovery email of the mailbox `email`."""
    return {"email": email, "recovery_email": kept or None, "has_recovery_email": bool(kept)}


def iso_time(at: float | None) -> str | None:
    """Format a time as in all responses: UTC, to the second."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _lock(since: float, by: str, reason: str) -> LockShape:
    return {"since": iso_time(since), "by": by, "reason": reason or None}


def _kept(email: str, name: str) -> dict[str, Any]:
    return {"recovery_email": email or None, "has_recovery_email": bool(email), "name": name or None}
