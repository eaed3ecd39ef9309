"""A simulated host and clients on simulated time, to test the rate limits.

`Limiter` keeps one budget in any of the ways in which hosts do. `race` lets workers send through `RateLimits` on
virtual time, and returns the outcome.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import count
from typing import Literal

from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_headers import RateLimitHeaders, retry_after
from mxlib.mxroute.rate_limits import RateLimits

#: Unix seconds at monotonic 0, by our own clock.
EPOCH = 1_800_000_000.0
WORKERS = 3


@dataclass
class Limiter:
    """A host with a limit; times are true Unix seconds. `skew`: seconds that its clock runs ahead."""

    windows: Literal["aligned", "first", "sliding"] = "aligned"
    limit: int = 20
    window: float = 60.0
    rounding: Callable[[float], float] = math.ceil
    skew: float = 0.0
    headers: bool = True
    dated: bool = True
    retry: Literal["seconds", "date", "none"] = "seconds"
    storm: frozenset[int] = frozenset()  # requests, counted from 0, that it refuses without a reason
    lost: frozenset[int] = frozenset()  # requests that it counts but never answers
    bare_storm: bool = False
    number: int = 0
    refused: int = 0
    admitted: list[float] = field(default_factory=list)
    _start: float = -math.inf

    def open(self, at: float) -> list[float]:
        """Return the requests that count at `at`."""
        host = at + self.skew
        if self.windows == "sliding":
            since = at - self.window
            return [t for t in self.admitted if t > since]
        if self.windows == "aligned":
            self._start = math.floor(host / self.window) * self.window - self.skew
        elif not self._start <= at < self._start + self.window:
            self._start = at
        return [t for t in self.admitted if t >= self._start]

    def ends(self, at: float) -> float:
        """Return when the current window ends; for a sliding one, when its oldest request leaves."""
        weighing = self.open(at)
        if self.windows == "sliding":
            return (weighing[0] if weighing else at) + self.window
        return self._start + self.window

    def spend(self, at: float) -> bool:
        """Spend a request of another client, and return whether it was admitted."""
        admitted = len(self.open(at)) < self.limit
        if admitted:
            self.admitted.append(at)
        return admitted

    def answer(self, at: float) -> tuple[int, dict[str, str]] | None:
        """Return status and headers of the response to our request, or None if it is lost."""
        number, self.number = self.number, self.number + 1
        storm = number in self.storm
        admitted = not storm and self.spend(at)
        if number in self.lost:
            return None
        host, ends = at + self.skew, self.ends(at) + self.skew
        headers = {"date": formatdate(math.floor(host), usegmt=True)} if self.dated else {}
        if self.headers and not (storm and self.bare_storm):
            remaining = max(0, self.limit - len(self.open(at)))
            headers |= {
                "x-ratelimit-limit": str(self.limit),
                "x-ratelimit-remaining": str(0 if storm else remaining),
                "x-ratelimit-reset": str(int(self.rounding(ends))),
            }
        if admitted:
            return 201, headers
        self.refused += not storm
        if self.retry == "seconds" and not self.bare_storm:
            headers["retry-after"] = str(math.ceil(ends - host))
        elif self.retry == "date" and not self.bare_storm:
            headers["retry-after"] = formatdate(math.ceil(ends), usegmt=True)
        return 429, headers


@dataclass(frozen=True)
class Race:
    """The outcome of `race`: seconds until the last response, refusals by the limit, and send times."""

    took: float
    refused: int
    sent: list[float] = field(repr=False)


def race(
    limiter: Limiter,
    rows: int,
    latencies: Iterator[float],
    *,
    rate_limits: RateLimits | None = None,
    at: float = 0.0,
    others: Iterable[float] = (),
    timeout: float = 30.0,
    patience: float = 48 * 3600.0,
) -> Race:
    """Send `rows` writes from `at` on (monotonic), each until it is admitted.

    `others`: increasing times at which another client spends one. A latency is drawn for each way of each request.
    """
    rate_limits = rate_limits or RateLimits()
    now, waiting, flying, done, sent = at, rows, 0, 0, list[float]()
    number = count()
    events: list[tuple[float, int, str, float]] = []

    def schedule(when: float, what: str, sent_at: float = 0.0) -> None:
        heapq.heappush(events, (when, next(number), what, sent_at))

    answers: dict[float, list[tuple[int, dict[str, str]] | None]] = {}
    spent_by_others = iter(others)
    schedule(next(spent_by_others, math.inf), "other")
    while done < rows:
        assert now - at < patience, f"{done} of {rows} after {now - at:.0f} s"
        wait = math.inf
        while waiting and flying < WORKERS:
            wait = rate_limits.try_acquire("write", now)
            if wait:
                break
            waiting, flying = waiting - 1, flying + 1
            sent.append(now)
            schedule(now + next(latencies), "arrives", now)
        if waiting and flying < WORKERS and (not events or now + wait < events[0][0]):
            assert wait > 0
            now += wait
            continue
        now, _, what, sent_at = heapq.heappop(events)
        if what == "other":
            limiter.spend(EPOCH + now)
            schedule(next(spent_by_others, math.inf), "other")
        elif what == "arrives":
            answer = limiter.answer(EPOCH + now)
            answers.setdefault(sent_at, []).append(answer)
            back = now + next(latencies) if answer else sent_at + timeout
            schedule(back, f"answers {len(answers[sent_at]) - 1}", sent_at)
        else:
            answer = answers[sent_at][int(what.split()[1])]
            flying -= 1
            rate_limits.update("write", parsed(answer, EPOCH + now), sent_at, now)
            if answer is None or answer[0] == 201:
                done += 1
            else:
                waiting += 1
    return Race(now - at, limiter.refused, sent)


def least_time(limiter: Limiter, rows: int, at: float, trip: float) -> tuple[float, int]:
    """Return the least seconds until the host admits the last of `rows` writes, and the number of windows.

    `trip`: seconds of the slowest response. Writes that miss a first window nearly over are not counted against us.
    """
    if limiter.windows != "aligned":
        windows = math.ceil(rows / limiter.limit)
        return (windows - 1) * limiter.window, windows
    left = limiter.window - (EPOCH + at + limiter.skew) % limiter.window
    in_first = min(limiter.limit, 1 + WORKERS * max(0, math.floor(left / trip) - 1), rows)
    windows = math.ceil((rows - in_first) / limiter.limit)
    return (left + (windows - 1) * limiter.window if windows else 0.0), windows + 1


def parsed(answer: tuple[int, dict[str, str]] | None, now: float) -> RateLimitHeaders | RateLimited | None:
    if answer is None:
        return None
    status, headers = answer
    rate_headers = RateLimitHeaders.from_http(headers, now)
    return RateLimited(retry_after(headers, now), rate_headers=rate_headers) if status == 429 else rate_headers
