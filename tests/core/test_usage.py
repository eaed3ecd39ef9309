"""Growth of storage, and when it is used up."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mxlib.core.usage import (
    KB_PER_MB,
    NEEDED_DAYS,
    SOON_DAYS,
    TREND_DAYS,
    DayFigures,
    Forecast,
    ForecastKind,
    Trend,
    forecast,
    full_soon_by_day,
    growth,
    trend,
)


def days(*usage: int | None, sent: int | None = None) -> list[DayFigures]:
    return [DayFigures(day, each, 1024, sent, 9600) for day, each in enumerate(usage, 100)]


def test_growth_is_the_median_of_the_days_so_one_large_mail_does_not_count() -> None:
    assert growth([(1, 100), (2, 110), (3, 900), (4, 910), (5, 920)]) == 10
    assert growth([(1, 100), (2, 90)]) == -10


def test_a_gap_counts_once_for_each_of_its_days() -> None:
    assert growth([(1, 0), (2, 50), (3, 100), (13, 110)]) == 1


@pytest.mark.parametrize("points", [[], [(5, 100)]])
def test_growth_of_fewer_than_two_days_is_not_known(points: list[tuple[int, int]]) -> None:
    assert growth(points) is None


def test_a_trend_leaves_out_what_is_not_known() -> None:
    found = trend([*days(100, None, 120), DayFigures(103, None, 1024, 40, 9600), DayFigures(104, 140, sent=60)])
    assert found == Trend(days=3, growth=10, sent_days=2, usual_sent=50)
    assert trend([]) == Trend()


def test_nothing_is_foreseen_from_fewer_than_7_days() -> None:
    assert forecast(500, 1000, Trend(NEEDED_DAYS - 1, 50)) == Forecast(ForecastKind.COLLECTING, 6, needed=7)
    assert forecast(500, 1000, Trend(NEEDED_DAYS, 50)) == Forecast(ForecastKind.DAYS_LEFT, 10)


@pytest.mark.parametrize(
    ("usage", "quota", "grows", "expected"),
    [
        (500, 0, 50, Forecast(ForecastKind.UNLIMITED)),
        (1000, 1000, 50, Forecast(ForecastKind.FULL, 0)),
        (999, 1000, 50, Forecast(ForecastKind.DAYS_LEFT, 1)),
        (500, 1000, 0, Forecast(ForecastKind.NOT_GROWING)),
        (500, 1000, -5, Forecast(ForecastKind.NOT_GROWING)),
        (500, 10**9, 1, Forecast(ForecastKind.NOT_GROWING)),
    ],
)
def test_a_forecast_says_what_is_known(usage: float, quota: float, grows: float, expected: Forecast) -> None:
    assert forecast(usage, quota, Trend(14, grows)) == expected


@given(st.lists(st.integers(0, 10**9), min_size=NEEDED_DAYS, max_size=14), st.integers(0, 10**9), st.integers(1, 10**6))
def test_days_left_are_right_for_any_growth(usage: list[int], now: int, quota: int) -> None:
    known = trend(days(*usage))
    found = forecast(now, quota, known)
    if found.kind is ForecastKind.DAYS_LEFT:
        assert found.days is not None
        assert known.growth is not None
        assert now + found.days * known.growth >= quota > now
        assert found.days == 1 or now + (found.days - 1) * known.growth < quota


KNOWN = st.one_of(st.none(), st.integers(0, 3_000))


#: Six days without growth and six of 100 KB each, after one that is not known: the median is between the two.
BETWEEN = [None, *[0] * 7, *range(100, 700, 100), 1_000, *[None] * 5]


@given(st.lists(st.tuples(st.lists(KNOWN, min_size=20, max_size=20), st.integers(0, 3)), max_size=4))
@example([(BETWEEN, 3)])
def test_counts_by_the_day_are_those_of_single_forecasts(boxes: list[tuple[list[int | None], int]]) -> None:
    first, last = TREND_DAYS, 19
    rows = [
        (day, number, np.nan if used is None else used, quota)
        for number, (usage, quota) in enumerate(boxes)
        for day, used in enumerate(usage)
    ]
    columns = np.array(rows, dtype=float).reshape(-1, 4).T
    found = full_soon_by_day(first, last, columns[0].astype(int), columns[1].astype(int), columns[2], columns[3])
    expected = [0] * len(found)
    for usage, quota in boxes:
        figures = [DayFigures(day, used) for day, used in enumerate(usage)]
        for at, day in enumerate(range(first, last + 1)):
            used = usage[day]
            if used is not None:
                left = forecast(used, quota * KB_PER_MB, trend(figures[day - TREND_DAYS : day]))
                expected[at] += left.kind is ForecastKind.DAYS_LEFT and (left.days or 0) <= SOON_DAYS
    assert found == expected
