"""The lock of a mailbox: its password is one that nobody knows."""

from dataclasses import dataclass

#: Characters of the reason of a lock.
MAX_REASON_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock: since when (Unix seconds), by whom, and why; the reason may be blank."""

    since: float
    by: str
    reason: str = ""
