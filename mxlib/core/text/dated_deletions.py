"""Texts about deletions that have a date."""

from mxlib.core.format import count, day, moment

NOT_LOCKED = "it is not locked"
UNLOCKED = "it was unlocked since"
MADE_AGAIN = "another mailbox may have its name: it was listed for the first time since"
LESS_MAIL = "it holds less mail than when this was asked, so someone may use it"
GONE = "the mailbox is gone"
RESTORED = "a backup was restored since, and it may have been called off after the backup"
NOT_KNOWN = "MXroute does not report whether it was used"


def sent_on(messages: int, at: float) -> str:
    """Say that a locked mailbox sent messages on a day."""
    return f"it sent {count(messages, 'message')} on {day(at)}"


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


PAST = "The day of a deletion must be in the future: name a later one, such as 2026-12-27."
