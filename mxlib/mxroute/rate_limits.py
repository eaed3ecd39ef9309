"""How fast the account may ask. Pure: no thread, no lock, no sleep; `now` is monotonic seconds, handed in."""

from collections.abc import Iterable

from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_budget import POLL, RateBudget
from mxlib.mxroute.rate_headers import RateLimitHeaders

#: Requests of runs that are on their way at once; only estimates go by it.
WORKERS = 3

#: Seconds after its sending at which a request of an earlier process had reached the host.
ARRIVED = 1.0


class RateLimits:
    """What is known of the budgets for reads and for writes, and when the next request of each kind may leave."""

    def __init__(self, *, writes: int = 20, reads: int = 100, window: float = 60.0) -> None:
        """`writes` and `reads` in a window of so many seconds count until the host says otherwise."""
        self._budgets = {"write": RateBudget(writes, window, scouts=1), "read": RateBudget(reads, window, scouts=5)}

    def try_acquire(self, kind: str, now: float) -> float:
        """0.0: the slot is the caller's, who sends now; else the seconds after which to ask again."""
        return self._budgets[kind].try_acquire(now)

    def update(self, kind: str, said: RateLimitHeaders | RateLimited | None, sent_at: float, now: float) -> None:
        """Learn from what came of a request; None when no answer came, or one that says nothing of the budget."""
        self._budgets[kind].update(said, sent_at, now)

    def release(self, kind: str) -> None:
        """The slot last taken was not used: no request left."""
        self._budgets[kind].release()

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """After a start: count what an earlier process sent (kind, when). The first write goes alone anyhow."""
        for kind, at in attempts:
            self._budgets[kind].count(min(at + ARRIVED, now))

    def wait_seconds(self, kind: str, now: float) -> float:
        """Seconds for which the host's limit holds the next request back; 0.0 when it does not."""
        wait = self._budgets[kind].wait(now)
        return wait if wait > POLL else 0.0

    def estimate(self, writes: int, now: float) -> float:
        """Seconds that so many more writes take, as far as is known now."""
        budget = self._budgets["write"]
        each = budget.took / WORKERS
        ready, opens_in = budget.outlook(now)
        if writes <= ready:
            return max(0, writes) * each
        windows, last = divmod(writes - ready - 1, budget.limit)
        return opens_in + windows * budget.window + (last + 1) * each
