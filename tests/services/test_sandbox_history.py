"""The invented history of a new sandbox: believable, the same every time, and written once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib import sandbox
from mxlib.core.days import date_of
from mxlib.core.usage import DayFigures, ForecastKind, forecast, trend
from mxlib.sandbox import Account, Mailbox, believable_account
from mxlib.services import sandbox_history
from mxlib.settings import Settings
from mxlib.store import FILE, Store, usage_history
from tests.support.threaded_runs import ShiftedClock

SETTINGS = Settings()


@pytest.fixture
def store(tmp_path: Path, clock: ShiftedClock) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, clock)
    yield opened
    opened.close()


def days_of(store: Store, today: int, domain: str = "clienta.nl") -> dict[str, list[DayFigures]]:
    with store.read() as tx:
        ids = usage_history.numbers(tx, [domain], gone=True)
        found = usage_history.of_mailboxes(tx, list(ids.values()), today - 60, today)
    return {name: found[number] for name, number in ids.items()}


def test_sixty_days_are_written_once(store: Store, clock: ShiftedClock) -> None:
    account, today = believable_account(), store.days.day(clock.now())
    assert sandbox_history.write(store, account, SETTINGS, clock)
    assert not sandbox_history.write(store, account, SETTINGS, clock)
    with store.read() as tx:
        totals = usage_history.of_domains(tx, account.domains, 0, today)
        storage = usage_history.of_account(tx, 0, today)
    assert {each.day for each in totals} == set(range(today - 60, today))
    assert len(storage) == 60
    by_day = {each.day: each.usage for each in storage}
    assert all(by_day[day] == sum(each.usage for each in totals if each.day == day) for day in by_day)


def test_a_store_that_has_mailboxes_gets_no_history(store: Store, clock: ShiftedClock) -> None:
    with store.write() as tx:
        usage_history.note_mailboxes(tx, "a.nl", ["anna"], clock.now())
    assert not sandbox_history.write(store, believable_account(), SETTINGS, clock)
    none = SETTINGS.model_copy(update={"sandbox_days": 0})
    assert not sandbox_history.write(store, believable_account(), none, clock)


def test_the_days_are_believable(store: Store, clock: ShiftedClock) -> None:
    today = store.days.day(clock.now())
    account = believable_account()
    sandbox_history.write(store, account, SETTINGS, clock)
    days = days_of(store, today)
    there = {f"{name}@clienta.nl" for name in account.domains["clienta.nl"]}
    assert days.keys() > there  # some are gone
    assert any(found[0].day > today - 60 for name, found in days.items() if name in there)  # some are new
    assert max(each.sent or 0 for found in days.values() for each in found) == 2_300
    sent = [[0, 0], [0, 0]]
    for found in days.values():
        for each in found:
            of = sent[date_of(each.day).weekday() >= 5]
            of[0] += (each.sent or 0) % 2_300  # without the hijacked one
            of[1] += 1
    assert sent[0][0] / sent[0][1] > 4 * sent[1][0] / sent[1][1]
    for name in there & days.keys():
        box = account.domains["clienta.nl"][name.partition("@")[0]]
        assert days[name][-1].usage == round(box.usage * 1024)
        assert (days[name][0].usage or 0) <= (days[name][-1].usage or 0)


def test_one_mailbox_is_full_within_days(store: Store, clock: ShiftedClock) -> None:
    today = store.days.day(clock.now())
    account = believable_account()
    sandbox_history.write(store, account, SETTINGS, clock)
    left = []
    for domain, boxes in account.domains.items():
        for name, found in days_of(store, today, domain).items():
            if (box := boxes.get(name.partition("@")[0])) is not None and found:
                left.append(forecast(box.usage * 1024, box.quota * 1024, trend(found[-14:])))
    days = sorted(each.days or 0 for each in left if each.kind is ForecastKind.DAYS_LEFT)
    assert days[0] <= 5


def test_the_same_days_have_the_same_history() -> None:
    today = date_of(20_784)
    first, second = (list(sandbox.past(believable_account(), 60, today)) for _ in range(2))
    assert first == second


def test_a_very_large_domain_has_no_history() -> None:
    boxes = {f"n{at}": Mailbox(f"n{at}") for at in range(1_001)}
    assert not list(sandbox.past(Account({"big.nl": boxes}), 3, date_of(20_784)))
