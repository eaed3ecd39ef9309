"""The result of a verification of the audit log, as facts."""

from dataclasses import dataclass
from enum import StrEnum


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
    HEAD = "head"
    TAIL = "tail"
    BEYOND = "beyond"
    OTHER_KEY = "other_key"


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where the audit log breaks: from entry `entry` on, up to `last` where a range is meant."""

    kind: BreakKind
    entry: int
    last: int = 0


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of another server key, which cannot be verified."""

    entries: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification; the figures count what was read before a break."""

    #: Entries that hold, with those of releases without hashes (`earlier`) and those with an erasure (`erased`).
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
    broken: Break | None = None
