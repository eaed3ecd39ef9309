"""Events of readings, stored in their transaction; a figure that is missing changes nothing."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core.background_tasks import TaskName
from mxlib.core.events.notices import Preferences, Way, group
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.core.usage import KB_PER_MB
from mxlib.core.vocabulary import AuditAction
from mxlib.mxroute.protocol import Mailbox, MailboxSize
from mxlib.store import Store, audit, background_tasks, events, mailbox_lists, usage_history
from mxlib.store.database import MEMORY
from mxlib.store.events import EventFilter, EventRecord, Snooze
from mxlib.store.tables import event, event_state
from mxlib.store.tables import notice as notices
from tests.support.threaded_runs import ShiftedClock

DAY = 20_000
NOON = DAY * 86_400.0 + 43_200.0
QUARTER, HOUR, WEEK = 900.0, 3_600.0, 7 * 86_400.0
ALL = EventFilter(frozenset({"a.nl", "b.nl", ""}))


@pytest.fixture
def store(clock: ShiftedClock) -> Iterator[Store]:
    opened = Store.open(MEMORY, clock)
    yield opened
    opened.close()


def box(name: str = "anna", usage: float | None = 10.0, sent: int | None = 5, **given: Any) -> Mailbox:
    unknown = tuple(each for each, value in (("usage", usage), ("sent", sent)) if value is None)
    values = {"quota": 1000, "limit": 9600, "suspended": False} | given
    return Mailbox(name, f"{name}@a.nl", usage=usage or 0.0, sent=sent or 0, unknown=unknown, **values)


def read(store: Store, at: float, *boxes: Mailbox, domain: str = "a.nl") -> None:
    with store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, domain, boxes, at)


def found(store: Store, wanted: EventFilter = ALL) -> list[EventRecord]:
    with store.read() as tx:
        return events.find(tx, wanted, 1_000)[::-1]


def codes(store: Store) -> list[tuple[EventCode, Way]]:
    return [(each.event.code, each.way) for each in found(store)]


def test_a_list_fires_what_crosses_and_clears_it_after_two_readings(store: Store) -> None:
    for number, usage in enumerate((800, 900, 950, 880, 1000, None, 840, 840)):
        read(store, NOON + number * QUARTER, box(usage=usage))
    assert codes(store) == [
        (EventCode.MAILBOX_NEARLY_FULL, Way.DIGEST),
        (EventCode.MAILBOX_FULL, Way.AT_ONCE),
        (EventCode.MAILBOX_BACK_TO_NORMAL, Way.DIGEST),
    ]
    first = found(store)[0]
    assert (first.at, first.domain, first.event.subject) == (NOON + QUARTER, "a.nl", "anna@a.nl")
    assert first.event.figures == {"used_kb": 900 * KB_PER_MB, "quota_mb": 1000, "percent": 90}
    with store.read() as tx:
        assert tx.execute(event_state.select()).all() == []


def test_a_reading_that_fails_leaves_neither_state_nor_event(store: Store) -> None:
    read(store, NOON, box())

    def interrupted() -> None:
        with store.write() as tx:
            mailbox_lists.keep_mailboxes(tx, "a.nl", [box(usage=950)], NOON + 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert codes(store) == []
    read(store, NOON + 2, box(usage=950))
    assert len(codes(store)) == 1


def test_sent_near_its_limit_and_a_jump_against_the_own_days(store: Store) -> None:
    for day in range(10):
        read(store, NOON + day * 86_400.0, box(sent=40))
    later = NOON + 10 * 86_400.0
    for number, sent in enumerate((399, 400, 500, 800, 9000)):
        read(store, later + number * QUARTER, box(sent=sent))
    assert [each.event.code for each in found(store)] == [
        EventCode.SENT_JUMP, EventCode.SENT_JUMP, EventCode.SENT_NEAR_LIMIT, EventCode.SENT_JUMP,
    ]  # fmt: skip
    assert found(store)[0].event.figures == {"sent": 400, "usual": 40}
    assert {each.way for each in found(store) if each.event.rule is Rule.SENT_JUMP} == {Way.AT_ONCE}


def test_messages_of_yesterday_soon_after_midnight_are_no_jump_of_today(store: Store) -> None:
    midnight = (DAY + 11) * 86_400.0
    for day in range(10):
        read(store, NOON + day * 86_400.0, box(sent=40))
    read(store, midnight - 60, box(sent=500))
    read(store, midnight + 60, box(sent=500))
    assert [each.event.code for each in found(store)] == [EventCode.SENT_JUMP]


def test_sizes_of_the_account_fire_by_the_quota_of_the_list(store: Store) -> None:
    read(store, NOON, box(), box("bert", quota=0))
    at = NOON + HOUR
    sizes = [MailboxSize(name, "a.nl", 950 * KB_PER_MB**2, at) for name in ("anna", "bert", "unknown")]
    with store.write() as tx:
        usage_history.note_sizes(tx, sizes, at, mailbox_lists.read_times(tx))
        usage_history.note_sizes(tx, sizes, at, mailbox_lists.read_times(tx))
    assert [(each.event.code, each.event.subject) for each in found(store)] == [
        (EventCode.MAILBOX_NEARLY_FULL, "anna@a.nl")
    ]


def test_the_account_fires_by_its_own_classes_and_by_the_deadline_that_mxroute_names(store: Store) -> None:
    with store.write() as tx:
        usage_history.note_account(tx, 95, 100, NOON)
        usage_history.note_account(tx, None, 100, NOON + 1)
        usage_history.note_account(tx, 100, 100, NOON + 2, "2026-12-04")
        usage_history.note_account(tx, 100, 100, NOON + 3, "2026-12-04")
        usage_history.note_account(tx, 50, 100, NOON + 4)
        usage_history.note_account(tx, 50, 0, NOON + 5)
    assert [each.event.code for each in found(store)] == [
        EventCode.ACCOUNT_NEARLY_FULL, EventCode.ACCOUNT_FULL, EventCode.ACCOUNT_GRACE, EventCode.ACCOUNT_GRACE_OVER,
        EventCode.ACCOUNT_BACK_TO_NORMAL,
    ]  # fmt: skip
    assert found(store)[2].event.figures == {"until": "2026-12-04"}


def test_mailboxes_that_others_make_or_delete_are_events_and_those_of_mxm_are_not(store: Store) -> None:
    read(store, NOON, box(), box("bert"), box("dora"))
    with store.write() as tx:
        audit.record(tx, audit.MXM, AuditAction.MAILBOX_DELETE, at=NOON + 60, on="bert@a.nl")
        audit.record(tx, audit.MXM, AuditAction.MAILBOX_CREATE, at=NOON + 60, on="emil@a.nl")
    read(store, NOON + QUARTER, box(), box("carl"), box("emil"))
    assert [(each.event.code, each.event.subject) for each in found(store)] == [
        (EventCode.MAILBOX_MADE_OUTSIDE, "carl@a.nl"),
        (EventCode.MAILBOX_GONE_OUTSIDE, "dora@a.nl"),
    ]


def test_a_write_of_mxm_to_a_stored_list_is_no_event(store: Store) -> None:
    read(store, NOON, box(), box("bert"))
    with store.write() as tx:
        mailbox_lists.apply_write(tx, "a.nl", "bert", None)
        mailbox_lists.apply_write(tx, "a.nl", "anna", box(usage=990))
    assert found(store) == []


def test_a_notice_a_week_for_each_subject_and_rule_unless_it_gets_worse(store: Store) -> None:
    def add(code: EventCode, level: int, at: float) -> Way:
        with store.write() as tx:
            return events.add(tx, Event(Rule.MAILBOX_STORAGE, code, "anna@a.nl", level), "a.nl", at).way

    nearly, full, normal = EventCode.MAILBOX_NEARLY_FULL, EventCode.MAILBOX_FULL, EventCode.MAILBOX_BACK_TO_NORMAL
    assert add(normal, 0, NOON) is Way.UNKNOWN_BEFORE
    assert add(nearly, 1, NOON) is Way.DIGEST
    assert add(nearly, 1, NOON + 1) is Way.REPEATED
    assert add(full, 2, NOON + 2) is Way.AT_ONCE
    assert add(normal, 0, NOON + 3) is Way.DIGEST
    assert add(normal, 0, NOON + 4) is Way.UNKNOWN_BEFORE
    assert add(full, 2, NOON + 5) is Way.REPEATED
    assert add(full, 2, NOON + 2 + WEEK) is Way.AT_ONCE


def outage(store: Store, at: float, *, begins: bool) -> Way:
    code = EventCode.MAIL_UNREACHABLE if begins else EventCode.MAIL_REACHABLE
    with store.write() as tx:
        return events.add(tx, Event(Rule.MAIL_PORTS, code, "", int(begins)), "", at).way


def said_until(store: Store, at: float) -> list[EventCode]:
    """Make the notices that are due; return what they say, in their order."""
    with store.write() as tx:
        made = [events.add_notice(tx, each, at) for each in group(events.due(tx, at), events.recent(tx, at - HOUR))]
    return [noted.event.code for notice in made for noted in notice.events]


def test_a_second_outage_within_a_week_has_a_notice_of_its_own(store: Store) -> None:
    assert outage(store, NOON, begins=True) is Way.AT_ONCE
    assert outage(store, NOON + 600, begins=False) is Way.DIGEST
    assert outage(store, NOON + 3 * HOUR, begins=True) is Way.AT_ONCE
    assert outage(store, NOON + 4 * HOUR, begins=False) is Way.DIGEST
    down, up = EventCode.MAIL_UNREACHABLE, EventCode.MAIL_REACHABLE
    assert said_until(store, NOON + 86_400.0) == [down, down, up]  # only the last end: the first was overtaken
    assert codes(store)[1] == (up, Way.OVERTAKEN)
    assert outage(store, NOON + 86_460.0, begins=True) is Way.AT_ONCE


def test_the_digest_does_not_say_that_an_outage_is_over_while_it_goes_on(store: Store) -> None:
    assert outage(store, NOON, begins=True) is Way.AT_ONCE
    assert outage(store, NOON + 600, begins=False) is Way.DIGEST
    assert outage(store, NOON + 1_200, begins=True) is Way.REPEATED
    assert said_until(store, NOON + 86_400.0) == [EventCode.MAIL_UNREACHABLE]
    assert outage(store, NOON + 86_460.0, begins=False) is Way.DIGEST
    assert said_until(store, NOON + 2 * 86_400.0) == [EventCode.MAIL_REACHABLE]


@pytest.mark.sqlite
@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=40))
def test_what_people_heard_last_of_an_outage_is_true_after_each_digest(steps: list[tuple[int, bool]]) -> None:
    """Outages begin and end at any 10 minutes; the maker of notices looks after some of them."""
    down, up = EventCode.MAIL_UNREACHABLE, EventCode.MAIL_REACHABLE
    made = Store.open(MEMORY, ShiftedClock())
    at, is_down, heard = NOON, False, [up]
    try:
        for minutes, looks in steps:
            at, is_down = at + minutes * 600.0, not is_down
            outage(made, at, begins=is_down)
            if looks:
                heard += said_until(made, at)
        heard += said_until(made, at + 2 * 86_400.0)
        assert heard[-1] is (down if is_down else up)
        begun = [each.due_at or 0.0 for each in found(made) if each.event.code is down and each.way is Way.AT_ONCE]
        ends = [each for each in found(made) if each.event.code is up and each.notice is not None]
        close = sum(after - before < HOUR for before, after in pairwise(begun))
        assert close <= len(ends)  # one that comes and goes has a notice an hour, until a digest says that it is over
    finally:
        made.close()


def test_preferences_and_snoozes_decide_and_are_kept(store: Store) -> None:
    chosen = Preferences(None, 6, 9, {Rule.MAILBOX_STORAGE: Severity.INFO})
    with store.write() as tx:
        events.put_preferences(tx, chosen)
        assert events.preferences(tx) == chosen
        events.put_snooze(tx, Snooze(Rule.SEND_LIMIT, "anna@a.nl", "a.nl", NOON + HOUR, NOON, "boss"))
    read(store, NOON, box(usage=1000, sent=9_600))
    read(store, NOON + 1, box(usage=10, sent=0))
    read(store, NOON + 2, box(usage=10, sent=0))
    with store.write() as tx:
        assert [each.until for each in events.snoozed(tx, ["a.nl"], NOON)] == [NOON + HOUR]
        assert events.snoozed(tx, ["a.nl"], NOON + HOUR) == events.snoozed(tx, ["b.nl"], NOON) == []
    read(store, NOON + HOUR, box(usage=1000, sent=9_600))
    first, second, _, _, last = found(store)
    assert (first.severity, first.way, second.way, last.way) == (Severity.INFO, Way.DIGEST, Way.SNOOZED, Way.DIGEST)
    with store.write() as tx:
        assert events.end_snooze(tx, Rule.SEND_LIMIT, "anna@a.nl")
        assert not events.end_snooze(tx, Rule.SEND_LIMIT, "anna@a.nl")


def test_what_is_due_becomes_notices_and_is_due_no_longer(store: Store) -> None:
    with store.write() as tx:
        background_tasks.introduce(tx, TaskName.NOTICES, NOON - 1, at_start=False)
    read(store, NOON, box(usage=1000), box("bert", usage=950))
    with store.write() as tx:
        assert background_tasks.every(tx)[TaskName.NOTICES].requested_at == NOON
        (at_once,) = group(events.due(tx, NOON), events.recent(tx, NOON - HOUR))
        made = events.add_notice(tx, at_once, NOON)
        assert (made.rule, made.severity, made.number) == (Rule.MAILBOX_STORAGE, Severity.URGENT, 1)
        assert [(each.domain, each.event.subject) for each in made.events] == [("a.nl", "anna@a.nl")]
        assert events.due(tx, NOON) == []
        assert events.recent(tx, NOON - HOUR) == {Rule.MAILBOX_STORAGE: 1}
        assert events.recent(tx, NOON) == {}
        morning = events.next_due(tx)
        assert morning is not None
        assert morning > NOON
        (digest,) = group(events.due(tx, morning), {})
        assert events.add_notice(tx, digest, morning).rule is None
        assert events.next_due(tx) is None


def test_open_is_what_is_over_now_of_mailboxes_that_exist(store: Store) -> None:
    read(store, NOON, box(usage=900), box("bert", usage=1000), box("carl"))
    read(store, NOON + 1, box(usage=1000), box("bert", usage=1000), box("carl", usage=950))
    read(store, NOON + 2, box(usage=1000), box("carl", usage=10))
    read(store, NOON + 3, box(usage=1000), box("carl", usage=10))
    with store.read() as tx:
        assert [(each.event.code, each.event.subject) for each in events.open_now(tx, ["a.nl"])] == [
            (EventCode.MAILBOX_FULL, "anna@a.nl")
        ]
        assert events.open_now(tx, ["b.nl"]) == []


def test_events_are_found_by_domain_rule_severity_and_time(store: Store) -> None:
    read(store, NOON, box(usage=900, sent=9_000), box("bert", usage=1000))
    numbers = [each.number for each in found(store)]
    of = frozenset({"a.nl"})
    assert [each.number for each in found(store, EventFilter(of, severity=Severity.URGENT))] == numbers[2:]
    assert [each.number for each in found(store, EventFilter(of, frozenset({Rule.SEND_LIMIT})))] == [numbers[1]]
    assert found(store, EventFilter(of, since=NOON + 1)) == found(store, EventFilter(frozenset({"b.nl"}))) == []
    assert [each.number for each in found(store, EventFilter(of, before=numbers[1]))] == numbers[:1]


def test_old_events_go_and_those_whose_notice_is_due_stay(store: Store) -> None:
    read(store, NOON, box(usage=900), box("bert", usage=1000))
    with store.write() as tx:
        for notice in group(events.due(tx, NOON), {}):
            events.add_notice(tx, notice, NOON)
        events.put_snooze(tx, Snooze(Rule.SEND_LIMIT, "anna@a.nl", "a.nl", NOON + 1, NOON, "boss"))
        events.forget(tx, NOON + 1, NOON + 2)
        assert [each.event.subject for each in events.find(tx, ALL, 9)] == ["anna@a.nl"]
        assert tx.execute(notices.select()).all() == []
        assert events.snoozed(tx, ["a.nl"], NOON) == []


def test_states_of_mailboxes_that_are_gone_and_of_past_jumps_go(store: Store) -> None:
    for day in range(10):
        read(store, NOON + day * 86_400.0, box(sent=40), box("bert"))
    later = NOON + 10 * 86_400.0
    read(store, later, box(sent=500), box("bert", usage=1000))
    read(store, later + 1, box(sent=500))
    with store.write() as tx:
        events.forget(tx, 0.0, later + 86_000)
        assert len(tx.execute(event_state.select()).all()) == 2
        events.forget(tx, 0.0, later + 3 * 86_400)
        assert tx.execute(event_state.select()).all() == []


def test_the_events_of_an_address_are_handed_out_and_erased(store: Store) -> None:
    read(store, NOON, box(usage=900), box("bert", usage=1000))
    with store.write() as tx:
        assert [each["kind"] for each in events.naming(tx, "anna@a.nl")] == ["event", "state"]
        assert events.erase(tx, "anna@a.nl") == 2
        assert events.naming(tx, "anna@a.nl") == []
        assert len(tx.execute(event.select()).all()) == 1


def test_an_event_of_a_notice_has_the_severity_that_an_admin_chose(store: Store) -> None:
    with store.write() as tx:
        events.put_preferences(tx, Preferences(severities={Rule.MAILBOX_MADE: Severity.WARNING}))
        events.add(tx, Event(Rule.MAILBOX_MADE, EventCode.MAILBOX_MADE_OUTSIDE, "new@a.nl", 1), "a.nl", NOON)
        (digest,) = group(events.due(tx, NOON + WEEK), {})
        made = events.add_notice(tx, digest, NOON + WEEK)
        assert [each.severity for each in made.events] == [Severity.WARNING]
