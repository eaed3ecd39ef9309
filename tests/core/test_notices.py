"""Who is notified when: the week, quiet hours, the digest, snoozes and floods."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.days import Days
from mxlib.core.events.notices import (
    AGAIN_AFTER,
    FLOOD,
    OUTAGES,
    SAME_OUTAGE_S,
    Decision,
    LastNotice,
    Notice,
    Preferences,
    Way,
    after_quiet_hours,
    decide,
    group,
    next_hour,
)
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity

DAYS = Days.of("Europe/Amsterdam")


def at(text: str) -> float:
    return datetime.fromisoformat(f"2026-05-{text}:00+02:00").timestamp()


NOON, NIGHT = at("05T12:00"), at("05T23:30")
NEARLY = Event(Rule.MAILBOX_STORAGE, EventCode.MAILBOX_NEARLY_FULL, "anna@a.nl", 1)
FULL = Event(Rule.MAILBOX_STORAGE, EventCode.MAILBOX_FULL, "anna@a.nl", 2)
NORMAL = Event(Rule.MAILBOX_STORAGE, EventCode.MAILBOX_BACK_TO_NORMAL, "anna@a.nl", 0)
JUMP = Event(Rule.SENT_JUMP, EventCode.SENT_JUMP, "anna@a.nl", 1)


def decided(
    event: Event, when: float = NOON, last: LastNotice | None = None, snoozed: float | None = None,
    preferences: Preferences | None = None,
) -> Decision:  # fmt: skip
    return decide(event, when, DAYS, preferences or Preferences(), last, snoozed)


def test_urgent_events_go_at_once_and_after_quiet_hours_at_night() -> None:
    assert decided(FULL) == Decision(Way.AT_ONCE, NOON)
    assert decided(FULL, NIGHT) == Decision(Way.AT_ONCE, at("06T07:00"))
    assert decided(FULL, NIGHT, preferences=Preferences(quiet_from=None)) == Decision(Way.AT_ONCE, NIGHT)


def test_others_wait_for_the_digest() -> None:
    assert decided(NEARLY) == Decision(Way.DIGEST, at("06T08:00"))
    assert decided(NEARLY, at("06T07:59")) == Decision(Way.DIGEST, at("06T08:00"))


def test_a_person_chooses_the_severity_of_a_rule() -> None:
    urgent = Preferences(severities={Rule.MAILBOX_STORAGE: Severity.URGENT})
    calm = Preferences(severities={Rule.MAILBOX_STORAGE: Severity.INFO})
    assert decided(NEARLY, preferences=urgent).way is Way.AT_ONCE
    assert decided(FULL, preferences=calm).way is Way.DIGEST


def test_a_jump_breaks_quiet_hours_digest_and_the_week() -> None:
    calm = Preferences(severities={Rule.SENT_JUMP: Severity.INFO})
    assert decided(JUMP, NIGHT, LastNotice(NIGHT - 60, 1), preferences=calm) == Decision(Way.AT_ONCE, NIGHT)


def test_one_notice_a_week_unless_it_gets_worse_by_a_class() -> None:
    last = LastNotice(NOON - AGAIN_AFTER + 1, 1)
    assert decided(NEARLY, last=last).way is Way.REPEATED
    assert decided(FULL, last=last).way is Way.AT_ONCE
    assert decided(NEARLY, NOON + 1, last).way is Way.DIGEST
    assert decided(NEARLY, last=LastNotice(NOON - 60, 2, is_over=True)).way is Way.REPEATED


@pytest.mark.parametrize("rule", sorted(OUTAGES))
def test_an_outage_that_was_over_and_begins_again_is_another_one(rule: Rule) -> None:
    down = Event(rule, EventCode.HOST_SILENT, "", 1)
    last_notice = LastNotice(NOON - 2 * SAME_OUTAGE_S, 1, due_at=NOON - SAME_OUTAGE_S + 1)
    over = replace(last_notice, is_over=True)
    assert decided(down, last=last_notice).way is Way.REPEATED
    assert decided(down, last=over).way is Way.REPEATED  # it comes and goes, and nobody heard of its end
    assert decided(down, NOON + 1, over) == Decision(Way.AT_ONCE, NOON + 1)
    assert decided(down, last=replace(over, is_end_out=True)) == Decision(Way.AT_ONCE, NOON)
    full = LastNotice(NOON - 60, 2, is_over=True, is_end_out=True)
    assert decided(FULL, last=full).way is Way.REPEATED


@pytest.mark.parametrize("event", [NEARLY, FULL, NORMAL, JUMP])
def test_a_snooze_holds_until_its_date(event: Event) -> None:
    assert decided(event, last=LastNotice(0.0, 1), snoozed=NOON + 1).way is Way.SNOOZED
    assert decided(event, last=LastNotice(0.0, 1), snoozed=NOON).way is not Way.SNOOZED


def test_the_end_of_something_is_notified_once_and_only_if_it_was_notified() -> None:
    assert decided(NORMAL).way is Way.UNKNOWN_BEFORE
    assert decided(NORMAL, last=LastNotice(0.0, 2)).way is Way.DIGEST
    assert decided(NORMAL, last=LastNotice(0.0, 2, is_over=True)).way is Way.UNKNOWN_BEFORE


def test_a_flood_of_one_rule_becomes_one_notice_and_jumps_do_not() -> None:
    many = [(number, Rule.MAILBOX_STORAGE, Way.AT_ONCE) for number in range(FLOOD + 1)]
    assert group(many, {}) == [Notice(Way.AT_ONCE, Rule.MAILBOX_STORAGE, tuple(range(FLOOD + 1)))]
    assert len(group(many[:-1], {})) == FLOOD
    assert len(group(many[:5], {Rule.MAILBOX_STORAGE: FLOOD})) == 1
    assert len(group([(number, Rule.SENT_JUMP, Way.AT_ONCE) for number in range(FLOOD + 1)], {})) == FLOOD + 1


def test_a_digest_is_one_notice() -> None:
    due = [(1, Rule.MAILBOX_STORAGE, Way.DIGEST), (2, Rule.SEND_LIMIT, Way.DIGEST), (3, Rule.WATCH, Way.AT_ONCE)]
    assert group(due, {}) == [Notice(Way.AT_ONCE, Rule.WATCH, (3,)), Notice(Way.DIGEST, None, (1, 2))]


@given(
    st.lists(st.tuples(st.sampled_from(Rule), st.sampled_from([Way.AT_ONCE, Way.DIGEST])), max_size=80),
    st.dictionaries(st.sampled_from(Rule), st.integers(0, 30)),
)
def test_every_event_that_is_due_is_in_exactly_one_notice(due: list[tuple[Rule, Way]], recent: dict[Rule, int]) -> None:
    found = group([(number, *each) for number, each in enumerate(due)], recent)
    assert sorted(number for notice in found for number in notice.events) == [*range(len(due))]


@given(st.integers(0, 366 * 24 * 4), st.integers(0, 23), st.integers(0, 23))
def test_quiet_hours_end_within_a_day_and_at_a_loud_hour(quarter: int, begin: int, end: int) -> None:
    moment = NOON + quarter * 900
    due = after_quiet_hours(moment, DAYS, Preferences(quiet_from=begin, quiet_until=end))
    assert moment <= due <= moment + 25 * 3600
    assert after_quiet_hours(due, DAYS, Preferences(quiet_from=begin, quiet_until=end)) == due or begin == 2 or end == 2


def test_a_digest_comes_each_day_also_when_clocks_change() -> None:
    moment, found = datetime.fromisoformat("2026-03-20T00:00:00+01:00").timestamp(), []
    for _ in range(20):
        moment = next_hour(moment, DAYS, 8)
        found.append(DAYS.local(moment))
    assert {each.hour for each in found} == {8}
    assert all((after.date() - before.date()).days == 1 for before, after in pairwise(found))
