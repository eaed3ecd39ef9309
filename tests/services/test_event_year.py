"""A simulated year: each true crossing is in one notice, nothing else is, and no restart repeats one."""

from collections import Counter

import pytest

from mxlib.store import Store, events
from mxlib.store.database import MEMORY
from tests.support import event_year
from tests.support.event_year import Year, live


@pytest.fixture(scope="module")
def year() -> Year:
    made = Year(mailboxes=500, domains=2, days=365, seed=21)
    store = Store.open(MEMORY, made.clock)
    live(made, store)
    with store.read() as tx:
        stored = events.find(tx, events.EventFilter(), 1_000_000)
    made.counts["stored events"] = len(stored)
    store.close()
    print(", ".join(f"{number:,} {name}" for name, number in event_year.figures(made).items()))
    return made


def test_each_true_crossing_is_in_exactly_one_notice_and_at_its_time(year: Year) -> None:
    found, expected = event_year.noticed(year), event_year.expected(year)
    assert [
        occurrence for occurrence, times in Counter(occurrence for occurrence, _, _ in found).items() if times > 1
    ] == []
    assert {occurrence: (at, in_digest) for occurrence, at, in_digest in found} == expected


def test_every_crossing_is_stored_once_with_or_without_a_notice(year: Year) -> None:
    assert year.counts["stored events"] == len(event_year.happened(year))


def test_the_year_had_everything_that_it_is_about(year: Year) -> None:
    figures = event_year.figures(year)
    for name in (
        "mailbox_nearly_full", "mailbox_full", "mailbox_back_to_normal", "sent_near_limit", "sent_jump",
        "account_nearly_full", "account_full", "account_back_to_normal", "host_silent", "host_back", "restarts",
        "missing figures", "lists not read", "digests", "floods",
    ):  # fmt: skip
        assert figures.get(name, 0) > 2, (name, figures)
    assert figures["noticed"] < figures["events"]
    assert any(year.snoozes.values())
