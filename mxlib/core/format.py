"""Small parts of sentences: counts, lists, times and quoted cells."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

_MOST_QUOTED = 40


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, such as `1 row`, `2 rows` or `3 mailboxes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str], *, most: int = 0, noun: str = "more") -> str:
    """Join parts as `a`, `a and b` or `a, b and c`.

    Parts beyond `most` are only counted.
    """
    shown = list(parts)
    if most and len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1:,} {noun}"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def readable(cell: str, most: int = _MOST_QUOTED) -> str:
    """Make text of a stranger fit for one line: no control or invisible characters, and not too long."""
    seen = "".join(sign if sign.isprintable() else " " * sign.isspace() for sign in cell[: most * 4]).strip()
    return seen if len(seen) <= most and len(cell) <= most * 4 else seen[: most - 1] + "…"


def quoted(cell: str) -> str:
    """Put a cell between quotes."""
    return f"'{readable(cell)}'"


def clock_time(at: float) -> str:
    """Format a Unix time as the server's local time, such as `10:42`."""
    return f"{datetime.fromtimestamp(at):%H:%M}"


def day(at: float, now: float | None = None) -> str:
    """Format a day, such as `29 Nov`. The year is added when `now` is in another one."""
    when = datetime.fromtimestamp(at)
    other_year = now is not None and datetime.fromtimestamp(now).year != when.year
    return f"{when.day} {when:%b}" + (f" {when.year}" if other_year else "")


def full_day(at: float) -> str:
    """Format a day with its year, such as `29 Nov 2026`."""
    return f"{day(at)} {datetime.fromtimestamp(at).year}"


def moment(at: float, now: float) -> str:
    """Format a Unix time: `10:42` on the same day as `now`, else `3 May, 10:42`."""
    same_day = datetime.fromtimestamp(at).date() == datetime.fromtimestamp(now).date()
    return clock_time(at) if same_day else f"{day(at, now)}, {clock_time(at)}"


def age(seconds: float) -> str:
    """Format a past duration in its best unit: `47 minutes`, `3 hours` or `2 days`."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "less than a minute"
    if minutes < 120:
        return count(minutes, "minute")
    hours = minutes // 60
    return count(hours, "hour") if hours < 48 else count(hours // 24, "day")


def whole_minutes(seconds: float) -> int:
    """Return how many minutes something will take, rounded up, at least one."""
    return max(1, ceil(seconds / 60))


def duration(seconds: float) -> str:
    """Format a future duration, rounded up, such as `1 minute` or `8 hours 20 minutes`."""
    hours, minutes = divmod(whole_minutes(seconds), 60)
    parts = [count(hours, "hour")] * bool(hours) + [count(minutes, "minute")] * bool(minutes)
    return " ".join(parts)
