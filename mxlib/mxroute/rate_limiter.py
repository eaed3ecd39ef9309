"""Rate limiter of the process: the account's rate limits, with a lock and a way to wait."""

import threading
from collections import Counter
from collections.abc import Iterable

from mxlib.clock import Clock
from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_headers import RateLimitHeaders
from mxlib.mxroute.rate_limits import POLL, RateLimits


class RateLimiter:
    """Lets requests of all threads pass within the rate limits; urgent ones pass first."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._changed = threading.Condition()
        self._urgent: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._closed = False

    def try_acquire(self, kind: str) -> float:
        """Take a slot, to send at once, and return 0.0.

        Or return the seconds after which to ask again. Never waits.
        """
        with self._changed:
            return self._ask(kind, urgent=False)

    def try_acquire_share(self, kind: str, share: float) -> float:
        """Take a slot for background work, within `share` of the limit, and return 0.0.

        Or return the seconds after which to ask again. Whatever others use or wait for goes first: the rest of the
        limit stays free for them.
        """
        with self._changed:
            now = self._clock.monotonic()
            if self._closed or self._waiting[kind]:
                return POLL
            return self._limits.try_acquire_share(kind, share, now)

    def acquire(self, kind: str, *, urgent: bool = False, patience: float | None = None) -> bool:
        """Wait for a slot and take it.

        False when it takes over `patience` seconds, or after `close`.
        """
        with self._changed:
            until = None if patience is None else self._clock.monotonic() + patience
            self._urgent[kind] += urgent
            self._waiting[kind] += 1
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
                self._waiting[kind] -= 1
                self._changed.notify_all()

    def release(self, kind: str) -> None:
        """Return the slot last taken: no request was sent."""
        with self._changed:
            self._limits.release(kind)
            self._changed.notify_all()

    def update(self, kind: str, said: RateLimitHeaders | RateLimited | None, sent_at: float) -> None:
        """Learn from the result of a request that was sent at `sent_at` (monotonic seconds)."""
        with self._changed:
            self._limits.update(kind, said, sent_at, self._clock.monotonic())
            self._changed.notify_all()

    def rebuild(self, attempts: Iterable[tuple[str, float]], now: float) -> None:
        """Count what an earlier process sent (kind, when), after a start. Times here are Unix seconds."""
        with self._changed:
            moment = self._clock.monotonic()
            self._limits.rebuild([(kind, moment - max(0.0, now - at)) for kind, at in attempts], moment)

    def estimate(self, writes: int) -> float:
        """Return the seconds that so many more writes take, as far as is known now."""
        with self._changed:
            return self._limits.estimate(writes, self._clock.monotonic())

    def wait_seconds(self, kind: str) -> float:
        """Return the seconds until the rate limit allows the next request.

        0.0 when it does now.
        """
        with self._changed:
            return self._limits.wait_seconds(kind, self._clock.monotonic())

    def left(self, kind: str) -> tuple[int, int]:
        """Return how many requests may go now, and how many a window allows."""
        with self._changed:
            return self._limits.left(kind, self._clock.monotonic())

    def close(self) -> None:
        """Refuse every slot from now on, and end all waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _ask(self, kind: str, *, urgent: bool) -> float:
        now = self._clock.monotonic()
        if self._closed:
            return POLL
        if self._urgent[kind] and not urgent:
            return max(POLL, self._limits.wait_seconds(kind, now))
        return self._limits.try_acquire(kind, now)
