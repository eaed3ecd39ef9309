"""Figures of days, stored with the reading; a figure that is missing changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib.core.days import Days
from mxlib.core.usage import DayFigures, Trend
from mxlib.mxroute.protocol import Mailbox, MailboxSize
from mxlib.services.housekeeping import Housekeeping
from mxlib.settings import Settings
from mxlib.store import Store, mailbox_lists, usage_history
from mxlib.store.database import MEMORY
from mxlib.store.tables import mailbox, usage_daily, usage_trend
from tests.support.threaded_runs import ShiftedClock

#: Noon of a day.
DAY = 20_000
NOON = DAY * 86_400.0 + 43_200.0
HOUR = 3_600.0
MB = 1024


@pytest.fixture
def store(clock: ShiftedClock) -> Iterator[Store]:
    opened = Store.open(MEMORY, clock)
    yield opened
    opened.close()


def box(name: str = "anna", usage: float | None = 10.0, sent: int | None = 5, **given: Any) -> Mailbox:
    unknown = tuple(each for each, value in (("usage", usage), ("sent", sent)) if value is None)
    values = {"quota": 1024, "limit": 9600, "suspended": False} | given
    return Mailbox(name, f"{name}@a.nl", usage=usage or 0.0, sent=sent or 0, unknown=unknown, **values)


def read(store: Store, at: float, *boxes: Mailbox, domain: str = "a.nl") -> None:
    with store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, domain, boxes, at)


def days_of(store: Store, name: str = "anna", domain: str = "a.nl") -> list[DayFigures]:
    with store.read() as tx:
        number = usage_history.numbers(tx, [domain], gone=True)[f"{name}@{domain}"]
        return usage_history.of_mailboxes(tx, [number], DAY - 400, DAY + 400).get(number, [])


def totals(store: Store) -> list[tuple[int, int, int, int]]:
    with store.read() as tx:
        found = usage_history.of_domains(tx, ["a.nl"], DAY - 400, DAY + 400)
    return [(each.day, each.mailboxes, each.usage, each.sent) for each in found]


def test_a_list_stores_the_figures_of_its_day(store: Store) -> None:
    read(store, NOON, box(usage=10.5, sent=7), box("bert", quota=0))
    assert days_of(store) == [DayFigures(DAY, 10752, 1024, 7, 9600)]
    assert totals(store) == [(DAY, 2, 10752 + 10 * MB, 12)]


def test_the_last_use_and_the_most_sent_of_a_day_stay(store: Store) -> None:
    for hour, (usage, sent) in enumerate(((10, 5), (30, 9), (20, 2))):
        read(store, NOON + hour * HOUR, box(usage=usage, sent=sent))
    assert days_of(store) == [DayFigures(DAY, 20 * MB, 1024, 9, 9600)]
    with store.read() as tx:
        (found,) = usage_history.of_domains(tx, ["a.nl"], DAY, DAY)
    assert (found.usage, found.usage_max) == (20 * MB, 30 * MB)


@pytest.mark.parametrize(("usage", "sent"), [(None, 8), (12.0, None), (None, None)])
def test_a_missing_figure_changes_nothing(store: Store, usage: float | None, sent: int | None) -> None:
    read(store, NOON, box())
    read(store, NOON + HOUR, box(usage=usage, sent=sent))
    assert days_of(store) == [DayFigures(DAY, (10 if usage is None else 12) * MB, 1024, 5 if sent is None else 8, 9600)]


def test_a_use_that_is_missing_all_day_counts_as_the_last_known_one_in_totals(store: Store) -> None:
    read(store, NOON, box(), box("bert", usage=20.0))
    read(store, NOON + 24 * HOUR, box(usage=None), box("bert", usage=21.0))
    assert days_of(store)[-1].usage is None
    assert totals(store)[-1][2] == 31 * MB


def test_a_missing_figure_of_the_host_is_read_as_not_known() -> None:
    found = Mailbox.from_data({"username": "anna", "quota": 1024, "limit": 9600, "usage": "?"})
    assert (found.known_usage, found.known_sent, found.usage) == (None, None, 0)
    assert Mailbox.from_data({"username": "anna", "usage": "0", "sent": 0}).unknown == ()


def test_what_is_not_known_survives_the_stored_list(store: Store) -> None:
    read(store, NOON, box(usage=None), box("bert"))
    with store.read() as tx:
        kept = mailbox_lists.mailboxes(tx, "a.nl")
    assert kept is not None
    assert [each.unknown for each in kept.mailboxes] == [("usage",), ()]


def test_days_follow_the_time_zone(store: Store) -> None:
    store.days = Days.of("Asia/Tokyo")
    read(store, NOON + 4 * HOUR, box())
    assert [each.day for each in days_of(store)] == [DAY + 1]


def test_sent_of_yesterday_is_not_taken_for_that_of_today(store: Store) -> None:
    midnight = (DAY + 1) * 86_400.0
    read(store, midnight - HOUR, box(sent=2300))
    read(store, midnight + 60, box(sent=2301))
    assert days_of(store)[-1].sent is None
    read(store, midnight + 600, box(sent=0))
    read(store, midnight + 1200, box(sent=2400))
    assert [each.sent for each in days_of(store)] == [2300, 2400]


def test_an_hour_after_midnight_sent_counts_whatever_it_was(store: Store) -> None:
    midnight = (DAY + 1) * 86_400.0
    read(store, midnight - HOUR, box(sent=40))
    read(store, midnight + HOUR, box(sent=50))
    assert [each.sent for each in days_of(store)] == [40, 50]


def test_a_mailbox_that_is_back_keeps_its_days(store: Store) -> None:
    read(store, NOON, box(), box("bert"))
    read(store, NOON + HOUR, box("bert"))
    with store.read() as tx:
        assert usage_history.numbers(tx, ["a.nl"]).keys() == {"bert@a.nl"}
    read(store, NOON + 24 * HOUR, box(), box("bert"))
    assert len(days_of(store)) == 2
    with store.read() as tx:
        assert len(usage_history.numbers(tx, ["a.nl"])) == 2


def test_mailboxes_of_a_domain_that_left_the_account_are_gone(store: Store) -> None:
    read(store, NOON, box())
    with store.write() as tx:
        mailbox_lists.keep_domains(tx, ["b.nl"], NOON + HOUR)
        assert usage_history.numbers(tx, ["a.nl"]) == {}


def test_a_write_by_hand_notes_who_is_there_and_no_figures(store: Store) -> None:
    read(store, NOON, box(), box("bert"))
    with store.write() as tx:
        mailbox_lists.apply_write(tx, "a.nl", "anna", None)
        mailbox_lists.apply_write(tx, "a.nl", "carl", box("carl", usage=99))
        assert usage_history.numbers(tx, ["a.nl"]).keys() == {"bert@a.nl", "carl@a.nl"}
    assert days_of(store, "carl") == []


def size(name: str, kb: int, at: float | None) -> MailboxSize:
    return MailboxSize(name, "a.nl", kb * 1024, at)


def note(store: Store, at: float, *sizes: MailboxSize) -> int:
    with store.write() as tx:
        return usage_history.note_sizes(tx, sizes, at, mailbox_lists.read_times(tx))


def test_sizes_of_the_account_count_where_they_are_newer_than_the_list(store: Store) -> None:
    read(store, NOON, box(), box("bert"))
    changed = note(store, NOON + 9, size("Anna", 77, NOON + 5), size("bert", 88, NOON - 5), size("nobody", 99, None))
    assert (changed, days_of(store)[0].usage, days_of(store, "bert")[0].usage) == (1, 77, 10 * MB)
    assert totals(store) == [(DAY, 2, 77 + 10 * MB, 10)]


def test_sizes_make_a_day_of_their_own_and_old_ones_change_nothing(store: Store) -> None:
    read(store, NOON, box(), box("bert"))
    tomorrow = NOON + 24 * HOUR
    assert note(store, tomorrow, size("anna", 77, None), size("bert", 88, NOON - 48 * HOUR)) == 1
    assert days_of(store)[-1] == DayFigures(DAY + 1, 77)
    assert len(days_of(store, "bert")) == 1
    read(store, tomorrow + HOUR, box(usage=None), box("bert"))
    assert days_of(store)[-1] == DayFigures(DAY + 1, 77, 1024, 5, 9600)


def test_trends_are_of_complete_days(store: Store) -> None:
    for day in range(10):
        read(store, NOON + day * 86_400, box(usage=10 + day, sent=40 + day))
    with store.read() as tx:
        assert usage_history.trends_of(tx, "a.nl") == {"anna": Trend(9, MB, 9, 44)}


def test_a_day_that_a_size_began_is_in_no_trend_before_it_is_over(store: Store) -> None:
    for day in range(3):
        read(store, NOON + day * 86_400, box(usage=10 + day))
    note(store, NOON + 3 * 86_400, size("anna", 900 * MB, None))
    read(store, NOON + 3 * 86_400 + 60, box(usage=900))
    with store.read() as tx:
        assert usage_history.trends_of(tx, "a.nl") == {"anna": Trend(3, MB, 3, 5)}


def test_the_account_has_days_of_its_own(store: Store) -> None:
    with store.write() as tx:
        usage_history.note_account(tx, 5 * MB * MB, 9 * MB * MB, NOON)
        usage_history.note_account(tx, None, 9 * MB * MB, NOON + 1)
        (found,) = usage_history.of_account(tx, DAY, DAY)
    assert (found.usage, found.quota) == (5 * MB, 9)


def test_days_expire_and_a_mailbox_that_is_gone_leaves_only_totals(store: Store, clock: ShiftedClock) -> None:
    settings = Settings(usage_days=100)
    now = clock.now()
    days = [now - age * 86_400 for age in (130, 99, 95)]
    read(store, days[0], box(), box("bert"))
    read(store, days[1], box(), box("bert"))
    read(store, days[2], box("bert"))
    Housekeeping(settings, store, clock).tidy()
    with store.read() as tx:
        assert list(tx.execute(sa.select(mailbox.c.username)).scalars()) == ["bert"]
        assert tx.scalar(sa.select(sa.func.count()).select_from(usage_daily)) == 2
        assert tx.scalar(sa.select(sa.func.count()).select_from(usage_trend)) == 1
        found = usage_history.of_domains(tx, ["a.nl"], 0, DAY * 2)
    assert [each.mailboxes for each in found] == [2, 1]


def test_a_list_that_did_not_change_writes_no_figures(store: Store) -> None:
    read(store, NOON, *(box(f"b{number}") for number in range(20)))
    statements: list[str] = []
    with store.write() as tx:
        sa.event.listen(tx, "before_cursor_execute", lambda _c, _cur, text, *_: statements.append(text))
        usage_history.note_list(tx, "a.nl", [box(f"b{number}") for number in range(20)], NOON + 900)
    assert not [text for text in statements if text.startswith(("INSERT INTO usage_daily", "UPDATE usage_daily"))]


def test_a_name_listed_twice_is_one_mailbox(store: Store) -> None:
    read(store, NOON, box(), replace(box(), username="Anna"))
    assert len(days_of(store)) == 1


def test_totals_count_who_is_full_nearly_full_or_near_the_send_limit(store: Store) -> None:
    boxes = [
        box("full", usage=1024.0, sent=0), box("nearly", usage=922.0, sent=0), box("half", usage=921.0, sent=0),
        box("free", usage=9_999.0, quota=0, sent=0), box("sends", sent=7_680), box("less", sent=7_679),
    ]  # fmt: skip
    read(store, NOON, *boxes)
    with store.read() as tx:
        (found,) = usage_history.of_domains(tx, ["a.nl"], DAY, DAY)
    assert (found.full, found.nearly_full, found.near_send_limit) == (1, 2, 1)


def test_a_size_that_grew_is_in_the_highest_total_of_its_day(store: Store) -> None:
    read(store, NOON, box())
    for minute, kb in ((1, 90 * MB), (2, 20 * MB)):
        note(store, NOON + 60 * minute, size("anna", kb, None))
    with store.read() as tx:
        (found,) = usage_history.of_domains(tx, ["a.nl"], DAY, DAY)
    assert (found.usage, found.usage_max) == (20 * MB, 90 * MB)


def test_a_size_of_a_clock_that_is_ahead_counts_for_today(store: Store) -> None:
    read(store, NOON, box())
    assert note(store, NOON + 60, size("anna", 77, NOON + 48 * HOUR)) == 1
    assert [(each.day, each.usage) for each in days_of(store)] == [(DAY, 77)]


def test_a_size_that_is_older_than_a_day_changes_nothing(store: Store) -> None:
    read(store, NOON, box())
    assert note(store, NOON + 72 * HOUR, size("anna", 77, NOON + 47 * HOUR)) == 0
    assert note(store, NOON + 72 * HOUR, size("anna", 77, NOON + 49 * HOUR)) == 1
