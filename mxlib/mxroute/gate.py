"""The one gate of the process that every request passes: the pace, with a lock and a way to wait."""

from collections.abc import Iterable

from mxlib.clock import Clock
from mxlib.mxroute.allowance import Allowance
from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.pace import Pace


class Gate:
    """Lets requests of all threads pass at the host's pace; who is urgent passes before all others."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        raise NotImplementedError

    def ask(self, kind: str) -> float:
        """0.0: the slot is the caller's, who sends now; else the seconds after which to ask again. Never waits."""
        raise NotImplementedError

    def take(self, kind: str, *, urgent: bool = False, patience: float | None = None) -> bool:
        """Wait for a slot and take it; False when that would take over `patience` seconds, or when the gate closed."""
        raise NotImplementedError

    def give_back(self, kind: str) -> None:
        """The slot last taken was not used: no request left."""
        raise NotImplementedError

    def heard(self, kind: str, said: Allowance | RateLimited | None, sent_at: float) -> None:
        """Learn from what came of a request that left at `sent_at` (monotonic)."""
        raise NotImplementedError

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """After a start: count what an earlier process sent (kind, when). Here times are Unix seconds."""
        raise NotImplementedError

    def estimate(self, writes: int) -> float:
        """Seconds that so many more writes take, as far as is known now."""
        raise NotImplementedError

    def waiting(self, kind: str) -> float:
        """Seconds for which the host's limit holds the next request back; 0.0 when it does not."""
        raise NotImplementedError

    def close(self) -> None:
        """Let nobody pass any more, and send home who waits."""
        raise NotImplementedError
