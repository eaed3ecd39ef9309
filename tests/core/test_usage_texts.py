"""Texts about growth and forecasts."""

from datetime import date

import pytest

from mxlib.core.days import number_of
from mxlib.core.overview_tables import FillGroup
from mxlib.core.text import overview, usage
from mxlib.core.usage import Forecast, ForecastKind, Trend

TODAY = number_of(date(2026, 11, 27))
FULL, SOON = Forecast(ForecastKind.FULL, 0), Forecast(ForecastKind.DAYS_LEFT, 12)
LATER, COLLECTING = Forecast(ForecastKind.DAYS_LEFT, 100), Forecast(ForecastKind.COLLECTING, 3)
NOT_GROWING, UNLIMITED = Forecast(ForecastKind.NOT_GROWING), Forecast(ForecastKind.UNLIMITED)


@pytest.mark.parametrize(
    ("found", "cell", "of_mailbox", "of_account"),
    [
        (FULL, "full now", "Full: no new mail comes in.", "The limit is reached."),
        (
            SOON, "12 days", "Full in 12 days (9 Dec) at its growth of the last 14 days.",
            "The limit is reached in 12 days (9 Dec) at the growth of the last 14 days.",
        ),
        (
            LATER, "100 days", "Full about March 2027 at its growth of the last 14 days.",
            "The limit is reached about March 2027 at the growth of the last 14 days.",
        ),
        (
            COLLECTING, "collecting data, 3 of 7 days", "When it is full: collecting data, 3 of 7 days.",
            "When the limit is reached: collecting data, 3 of 7 days.",
        ),
        (
            NOT_GROWING, "not growing", "It does not grow, so no day is foreseen on which it is full.",
            "It does not grow, so no day is foreseen on which the limit is reached.",
        ),
        (
            UNLIMITED, "unlimited", "Unlimited: it has no day on which it is full.",
            "The account has no limit of storage.",
        ),
    ],
)  # fmt: skip
def test_each_forecast_has_its_words(found: Forecast, cell: str, of_mailbox: str, of_account: str) -> None:
    assert usage.short(found) == cell
    assert usage.of_mailbox(found, Trend(), TODAY) == of_mailbox
    assert usage.of_account(found, TODAY) == of_account


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (Trend(9, 12.4 * 1024, 9, 40), "It usually grows by 12 MB a day and sends 40 messages a day."),
        (Trend(9, 100.0, 9, 1), "It usually grows by less than 1 MB a day and sends 1 message a day."),
        (Trend(9, -5.0, 9, 0), "It usually sends 0 messages a day."),
        (Trend(9, 5_000_000.0), "It usually grows by 4.8 GB a day."),
    ],
)
def test_a_mailbox_has_its_habits(known: Trend, text: str) -> None:
    assert usage.of_mailbox(UNLIMITED, known, TODAY).endswith(f" {text}")


def test_the_groups_of_a_chart_are_one_text_too() -> None:
    groups = (FillGroup(0, 20, 1_200), FillGroup(100, None, 2), FillGroup(None, None, 3))
    assert overview.how_full(groups) == "How full the mailboxes are: 0-20 %: 1,200, full: 2, unlimited: 3"


def test_what_has_no_room_is_counted() -> None:
    assert overview.listed_of(5, 5) == ""
    assert overview.listed_of(100, 2_000) == "The 100 most urgent of 2,000 are listed."
    assert overview.others(1, "2 GB") == "1 more client: 2 GB"
    assert overview.others(2, "2 GB") == "2 more clients: 2 GB"
