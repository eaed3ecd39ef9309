"""What keeps a mailbox from being taken back: pure, and the one place that decides it.

A run that takes another one back deletes only what nobody uses, and restores only what nobody changed since. So each
of its rows is looked at right before it is sent; whatever is not known for certain keeps the mailbox as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mxlib.mailboxes.plan import Action
from mxlib.mxroute.messages import Mailbox
from mxlib.runs import sentences

_FIGURES = ("usage", "sent", "quota", "limit")


class Why(StrEnum):
    """What keeps a mailbox from being taken back."""

    MAIL = "mail"
    SENT = "sent"
    CHANGED = "changed"
    GONE = "gone"
    #: Only a password was changed, or a limit with one: neither can be put back.
    LASTING = "lasting"


@dataclass(frozen=True, slots=True)
class Kept:
    """A mailbox that stays as it is, and the reason as a phrase."""

    why: Why
    reason: str


def kept(action: str, before: Mapping[str, object], box: Mailbox, recovery_email: str) -> Kept | None:
    """Why the mailbox `box`, whose recovery email is that, stays as it is; None when nothing speaks against the row.

    `before` is what the plan knew: a figure that is not in it, or None, may be anything.
    """
    if action == Action.DELETE:
        if box.usage:
            return Kept(Why.MAIL, sentences.holds(box.usage))
        if box.sent:
            return Kept(Why.SENT, sentences.sent_today(box.sent))
        if box.suspended:
            return Kept(Why.CHANGED, sentences.SUSPENDED_SINCE)
    for name, has in (("quota", box.quota), ("limit", box.limit)):
        if before.get(name) not in (None, has):
            return Kept(Why.CHANGED, sentences.changed_since(name, has))
    return kept_here(before, recovery_email)


def kept_here(before: Mapping[str, object], recovery_email: str) -> Kept | None:
    """Why a recovery email stays as it is; None when it is still the one that the plan knew."""
    if before.get("recovery_email") in (None, recovery_email):
        return None
    return Kept(Why.CHANGED, sentences.RECOVERY_SINCE)


def told(data: object) -> Mailbox | None:
    """A mailbox whose figures the host tells, all of them; None when one is missing, for none may be guessed here."""
    if not isinstance(data, Mapping):
        return None
    try:
        [float(data[name]) for name in _FIGURES]
    except (KeyError, TypeError, ValueError):
        return None
    return Mailbox.from_data(data)
