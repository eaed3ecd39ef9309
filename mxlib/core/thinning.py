"""Thinning of backups: which ones are kept, by the times of their data."""

from collections.abc import Iterable
from datetime import UTC, datetime

_DAY = 86_400.0

#: Days in which every backup is kept, in which one of each week is, and in which one of each month is.
ALL_DAYS, WEEKLY_DAYS, MONTHLY_DAYS = 7, 5 * 7, 365


def kept(times: Iterable[float], now: float) -> set[float]:
    """Return the times to keep, which are in Unix seconds.

    These are all of the last 7 days, the newest of each calendar week for 5 weeks and of each month for a year, and
    the newest of all.
    """
    found = sorted(times)
    weeks, months = {}, {}
    for at in found:  # the newest of each is the last one
        day = datetime.fromtimestamp(at, UTC)
        weeks[day.isocalendar()[:2]] = at
        months[day.year, day.month] = at
    young = {at for at in found if now - at <= ALL_DAYS * _DAY}
    weekly = {at for at in weeks.values() if now - at <= WEEKLY_DAYS * _DAY}
    monthly = {at for at in months.values() if now - at <= MONTHLY_DAYS * _DAY}
    return young | weekly | monthly | set(found[-1:])
