"""Texts of the public pages, in each language that a client may have."""

from collections.abc import Mapping
from datetime import UTC, datetime

from mxlib.core.text.portal import dutch, english, french, german, spanish
from mxlib.core.text.portal.words import Words

WORDS: Mapping[str, Words] = {
    each.language: each for each in (english.WORDS, dutch.WORDS, german.WORDS, french.WORDS, spanish.WORDS)
}

#: Seconds from which on an end is said as a day.
_AS_A_DAY = 86_400.0


def day(words: Words, at: float) -> str:
    """Return the day of a time in UTC, such as `5 December 2026`."""
    found = datetime.fromtimestamp(at, UTC)
    return words.day.format(day=found.day, month=words.months[found.month - 1], year=found.year)


def until(words: Words, ends_at: float, now: float) -> str:
    """Say until when a link works: a day, or minutes."""
    left = ends_at - now
    if left >= _AS_A_DAY:
        return words.until_day.format(day=day(words, ends_at))
    return words.until_minutes.format(minutes=max(1, int(left // 60)))
