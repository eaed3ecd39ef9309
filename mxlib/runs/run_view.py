"""A run as pages, API and command line tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mxlib.core.vocabulary import DONE, OPEN, RETRIED, Outcome, RunKind, RunStatus


class Passwords(StrEnum):
    """How it stands with the passwords of a run; they are erased once they are in no file of this server any more."""

    NONE = "none"
    KEPT = "kept"
    ERASING = "erasing"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class RunView:
    """How it stands with one run, at one instant. Times are Unix seconds; None = not (yet)."""

    id: int
    status: RunStatus
    file_name: str
    operator: str
    domains: tuple[str, ...]
    total: int
    counts: Mapping[Outcome, int]
    created_at: float
    started_at: float | None
    finished_at: float | None
    #: When it will be done, other runs ahead of it counted; None when it stands still or is at an end.
    eta_at: float | None = None
    #: The runs that it is queued behind, oldest first.
    behind: tuple[int, ...] = ()
    #: Seconds until MXroute's limit lets the next row go; 0.0 when nothing waits for it.
    waiting_seconds: float = 0.0
    #: When the host stopped answering, and in how many seconds it is asked again.
    silent_since: float | None = None
    next_try_seconds: float = 0.0
    #: Why it is paused, and what to do: one or more whole sentences.
    paused_reason: str = ""
    #: Whether it goes on by itself once the store works again.
    held: bool = False
    #: When the results were compared with the host, how many differ, and the first difference as a phrase.
    checked_at: float | None = None
    differences: int = 0
    difference: str = ""
    #: What else the operator should know: a comparison that could not be made, say.
    note: str = ""
    passwords_until: float | None = None
    handed_over_at: float | None = None
    downloaded_at: float | None = None
    seen: bool = False
    retry_of: int | None = None
    kind: RunKind = RunKind.IMPORT
    undo_of: int | None = None
    #: The runs that take it back, or did, oldest first.
    undone_by: tuple[int, ...] = ()
    #: Its passwords were readable once and are no more.
    forgotten: bool = False
    #: Rows that the reader may not see, counted in no other figure here.
    hidden: int = 0
    #: Its passwords were forgotten, and are not in no file yet.
    erasing: bool = False
    #: Whether its passwords are kept under another key than the server has now.
    locked: bool = False

    @property
    def open(self) -> int:
        """Rows that are not decided yet."""
        return sum(self.counts.get(outcome, 0) for outcome in OPEN)

    @property
    def decided(self) -> int:
        """Rows that have their final outcome."""
        return self.total - self.open

    @property
    def done(self) -> int:
        """Rows for which the host now is as they asked."""
        return sum(self.counts.get(outcome, 0) for outcome in DONE)

    @property
    def retriable(self) -> int:
        """Rows that *Retry failed rows* would send again."""
        return sum(self.counts.get(outcome, 0) for outcome in RETRIED)

    @property
    def passwords(self) -> Passwords:
        """How it stands with its passwords."""
        if self.erasing:
            return Passwords.ERASING
        if self.has_passwords:
            return Passwords.KEPT
        return Passwords.ERASED if self.forgotten else Passwords.NONE

    @property
    def has_passwords(self) -> bool:
        """Whether its passwords can still be read."""
        return self.passwords_until is not None and self.handed_over_at is None
