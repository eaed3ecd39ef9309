"""Decide what keeps a mailbox from being changed, deleted or undone: pure, and the one place for it.

Minutes or days may lie between a plan and its row, so each mailbox is inspected right before it is changed or
deleted, and is kept where it is not the one that was planned for. A deletion is the strictest: what was created again
under the same name keeps its mail. Incoming mail is no reason to keep anything, except from a dated deletion: no person
saw that mailbox right before.

An undo deletes only unused mailboxes, and restores only unchanged ones. So each of its rows is inspected right before
it is sent; anything uncertain keeps the mailbox as it is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mxlib.core.reasons import Reason
from mxlib.core.schema import STORED_HERE
from mxlib.core.vocabulary import LOCK_CHANGES, MAILBOX_REPLACED, Action, AuditAction, RowReason
from mxlib.mxroute.protocol import Mailbox
from mxlib.store.records import RowRecord

#: MB by which the same mail may be said differently.
_ROUNDING = 0.01

_FIGURES = ("usage", "sent", "quota", "limit")


class KeepCode(StrEnum):
    """The reasons for which an undo keeps a mailbox."""

    MAIL = "mail"
    SENT = "sent"
    CHANGED = "changed"
    GONE = "gone"
    #: Only a password was changed, or a limit with one: neither can be put back.
    LASTING = "lasting"
    #: Its former quota is over the largest of its client by now.
    CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class KeepReason:
    """The reason to keep a mailbox as it is, and the group of that reason."""

    why: KeepCode
    reason: Reason


def reason_to_keep(
    action: str, before: Mapping[str, object], box: Mailbox, stored: Mapping[str, str]
) -> KeepReason | None:
    """Return why `box`, with those stored values, stays as it is. None when the row may be sent.

    `before` is what the plan knew: a figure that is not in it, or None, may be anything.
    """
    if action == Action.DELETE:
        if box.usage:
            return KeepReason(KeepCode.MAIL, Reason.of(RowReason.HOLDS_MAIL, usage=box.usage))
        if box.sent:
            return KeepReason(KeepCode.SENT, Reason.of(RowReason.SENT_TODAY, sent=box.sent))
        if box.suspended:
            return KeepReason(KeepCode.CHANGED, Reason(RowReason.SUSPENDED))
    for name, has in (("quota", box.quota), ("limit", box.limit)):
        if before.get(name) not in (None, has):
            return KeepReason(KeepCode.CHANGED, Reason.of(RowReason.FIGURE_CHANGED, column=name, value=has))
    return kept_here(before, stored)


@dataclass(frozen=True, slots=True)
class ChangesSincePlan:
    """Changes since a row was planned, as far as they are known here."""

    #: Audit actions on its mailbox, by hand or by other runs.
    actions: Collection[str] = ()
    #: The mailbox was first listed since; or an act on it has an unknown outcome.
    is_new: bool = False
    is_unsure: bool = False
    #: The count of sent messages may not have restarted since.
    same_day: bool = False


def unplanned(row: RowRecord, box: Mailbox, since: ChangesSincePlan) -> KeepReason | None:
    """Return why the mailbox of an update or a deletion is kept. None while it is as planned."""
    if since.is_new or not MAILBOX_REPLACED.isdisjoint(since.actions):
        return KeepReason(KeepCode.CHANGED, Reason(RowReason.RECREATED))
    if row.action in {Action.LOCK, Action.UNLOCK}:  # other changes are no reason to leave a mailbox open
        changed = since.is_unsure or not LOCK_CHANGES.isdisjoint(since.actions)
        return KeepReason(KeepCode.CHANGED, Reason(RowReason.CHANGED_SINCE_PLAN)) if changed else None
    if since.actions or since.is_unsure:
        return KeepReason(KeepCode.CHANGED, Reason(RowReason.CHANGED_SINCE_PLAN))
    asked = {"quota": row.quota, "limit": row.limit} if row.action == Action.UPDATE else {}
    for name, has in (("quota", box.quota), ("limit", box.limit)):
        if row.before.get(name) not in (None, has) and asked.get(name) != has:
            return KeepReason(KeepCode.CHANGED, Reason.of(RowReason.FIGURE_CHANGED, column=name, value=has))
    if row.action == Action.DELETE:
        usage, sent = row.before.get("usage"), row.before.get("sent")
        if usage is not None and box.usage < usage - _ROUNDING:
            return KeepReason(KeepCode.MAIL, Reason(RowReason.LESS_MAIL))
        if sent is not None and since.same_day and box.sent < sent:
            return KeepReason(KeepCode.SENT, Reason(RowReason.FEWER_SENT))
        if row.dated is not None:  # nobody looked at it since; its run may have waited for hours
            if box.sent:
                return KeepReason(KeepCode.SENT, Reason.of(RowReason.SENT_TODAY, sent=box.sent))
            if usage is not None and box.usage > usage + _ROUNDING:
                return KeepReason(KeepCode.MAIL, Reason.of(RowReason.HOLDS_MAIL, usage=box.usage))
    return None


def withdrawn(row: RowRecord, last: AuditAction | None) -> Reason | None:
    """Return why a row is withdrawn; None while it is not.

    `last` is the last act on the date of its mailbox since the row was planned. A lock whose answer was lost is sent
    again, as its password may be set already.
    """
    is_off = last is AuditAction.MAILBOX_DELETE_CALLED_OFF
    if row.action == Action.DELETE and last is not None:
        return Reason(RowReason.CALLED_OFF if is_off else RowReason.OTHER_DATE)
    locks = row.action == Action.LOCK and row.is_for_deletion and not row.unanswered
    return Reason(RowReason.CALLED_OFF) if locks and is_off else None


def against_lock(row: RowRecord, *, locked: bool) -> Reason | None:
    """Return why a lock, or its absence, keeps a mailbox; None when it does not."""
    if row.action == Action.UNLOCK:
        return None if locked else Reason(RowReason.NOT_LOCKED)
    sets_password = row.action == Action.LOCK or (row.action == Action.UPDATE and row.sealed_password is not None)
    return Reason(RowReason.LOCKED) if locked and sets_password else None


def is_over_cap(row: RowRecord, box: Mailbox | None, most: int | None) -> bool:
    """Return whether a row sets a quota over `most` MB, the largest of a client.

    A quota that the mailbox has may stay, and a row that may be done already is read back.
    """
    if most is None or row.quota is None or row.unanswered or row.action not in {Action.CREATE, Action.UPDATE}:
        return False
    return not 0 < row.quota <= most and (box is None or box.quota != row.quota)


def kept_here(before: Mapping[str, object], stored: Mapping[str, str]) -> KeepReason | None:
    """Return why stored values stay as they are; None when they match the plan."""
    for column in STORED_HERE:
        if before.get(column.name) not in (None, stored[column.name]):
            return KeepReason(KeepCode.CHANGED, Reason.of(RowReason.VALUE_CHANGED, column=column.name))
    return None


def keep_text(data: object) -> Mailbox | None:
    """Read a mailbox from stored data; None when a figure is missing. A missing figure may not be guessed here."""
    if not isinstance(data, Mapping):
        return None
    try:
        [float(data[name]) for name in _FIGURES]
    except (KeyError, TypeError, ValueError):
        return None
    return Mailbox.from_data(data)
