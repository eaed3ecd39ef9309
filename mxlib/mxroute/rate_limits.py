"""Rate limits of the account, as pure state: one budget for reads and one for writes.

There is no thread, lock or sleep; `now` is monotonic seconds, and the caller passes it.

Two sources show what is left of a budget, and until when. The host reports it: so much remains, until a reset. And
we count: a request of ours no longer counts once a window's length has passed since its response. The first is exact,
and includes other clients; the second holds when nothing is reported.

When the reported window is surely over, one request goes ahead alone. Its response shows what the new window holds,
however the host cuts its windows and whatever others spend; the rest follow.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_headers import MAX_WAIT_S, RateLimitHeaders

#: Seconds after which to ask again when the response to another request decides.
POLL = 0.25

#: Seconds on top of every wait: two clocks never run quite alike.
MARGIN = 0.05

#: Requests of runs that are on their way at once; only estimates use it.
WORKERS = 3

#: Seconds after its sending at which a request of an earlier process had reached the host.
ARRIVED = 1.0


class _Resets(Enum):
    """Trust in the resets that the host reports."""

    BELIEVED = "up to a window's length"
    PROVEN = "whatever they say"
    OFF = "nothing"


@dataclass(slots=True)
class _Reported:
    """The present window as the host reported it: the least that remains, and its latest end."""

    remaining: int
    resets_at: float | None
    over_at: float


class RateBudget:
    """Number of requests of one kind that may be sent, and when. Times are monotonic seconds."""

    def __init__(self, limit: int, window: float, scouts: int) -> None:
        """Start with a limit of requests in `window` seconds.

        `scouts` is how many may be on their way while it is not known what remains.
        """
        self.limit, self.window = limit, window
        self.took = 0.5
        self._scouts = scouts
        self._pending: list[float] = []
        self._answered: list[float] = []
        self._reported: _Reported | None = None
        self._known = False
        self._mute = False
        self._resets = _Resets.BELIEVED
        self._refusals, self._refused_at = 0, float("-inf")

    def try_acquire(self, now: float) -> float:
        """Take a slot and return 0.0, or return the seconds after which to ask again."""
        wait = self.wait(now)
        if not wait:
            insort(self._pending, now)
        return wait

    def wait(self, now: float) -> float:
        """Return the seconds after which a slot may be free; POLL when another response decides."""
        self._pending = [at for at in self._pending if now - at < self.window]  # a slot that was never used is not lost
        if self._room(now) > 0:
            return 0.0
        reported = self._valid(now)
        if reported:
            return POLL if reported.remaining else reported.over_at - now
        counted = self._counted(now)
        first = len(counted) + len(self._pending) - self.limit
        if 0 <= first < len(counted):
            return max(counted[first] + self.window + MARGIN - now, MARGIN)
        return POLL

    def release(self) -> None:
        """Return the slot last taken: it was not used."""
        if self._pending:
            self._pending.pop()

    def count(self, at: float) -> None:
        """Count a request of an earlier process, answered or not."""
        insort(self._answered, at)

    def update(self, said: RateLimitHeaders | RateLimited | None, sent_at: float, now: float) -> None:
        """Learn from the result of a request that was sent at `sent_at`."""
        if self._pending:
            self._pending.pop(max(bisect_right(self._pending, sent_at) - 1, 0))
        self._known = True
        if isinstance(said, RateLimited):
            self._refused(said, sent_at, now)
            return
        self.took += 0.2 * (now - sent_at - self.took)
        insort(self._answered, now)
        self._answered = self._counted(now)
        if said is not None:
            self._learn(said, sent_at, now)
        elif reported := self._valid(now):
            reported.remaining = max(0, reported.remaining - 1)
        else:
            self._mute = True

    def available(self, now: float) -> tuple[int, float]:
        """Return how many requests may go now, and the seconds until a new window."""
        if reported := self._valid(now):
            return max(0, reported.remaining - len(self._pending)), reported.over_at - now
        counted = self._counted(now)
        opens_in = counted[0] + self.window - now if counted else self.window
        return max(0, self.limit - len(counted) - len(self._pending)), opens_in

    def _room(self, now: float) -> int:
        """Return how many more may be sent now."""
        reported = self._valid(now)
        room = reported.remaining if reported else self.limit - len(self._counted(now))
        sure = self._known and (reported is not None or self._mute)
        return (room if sure else min(room, self._scouts)) - len(self._pending)

    def _valid(self, now: float) -> _Reported | None:
        return self._reported if self._reported and now < self._reported.over_at else None

    def _counted(self, now: float) -> list[float]:
        """Return our own requests that may still count in the host's window, oldest first."""
        since = max(now - self.window - MARGIN, self._reported.over_at if self._reported else 0.0)
        return [at for at in self._answered if at > since]

    def _learn(self, said: RateLimitHeaders, sent_at: float, now: float) -> None:
        self._mute, self._refusals = False, 0
        self.limit = said.limit or self.limit
        over_at = now + self._open_for(said, now - sent_at) + MARGIN
        reported = self._reported
        later = _seconds_later(said, reported)
        if reported is None or sent_at >= reported.over_at or later > 1:
            self._reported = _Reported(said.remaining, said.resets_at, over_at)
        elif later >= -1:  # responses overtake each other, and a reset may come out a second apart
            reported.remaining = min(reported.remaining, said.remaining)
            if later > 0:
                reported.resets_at, reported.over_at = said.resets_at, over_at
            elif later == 0:
                reported.over_at = min(reported.over_at, over_at)

    def _refused(self, said: RateLimited, sent_at: float, now: float) -> None:
        """Block every request; longer each time when the host does not report how long."""
        if sent_at >= self._refused_at:
            self._refusals += 1
        self._refused_at = now
        least = min(2.0**self._refusals, self.window)
        wait = min(said.retry_after or 0.0, MAX_WAIT_S)
        resets_at = None
        if rate_headers := said.rate_headers:
            self.limit, resets_at = rate_headers.limit or self.limit, rate_headers.resets_at
            if (
                self._reported
                and sent_at >= self._reported.over_at
                and _seconds_later(rate_headers, self._reported) <= 0
            ):
                self._was_early(said, rate_headers)
            if said.retry_after is None:
                wait = self._open_for(rate_headers, now - sent_at)
        self._reported = _Reported(0, resets_at, now + max(wait, least) + MARGIN)

    def _was_early(self, said: RateLimited, rate_headers: RateLimitHeaders) -> None:
        """Correct the window that ended later than expected: it is longer, or its reset is wrong."""
        agree = said.retry_after is not None and abs(said.retry_after - (rate_headers.resets_in or 0.0)) <= 3
        self._resets = _Resets.PROVEN if agree and rate_headers.by_host else _Resets.OFF
        self.window += 1 if agree else 0

    def _open_for(self, said: RateLimitHeaders, took: float) -> float:
        """Return the seconds from receiving `said` until its window is surely over.

        A reset is a whole second, and its rounding is unknown: the window ends less than a second after it. And no
        window lasts longer than its length. Both hold for each response of a window, so the earliest counts. A reset
        further off than a window is long comes from a wrong clock, unless a refusal reports the same.
        """
        resets_in = said.resets_in
        if resets_in is None or self._resets is _Resets.OFF or not -1 - took <= resets_in <= MAX_WAIT_S:
            return self.window
        if self._resets is _Resets.PROVEN and resets_in >= self.window + 2:
            self.window = resets_in + 1
        return min(max(resets_in + 1, 0.0), self.window)


def _seconds_later(said: RateLimitHeaders, reported: _Reported | None) -> float:
    """Return the seconds by which the new reset is after the earlier one.

    0.0 when either is unknown.
    """
    if reported is None or reported.resets_at is None or said.resets_at is None:
        return 0.0
    return said.resets_at - reported.resets_at


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

    def try_acquire_share(self, kind: str, share: float, now: float) -> float:
        """Take a slot within `share` of the limit, and return 0.0.

        All requests of the window count. Or return the seconds after which to ask again.
        """
        budget = self._budgets[kind]
        available, opens_in = budget.available(now)
        if available <= budget.limit * (1 - share):
            return max(opens_in, POLL)
        return budget.try_acquire(now)

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

    def left(self, kind: str, now: float) -> tuple[int, int]:
        """Return how many requests may go now, and how many a window allows."""
        budget = self._budgets[kind]
        return min(budget.available(now)[0], budget.limit), budget.limit

    def estimate(self, writes: int, now: float) -> float:
        """Return the seconds that so many more writes take, as far as is known now."""
        budget = self._budgets["write"]
        each = budget.took / WORKERS
        ready, opens_in = budget.available(now)
        if writes <= ready:
            return max(0, writes) * each
        windows, last = divmod(writes - ready - 1, budget.limit)
        return opens_in + windows * budget.window + (last + 1) * each
