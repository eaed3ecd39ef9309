"""Days of the host: each begins at midnight in its time zone."""

from datetime import UTC, datetime, timedelta

import pytest

from mxlib.core.days import Days, date_of, number_of
from mxlib.settings import Settings, SettingsError


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_a_day_begins_at_midnight_of_its_zone() -> None:
    days = Days.of("Europe/Amsterdam")
    day = days.day(at("2026-11-27T22:59:59+00:00"))
    assert date_of(day).isoformat() == "2026-11-27"
    assert days.day(at("2026-11-27T23:00:00+00:00")) == day + 1
    assert days.begin(day + 1) == at("2026-11-27T23:00:00+00:00")
    assert days.at_hour(day, 8) == at("2026-11-27T07:00:00+00:00")


@pytest.mark.parametrize("date", ["2026-03-29", "2026-10-25"])
def test_a_day_on_which_clocks_change_has_one_beginning_and_one_end(date: str) -> None:
    days = Days.of("Europe/Amsterdam")
    day = number_of(datetime.fromisoformat(date).date())
    begin, end = days.begin(day), days.begin(day + 1)
    assert end - begin in (23 * 3600, 25 * 3600)
    steps = range(int(begin), int(end), 900)
    assert {days.day(moment) for moment in steps} == {day}


def test_days_have_the_numbers_of_their_dates() -> None:
    some = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=each) for each in (0, 1, 20_000)]
    assert [Days().day(each.timestamp()) for each in some] == [0, 1, 20_000]


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "../../etc/passwd", "/etc/localtime", " ", "a" * 9_999])
def test_a_name_that_is_no_time_zone_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(SettingsError, match="MXM_TIMEZONE is not the name of a time zone"):
        Settings(timezone=name)


def test_a_time_zone_is_named_as_iana_does() -> None:
    assert str(Days.of(Settings(timezone="America/Denver").timezone).zone) == "America/Denver"
