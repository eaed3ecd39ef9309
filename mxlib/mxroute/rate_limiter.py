"""The one gate of the process that every request passes: the pace, with a lock and a way to wait."""

import threading
from collections import Counter
from collections.abc import Iterable

from mxlib.clock import Clock
from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_budget import POLL
from mxlib.mxroute.rate_headers import RateLimitHeaders
from mxlib.mxroute.rate_limits import RateLimits


class RateLimiter:
    """Lets requests of all threads pass at the host's pace; who is urgent passes before all others."""

    def __init__(self, pace: RateLimits, clock: Clock) -> None:
        self._pace, self._clock = pace, clock
        self._changed = threading.Condition()
        self._urgent: Counter[str] = Counter()
        self._closed = False

    def try_acquire(self, kind: str) -> float:
        """0.0: the slot is the caller's, who sends now; else the seconds after which to ask again. Never waits."""
        with self._changed:
            return self._ask(kind, urgent=False)

    def acquire(self, kind: str, *, urgent: bool = False, patience: float | None = None) -> bool:
        """Wait for a slot and take it; False when that would take over `patience` seconds, or when the gate closed."""
        with self._changed:
            until = None if patience is None else self._clock.monotonic() + patience
            self._urgent[kind] += urgent
            try:
                while not self._closed:
                    wait = self._ask(kind, urgent=urgent)
                    if not wait:
                        return True
                    if until is not None and self._clock.monotonic() + wait > until:
                        return False
                    self._clock.wait(self._changed, wait)
                return False
            finally:
                self._urgent[kind] -= urgent
                self._changed.notify_all()

    def release(self, kind: str) -> None:
        """The slot last taken was not used: no request left."""
        with self._changed:
            self._pace.release(kind)
            self._changed.notify_all()

    def update(self, kind: str, said: RateLimitHeaders | RateLimited | None, sent_at: float) -> None:
        """Learn from what came of a request that left at `sent_at` (monotonic)."""
        with self._changed:
            self._pace.update(kind, said, sent_at, self._clock.monotonic())
            self._changed.notify_all()

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """After a start: count what an earlier process sent (kind, when). Here times are Unix seconds."""
        with self._changed:
            moment = self._clock.monotonic()
            self._pace.rebuild([(kind, moment - max(0.0, now - at)) for kind, at in attempts], moment)

    def estimate(self, writes: int) -> float:
        """Seconds that so many more writes take, as far as is known now."""
        with self._changed:
            return self._pace.estimate(writes, self._clock.monotonic())

    def wait_seconds(self, kind: str) -> float:
        """Seconds for which the host's limit holds the next request back; 0.0 when it does not."""
        with self._changed:
            return self._pace.wait_seconds(kind, self._clock.monotonic())

    def close(self) -> None:
        """Let nobody pass any more, and send home who waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _ask(self, kind: str, *, urgent: bool) -> float:
        now = self._clock.monotonic()
        if self._closed:
            return POLL
        if self._urgent[kind] and not urgent:
            return max(POLL, self._pace.wait_seconds(kind, now))
        return self._pace.try_acquire(kind, now)
