"""Events, the states of their rules, notices about them, and snoozes.

An event is stored in the transaction of the reading that it comes from, with the state of its rule and with how it is
notified. So a process may end at any moment: the reading counts as a whole, or not at all.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.background_tasks import TaskName
from mxlib.core.days import Days
from mxlib.core.events.conditions import Condition, ConditionRule, Known, follow
from mxlib.core.events.notices import (
    NOTIFIED,
    OUTAGES,
    Decision,
    DueNotice,
    LastNotice,
    NotedEvent,
    Notice,
    Preferences,
    Way,
    decide,
)
from mxlib.core.events.vocabulary import BY_URGENCY, OF_MAILBOXES, RECOVERIES, Event, EventCode, Rule, Severity
from mxlib.store import background_tasks
from mxlib.store.person_search import is_who, may_name
from mxlib.store.tables import event as table
from mxlib.store.tables import event_snooze as snoozes
from mxlib.store.tables import event_state as states
from mxlib.store.tables import mailbox, meta
from mxlib.store.tables import notice as notices
from mxlib.store.transaction import DAYS, Tx
from mxlib.store.upsert import put_fact, upsert

#: The name under which the preferences of admins are stored.
_PREFERENCES = "event_preferences"

#: Seconds for which the state of a mailbox that is gone is kept: a list may lack one by mistake.
_GONE_STATE_S = 86_400.0

#: Seconds after which a jump of messages sent is no longer open: its state counts on its own day only.
_JUMP_OPEN_S = 2 * 86_400.0

#: Parameters of one statement.
_A_PART = 5_000

#: A state by its rule and subject.
Key = tuple[Rule, str]


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event as stored: how it is notified, and the notice that it is in."""

    number: int
    at: float
    domain: str
    event: Event
    severity: Severity
    way: Way
    due_at: float | None
    notice: int | None


@dataclass(frozen=True, slots=True)
class State:
    """The state of a rule and subject; `level` is the class that is over (0: none)."""

    level: int
    state: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snooze:
    """A subject and rule that a person silenced until a date (Unix seconds)."""

    rule: Rule
    subject: str
    domain: str
    until: float
    at: float
    who: str


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The events to find; None stands for all.

    `domains` are those whose events may be seen, blank for the account.
    """

    domains: frozenset[str] | None = None
    rules: frozenset[Rule] | None = None
    severity: Severity | None = None
    since: float | None = None
    before: int | None = None


# States.


def states_of(tx: Tx, domain: str | None = None, rules: Iterable[Rule] = OF_MAILBOXES) -> dict[Key, State]:
    """Return the states of these rules, of one domain or of all."""
    query = sa.select(states).where(states.c.rule.in_(sorted(rules)))
    if domain is not None:
        query = query.where(states.c.domain == domain)
    return {(Rule(row.rule), row.subject): State(row.level, row.state) for row in tx.execute(query)}


def put_state(tx: Tx, rule: Rule, subject: str, domain: str, state: State | None, at: float) -> None:
    """Store the state of a rule and subject; None is that nothing is known."""
    if state is None:
        tx.execute(states.delete().where(states.c.rule == rule, states.c.subject == subject))
        return
    values = {"domain": domain, "level": state.level, "state": dict(state.state), "at": at}
    upsert(tx, states, {"rule": rule, "subject": subject, **values})


def note_conditions(tx: Tx, rule: ConditionRule, found: Iterable[Condition], at: float) -> int:
    """Store what is so now by a rule, and its events; return how many.

    What was so and is not found any more is over.
    """
    kept = {subject: state for (_, subject), state in states_of(tx, None, [rule.rule]).items()}
    before = {subject: Known.from_json(state.state) for subject, state in kept.items()}
    after, events = follow(rule, before, found, at)
    for subject in before.keys() - after.keys():
        put_state(tx, rule.rule, subject, "", None, at)
    for subject, known in after.items():
        if known != before.get(subject):
            level = known.level if known.is_fired else 0
            put_state(tx, rule.rule, subject, known.domain, State(level, known.to_json()), at)
    for domain, event in events:
        add(tx, event, domain, at)
    return len(events)


# Events.


def add(tx: Tx, event: Event, domain: str, at: float) -> Decision:
    """Store an event of the time `at`, and how it is notified; return that."""
    chosen = preferences(tx)
    days: Days = tx.info[DAYS]
    decision = decide(
        event, at, days, chosen, _last_notice(tx, event.rule, event.subject), _until(tx, event.rule, event.subject)
    )
    tx.execute(
        table.insert().values(
            at=at, rule=event.rule, code=event.code, severity=chosen.severity(event), level=event.level,
            subject=event.subject, domain=domain, figures=dict(event.figures), way=decision.way,
            due_at=decision.due_at,
        )
    )  # fmt: skip
    if event.rule in OUTAGES and not event.is_recovery:
        _overtake(tx, event.rule, event.subject)
    if decision.due_at is not None and decision.due_at <= at:
        background_tasks.request(tx, TaskName.NOTICES, at)
    return decision


def _last_notice(tx: Tx, rule: Rule, subject: str) -> LastNotice | None:
    """Return the last notice that something began, and whether one of its end followed."""
    about = sa.select(table).where(table.c.subject == subject, table.c.rule == rule, table.c.way.in_(sorted(NOTIFIED)))
    begun = tx.execute(
        about.where(table.c.code.not_in(sorted(RECOVERIES))).order_by(table.c.id.desc()).limit(1)
    ).first()
    if begun is None:
        return None
    over = tx.execute(about.where(table.c.code.in_(sorted(RECOVERIES)), table.c.id > begun.id).limit(1)).first()
    is_end_out = over is not None and over.notice is not None
    return LastNotice(begun.at, begun.level, over is not None, begun.due_at, is_end_out)


def _overtake(tx: Tx, rule: Rule, subject: str) -> None:
    """Withdraw that an outage is over where no notice said so yet: the digest would say it of one that goes on."""
    unsent = (table.c.subject == subject, table.c.rule == rule, table.c.notice.is_(None), table.c.due_at.is_not(None))
    ends = table.update().where(*unsent, table.c.code.in_(sorted(RECOVERIES)))
    tx.execute(ends.values(way=Way.OVERTAKEN, due_at=None))


def find(tx: Tx, wanted: EventFilter, most: int) -> list[EventRecord]:
    """Return events, newest first."""
    query = sa.select(table).where(_in_domains(table, wanted.domains))
    if wanted.rules is not None:
        query = query.where(table.c.rule.in_(sorted(wanted.rules)))
    if wanted.severity is not None:
        query = query.where(table.c.severity == wanted.severity)
    if wanted.since is not None:
        query = query.where(table.c.at >= wanted.since)
    if wanted.before is not None:
        query = query.where(table.c.id < wanted.before)
    return [_record(row) for row in tx.execute(query.order_by(table.c.id.desc()).limit(most))]


def get(tx: Tx, number: int) -> EventRecord | None:
    """Return one event."""
    row = tx.execute(sa.select(table).where(table.c.id == number)).first()
    return _record(row) if row else None


def open_now(tx: Tx, domains: Collection[str] | None = None) -> list[EventRecord]:
    """Return the last event of each subject and rule that is over now, newest first.

    A mailbox that is gone has none.
    """
    newest = (
        sa.select(sa.func.max(table.c.id))
        .join(states, (states.c.rule == table.c.rule) & (states.c.subject == table.c.subject))
        .where(states.c.level > 0, table.c.level > 0, _in_domains(table, domains))
        .group_by(table.c.rule, table.c.subject)
    )
    there = sa.exists().where(
        mailbox.c.domain == table.c.domain, mailbox.c.gone_at.is_(None),
        mailbox.c.username + "@" + mailbox.c.domain == table.c.subject,
    )  # fmt: skip
    shown = table.c.rule.not_in(sorted(OF_MAILBOXES)) | there
    query = sa.select(table).where(table.c.id.in_(newest), shown).order_by(table.c.id.desc())
    return [_record(row) for row in tx.execute(query)]


# Notices.


def due(tx: Tx, at: float) -> list[tuple[int, Rule, Way]]:
    """Return the events whose notice is due, oldest first, as `notices.group` takes them."""
    query = sa.select(table.c.id, table.c.rule, table.c.way).where(
        table.c.notice.is_(None), table.c.due_at.is_not(None), table.c.due_at <= at
    )
    return [(row.id, Rule(row.rule), Way(row.way)) for row in tx.execute(query.order_by(table.c.id))]


def next_due(tx: Tx) -> float | None:
    """Return when the next notice is due; None without one."""
    query = sa.select(sa.func.min(table.c.due_at)).where(table.c.notice.is_(None), table.c.due_at.is_not(None))
    found: float | None = tx.scalar(query)
    return found


def recent(tx: Tx, since: float) -> dict[Rule, int]:
    """Return how many events of each rule had their own notice since a moment."""
    query = (
        sa.select(table.c.rule, sa.func.count())
        .join(notices, notices.c.id == table.c.notice)
        .where(notices.c.at > since, notices.c.rule.is_not(None))
        .group_by(table.c.rule)
    )
    return {Rule(rule): count for rule, count in tx.execute(query)}


def add_notice(tx: Tx, notice: Notice, at: float) -> DueNotice:
    """Store a notice about events that are due; return it as the channels get it."""
    rows = {row.id: row for part in _parts(notice.events) for row in tx.execute(_OF_NUMBERS, {"numbers": part})}
    events = [_record(rows[number]) for number in notice.events]
    severity = max((each.severity for each in events), key=BY_URGENCY.index)
    added = tx.execute(notices.insert().values(at=at, rule=notice.rule, severity=severity))
    number = int((added.inserted_primary_key or (0,))[0])
    for part in _parts(notice.events):
        tx.execute(table.update().where(table.c.id.in_(part)).values(notice=number))
    noted = tuple(NotedEvent(each.number, each.at, each.domain, each.event, each.severity) for each in events)
    return DueNotice(number, at, notice.rule, severity, noted)


# Choices of people.


def preferences(tx: Tx) -> Preferences:
    """Return the quiet hours, the hour of the digest, and the severities that admins chose."""
    stored = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _PREFERENCES))
    return Preferences.from_json(json.loads(stored)) if stored else Preferences()


def put_preferences(tx: Tx, chosen: Preferences) -> None:
    """Store the preferences of admins, in place of earlier ones."""
    value = json.dumps(chosen.to_json())
    put_fact(tx, _PREFERENCES, value)


def put_snooze(tx: Tx, snooze: Snooze) -> None:
    """Store a snooze, in place of an earlier one of the same rule and subject."""
    end_snooze(tx, snooze.rule, snooze.subject)
    values = {name: getattr(snooze, name) for name in Snooze.__slots__}
    tx.execute(snoozes.insert().values(values))


def end_snooze(tx: Tx, rule: Rule, subject: str) -> bool:
    """End a snooze; return whether there was one."""
    return tx.execute(snoozes.delete().where(snoozes.c.rule == rule, snoozes.c.subject == subject)).rowcount > 0


def snoozed(tx: Tx, domains: Collection[str] | None, at: float) -> list[Snooze]:
    """Return the snoozes of these domains that hold, the one that ends first first."""
    query = sa.select(snoozes).where(_in_domains(snoozes, domains), snoozes.c.until > at)
    return [_snooze(row) for row in tx.execute(query.order_by(snoozes.c.until, snoozes.c.subject))]


def snooze_of(tx: Tx, rule: Rule, subject: str) -> Snooze | None:
    """Return the snooze of a rule and subject."""
    row = tx.execute(sa.select(snoozes).where(snoozes.c.rule == rule, snoozes.c.subject == subject)).first()
    return _snooze(row) if row else None


def _until(tx: Tx, rule: Rule, subject: str) -> float | None:
    return tx.scalar(sa.select(snoozes.c.until).where(snoozes.c.rule == rule, snoozes.c.subject == subject))


# Retention and erasure.


def forget(tx: Tx, before: float, at: float) -> None:
    """Delete events and notices from before a moment, ended snoozes and past states.

    An event whose notice is still due stays.
    """
    tx.execute(table.delete().where(table.c.at < before, table.c.notice.is_not(None) | table.c.due_at.is_(None)))
    tx.execute(notices.delete().where(notices.c.at < before, ~sa.exists().where(table.c.notice == notices.c.id)))
    tx.execute(snoozes.delete().where(snoozes.c.until <= at))
    tx.execute(states.delete().where(states.c.rule == Rule.SENT_JUMP, states.c.at < at - _JUMP_OPEN_S))
    gone = sa.select(mailbox.c.username + "@" + mailbox.c.domain).where(mailbox.c.gone_at < at - _GONE_STATE_S)
    tx.execute(states.delete().where(states.c.rule.in_(sorted(OF_MAILBOXES)), states.c.subject.in_(gone)))


def naming(tx: Tx, person: str) -> list[dict[str, Any]]:
    """Return what is stored about a person's mailbox, sign-ins and tokens, to hand out."""
    return [{"kind": kind} | dict(row._mapping) for kind, each in _ABOUT for row in _naming(tx, each, person)]


def erase(tx: Tx, person: str) -> int:
    """Delete what is stored about a person's mailbox, sign-ins and tokens; return how much."""
    found = 0
    for _, each in _ABOUT:
        for row in _naming(tx, each, person):
            own = each.c.id == row.id if "id" in each.c else (each.c.rule == row.rule) & (each.c.subject == row.subject)
            found += tx.execute(each.delete().where(own)).rowcount
    return found


def _naming(tx: Tx, each: sa.Table, person: str) -> list[sa.Row[*tuple[Any, ...]]]:
    rows = tx.execute(sa.select(each).where(may_name(each.c.subject, person))).all()
    return [row for row in rows if is_who(row.subject, person)]


# Rows.

_ABOUT = (("event", table), ("state", states), ("snooze", snoozes))

_OF_NUMBERS = sa.select(table).where(table.c.id.in_(sa.bindparam("numbers", expanding=True)))


def _record(row: sa.Row[*tuple[Any, ...]]) -> EventRecord:
    event = Event(Rule(row.rule), EventCode(row.code), row.subject, row.level, row.figures)
    severity, way = Severity(row.severity), Way(row.way)
    return EventRecord(row.id, row.at, row.domain, event, severity, way, row.due_at, row.notice)


def _snooze(row: sa.Row[*tuple[Any, ...]]) -> Snooze:
    return Snooze(Rule(row.rule), row.subject, row.domain, row.until, row.at, row.who)


def _in_domains(of: sa.Table, domains: Collection[str] | None) -> sa.ColumnElement[bool]:
    return sa.true() if domains is None else of.c.domain.in_(sorted(domains))


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for begin in range(0, len(values), _A_PART):
        yield values[begin : begin + _A_PART]
