"""The result of a verification of the audit log, as facts."""

from dataclasses import dataclass
from enum import StrEnum


class ChainCause(StrEnum):
    """Reasons for which a chain begins."""

    FIRST = "first"
    OTHER_KEY = "key"
    BROKEN = "broken"


class BreakKind(StrEnum):
    """Kinds of breaks of the audit log."""

    MISSING = "missing"
    CHANGED = "changed"
    UNHASHED = "unhashed"
    INSERTED = "inserted"
    BLOCK = "block"
    CHECKPOINT = "checkpoint"
    ERASURE = "erasure"
    CHAIN = "chain"
    RESTARTED = "restarted"
    FOREIGN = "foreign"
    ACCEPTED = "accepted"
    HEAD = "head"
    TAIL = "tail"
    BEYOND = "beyond"
    OTHER_KEY = "other_key"


@dataclass(frozen=True, slots=True)
class Break:
    """A place where the audit log breaks: entry `entry`, up to `last` where a range is meant."""

    kind: BreakKind
    entry: int
    last: int = 0

    @property
    def end(self) -> int:
        """Return the last entry of the range."""
        return max(self.entry, self.last)


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of another server key, which cannot be verified."""

    entries: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Entries with a break, or of another key, that an admin accepted.

    `at` is in Unix seconds.
    """

    first: int
    last: int
    at: float


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification."""

    #: Entries that are intact, with those of releases without hashes (`earlier`) and those with an erasure (`erased`).
    entries: int = 0
    earlier: int = 0
    erased: int = 0
    chains: int = 0
    checkpoints: int = 0
    #: Of another key: entries, checkpoints and blocks.
    unverified: tuple[Span, ...] = ()
    #: Number and hash of the newest entry, to note elsewhere.
    last: int = 0
    link: str = ""
    breaks: tuple[Break, ...] = ()
    #: How many breaks there are besides those.
    more: int = 0
    #: What an admin accepted; it is in neither of the above.
    accepted: tuple[Acceptance, ...] = ()

    @property
    def broken(self) -> Break | None:
        """Return the first break."""
        return self.breaks[0] if self.breaks else None

    @property
    def intact(self) -> bool:
        """Return whether everything verifies but for what an admin accepted."""
        return not (self.breaks or self.more or self.unverified)

    def shows_the_same(self, other: "Verification") -> bool:
        """Return whether both results list the same breaks and entries of another key."""
        return (self.breaks, self.more, self.unverified) == (other.breaks, other.more, other.unverified)
