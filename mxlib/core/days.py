"""Days of the host: each begins at midnight in its time zone, when the messages sent are counted from 0 again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

_FIRST = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """The days of one time zone, numbered from 1 January 1970."""

    zone: tzinfo = UTC

    @classmethod
    def of(cls, name: str) -> "Days":
        """Return the days of a time zone by its IANA name."""
        return cls(ZoneInfo(name))

    def day(self, at: float) -> int:
        """Return the number of the day of a time (Unix seconds)."""
        return number_of(self.local(at).date())

    def local(self, at: float) -> datetime:
        """Return a time (Unix seconds) as the clocks of the zone show it."""
        return datetime.fromtimestamp(at, self.zone)

    def begin(self, day: int) -> float:
        """Return when a day begins (Unix seconds)."""
        return datetime.combine(date_of(day), time(), self.zone).timestamp()

    def at_hour(self, day: int, hour: int) -> float:
        """Return when the clocks show this hour of a day (Unix seconds)."""
        return datetime.combine(date_of(day), time(hour), self.zone).timestamp()


def date_of(day: int) -> date:
    """Return the date of a day."""
    return _FIRST + timedelta(days=day)


def number_of(on: date) -> int:
    """Return the number of the day of a date."""
    return (on - _FIRST).days
