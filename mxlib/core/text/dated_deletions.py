"""Texts about deletions that have a date."""

from collections.abc import Mapping
from typing import Any

from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.format import count, day, moment
from mxlib.core.reasons import Reason
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action

GONE = "the mailbox is gone"
MADE_AGAIN = "another mailbox may have its name: it was listed for the first time since"

_ALWAYS: Mapping[AskCode, str] = {
    AskCode.NOT_LOCKED: "it is not locked",
    AskCode.UNLOCKED: "it was unlocked since",
    AskCode.MADE_AGAIN: MADE_AGAIN,
    AskCode.LESS_MAIL: "it holds less mail than when this was asked, so someone may use it",
    AskCode.RESTORED: "a backup was restored since, and it may have been called off after the backup",
    AskCode.NOT_KNOWN: "MXroute does not report whether it was used",
    AskCode.STOPPED: "its run was stopped",
}

#: Says what becomes of the dated deletions of a user who is disabled.
ASKS_WITHOUT_ASKER = (
    "On its day, each asks on Jobs instead of deleting, because nobody acts for a user who is disabled. Delete it or "
    "call it off there."
)


def why(reason: AskReason | None) -> str:
    """Return why a dated deletion asks; blank for one that waits for its day."""
    if reason is None:
        return ""
    figures = reason.figures
    match reason.code:
        case AskCode.SENT:
            return f"it sent {count(int(figures['messages']), 'message')} on {day(float(figures['at']))}"
        case AskCode.NOT_ALLOWED:
            return f"the person who asked may no longer delete in {figures['domain']}"
        case AskCode.NOT_DONE:
            return _not_done(figures)
        case AskCode.EARLIER:
            return str(figures["text"])
        case code:
            return _ALWAYS[code]


def _not_done(figures: Mapping[str, Any]) -> str:
    """Return why the run of a dated deletion left its mailbox there."""
    reason = Reason.from_columns(str(figures["code"]), figures["detail"], str(figures["words"]))
    return reasons.text(reason, Action.DELETE).removeprefix("kept: ").rstrip(".") if reason else ""


def waits(address: str, due_at: float, who: str, asked_at: float, now: float) -> str:
    """Say when a mailbox will be deleted, and who asked for it."""
    return f"{address} will be deleted on {day(due_at, now)}: {who} asked for that ({moment(asked_at, now)})."


def asks(address: str, why: str, who: str, asked_at: float, now: float) -> str:
    """Say why a dated deletion asks instead of deleting."""
    return (
        f"{address} was to be deleted, as {who} asked ({moment(asked_at, now)}). Nothing was done: {why}. "
        "Delete it now, or call it off."
    )


def called_off(address: str, *, locked: bool) -> str:
    """Say that a deletion is called off, and that this unlocks nothing."""
    stays = " It stays locked: Unlock sets a new password." if locked else ""
    return f"{address} is not deleted: that is called off.{stays}"


def on_hold(deletions: int) -> str:
    """Say that nothing dated is deleted before an admin continues after a restore."""
    are = "is" if deletions == 1 else "are"
    held = f"{count(deletions, 'dated deletion')} {are} held since the restore"
    return f"{held}: nothing is deleted before an admin presses Continue."


def none(address: str) -> str:
    """Refuse to call off a deletion that does not exist."""
    return f"No deletion of {address} has a date: there is nothing to call off."


def too_far(days: int) -> str:
    """Refuse a day too many days ahead."""
    return f"The day of a deletion may be {days:,} days ahead at most: name an earlier one."


PAST = "The day of a deletion must be in the future: name a later one, such as 2026-12-27."
