"""Requests that the account may send, and the headers that report it."""

import math
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal

Kind = Literal["read", "write"]

#: What a request does: change a mailbox, or read the domains, the mailboxes of one, or one mailbox.
What = Literal["create", "update", "delete", "domains", "list", "mailbox", "other"]


def kind_of(method: str) -> Kind:
    """Return the budget that a request spends, reads or writes."""
    return "read" if method in ("GET", "HEAD") else "write"


@dataclass(frozen=True, slots=True)
class Limits:
    """Rate limits of the host, and the ways in which it may deviate from them."""

    window: float = 60.0  # seconds
    writes: int = 20
    reads: int = 100
    aligned: bool = True  # windows follow the clock; else each starts at the first request after the last one
    others: float = 0.0  # the share of each budget that another client spends, request by request with ours
    skew: float = 0.0  # seconds by which the host's clock runs ahead
    headers: bool = True  # whether responses report the limits
    retry_after: Literal["seconds", "date", "none"] = "seconds"

    def __post_init__(self) -> None:
        if self.window <= 0 or min(self.writes, self.reads) < 0 or not 0 <= self.others < 1:
            raise ValueError("A window is longer than nothing, budgets are 0 or more, others spend a share under 1.")
        if self.retry_after not in ("seconds", "date", "none"):
            raise ValueError("Retry-After is 'seconds', a 'date' or 'none'.")

    def allowed(self, kind: Kind) -> int:
        """Return the requests of this kind in one window."""
        return self.reads if kind == "read" else self.writes


@dataclass(slots=True)
class _Window:
    start: float = -math.inf
    ours: int = 0
    others: int = 0


@dataclass(slots=True)
class Meter:
    """Counter of one account's requests against its limits; assign `limits` at any time."""

    limits: Limits = field(default_factory=Limits)
    _windows: dict[Kind, _Window] = field(default_factory=lambda: {"read": _Window(), "write": _Window()})

    def take(self, kind: Kind, now: float) -> bool:
        """Count one request of ours; False when the budget of the window is spent."""
        window = self._open(kind, now)
        if self.limits.others:
            each = self.limits.others / (1 - self.limits.others)
            self.spend(kind, max(0, int((window.ours + 1) * each) - window.others), now)
        if self.left(kind, now) == 0:
            return False
        window.ours += 1
        return True

    def spend(self, kind: Kind, count: int, now: float) -> None:
        """Let another client of the account spend up to `count` requests at once."""
        window = self._open(kind, now)
        window.others += min(count, self.left(kind, now))

    def left(self, kind: Kind, now: float) -> int:
        """Return how many requests of this kind would still be admitted."""
        window = self._open(kind, now)
        return max(0, self.limits.allowed(kind) - window.ours - window.others)

    def ends(self, kind: Kind, now: float) -> float:
        """Return when the present window ends, by the true clock."""
        return self._open(kind, now).start + self.limits.window

    def headers(self, kind: Kind, now: float, refused: bool = False) -> dict[str, str]:
        """Return the headers that report the limits.

        Reset times are whole seconds, never early by the host's clock.
        """
        limits, ends = self.limits, self.ends(kind, now)
        found = {"date": formatdate(now + limits.skew, usegmt=True)}
        if limits.headers:
            found["x-ratelimit-limit"] = str(limits.allowed(kind))
            found["x-ratelimit-remaining"] = "0" if refused else str(self.left(kind, now))
            found["x-ratelimit-reset"] = str(math.ceil(ends + limits.skew))
        if refused and limits.retry_after == "seconds":
            found["retry-after"] = str(max(1, math.ceil(ends - now)))
        elif refused and limits.retry_after == "date":
            found["retry-after"] = formatdate(math.ceil(ends + limits.skew), usegmt=True)
        return found

    def _open(self, kind: Kind, now: float) -> _Window:
        """Return the window that contains `now`."""
        window, length = self._windows[kind], self.limits.window
        if self.limits.aligned:
            start = math.floor(now / length) * length
        else:
            start = window.start if window.start <= now < window.start + length else now
        if start != window.start:
            window.start, window.ours, window.others = start, 0, 0
        return window
