"""Which backups are kept."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.thinning import kept

DAY = 86_400.0
NOW = datetime(2026, 11, 26, 3, tzinfo=UTC).timestamp()


def days(*ago: float) -> set[float]:
    return {NOW - each * DAY for each in ago}


def names(times: set[float]) -> list[str]:
    return [f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in sorted(times)]


def test_after_two_years_of_nights_there_is_one_of_each_month_and_week_and_all_of_the_last_days() -> None:
    left = set[float]()
    for night in range(730, -1, -1):
        now = NOW - night * DAY
        left = kept(left | {now}, now)
    assert names(left) == [
        "2025-11-30", "2025-12-31", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
        "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30", "2026-10-25", "2026-10-31", "2026-11-01",
        "2026-11-08", "2026-11-15", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23",
        "2026-11-24", "2026-11-25", "2026-11-26",
    ]  # fmt: skip


def test_all_of_the_last_seven_days_are_kept_however_many() -> None:
    times = days(*(hour / 24 for hour in range(24 * 7)))
    assert kept(times, NOW) == times


def test_the_newest_is_kept_however_old() -> None:
    assert kept(days(900, 800), NOW) == days(800)


def test_nothing_is_kept_of_nothing() -> None:
    assert kept([], NOW) == set()


@given(ago=st.sets(st.floats(-10, 800), max_size=40))
def test_thinning_again_changes_nothing_and_never_removes_the_newest(ago: set[float]) -> None:
    times = days(*ago)
    once = kept(times, NOW)
    assert once <= times
    assert kept(once, NOW) == once
    assert max(times, default=0.0) in once or not times
