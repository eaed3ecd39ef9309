"""Rate limits of the account, as pure state.

There is no thread, lock or sleep; `now` is monotonic seconds, and the caller passes it.
"""

from collections.abc import Iterable

from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_budget import POLL, RateBudget
from mxlib.mxroute.rate_headers import RateLimitHeaders

#: Requests of runs that are on their way at once; only estimates use it.
WORKERS = 3

#: Seconds after its sending at which a request of an earlier process had reached the host.
ARRIVED = 1.0


class RateLimits:
    """Budgets for reads and writes, and when the next request of each kind may go."""

    def __init__(self, *, writes: int = 20, reads: int = 100, window: float = 60.0) -> None:
        """Start with `writes` and `reads` in `window` seconds, until the host reports other limits."""
        self._budgets = {"write": RateBudget(writes, window, scouts=1), "read": RateBudget(reads, window, scouts=5)}

    def try_acquire(self, kind: str, now: float) -> float:
        """Take a slot, to send at once, and return 0.0.

        Or return the seconds after which to ask again.
        """
        return self._budgets[kind].try_acquire(now)

    def update(self, kind: str, said: RateLimitHeaders | RateLimited | None, sent_at: float, now: float) -> None:
        """Learn from the result of a request; None: no response, or one without rate headers."""
        self._budgets[kind].update(said, sent_at, now)

    def release(self, kind: str) -> None:
        """Return the slot last taken: no request was sent."""
        self._budgets[kind].release()

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """Count what an earlier process sent (kind, when), after a start. The first write goes alone anyway."""
        for kind, at in attempts:
            self._budgets[kind].count(min(at + ARRIVED, now))

    def wait_seconds(self, kind: str, now: float) -> float:
        """Return the seconds until the rate limit allows the next request.

        0.0 when it does now.
        """
        wait = self._budgets[kind].wait(now)
        return wait if wait > POLL else 0.0

    def estimate(self, writes: int, now: float) -> float:
        """Return the seconds that so many more writes take, as far as is known now."""
        budget = self._budgets["write"]
        each = budget.took / WORKERS
        ready, opens_in = budget.outlook(now)
        if writes <= ready:
            return max(0, writes) * each
        windows, last = divmod(writes - ready - 1, budget.limit)
        return opens_in + windows * budget.window + (last + 1) * each
