"""Figures of the Overview: stored lists and days of the caller's domains, and open work; no request to MXroute."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import overview_tables as tables
from mxlib.core.mailbox_filter import MailboxState, has_state
from mxlib.core.overview_tables import ClientUse, FillGroup, FullSoon, Sender
from mxlib.core.usage import (
    KB_PER_MB,
    NEEDED_DAYS,
    TREND_DAYS,
    Forecast,
    Trend,
    forecast,
    full_soon_by_day,
    growth,
)
from mxlib.core.vocabulary import RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services.account_storage import AccountStorageService
from mxlib.services.clients import ClientService
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.drafts import DraftService
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.runs import RunService
from mxlib.store import Store, Tx, mailbox_lists, usage_history
from mxlib.store.dated_deletions import DatedDeletion
from mxlib.store.drafts import DraftSummary
from mxlib.store.usage_history import DomainDay

#: Days of a line, today included.
LINE_DAYS = 30

#: Days back in which the last figure of a domain is looked for that was not read on a day.
_LOOK_BACK = 7

_BYTES_PER_KB = 1024


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of now, and what it was at the end of each earlier day.

    None is not known.
    """

    now: float
    days: tuple[float | None, ...] = ()

    @property
    def points(self) -> tuple[float, ...]:
        """Return the known figures in order, today's last."""
        return (*(each for each in self.days if each is not None), self.now)

    def change(self, days: int) -> float | None:
        """Return how much it grew in so many days.

        None when it was not known then.
        """
        before = self.days[-days] if len(self.days) >= days else None
        return None if before is None else self.now - before


@dataclass(frozen=True, slots=True)
class SoonFull:
    """A mailbox that is full soon: its figures, its use of each day in KB, and when it is full."""

    box: FullSoon
    line: tuple[int, ...]
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class AccountUse:
    """Storage of the whole account in bytes, its days, and when it is full.

    A day is its number and the use in KB.
    """

    used: int
    limit: int
    days: tuple[tuple[int, int], ...]
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of the domains that a caller may view, and how far they go.

    Use and quotas are in MB. `oldest` is when the oldest list was read (Unix seconds), `known_days` how many of the
    last days have figures.
    """

    mailboxes: Line
    usage: Line
    over_quota: Line
    full_soon: Line
    near_send_limit: Line
    nearly_full: int
    suspended: int
    locked: int
    limited_usage: float
    quota: int
    unlimited: int
    by_client: tuple[ClientUse, ...]
    how_full: tuple[FillGroup, ...]
    senders: tuple[Sender, ...]
    #: All mailboxes that are full soon, and the most urgent ones.
    urgent: int
    soonest: tuple[SoonFull, ...] = field(repr=False)
    domains: int
    never_read: tuple[str, ...]
    oldest: float | None
    today: int
    known_days: int

    @property
    def unlimited_usage(self) -> float:
        """Return the MB that unlimited mailboxes use."""
        return self.usage.now - self.limited_usage

    @property
    def foresees(self) -> bool:
        """Return whether enough days have figures to foresee anything."""
        return self.known_days >= NEEDED_DAYS


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open work of the caller: paused runs, passwords to hand over, drafts, deletions that ask."""

    paused: tuple[RunView, ...]
    with_passwords: tuple[RunView, ...]
    drafts: tuple[DraftSummary, ...]
    deletions: tuple[DatedDeletion, ...]

    def __bool__(self) -> bool:
        return bool(self.paused or self.with_passwords or self.drafts or self.deletions)


@resolves_callers
class OverviewService:
    """Adds up the stored lists and days of all domains that the caller may view."""

    def __init__(
        self, store: Store, lists: MailboxLists, runs: RunService, drafts: DraftService, dated: DatedDeletions,
        clients: ClientService, storage: AccountStorageService, clock: Clock,
    ) -> None:  # fmt: skip
        self._store, self._lists, self._runs = store, lists, runs
        self._drafts, self._dated, self._clients = drafts, dated, clients
        self._storage, self._clock = storage, clock
        self._lock = threading.Lock()
        self._soon: tuple[int, dict[str, list[int]]] = (0, {})

    def figures(
        self, caller: Caller, *, permission: Permission = Permission.VIEW, most: int = tables.MOST_ROWS
    ) -> Figures:
        """Return the figures of the domains in which the caller has `permission`, and may view.

        `most` are the mailboxes that are named as full soon.
        """
        today = self._store.days.day(self._clock.now())
        first = today - LINE_DAYS + 1
        with self._store.read() as tx:
            known, read_at = mailbox_lists.domains(tx), mailbox_lists.read_times(tx)
            names = known.names if known else ()
            rights = {Permission.VIEW, permission}
            mine = [name for name in names if all(caller.may(right, name) for right in rights)]
            days = usage_history.of_domains(tx, mine, first - _LOOK_BACK, today - 1)
            soon = self._soon_by_day(tx, today)
        listed = [name for name in mine if name in read_at]
        boxes = self._lists.in_all(caller, listed)
        limited = boxes["quota"] > 0
        urgent = tables.full_soon(boxes)

        def line(now: float, name: str) -> Line:
            return Line(float(now), tables.sums_by_day(_by_domain(days, name), first, today - 1))

        def count(state: MailboxState) -> int:
            return int(has_state(boxes, state).sum())

        usage = line(boxes["usage"].sum(), "usage")
        return Figures(
            mailboxes=line(len(boxes), "mailboxes"),
            usage=Line(usage.now, tuple(None if each is None else each / KB_PER_MB for each in usage.days)),
            over_quota=line(count(MailboxState.OVER_QUOTA), "full"),
            full_soon=Line(count(MailboxState.FULL_SOON), _added(soon, mine, LINE_DAYS - 1)),
            near_send_limit=line(count(MailboxState.NEAR_SEND_LIMIT), "near_send_limit"),
            nearly_full=count(MailboxState.NEARLY_FULL),
            suspended=count(MailboxState.SUSPENDED),
            locked=count(MailboxState.LOCKED),
            limited_usage=float(boxes.loc[limited, "usage"].sum()),
            quota=int(boxes.loc[limited, "quota"].sum()),
            unlimited=int((~limited).sum()),
            by_client=tables.by_client(boxes, self._client_of(caller), listed),
            how_full=tables.how_full(boxes),
            senders=tables.most_sent(boxes),
            urgent=len(urgent),
            soonest=self._soonest(tables.full_soon_rows(urgent, most), first, today),
            domains=len(mine),
            never_read=tuple(name for name in mine if name not in read_at),
            oldest=min((read_at[name] for name in listed), default=None),
            today=today,
            known_days=len({each.day for each in days if each.day >= today - TREND_DAYS}),
        )

    def account(self, caller: Caller, days: int) -> AccountUse | None:
        """Return the storage of the whole account and its last days.

        None when it is not known, or not for this caller to see.
        """
        known = self._storage.latest(caller)
        if known is None or known.used is None:
            return None
        today = self._store.days.day(self._clock.now())
        with self._store.read() as tx:
            stored = usage_history.of_account(tx, today - max(days, TREND_DAYS), today - 1)
        points = [(each.day, each.usage) for each in stored]
        complete = [point for point in points if point[0] >= today - TREND_DAYS]
        limit = known.limit or 0
        found = forecast(known.used / _BYTES_PER_KB, limit / _BYTES_PER_KB, Trend(len(complete), growth(complete)))
        now = (today, known.used // _BYTES_PER_KB)
        shown = [point for point in points if point[0] > today - days]
        return AccountUse(known.used, limit, (*shown, now), found)

    def waiting(self, caller: Caller) -> Waiting:
        """Return what waits for the caller."""
        return Waiting(
            paused=tuple(view for view in self._runs.unended(caller) if view.status is RunStatus.PAUSED),
            with_passwords=self._runs.to_hand_over(caller),
            drafts=self._drafts.offered(caller),
            deletions=tuple(each for each in self._dated.every(caller) if each.why),
        )

    def _soonest(self, boxes: Sequence[FullSoon], first: int, today: int) -> tuple[SoonFull, ...]:
        """Return these mailboxes with the line of each and its forecast."""
        with self._store.read() as tx:
            numbers = usage_history.numbers_of(tx, [box.address for box in boxes])
            days = usage_history.of_mailboxes(tx, list(numbers.values()), first, today - 1)
            trends = usage_history.trends_for(tx, list(numbers.values()))
        found = []
        for box in boxes:
            number = numbers.get(box.address.lower(), 0)
            usage = round(box.usage * KB_PER_MB)
            line = (*(each.usage for each in days.get(number, ()) if each.usage is not None), usage)
            left = forecast(box.usage * KB_PER_MB, box.quota * KB_PER_MB, trends.get(number, Trend()))
            found.append(SoonFull(box, line, left))
        return tuple(found)

    def _soon_by_day(self, tx: Tx, today: int) -> dict[str, list[int]]:
        """Return how many mailboxes of each domain were to be full soon, day by day.

        The line of 30 days without today. The days are complete, so this is made once a day, for all domains together.
        """
        with self._lock:
            if self._soon[0] != today:
                first = today - LINE_DAYS + 1
                stored = usage_history.storage_of_all(tx, first - TREND_DAYS, today - 1)
                self._soon = (today, full_soon_of(*stored, first, today - 1))
            return self._soon[1]

    def _client_of(self, caller: Caller) -> dict[str, tuple[int, str]]:
        """Return number and name of the client of each domain that has one."""
        found = self._clients.list_all(caller)
        return {domain: (client.id, client.details.name) for client in found for domain in client.details.domains}


def _by_domain(days: Iterable[DomainDay], name: str) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for each in days:
        found.setdefault(each.domain, {})[each.day] = getattr(each, name)
    return found


def full_soon_of(
    domains: Mapping[int, str], figures: npt.NDArray[np.int64], first: int, last: int
) -> dict[str, list[int]]:
    """Return how many mailboxes of each domain were to be full soon on each day.

    Each row of `figures` is day, mailbox, use and quota, with -1 for what is not known.
    """
    names = sorted(set(domains.values()))
    places = {name: at for at, name in enumerate(names)}
    place_of = np.full(max(domains, default=0) + 1, -1)
    place_of[list(domains)] = [places[name] for name in domains.values()]
    columns = figures[figures[:, 1] < len(place_of)]
    of_domain = place_of[columns[:, 1]]
    order = np.argsort(of_domain, kind="stable")
    bounds = np.searchsorted(of_domain[order], np.arange(len(names) + 1))
    found = {}
    for at, name in enumerate(names):
        own = columns[order[bounds[at] : bounds[at + 1]]]
        usage, quota = (np.where(own[:, column] < 0, np.nan, own[:, column].astype(float)) for column in (2, 3))
        found[name] = full_soon_by_day(first, last, own[:, 0], own[:, 1], usage, quota)
    return found


def _added(soon: dict[str, list[int]], domains: Iterable[str], days: int) -> tuple[float | None, ...]:
    found = [soon[name] for name in domains if name in soon]
    return tuple(float(sum(each)) for each in zip(*found, strict=True)) if found else (None,) * days
