"""Months of the calendar, and their days by number. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from mxlib.core.days import date_of, number_of

_WRITTEN = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of one year."""

    year: int
    number: int

    @classmethod
    def of_day(cls, day: int) -> "Month":
        """Return the month of a day."""
        on = date_of(day)
        return cls(on.year, on.month)

    @classmethod
    def read(cls, text: str) -> "Month | None":
        """Return the month that is written as `2026-11`; None for any other text."""
        found = _WRITTEN.fullmatch(text) if len(text) <= 7 and text.isascii() else None
        year, number = map(int, found.groups()) if found else (0, 0)
        return cls(year, number) if 1970 <= year < 9999 and 1 <= number <= 12 else None

    def __str__(self) -> str:
        return f"{self.year}-{self.number:02}"

    @property
    def first(self) -> int:
        """Return the number of its first day."""
        return number_of(date(self.year, self.number, 1))

    @property
    def last(self) -> int:
        """Return the number of its last day."""
        return self.next.first - 1

    @property
    def next(self) -> "Month":
        """Return the month after it."""
        return Month(self.year + 1, 1) if self.number == 12 else Month(self.year, self.number + 1)

    @property
    def before(self) -> "Month":
        """Return the month before it."""
        return Month(self.year - 1, 12) if self.number == 1 else Month(self.year, self.number - 1)

    @property
    def label(self) -> str:
        """Return it as people write it, such as `November 2026`."""
        return f"{date(self.year, self.number, 1):%B} {self.year}"
