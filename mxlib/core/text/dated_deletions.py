"""Texts about deletions that have a date."""

from mxlib.core.format import count, day, moment
from mxlib.core.reasons import Reason
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action, RowReason

NOT_LOCKED = "it is not locked"
UNLOCKED = "it was unlocked since"
MADE_AGAIN = "another mailbox may have its name: it was listed for the first time since"
LESS_MAIL = "it holds less mail than when this was asked, so someone may use it"
GONE = "the mailbox is gone"
RESTORED = "a backup was restored since, and it may have been called off after the backup"
NOT_KNOWN = "MXroute does not report whether it was used"
STOPPED = "its run was stopped"

#: Says what becomes of the dated deletions of a user who is disabled.
ASKS_WITHOUT_ASKER = (
    "On its day, each asks on Jobs instead of deleting, because nobody acts for a user who is disabled. Delete it or "
    "call it off there."
)


def sent_on(messages: int, at: float) -> str:
    """Say that a locked mailbox sent messages on a day."""
    return f"it sent {count(messages, 'message')} on {day(at)}"


def not_done(reason: Reason) -> str:
    """Return why the run of a dated deletion left its mailbox there."""
    if reason.code in {RowReason.STOPPED, RowReason.STOPPED_UNANSWERED}:
        return STOPPED
    return reasons.text(reason, Action.DELETE).removeprefix("kept: ").rstrip(".")


def not_allowed(who: str, domain: str) -> str:
    """Say that the asker may no longer delete."""
    return f"{who} may no longer delete in {domain}"


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
