"""Facts about MXroute and the runs, as one line on every page shows them."""

from dataclasses import dataclass
from enum import StrEnum

from mxlib.core.vocabulary import PauseCode


class HostState(StrEnum):
    """State of MXroute by its last answers."""

    UNKNOWN = "unknown"
    ANSWERS = "answers"
    SILENT = "silent"
    KEY_REFUSED = "key refused"


@dataclass(frozen=True, slots=True)
class MovingRun:
    """A run that sends: its number, and its decided rows of all."""

    number: int
    decided: int
    total: int


@dataclass(frozen=True, slots=True)
class HostStatus:
    """The state of MXroute and of the runs that a caller may see.

    `since` is when MXroute stopped answering (Unix seconds). `writes` are those left in this minute, and its limit;
    None for people of a client. `paused` is the newest paused run with its reason.
    """

    state: HostState
    since: float | None = None
    writes: tuple[int, int] | None = None
    rows_waiting: int = 0
    moving: MovingRun | None = None
    paused: tuple[int, PauseCode | None] | None = None
