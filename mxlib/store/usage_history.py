"""Use of mailboxes and domains by the day, stored in the transaction of the reading.

A figure that MXroute does not give changes nothing. Days are those of the host (`core/days.py`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mxlib.core.days import Days
from mxlib.core.month_report import Presence
from mxlib.core.usage import KB_PER_MB, NEAR_SEND_LIMIT, NEARLY_FULL, TREND_DAYS, DayFigures, Trend, trend_of
from mxlib.mxroute.protocol import Mailbox, MailboxSize
from mxlib.store import event_readings
from mxlib.store.event_readings import Reading
from mxlib.store.tables import mailbox as table
from mxlib.store.tables import usage_daily as daily
from mxlib.store.tables import usage_domain_daily as totals
from mxlib.store.tables import usage_trend as trends
from mxlib.store.transaction import DAYS, Tx

#: The account of this server, and in place of a domain the storage of the whole account.
ACCOUNT, WHOLE_ACCOUNT = "", ""

#: Days after which the figures of a mailbox that is gone are deleted.
GONE_DAYS = 90

#: Seconds from midnight in which MXroute may still give the messages sent of yesterday.
_RESET_S = 3_600.0

#: Seconds after which a size that MXroute found is too old to count.
_STALE_S = 86_400.0

#: Days back in which the last known use of a mailbox is looked for.
_LOOK_BACK = 7

#: Values of a row, by parameter.
_Row = dict[str, int | None]

#: Mailboxes, or days, that one transaction deletes.
_AT_ONCE = 50

#: Most parameters of one statement.
_MOST_PARAMETERS = 5_000

_COLUMNS = ("usage", "quota", "sent_max", "limit")


@dataclass(frozen=True, slots=True)
class DomainDay:
    """Totals of a domain on one day: use in KB, quota in MB."""

    domain: str
    day: int
    mailboxes: int
    usage: int
    usage_max: int
    quota: int
    sent: int
    full: int
    nearly_full: int
    near_send_limit: int


# Readings.


def note_list(tx: Tx, domain: str, boxes: Collection[Mailbox], at: float) -> None:
    """Store the figures of a list that was read at `at`, and their events."""
    days: Days = tx.info[DAYS]
    today = days.day(at)
    ids = note_mailboxes(tx, domain, [box.username for box in boxes], at)
    _refresh_trends(tx, domain, ids.values(), today)
    stored = _of_day(tx, domain, today)
    is_early = at - days.begin(today) < _RESET_S
    yesterday = _of_day(tx, domain, today - 1) if is_early else {}
    new: list[_Row] = []
    changed: list[_Row] = []
    readings: list[Reading] = []
    for box in boxes:
        number = ids[box.username.lower()]
        before = stored.get(number)
        sent = _sent_today(box, before, yesterday.get(number))
        usage = _kb(box.known_usage)
        readings.append(Reading(box.username, number, usage, box.quota, sent, box.limit))
        if before is not None:
            usage = before.usage if usage is None else usage
            sent = before.sent if sent is None else max(sent, before.sent or 0)
        figures = DayFigures(today, usage, box.quota, sent, box.limit)
        if figures != before:
            (new if before is None else changed).append(_row(number, figures))
            stored[number] = figures
    _put(tx, new, changed)
    _put_totals(tx, domain, today, [stored[number] for number in ids.values()], ids.values())
    usual = trends_for(tx, [each.number for each in readings if each.may_be_jump])
    event_readings.note_list(tx, domain, readings, usual, today, at)


def note_mailboxes(tx: Tx, domain: str, usernames: Iterable[str], at: float) -> dict[str, int]:
    """Store which mailboxes a domain has: those that are missing are gone.

    Returns the number of each, by username in lower case.
    """
    rows = tx.execute(sa.select(table).where(table.c.account == ACCOUNT, table.c.domain == domain))
    known = {row.username: row for row in rows}
    there = {name.lower() for name in usernames}
    if new := sorted(there - known.keys()):
        tx.execute(table.insert(), [{"account": ACCOUNT, "domain": domain, "username": name} for name in new])
    gone = [row.id for name, row in known.items() if name not in there and row.gone_at is None]
    back = [row.id for name, row in known.items() if name in there and row.gone_at is not None]
    for numbers, moment in ((gone, at), (back, None)):
        if numbers:
            tx.execute(_SET_GONE, [{"number": number, "moment": moment} for number in numbers])
    ids = {name: row.id for name, row in known.items() if name in there}
    if new:
        added = sa.select(table.c.username, table.c.id).where(table.c.account == ACCOUNT, table.c.domain == domain)
        ids = {row.username: row.id for row in tx.execute(added) if row.username in there}
    return ids


def note_domains(tx: Tx, names: Iterable[str], at: float) -> None:
    """Store that the mailboxes of other domains are gone: the account has only these."""
    known = tx.execute(sa.select(table.c.domain).where(table.c.gone_at.is_(None)).distinct()).scalars()
    for domain in set(known) - set(names):
        there = (table.c.account == ACCOUNT) & (table.c.domain == domain) & table.c.gone_at.is_(None)
        tx.execute(table.update().where(there).values(gone_at=at))


def note_sizes(tx: Tx, sizes: Iterable[MailboxSize], at: float, read_at: Mapping[str, float]) -> int:
    """Store the sizes of one read of the account; return how many changed a figure.

    `read_at` is when the list of each domain was read: a size from before it changes nothing, nor does that of a
    mailbox that no list had. Events go by the quota that a list had on the same day.
    """
    days: Days = tx.info[DAYS]
    there = tx.execute(sa.select(table.c.id, table.c.username, table.c.domain).where(table.c.gone_at.is_(None)))
    ids = {(row.username, row.domain): row.id for row in there}
    by_day: dict[int, dict[int, MailboxSize]] = defaultdict(dict)
    for size in sizes:
        number = ids.get((size.username.lower(), size.domain))
        found_at = at if size.at is None else min(size.at, at)
        if number is not None and found_at > max(at - _STALE_S, read_at.get(size.domain, 0.0)):
            by_day[days.day(found_at)][number] = size
    count = 0
    for day, found in by_day.items():
        rows = tx.execute(sa.select(daily).where(daily.c.day == day)).all()
        stored, quotas = {row.mailbox_id: row.usage for row in rows}, {row.mailbox_id: row.quota for row in rows}
        readings = defaultdict[str, list[Reading]](list)
        new, changed, growth = [], [], defaultdict[str, int](int)
        for number, size in found.items():
            usage = -(-size.size // KB_PER_MB)
            readings[size.domain].append(Reading(size.username, number, usage, quotas.get(number)))
            if number not in stored:
                new.append(_row(number, DayFigures(day, usage)))
            elif (before := stored[number]) != usage:
                changed.append({"number": number, "of_day": day, "usage": usage})
                growth[size.domain] += usage - (before or 0)
        _put(tx, new, ())
        if changed:
            tx.execute(_SET_USAGE, changed)
        for domain, kb in growth.items():
            of_day = (totals.c.account == ACCOUNT) & (totals.c.domain == domain) & (totals.c.day == day)
            total = totals.c.usage + kb
            highest = sa.case((total > totals.c.usage_max, total), else_=totals.c.usage_max)
            tx.execute(totals.update().where(of_day).values(usage=total, usage_max=highest))
        event_readings.note_sizes(tx, readings, at)
        count += len(new) + len(changed)
    return count


def note_account(tx: Tx, used: int | None, limit: int | None, at: float, grace_until: str = "") -> None:
    """Store the bytes that the whole account uses, its limit, and their events.

    `grace_until` is the day by which a full account must be emptied; blank without one.
    """
    event_readings.note_account(tx, used, limit, grace_until, at)
    if used is not None:
        note_earlier_account(tx, used, limit, at)


def note_earlier_account(tx: Tx, used: int, limit: int | None, at: float) -> None:
    """Store the bytes that the whole account used, and its limit, without events."""
    days: Days = tx.info[DAYS]
    usage = used // KB_PER_MB
    _put_domain_day(
        tx, DomainDay(WHOLE_ACCOUNT, days.day(at), 0, usage, usage, (limit or 0) // KB_PER_MB**2, *(0,) * 4)
    )


def is_empty(tx: Tx) -> bool:
    """Return whether no mailbox was ever stored."""
    return tx.scalar(sa.select(table.c.id).limit(1)) is None


def note_earlier(
    tx: Tx, days: Iterable[tuple[int, str, Mapping[str, DayFigures]]], gone: Mapping[tuple[str, str], float]
) -> None:
    """Store earlier days, the oldest first: number, domain, and figures by username.

    Every figure is known. Mailboxes are stored as new ones; `gone` has when those by domain and username were gone.
    """
    days = list(days)
    names = {(domain, username): None for _, domain, figures in days for username in figures}
    rows = [
        {"account": ACCOUNT, "domain": domain, "username": username, "gone_at": gone.get((domain, username))}
        for domain, username in names
    ]
    if not rows:
        return
    tx.execute(table.insert(), rows)
    stored = tx.execute(sa.select(table.c.id, table.c.domain, table.c.username).where(table.c.account == ACCOUNT))
    ids = {(row.domain, row.username): row.id for row in stored}
    new = [_row(ids[domain, user], each) for _, domain, figures in days for user, each in figures.items()]
    _put(tx, new, ())
    sums = (
        _totals(domain, day, [each.usage or 0 for each in figures.values()], list(figures.values()))
        for day, domain, figures in days
    )
    tx.execute(
        totals.insert(),
        [{"account": ACCOUNT, **{name: getattr(each, name) for name in DomainDay.__slots__}} for each in sums],
    )


# Questions.


def numbers(tx: Tx, domains: Iterable[str], *, gone: bool = False) -> dict[str, int]:
    """Return the number of each mailbox of these domains, by address.

    `gone`: also of those that are gone.
    """
    query = sa.select(table.c.id, table.c.username, table.c.domain).where(table.c.account == ACCOUNT)
    if not gone:
        query = query.where(table.c.gone_at.is_(None))
    found = (row for names in _parts(sorted(domains)) for row in tx.execute(query.where(table.c.domain.in_(names))))
    return {f"{row.username}@{row.domain}": row.id for row in found}


def numbers_of(tx: Tx, addresses: Collection[str]) -> dict[str, int]:
    """Return the numbers of these mailboxes by address in lower case, as far as known."""
    names = [tuple(reversed(address.lower().rpartition("@")[::2])) for address in addresses]
    found: dict[str, int] = {}
    for part in _parts(sorted(names)):
        query = sa.select(table.c.id, table.c.username, table.c.domain).where(
            table.c.account == ACCOUNT, sa.tuple_(table.c.domain, table.c.username).in_(part)
        )
        found |= {f"{row.username}@{row.domain}": row.id for row in tx.execute(query)}
    return found


def of_mailboxes(tx: Tx, mailboxes: Collection[int], first: int, last: int) -> dict[int, list[DayFigures]]:
    """Return the days of these mailboxes from `first` to `last` that have figures."""
    found: dict[int, list[DayFigures]] = {}
    for part in _parts(sorted(mailboxes)):
        query = sa.select(daily).where(daily.c.day.in_(range(first, last + 1)), daily.c.mailbox_id.in_(part))
        for row in tx.execute(query.order_by(daily.c.day)):
            found.setdefault(row.mailbox_id, []).append(_figures(row))
    return found


def of_domains(tx: Tx, domains: Collection[str], first: int, last: int) -> list[DomainDay]:
    """Return the totals of these domains from one day to another, by day and domain."""
    query = sa.select(totals).where(totals.c.account == ACCOUNT, totals.c.day.between(first, last))
    rows = [row for part in _parts(sorted(domains)) for row in tx.execute(query.where(totals.c.domain.in_(part)))]
    found = (DomainDay(**{name: value for name, value in row._mapping.items() if name != "account"}) for row in rows)
    return sorted(found, key=lambda each: (each.day, each.domain))


def of_account(tx: Tx, first: int, last: int) -> list[DomainDay]:
    """Return the storage of the whole account from one day to another."""
    return of_domains(tx, [WHOLE_ACCOUNT], first, last)


def storage_of_all(tx: Tx, first: int, last: int) -> tuple[dict[int, str], npt.NDArray[np.int64]]:
    """Return the domain of each mailbox by its number, and all figures of these days.

    Each row of figures is day, mailbox, use in KB and quota in MB; -1 is not known.
    """
    domains = {row.id: row.domain for row in tx.execute(sa.select(table.c.id, table.c.domain))}
    usage, quota = (sa.func.coalesce(column, -1) for column in (daily.c.usage, daily.c.quota))
    query = sa.select(daily.c.day, daily.c.mailbox_id, usage, quota).where(daily.c.day.between(first, last))
    # The driver's own rows: SQLAlchemy's would take longer than all that is computed from them.
    rows: Any = tx.execute(query).cursor
    return domains, np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 4)


def trends_for(tx: Tx, mailboxes: Collection[int]) -> dict[int, Trend]:
    """Return the trend of these mailboxes, by their numbers."""
    found: dict[int, Trend] = {}
    for part in _parts(sorted(mailboxes)):
        for row in tx.execute(sa.select(trends).where(trends.c.mailbox_id.in_(part))):
            found[row.mailbox_id] = _trend(row)
    return found


def trends_of(tx: Tx, domain: str) -> dict[str, Trend]:
    """Return the trend of each mailbox of a domain, by username in lower case."""
    query = sa.select(trends, table.c.username).join(table, table.c.id == trends.c.mailbox_id)
    of_domain = query.where(table.c.account == ACCOUNT, table.c.domain == domain, table.c.gone_at.is_(None))
    return {row.username: _trend(row) for row in tx.execute(of_domain)}


def _trend(row: sa.Row[*tuple[Any, ...]]) -> Trend:
    return Trend(row.days, row.growth, row.sent_days, row.usual_sent)


def span(tx: Tx) -> tuple[int, int] | None:
    """Return the first and the last day with totals of any domain."""
    of_domains = sa.select(sa.func.min(totals.c.day), sa.func.max(totals.c.day)).where(totals.c.domain != WHOLE_ACCOUNT)
    first, last = tx.execute(of_domains).one()
    return None if first is None else (first, last)


def domains_of(tx: Tx, first: int, last: int) -> list[str]:
    """Return the domains that have totals in these days, gone ones too."""
    query = sa.select(totals.c.domain).distinct().where(totals.c.account == ACCOUNT, totals.c.day.between(first, last))
    return sorted(name for name in tx.execute(query).scalars() if name != WHOLE_ACCOUNT)


def next_days(tx: Tx, domains: Collection[str], after: int) -> dict[str, int]:
    """Return the first day after `after` with totals of each of these domains."""
    query = sa.select(totals.c.domain, sa.func.min(totals.c.day).label("day")).where(
        totals.c.account == ACCOUNT, totals.c.day > after
    )
    found: dict[str, int] = {}
    for part in _parts(sorted(domains)):
        rows = tx.execute(query.where(totals.c.domain.in_(part)).group_by(totals.c.domain))
        found |= {row.domain: row.day for row in rows}
    return found


def days_read(tx: Tx, first: int, last: int) -> frozenset[int]:
    """Return the days with totals of any domain."""
    query = sa.select(totals.c.day).distinct().where(totals.c.account == ACCOUNT, totals.c.day.between(first, last))
    return frozenset(tx.execute(query.where(totals.c.domain != WHOLE_ACCOUNT)).scalars())


def presence(tx: Tx, first: int, begin: int, last: int) -> dict[str, list[Presence]]:
    """Return when each mailbox was listed, by domain: before `begin` from `first` on, and from `begin` to `last`."""
    days: Days = tx.info[DAYS]

    def spans(from_day: int, to_day: int) -> dict[int, tuple[int, int]]:
        of_days = daily.c.day.between(from_day, to_day)
        query = sa.select(daily.c.mailbox_id, sa.func.min(daily.c.day), sa.func.max(daily.c.day)).where(of_days)
        return {row[0]: (row[1], row[2]) for row in tx.execute(query.group_by(daily.c.mailbox_id))}

    before, within = spans(first, begin - 1), spans(begin, last)
    found: dict[str, list[Presence]] = defaultdict(list)
    for row in tx.execute(sa.select(table).where(table.c.account == ACCOUNT)):
        if row.id in before or row.id in within:
            seen_first, seen_last = within.get(row.id, (None, None))
            seen_before = before[row.id][1] if row.id in before else None
            gone_on = None if row.gone_at is None else days.day(row.gone_at)
            found[row.domain].append(Presence(row.username, seen_before, seen_first, seen_last, gone_on))
    return dict(found)


# Retention and erasure.


def forget(tx: Tx, today: int, keep_days: int, at: float) -> bool:
    """Delete a part of what is too old; return whether more may be left.

    That are days over `keep_days` old, and what is stored of a mailbox that has been gone for GONE_DAYS days.
    """
    oldest = tx.scalar(sa.select(sa.func.min(daily.c.day)))
    tx.execute(totals.delete().where(totals.c.day < today - keep_days))
    if oldest is not None and oldest < today - keep_days:
        tx.execute(daily.delete().where(daily.c.day == oldest))
        return True
    gone = sa.select(table.c.id).where(table.c.gone_at < at - GONE_DAYS * 86_400.0).limit(_AT_ONCE)
    found = list(tx.execute(gone).scalars())
    _delete(tx, found)
    return len(found) == _AT_ONCE


def erase(tx: Tx, domain: str, username: str) -> int:
    """Delete what is stored of one mailbox; return whether there was anything, as a count."""
    found = list(tx.execute(sa.select(table.c.id).where(*_is(domain, username))).scalars())
    _delete(tx, found)
    return len(found)


def held(tx: Tx, domain: str, username: str) -> list[dict[str, Any]]:
    """Return the days of one mailbox that are stored, to hand out."""
    number = tx.scalar(sa.select(table.c.id).where(*_is(domain, username)))
    first, last = tx.execute(sa.select(sa.func.min(daily.c.day), sa.func.max(daily.c.day))).one()
    if number is None or first is None:
        return []
    query = sa.select(daily).where(daily.c.day.in_(range(first, last + 1)), daily.c.mailbox_id == number)
    return [{name: row._mapping[name] for name in ("day", *_COLUMNS)} for row in tx.execute(query)]


def _delete(tx: Tx, mailboxes: Sequence[int]) -> None:
    if not mailboxes:
        return
    first, last = tx.execute(sa.select(sa.func.min(daily.c.day), sa.func.max(daily.c.day))).one()
    if first is not None:  # the days are named, since the key begins with them
        of_days = daily.c.day.in_(range(first, last + 1))
        tx.execute(daily.delete().where(of_days, daily.c.mailbox_id.in_(mailboxes)))
    tx.execute(trends.delete().where(trends.c.mailbox_id.in_(mailboxes)))
    tx.execute(table.delete().where(table.c.id.in_(mailboxes)))


# Statements.

_SET_GONE = table.update().where(table.c.id == sa.bindparam("number")).values(gone_at=sa.bindparam("moment"))
_OF_ROW = (daily.c.day == sa.bindparam("of_day")) & (daily.c.mailbox_id == sa.bindparam("number"))
_SET_USAGE = daily.update().where(_OF_ROW).values(usage=sa.bindparam("usage"))
_SET_ROW = daily.update().where(_OF_ROW).values({name: sa.bindparam(name) for name in _COLUMNS})


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account == ACCOUNT, table.c.domain == domain, table.c.username == username.lower()


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(values), _MOST_PARAMETERS):
        yield values[begin : begin + _MOST_PARAMETERS]


def _of_domain(domain: str) -> sa.Select[Any]:
    return sa.select(table.c.id).where(table.c.account == ACCOUNT, table.c.domain == domain)


def _of_day(tx: Tx, domain: str, day: int) -> dict[int, DayFigures]:
    rows = tx.execute(sa.select(daily).where(daily.c.day == day, daily.c.mailbox_id.in_(_of_domain(domain))))
    return {row.mailbox_id: _figures(row) for row in rows}


def _figures(row: sa.Row[*tuple[Any, ...]]) -> DayFigures:
    return DayFigures(row.day, row.usage, row.quota, row.sent_max, row.limit)


def _row(number: int, figures: DayFigures) -> _Row:
    values = (figures.usage, figures.quota, figures.sent, figures.limit)
    return {"number": number, "of_day": figures.day, **dict(zip(_COLUMNS, values, strict=True))}


def _put(tx: Tx, new: Sequence[_Row], changed: Sequence[_Row]) -> None:
    if new:
        rows = [
            {"day": row["of_day"], "mailbox_id": row["number"]} | {name: row[name] for name in _COLUMNS} for row in new
        ]
        tx.execute(daily.insert(), sorted(rows, key=lambda row: (row["day"] or 0, row["mailbox_id"] or 0)))
    if changed:
        tx.execute(_SET_ROW, changed)


def _kb(usage: float | None) -> int | None:
    return None if usage is None else round(usage * KB_PER_MB)


def _sent_today(box: Mailbox, today: DayFigures | None, yesterday: DayFigures | None) -> int | None:
    """Return the messages sent of this day; None when they are not known.

    Soon after midnight, as many as yesterday or more are still those of yesterday.
    """
    sent = box.known_sent
    is_first = today is None or today.sent is None
    if sent is not None and is_first and yesterday is not None and yesterday.sent and sent >= yesterday.sent:
        return None
    return sent


def _put_totals(tx: Tx, domain: str, day: int, figures: Iterable[DayFigures], ids: Iterable[int]) -> None:
    """Store the totals of a domain.

    A use that is not known today counts as it was known last.
    """
    figures, ids = list(figures), list(ids)
    unknown = [number for number, each in zip(ids, figures, strict=True) if each.usage is None]
    earlier = of_mailboxes(tx, unknown, day - _LOOK_BACK, day - 1) if unknown else {}
    usages = [
        each.usage if each.usage is not None else _last_usage(earlier.get(number, ()))
        for number, each in zip(ids, figures, strict=True)
    ]
    _put_domain_day(tx, _totals(domain, day, usages, figures))


def _totals(domain: str, day: int, usages: Sequence[int], figures: Sequence[DayFigures]) -> DomainDay:
    """Return the totals of a domain by the figures of its mailboxes.

    `usages` are in KB, and known for each.
    """
    quotas = [each.quota * KB_PER_MB if each.quota else 0 for each in figures]
    total = sum(usages)
    near = (each.sent is not None and each.limit and each.sent >= NEAR_SEND_LIMIT * each.limit for each in figures)
    return DomainDay(
        domain, day, len(figures), total, total, sum(each.quota or 0 for each in figures),
        sum(each.sent or 0 for each in figures),
        sum(0 < quota <= usage for usage, quota in zip(usages, quotas, strict=True)),
        sum(0 < NEARLY_FULL * quota <= usage for usage, quota in zip(usages, quotas, strict=True)),
        sum(map(bool, near)),
    )  # fmt: skip


def _last_usage(days: Sequence[DayFigures]) -> int:
    return next((each.usage for each in reversed(days) if each.usage is not None), 0)


def _put_domain_day(tx: Tx, found: DomainDay) -> None:
    of_day = (totals.c.account == ACCOUNT) & (totals.c.domain == found.domain) & (totals.c.day == found.day)
    values = {name: getattr(found, name) for name in DomainDay.__slots__}
    highest = tx.scalar(sa.select(totals.c.usage_max).where(of_day))
    if highest is None:
        tx.execute(totals.insert().values(account=ACCOUNT, **values))
    else:
        tx.execute(totals.update().where(of_day).values(values | {"usage_max": max(highest, found.usage)}))


def _refresh_trends(tx: Tx, domain: str, ids: Iterable[int], today: int) -> None:
    """Store what the complete days say of each mailbox, once a day."""
    of_domain = _of_domain(domain)
    query = sa.select(trends.c.mailbox_id, trends.c.day).where(trends.c.mailbox_id.in_(of_domain))
    known = {row.mailbox_id: row.day for row in tx.execute(query)}
    due = [number for number in ids if known.get(number) != today]
    if not due:
        return
    query = sa.select(daily.c.mailbox_id, daily.c.day, daily.c.usage, daily.c.sent_max)
    of_days = daily.c.day.in_(range(today - TREND_DAYS, today))
    days: dict[int, list[tuple[int, int | None, int | None]]] = {}
    for row in tx.execute(query.where(of_days, daily.c.mailbox_id.in_(of_domain)).order_by(daily.c.day)):
        days.setdefault(row[0], []).append((row[1], row[2], row[3]))
    tx.execute(trends.delete().where(trends.c.mailbox_id == sa.bindparam("number")), [{"number": each} for each in due])
    made = [(number, trend_of(days.get(number, ()))) for number in due]
    tx.execute(
        trends.insert(),
        [
            {
                "mailbox_id": number, "day": today, "days": each.days, "growth": each.growth,
                "sent_days": each.sent_days, "usual_sent": each.usual_sent,
            }
            for number, each in made
        ],
    )  # fmt: skip
