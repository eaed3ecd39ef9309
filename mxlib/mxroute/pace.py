"""How fast the account may ask. Pure: no thread, no lock, no sleep; `now` is monotonic seconds, handed in."""

from collections.abc import Iterable

from mxlib.mxroute.allowance import Allowance
from mxlib.mxroute.errors import RateLimited


class Pace:
    """What is known of the budgets for reads and for writes, and when the next request of each kind may leave."""

    def __init__(self, *, writes: int = 20, reads: int = 100, window: float = 60.0) -> None:
        """`writes` and `reads` in a window of so many seconds count until the host says otherwise."""

    def ask(self, kind: str, now: float) -> float:
        """0.0: the slot is the caller's, who sends now; else the seconds after which to ask again."""
        raise NotImplementedError

    def heard(self, kind: str, said: Allowance | RateLimited | None, sent_at: float, now: float) -> None:
        """Learn from what came of a request; None when no answer came, or one that says nothing of the budget."""
        raise NotImplementedError

    def give_back(self, kind: str) -> None:
        """The slot last taken was not used: no request left."""
        raise NotImplementedError

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """After a start: count what an earlier process sent (kind, when). The first write goes alone anyhow."""
        raise NotImplementedError

    def waiting(self, kind: str, now: float) -> float:
        """Seconds for which the host's limit holds the next request back; 0.0 when it does not."""
        raise NotImplementedError

    def estimate(self, writes: int, now: float) -> float:
        """Seconds that so many more writes take, as far as is known now."""
        raise NotImplementedError
