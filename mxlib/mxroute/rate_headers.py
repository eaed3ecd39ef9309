"""What an answer says of the account's budget."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Self

#: Seconds that no wait exceeds, whatever a host says: then one request goes and finds out.
MAX_WAIT_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """What one answer said of the budget for reads or for writes. Times are Unix seconds by the host's clock.

    `told_at` is the answer's Date, or our own time when it had none: `by_host` says which.
    """

    remaining: int
    limit: int | None = None
    resets_at: float | None = None
    told_at: float = 0.0
    by_host: bool = False

    @property
    def resets_in(self) -> float | None:
        """Seconds from the answer to the reset, within the second or so that whole seconds leave open."""
        return None if self.resets_at is None else self.resets_at - self.told_at

    @classmethod
    def from_http(cls, headers: Mapping[str, str], now: float) -> Self | None:
        """Read the rate headers (names in lower case); None when they do not say what remains. `now`: Unix seconds."""
        remaining, limit = _whole(headers, "remaining"), _whole(headers, "limit")
        if remaining is None:
            return None
        date = _moment(headers.get("date", ""))
        resets_at = _whole(headers, "reset")
        return cls(remaining, limit or None, resets_at, now if date is None else date, by_host=date is not None)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a refusal asks to wait, LONGEST_WAIT at most, said as a number or as a date; None without either."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:9]), MAX_WAIT_S)
    until, date = _moment(told), _moment(headers.get("date", ""))
    return None if until is None else min(max(0.0, until - (now if date is None else date)), MAX_WAIT_S)


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    told = headers.get(f"x-ratelimit-{name}", "").strip()
    return int(told) if told.isascii() and told.isdigit() and len(told) < 16 else None


def _moment(text: str) -> float | None:
    """An HTTP date as Unix seconds; None when it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
