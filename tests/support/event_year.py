"""A year of an account in simulated time, and which notices it makes: by the product, and by a reference.

The product is fed as in its process: the readings of each list in a transaction of its own, and the background task of
notices, both interrupted at any instant and repeated. The reference looks at whole series of figures afterwards; it
keeps no state, and uses nothing of the product but the codes.
"""

import random
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from zoneinfo import ZoneInfo

from mxlib.core.background_tasks import TaskName
from mxlib.core.days import Days
from mxlib.core.events.conditions import ConditionRule
from mxlib.core.events.notices import DueNotice
from mxlib.core.events.vocabulary import EventCode, Rule
from mxlib.core.host_status import HostState
from mxlib.services.event_sources import SILENT_S, Source, _silent
from mxlib.services.notice_maker import NoticeMaker
from mxlib.store import Store, Tx, background_tasks, event_readings, events, usage_history
from mxlib.store.event_readings import Reading
from mxlib.store.events import Snooze
from mxlib.store.tables import usage_trend
from mxlib.tasks import Lease

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST = datetime(2026, 1, 5, tzinfo=ZONE)

#: Every so many days, lists are read at the first of these hours, too.
EARLY_EVERY = 3

QUOTA, LIMIT, ACCOUNT_LIMIT = 1_000, 400, 10_000_000

#: Local hours at which each list is read, and at which the task of notices looks besides.
READ_AT, LOOK_AT = (11, 19), (7, 8)

#: Local hours of the standard preferences.
QUIET_FROM, QUIET_UNTIL, DIGEST_AT = 21, 7, 8

HOUR, WEEK = 3_600.0, 7 * 86_400.0

#: An event by which a person knows it: subject, code and when it happened.
Occurrence = tuple[str, str, float]


class Interrupted(BaseException):
    """The process ended at this instant."""


class YearClock:
    """A clock that the simulation sets."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def wait(self, _condition: object, _seconds: float | None) -> None:
        raise AssertionError("Nothing waits in a simulated year.")


@dataclass
class Box:
    """A mailbox of the simulation: its figures of this moment, and every reading that gave one."""

    username: str
    domain: str
    usage: float
    growth: float
    usual: int
    sent: int = 0
    #: When, the percent of its quota, and the messages sent; None where MXroute left a figure out.
    readings: list[tuple[float, float | None, int | None]] = field(default_factory=list)
    number: int = 0
    #: The most messages known of each day.
    highest: dict[int, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"{self.username}@{self.domain}"

    def own_days(self, today: int) -> list[int]:
        """Return what it sent on each of the 14 days before, where that is known."""
        return [self.highest[day] for day in range(today - 14, today) if day in self.highest]


@dataclass
class Year:
    """The account, and all that a year made."""

    mailboxes: int
    domains: int
    days: int
    seed: int
    #: Notices that went out, with their moment.
    notices: list[DueNotice] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    boxes: dict[str, list[Box]] = field(default_factory=dict)
    #: Begin and end of each snooze, by address and rule.
    snoozes: dict[tuple[str, Rule], list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    account: list[tuple[float, float | None]] = field(default_factory=list)
    #: Looks at which MXroute was silent, or not.
    host: list[tuple[float, bool]] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)
    #: What the reference found, once it looked.
    happened: dict[Occurrence, tuple[Rule, int, bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.luck = random.Random(self.seed)
        self.clock = YearClock()
        for number in range(self.mailboxes):
            domain = f"d{number % self.domains:02}.example"
            # Some are empty, some grow over their quota within the year, and many never move.
            growth = self.luck.choice((0.0, 0.0, 0.5, 1.0, 3.0, 8.0))
            box = Box(f"m{number:05}", domain, self.luck.uniform(0, 950), growth, self.luck.choice((0, 5, 20, 40)))
            box.number = number + 1
            self.boxes.setdefault(domain, []).append(box)


def moment(day: int, hour: int, minutes: float = 0.0) -> float:
    """Return a time of the clocks of the zone."""
    on = FIRST.date() + timedelta(days=day)
    return datetime(on.year, on.month, on.day, hour, tzinfo=ZONE).timestamp() + minutes * 60


def live(year: Year, store: Store) -> None:
    """Let the year pass."""
    store.days = Days(ZONE)
    with store.write() as tx:
        background_tasks.introduce(tx, TaskName.NOTICES, 0.0, at_start=False)
    outages = {day for day in range(year.days) if year.luck.random() < 0.02}
    silent = {day for day in range(year.days) if year.luck.random() < 0.02}
    used = 0.7 * ACCOUNT_LIMIT
    for day in range(year.days):
        for hour in LOOK_AT:
            _look(year, store, moment(day, hour), silent=False)
        for box in (box for boxes in year.boxes.values() for box in boxes):
            _grow(year, box)
        if day % 100 == 50:  # many at once, such as after a newsletter with a film
            for box in year.luck.sample(next(iter(year.boxes.values())), 30):
                box.usage = 1_050.0
        for number, hour in enumerate(READ_AT):
            for place, domain in enumerate(sorted(year.boxes)):
                if number == 0 and day % EARLY_EVERY:
                    continue
                if day in outages or year.luck.random() < 0.02:
                    year.counts["lists not read"] += 1
                    continue
                _read(year, store, domain, moment(day, hour, place / 10), share=(number + 1) / len(READ_AT))
            used = min(max(used + year.luck.uniform(-700_000, 730_000), 0.5 * ACCOUNT_LIMIT), 1.02 * ACCOUNT_LIMIT)
            _read_account(year, store, int(used), moment(day, hour, 30))
            _look(year, store, moment(day, hour, 31), silent=day in silent)
            if day in silent:
                _look(year, store, moment(day, hour, 45), silent=number == 0)
            if day in silent and number == len(READ_AT) - 1:  # it comes and goes, and begins again within the hour
                for minutes, is_silent in ((47, True), (58, True), (59, False), (60, True), (71, True), (72, False)):
                    _look(year, store, moment(day, hour, minutes), silent=is_silent)
        _choose(year, store, moment(day, READ_AT[-1], 50))


def _grow(year: Year, box: Box) -> None:
    luck = year.luck
    box.usage = max(0.0, box.usage + box.growth * luck.uniform(-1, 2.5))
    if box.usage > 890 and luck.random() < 0.05:  # the owner deletes mail
        box.usage *= luck.uniform(0.5, 0.99)
    box.sent = max(0, round(luck.gauss(box.usual, box.usual / 4)))
    if luck.random() < 0.002:  # a burst
        box.sent = luck.randrange(150, 1_200)


def _read(year: Year, store: Store, domain: str, at: float, share: float) -> None:
    """Read one list; sometimes the process ends before its transaction does, and the next one reads it again."""
    listed, trends = [], []
    today = store.days.day(at)
    for box in year.boxes[domain]:
        unknown = tuple(name for name in ("usage", "sent") if year.luck.random() < 0.01)
        year.counts["missing figures"] += len(unknown)
        kb = None if "usage" in unknown else round(max(0.0, box.usage + year.luck.uniform(-6, 6)) * 1024)
        sent = None if "sent" in unknown else int(box.sent * share)
        if sent is not None and sent >= 200:
            trends.append((box.number, box.own_days(today)))
        listed.append(Reading(box.username, box.number, kb, QUOTA, sent, LIMIT))
        box.readings.append((at, None if kb is None else kb / (QUOTA * 1024) * 100, sent))
        if sent is not None:
            box.highest[today] = max(sent, box.highest.get(today, 0))

    def write() -> None:
        with store.write() as tx:
            for number, days in trends:
                tx.execute(usage_trend.delete().where(usage_trend.c.mailbox_id == number))
                usual = ceil(median(days)) if days else None
                row = {"mailbox_id": number, "day": today, "days": 0, "sent_days": len(days), "usual_sent": usual}
                tx.execute(usage_trend.insert().values(row))
            known = usage_history.trends_for(tx, [each.number for each in listed if each.may_be_jump])
            event_readings.note_list(tx, domain, listed, known, today, at)
            if year.luck.random() < 0.02:
                raise Interrupted

    _until_done(year, write)
    year.counts["lists read"] += 1


def _read_account(year: Year, store: Store, used: int, at: float) -> None:
    known = None if year.luck.random() < 0.02 else used

    def write() -> None:
        with store.write() as tx:
            usage_history.note_account(tx, known, ACCOUNT_LIMIT, at)
            if year.luck.random() < 0.02:
                raise Interrupted

    _until_done(year, write)
    year.account.append((at, None if known is None else known / ACCOUNT_LIMIT * 100))


def _look(year: Year, store: Store, at: float, *, silent: bool) -> None:
    """Let the task of notices look; it may end before, within and after its transactions."""
    year.clock.at = at
    state = HostState.SILENT if silent else HostState.ANSWERS
    source = Source(ConditionRule(Rule.HOST, EventCode.HOST_BACK, SILENT_S), lambda _tx, _now: _silent(state))
    fresh: list[DueNotice] = []

    def queue(_tx: Tx, notice: DueNotice) -> None:
        fresh.append(notice)
        if year.luck.random() < 0.03:
            raise Interrupted

    def work() -> None:
        fresh.clear()
        with store.write() as tx:
            lease = background_tasks.take(tx, background_tasks.every(tx)[TaskName.NOTICES], at, at)
        assert lease is not None
        NoticeMaker(store, year.clock, [source], [queue]).work(Lease(lease.name, lease.owner))  # type: ignore[arg-type]
        year.notices.extend(fresh)
        fresh.clear()
        if year.luck.random() < 0.02:  # all is stored; the next process looks again
            raise Interrupted

    _until_done(year, work)
    year.host.append((at, silent))
    year.looks.append(at)


def _choose(year: Year, store: Store, at: float) -> None:
    """Let a person snooze a mailbox now and then."""
    if year.luck.random() < 0.2:
        box = year.luck.choice(year.luck.choice(list(year.boxes.values())))
        rule = year.luck.choice((Rule.MAILBOX_STORAGE, Rule.SENT_JUMP, Rule.SEND_LIMIT))
        until = at + year.luck.randrange(1, 40) * 86_400.0
        with store.write() as tx:
            events.put_snooze(tx, Snooze(rule, box.address, box.domain, until, at, "kim"))
        year.snoozes[box.address, rule].append((at, until))


def _until_done(year: Year, work: object) -> None:
    while True:
        with suppress(Interrupted):
            work()  # type: ignore[operator]
            return
        year.counts["restarts"] += 1


# The reference.


def happened(year: Year) -> dict[Occurrence, tuple[Rule, int, bool]]:
    """Return every event of the year by whole series: its rule, its class, and whether something is over."""
    if not year.happened:
        year.happened.update(_happened(year))
    return year.happened


def _happened(year: Year) -> dict[Occurrence, tuple[Rule, int, bool]]:
    found: dict[Occurrence, tuple[Rule, int, bool]] = {}
    storage = ((90.0, "mailbox_nearly_full"), (100.0, "mailbox_full"))
    for box in (box for boxes in year.boxes.values() for box in boxes):
        known = [(at, percent) for at, percent, _ in box.readings if percent is not None]
        for occurrence, level in crossings(known, storage, "mailbox_back_to_normal"):
            found[box.address, *occurrence] = Rule.MAILBOX_STORAGE, level, level == 0
        sent = [(at, messages) for at, _, messages in box.readings if messages is not None]
        shares = [(at, messages / LIMIT * 100) for at, messages in sent]
        for occurrence, level in crossings(shares, ((90.0, "sent_near_limit"),), None):
            found[box.address, *occurrence] = Rule.SEND_LIMIT, level, False
        for at in bursts(sent):
            found[box.address, "sent_jump", at] = Rule.SENT_JUMP, 1, False
    account = ((90.0, "account_nearly_full"), (100.0, "account_full"))
    known = [(at, percent) for at, percent in year.account if percent is not None]
    for occurrence, level in crossings(known, account, "account_back_to_normal"):
        found["", *occurrence] = Rule.ACCOUNT_STORAGE, level, level == 0
    for occurrence, level in silences(year.host):
        found["", *occurrence] = Rule.HOST, level, level == 0
    return found


def crossings(
    known: list[tuple[float, float]], classes: tuple[tuple[float, str], ...], normal: str | None
) -> Iterator[tuple[tuple[str, float], int]]:
    """Yield code, time and class of each crossing, by a pattern over the letters of a whole series."""
    starts: dict[int, int] = {}
    over: set[int] = set()
    ends: set[int] = set()
    for level, (threshold, _) in enumerate(classes, 1):
        letters = "".join("H" if p >= threshold else "L" if p < threshold - 5 else "M" for _, p in known)
        for stretch in re.finditer(r"H(?:[HM]|L(?!L))*(?:LL)?", letters):
            starts[stretch.start()] = max(level, starts.get(stretch.start(), 0))
            if stretch[0].endswith("LL"):
                ends.add(stretch.end() - 1)
                over.update(range(stretch.start(), stretch.end() - 1))
            else:
                over.update(range(stretch.start(), len(known)))
    for place in sorted(starts):
        yield (classes[starts[place] - 1][1], known[place][0]), starts[place]
    if normal is not None:
        for place in sorted(ends - over):
            yield (normal, known[place][0]), 0


def bursts(sent: list[tuple[float, int]]) -> Iterator[float]:
    """Yield each jump against the mailbox's own 14 days, and each time that it doubled on the same day."""
    days: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for at, messages in sent:
        days[datetime.fromtimestamp(at, ZONE).date().toordinal()].append((at, messages))
    highest = {day: max(messages for _, messages in readings) for day, readings in days.items()}
    for day, readings in days.items():
        own = [highest[each] for each in range(day - 14, day) if each in highest]
        if len(own) < 7:
            continue
        least, last = max(200, 10 * ceil(median(own))), 0
        for at, messages in readings:
            if messages >= least and messages >= 2 * last:
                last = messages
                yield at


def silences(looks: list[tuple[float, bool]]) -> Iterator[tuple[tuple[str, float], int]]:
    """Yield each silence of 10 minutes, at the look that showed it, and its end."""
    letters = "".join("S" if silent else "-" for _, silent in looks)
    for stretch in re.finditer("S+", letters):
        times = [at for at, _ in looks[stretch.start() : stretch.end()]]
        if (long := bisect_left(times, times[0] + 600.0)) < len(times):
            yield ("host_silent", times[long]), 1
            if stretch.end() < len(looks):
                yield ("host_back", looks[stretch.end()][0]), 0


#: What is urgent; the rest waits for the digest.
_URGENT = {"mailbox_full", "sent_jump", "account_nearly_full", "account_full", "host_silent"}


def expected(year: Year) -> dict[Occurrence, tuple[float, bool]]:
    """Return what belongs into notices, with the look at which it goes out, and whether in the digest."""
    found: dict[Occurrence, tuple[float, bool]] = {}
    by_subject: dict[tuple[str, Rule], list[tuple[Occurrence, int, bool]]] = defaultdict(list)
    for occurrence, (rule, level, is_over) in happened(year).items():
        by_subject[occurrence[0], rule].append((occurrence, level, is_over))
    for (subject, rule), listed in by_subject.items():
        begun: tuple[float, int] | None = None
        begun_due = end_due = 0.0
        end: Occurrence | None = None
        over_told = True
        for occurrence, level, is_over in sorted(listed, key=lambda each: each[0][2]):
            at = occurrence[2]
            is_again = False
            if rule is Rule.HOST and not is_over and end is not None:  # an outage that was over and begins again
                is_out = bisect_left(year.looks, end_due) < bisect_left(year.looks, at)
                is_again = is_out or at >= begun_due + HOUR
                if not is_out:
                    found.pop(end, None)
                    over_told = False
                end = None
            if any(begin < at < until for begin, until in in_force(year.snoozes.get((subject, rule), []), at)):
                continue
            if is_over:
                if over_told:
                    continue
                over_told, end = True, occurrence
            else:
                known = begun is not None and at < begun[0] + WEEK and level <= begun[1]
                if rule is not Rule.SENT_JUMP and known and not is_again:
                    continue
                begun, over_told = (at, level), False
            in_digest = occurrence[1] not in _URGENT
            due = next_hour(at, DIGEST_AT) if in_digest else at if rule is Rule.SENT_JUMP else awake(at)
            begun_due, end_due = (begun_due, due) if is_over else (due, end_due)
            if (place := bisect_left(year.looks, due)) < len(year.looks):
                found[occurrence] = year.looks[place], in_digest
    return found


def in_force(snoozes: list[tuple[float, float]], at: float) -> list[tuple[float, float]]:
    """Return the snooze that counts at a moment: a later one takes the place of an earlier one."""
    place = bisect_right([begin for begin, _ in snoozes], at)
    return snoozes[place - 1 : place] if place else []


def awake(at: float) -> float:
    """Return a moment, or the end of the quiet hours that it is in."""
    hour = datetime.fromtimestamp(at, ZONE).hour
    return next_hour(at, QUIET_UNTIL) if hour >= QUIET_FROM or hour < QUIET_UNTIL else at


def next_hour(at: float, hour: int) -> float:
    """Return when the clocks show an hour next."""
    day = datetime.fromtimestamp(at, ZONE).date()
    times = [
        datetime(on.year, on.month, on.day, hour, tzinfo=ZONE).timestamp() for on in (day, day + timedelta(days=1))
    ]
    return next(each for each in times if each > at)


def noticed(year: Year) -> list[tuple[Occurrence, float, bool]]:
    """Return what the notices had, each with its moment, and whether it was in the digest."""
    return [
        ((noted.event.subject, str(noted.event.code), noted.at), notice.at, notice.rule is None)
        for notice in year.notices
        for noted in notice.events
    ]


def figures(year: Year) -> dict[str, int]:
    """Return the counts of a year, to print."""
    said = noticed(year)
    codes = Counter(code for (_, code, _), _, _ in said)
    return {
        "mailboxes": year.mailboxes, "days": year.days, **year.counts, "events": len(happened(year)),
        "noticed": len(said),
        "notices": len(year.notices), "digests": sum(notice.rule is None for notice in year.notices),
        "floods": sum(notice.rule is not None and len(notice.events) > 1 for notice in year.notices),
        **dict(sorted(codes.items())),
    }  # fmt: skip
