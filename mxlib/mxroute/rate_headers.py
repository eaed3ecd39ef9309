"""The account's budget, as the headers of a response report it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Self

#: The longest wait in seconds, even if MXroute demands more: after it, one request tests the limit.
MAX_WAIT_S = 15 * 60.0


@dataclass(frozen=True, slots=True)
class RateLimitHeaders:
    """Budget for reads or for writes, as one response reported it. Times are Unix seconds of the host.

    `sent_at` is the response's Date, or our own time when it had none; `by_host` is True for a Date.
    """

    remaining: int
    limit: int | None = None
    resets_at: float | None = None
    sent_at: float = 0.0
    by_host: bool = False

    @property
    def resets_in(self) -> float | None:
        """Return the seconds from the response to the reset, give or take a second: headers round."""
        return None if self.resets_at is None else self.resets_at - self.sent_at

    @classmethod
    def from_http(cls, headers: Mapping[str, str], now: float) -> Self | None:
        """Read the rate headers (names in lower case).

        None when they do not report what remains. `now` is in Unix seconds.
        """
        remaining, limit = _whole(headers, "remaining"), _whole(headers, "limit")
        if remaining is None:
            return None
        date = _moment(headers.get("date", ""))
        resets_at = _whole(headers, "reset")
        return cls(remaining, limit or None, resets_at, now if date is None else date, by_host=date is not None)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that a refusal asks to wait, at most MAX_WAIT_S.

    None when it does not ask. The header holds a number or a date.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:9]), MAX_WAIT_S)
    until, date = _moment(value), _moment(headers.get("date", ""))
    return None if until is None else min(max(0.0, until - (now if date is None else date)), MAX_WAIT_S)


def _whole(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(f"x-ratelimit-{name}", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else None


def _moment(text: str) -> float | None:
    """Return an HTTP date as Unix seconds; None when the text is not a date."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
