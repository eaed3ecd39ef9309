"""Texts of the Overview: what its totals are made of, and what waits."""

import pytest

from mxlib.core.text import overview

NOW, DAY = 1_800_000_000.0, 86_400.0


def test_totals_say_how_many_lists_they_are_made_of() -> None:
    assert overview.lists_read(2, [], None, NOW) == "Totals of 2 domains."
    text = overview.lists_read(3, ["c.nl"], NOW - 2 * 3600, NOW)
    assert text.startswith("Totals of 2 of 3 domains; the oldest list is ")
    assert text.endswith("Not loaded: c.nl.")


@pytest.mark.parametrize(
    ("until", "left"),
    [(NOW + 3 * DAY + 1, "3 days left"), (NOW + DAY, "1 day left"), (NOW + 1, "Less than a day left")],
)
def test_passwords_that_wait_say_how_long_they_are_kept(until: float, left: str) -> None:
    text = overview.passwords(7, "Client A", 12, 60, until, NOW)
    assert text.startswith("Run 7, Client A: 12 of 60 handed over. ")
    assert left in text


def test_paused_runs_and_unlimited_mailboxes_are_named() -> None:
    assert overview.paused(7, "Client A") == "Run 7 is paused: Client A."
    assert overview.unlimited(1, "2 GB") == "1 unlimited mailbox: 2 GB"
    assert overview.unlimited(2, "2 GB") == "2 unlimited mailboxes: 2 GB"
