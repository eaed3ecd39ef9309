"""Growth of storage, and when it is used up: rules over the figures of days. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

#: Share of its quota from which a mailbox counts as nearly full, and of its send limit as near it.
NEARLY_FULL, NEAR_SEND_LIMIT = 0.9, 0.8

#: Days before today that a trend is made of.
TREND_DAYS = 14

#: Days with figures that a forecast needs.
NEEDED_DAYS = 7

#: Days ahead within which a mailbox counts as full soon.
SOON_DAYS = 30

#: Units of storage: figures of days are in KB, quotas in MB.
KB_PER_MB = 1024

#: Days ahead at most: what is further away is not foreseen.
MOST_DAYS_AHEAD = 3650


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Figures of a mailbox on one day; None is not known.

    Use in KB, quota in MB (0 is unlimited), messages sent at most, and their limit.
    """

    day: int
    usage: int | None = None
    quota: int | None = None
    sent: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A summary of the earlier days of a mailbox.

    `days` of them have its use, and `sent_days` its messages. Growth is in KB a day; None is not known.
    """

    days: int = 0
    growth: float | None = None
    sent_days: int = 0
    usual_sent: int | None = None


class ForecastKind(StrEnum):
    """The kinds of forecast of a storage."""

    #: It has no limit.
    UNLIMITED = "unlimited"
    FULL = "full"
    #: Too few days have figures.
    COLLECTING = "collecting"
    NOT_GROWING = "not_growing"
    #: It will be full in so many days.
    DAYS_LEFT = "days_left"


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a storage will be full.

    `days`: those left, or while they are collected the days with figures; None for the other kinds.
    """

    kind: ForecastKind
    days: int | None = None
    #: Days with figures that are needed.
    needed: int = NEEDED_DAYS

    @property
    def is_foreseen(self) -> bool:
        """Return whether it is full, or will be on a known day."""
        return self.kind in (ForecastKind.FULL, ForecastKind.DAYS_LEFT)


def trend(days: Iterable[DayFigures]) -> Trend:
    """Return the trend of a mailbox by complete days, in their order."""
    return trend_of((each.day, each.usage, each.sent) for each in days)


def trend_of(days: Iterable[tuple[int, int | None, int | None]]) -> Trend:
    """Return the trend by the day, use and messages of complete days, in their order."""
    usage: list[tuple[int, int]] = []
    sent: list[int] = []
    for day, used, messages in days:
        if used is not None:
            usage.append((day, used))
        if messages is not None:
            sent.append(messages)
    return Trend(len(usage), growth(usage), len(sent), math.ceil(median(sent)) if sent else None)


def growth(points: Sequence[tuple[int, int]]) -> float | None:
    """Return the median growth a day, by days and their figures in order.

    A change over days without figures counts once for each of them. None from fewer than two points.
    """
    changes: list[float] = []
    for (day, before), (next_day, after) in pairwise(points):
        between = next_day - day
        changes += [(after - before) / between] * between
    return float(median(changes)) if changes else None


def forecast(usage: float, quota: float, known: Trend) -> Forecast:
    """Return when a storage is full, by its use and quota in KB.

    Quota 0 is unlimited. Never from fewer than NEEDED_DAYS days with figures.
    """
    if quota <= 0:
        return Forecast(ForecastKind.UNLIMITED)
    if usage >= quota:
        return Forecast(ForecastKind.FULL, 0)
    if known.days < NEEDED_DAYS or known.growth is None:
        return Forecast(ForecastKind.COLLECTING, known.days)
    if known.growth <= 0 or (left := (quota - usage) / known.growth) > MOST_DAYS_AHEAD:
        return Forecast(ForecastKind.NOT_GROWING)
    return Forecast(ForecastKind.DAYS_LEFT, max(1, math.ceil(left)))


def full_soon_by_day(
    first: int, last: int, days: NDArray[np.int64], mailboxes: NDArray[np.int64], usage: NDArray[np.float64],
    quota: NDArray[np.float64],
) -> list[int]:  # fmt: skip
    """Return how many mailboxes were to be full soon at the end of each day.

    The arrays have a value for each figure: its day, the number of its mailbox, use in KB and quota in MB; NaN is not
    known. The same rules as `forecast` over whole columns; figures from TREND_DAYS days before `first` on count.
    """
    begin = first - TREND_DAYS
    counted = (days >= begin) & (days <= last)
    ids, rows = np.unique(mailboxes[counted], return_inverse=True)
    used = np.full((len(ids), last - begin + 1), np.nan)
    quotas = used.copy()
    used[rows, days[counted] - begin] = usage[counted]
    quotas[rows, days[counted] - begin] = quota[counted] * KB_PER_MB
    return [
        _full_soon(used[:, at], quotas[:, at], used[:, at - TREND_DAYS : at])
        for at in range(TREND_DAYS, last - begin + 1)
    ]


def _full_soon(used: NDArray[np.float64], quota: NDArray[np.float64], before: NDArray[np.float64]) -> int:
    with np.errstate(invalid="ignore"):
        fits = (quota > 0) & (used < quota) & (np.count_nonzero(~np.isnan(before), axis=1) >= NEEDED_DAYS)
    if not fits.any():
        return 0
    grown = _growth_of_each(before[fits])
    with np.errstate(invalid="ignore", divide="ignore"):
        left = (quota[fits] - used[fits]) / grown
        return int(np.count_nonzero((grown > 0) & (np.ceil(left) <= SOON_DAYS)))


def _growth_of_each(before: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median growth a day of each row.

    Its columns are days in order, at least two of them known.
    """
    columns = np.arange(before.shape[1])
    whole = before.copy()
    for at in np.flatnonzero(np.isnan(whole).any(axis=1)):
        known = np.flatnonzero(~np.isnan(whole[at]))
        inner = (columns >= known[0]) & (columns <= known[-1])
        whole[at, inner] = np.interp(columns[inner], known, whole[at, known])
    changes = np.sort(np.diff(whole, axis=1), axis=1)  # what is not known comes last
    count, rows = np.count_nonzero(~np.isnan(changes), axis=1), np.arange(len(changes))
    middle: NDArray[np.float64] = (changes[rows, (count - 1) // 2] + changes[rows, count // 2]) / 2
    return middle
