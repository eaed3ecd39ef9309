"""Texts about locked mailboxes."""

from mxlib.core.format import duration, moment
from mxlib.core.locks import MAX_REASON_LENGTH, Lock

#: What a lock leaves as it is.
LIMITS = (
    "A lock stops no session that is open at MXroute: it may go on until MXroute ends it. Mail still arrives, and "
    "forwarders still forward."
)
MADE_AGAIN = "the mailbox is gone; another one has its name"
REASON_HELP = "People who may view the mailbox see it. Optional."
TOO_LONG = f"reason: write {MAX_REASON_LENGTH} characters at most, on one line."


def state(lock: Lock, now: float) -> str:
    """Describe a lock: since when, by whom and why."""
    why = f": {lock.reason}" if lock.reason else "."
    return f"Locked {moment(lock.since, now)} by {lock.by}{why}"


def being_locked(address: str) -> str:
    """Say that a lock got no answer so far."""
    return (
        f"{address} is being locked: MXroute gave no answer so far, so nobody knows yet whether its password still "
        "works. MXM sends the lock again until MXroute answers."
    )


def refuses_password(address: str) -> str:
    """Refuse to change the password of a locked mailbox."""
    return f"{address} is locked, and refuses every new password. Unlock it first, which sets a new one."


def not_yet(address: str, seconds: float) -> str:
    """Refuse to unlock while a lock may still take effect."""
    return f"{address} is being locked right now. Try again in {duration(max(1.0, seconds))}."


def password_under_way(address: str, seconds: float) -> str:
    """Refuse to lock while a password that is known may still be set."""
    return (
        f"Another change is setting a password of {address} right now, which would end the lock. Try again in "
        f"{duration(max(1.0, seconds))}."
    )


def not_locked(address: str) -> str:
    """Refuse to unlock a mailbox that is not locked."""
    return f"{address} is not locked. Reset its password instead."
