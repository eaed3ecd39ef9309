"""The mailbox lists: read once, cached, and available while MXroute is not."""

import logging
import math
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from operator import itemgetter

import pandas as pd

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core.locks import Lock
from mxlib.core.schema import STORED_HERE
from mxlib.core.text import list_ages
from mxlib.core.usage import KB_PER_MB, Trend, forecast
from mxlib.mxroute import protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import MXrouteError, RateLimitWait, Unauthorized, Unreachable
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.empty_lists import EmptyLists
from mxlib.services.failures import Failure
from mxlib.store import (
    Store,
    StoreUnavailable,
    Tx,
    first_seen,
    mailbox_lists,
    mailbox_locks,
    stored_columns,
    usage_history,
)

log = logging.getLogger(__name__)

#: Seconds after which a visit reads a list again, unasked.
LIST_MAX_AGE_S = 300.0

#: Seconds ahead of now at which a list may seem to have been read.
_AHEAD = 60.0

#: Seconds that a page waits for a read slot before it uses the old list.
MAX_WAIT_S = 20.0

#: The same when many lists are read one after another: over a minute, so that the next minute's reads are waited for.
LONG_MAX_WAIT_S = 75.0

#: Frames of several domains that are kept together.
_MOST_JOINED = 8

#: Lists read at the same time.
_AT_ONCE = 3

#: Seconds between two reports of how many lists are read.
_PROGRESS_EVERY = 0.5

#: After some of these in a row no other list can be read either.
_FOR_ALL = (Unreachable, Unauthorized, RateLimitWait, StoreUnavailable)

#: Receives the lists read, their total, and the seconds for which the rate limit delays the next one.
OnProgress = Callable[[int, int, float], None]


FRAME_COLUMNS = (
    "address",
    "username",
    *(column.name for column in STORED_HERE),
    "usage",
    "quota",
    "sent",
    "limit",
    "suspended",
    "days_left",
    "made_elsewhere",
    "is_locked",
    "being_locked",
    "locked_since",
    "locked_by",
    "lock_reason",
)

#: The columns of a lock, with their types and their values without one.
_LOCK: dict[str, tuple[str, object]] = {
    "is_locked": ("bool", False),
    "being_locked": ("bool", False),
    "locked_since": ("float64", math.nan),
    "locked_by": ("str", ""),
    "lock_reason": ("str", ""),
}


@dataclass(frozen=True, slots=True)
class Domains:
    """The account's domains that this caller may see.

    `problem` says why they are old or missing.
    """

    names: tuple[str, ...]
    read_at: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MailboxList:
    """The mailboxes of one domain.

    Without any list yet, `read_at` holds None.
    """

    domain: str
    frame: pd.DataFrame = field(repr=False)
    read_at: float | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ListState:
    """When the list of a domain was last read (None: never), and why the last read failed."""

    domain: str
    read_at: float | None
    problem: str = ""


@resolves_callers
class MailboxLists:
    """Domains and mailboxes, from the host when they are due and from the store otherwise."""

    def __init__(self, store: Store, host: MXrouteClient, clock: Clock) -> None:
        self._store, self._host, self._clock = store, host, clock
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}
        self._frames: dict[str, tuple[float, pd.DataFrame]] = {}
        self._joined: dict[tuple[tuple[str, float], ...], pd.DataFrame] = {}
        self._outcomes: dict[str, tuple[float, Failure | None]] = {}
        self._names: dict[str, tuple[float, frozenset[str]]] = {}
        self._failed: list[MXrouteError | StoreUnavailable] = []
        self._empty = EmptyLists(clock)

    def domains(self, caller: Caller, *, refresh: bool = False) -> Domains:
        """Return the domains that the caller may see, sorted."""
        before = self._outcomes.get("")
        names, read_at, problem = self._domains(refresh=refresh)
        if self._outcomes.get("") is not before:  # a read took time
            caller = current(caller)
        return Domains(tuple(name for name in names if _sees(caller, name)), read_at, problem)

    def names(self) -> frozenset[str] | None:
        """Return all domains of the account; None when they were never read."""
        names, read_at, _ = self._domains(refresh=False)
        return None if read_at is None else frozenset(names)

    def may_anywhere(self, caller: Caller, permission: Permission, *, unread: bool = False) -> bool:
        """Return whether the caller has `permission` in a domain of the account, without a request.

        `unread`: whether any domain counts while those of the account were never read.
        """
        return permission in self.rights_anywhere(caller, unread=unread)

    def rights_anywhere(self, caller: Caller, *, unread: bool = False) -> frozenset[Permission]:
        """Return the permissions that the caller has in any domain of the account, as `may_anywhere`."""
        with self._store.read() as tx:
            kept = mailbox_lists.domains(tx)
        names = kept.names if kept else caller.domains if unread else ()
        return frozenset(each for each in Permission if caller.may_anywhere(each, names))

    def mailboxes(self, caller: Caller, domain: str, *, refresh: bool = False) -> MailboxList:
        """Return all mailboxes of `domain`.

        The list is read again when `refresh` asks for it, or when it is over LIST_MAX_AGE_S seconds old.
        """
        caller.require(Permission.VIEW, domain)
        before = self._outcomes.get(domain)
        read_at, problem = self._refresh_if_due(domain, refresh=refresh)
        if self._outcomes.get(domain) is not before:
            current(caller).require(Permission.VIEW, domain)
        return MailboxList(domain, self._frame(domain, read_at), read_at, problem)

    def stored(self, caller: Caller, domain: str) -> MailboxList:
        """Return the stored mailboxes of `domain`, however old, without a request."""
        caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            read_at = mailbox_lists.read_at(tx, domain)
        return MailboxList(domain, self._frame(domain, read_at), read_at, self.trouble(domain))

    def every(
        self, caller: Caller, domains: Collection[str], *, on_progress: OnProgress | None = None
    ) -> list[MailboxList]:
        """Return the mailboxes of many domains, read three at a time.

        The caller waits for all of them, also when that takes more than a minute's reads.
        """
        for domain in domains:
            caller.require(Permission.VIEW, domain)
        self.refresh(domains, patience=LONG_MAX_WAIT_S, on_progress=on_progress)
        caller = current(caller)
        for domain in domains:
            caller.require(Permission.VIEW, domain)
        return [self.mailboxes(caller, domain) for domain in domains]

    def usernames(self, domain: str, *, newer_than: float | None = None) -> frozenset[str] | None:
        """Return the usernames of `domain`; None when no list could be read.

        No permission is checked: validation needs them.
        """
        oldest = self._clock.now() - LIST_MAX_AGE_S if newer_than is None else newer_than
        read_at, _ = self._refresh_if_due(domain, refresh=False, oldest=oldest)
        if read_at is None or (newer_than is not None and self._is_due(read_at, newer_than)):
            return None
        return self._names_of(domain, read_at)

    def cached_usernames(self, domains: Collection[str]) -> dict[str, tuple[float, frozenset[str]]]:
        """Return when the list of each domain was read, with its usernames.

        A list that was never read is missing.
        No request is made, and no permission is checked: counting needs them.
        """
        with self._store.read() as tx:
            read_at = mailbox_lists.read_times(tx)
        return {name: (read_at[name], self._names_of(name, read_at[name])) for name in domains if name in read_at}

    def usernames_in(self, tx: Tx, domains: Collection[str]) -> dict[str, frozenset[str]]:
        """Return the usernames of the lists as they are in this transaction; else as `cached_usernames`."""
        read_at = mailbox_lists.read_times(tx)
        return {name: self._names_of(name, read_at[name], tx) for name in domains if name in read_at}

    def _names_of(self, domain: str, read_at: float, within: Tx | None = None) -> frozenset[str]:
        cached = self._names.get(domain)
        if cached is None or cached[0] != read_at:
            with nullcontext(within) if within is not None else self._store.read() as tx:
                kept = mailbox_lists.mailboxes(tx, domain)
            cached = (read_at, frozenset(box.username for box in kept.mailboxes) if kept else frozenset())
            self._names[domain] = cached
        return cached[1]

    def is_current(self, read_at: float, newer_than: float) -> bool:
        """Return whether a list that was read at `read_at` counts as newer than `newer_than`."""
        return not self._is_due(read_at, newer_than)

    def refresh(
        self,
        domains: Collection[str],
        *,
        newer_than: float | None = None,
        patience: float = MAX_WAIT_S,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Read those of `domains` that are due, three at a time within the rate limit.

        `on_progress` receives the progress. A failure is reported when that list is asked for. When MXroute fails three
        times in a row, the rest is not read.
        """
        oldest = self._clock.now() - LIST_MAX_AGE_S if newer_than is None else newer_than
        with self._store.read() as tx:
            read_at = mailbox_lists.read_times(tx)
        due = sorted(name for name in domains if self._is_due(read_at.get(name), oldest))
        if not due:
            return
        self._failed.clear()
        with ThreadPoolExecutor(min(_AT_ONCE, len(due)), "mxm-lists") as threads:
            open_ = {threads.submit(self._read_unless_silent, name, patience) for name in due}
            while open_:
                if on_progress:
                    on_progress(len(due) - len(open_), len(due), self._host.wait_seconds("read"))
                _, open_ = wait(open_, timeout=_PROGRESS_EVERY, return_when=FIRST_COMPLETED)
        if on_progress:
            on_progress(len(due), len(due), 0.0)

    def states(self, caller: Caller) -> tuple[ListState, ...]:
        """Return the state of each list that the caller may view, without a request."""
        with self._store.read() as tx:
            known, read_at = mailbox_lists.domains(tx), mailbox_lists.read_times(tx)
        outcomes = self._outcomes.copy()
        return tuple(
            ListState(name, read_at.get(name), (outcomes.get(name) or (0.0, None))[1] or "")
            for name in (known.names if known else ())
            if caller.may(Permission.VIEW, name)
        )

    def read_once(self, domain: str, *, oldest: float) -> tuple[bool, Failure | None]:
        """Read one list, unless it is newer than `oldest` by now.

        "" is the list of the domains. The caller has taken the slot. Returns whether it was used, and why the
        read failed.
        """
        used = False

        def read() -> None:
            nonlocal used
            with self._store.read() as tx:
                kept = mailbox_lists.domains(tx)
                read_at = mailbox_lists.read_at(tx, domain) if domain else kept.read_at if kept else None
            if not self._is_due(read_at, oldest):
                return
            used = True
            if domain:
                self._read_mailboxes(domain, gated=False)
            else:
                self._read_domains(gated=False)

        problem = self._once(domain, read, refresh=False)
        return used, problem if isinstance(problem, Failure) else None

    def _read_unless_silent(self, domain: str, patience: float) -> None:
        def read() -> None:
            if len(self._failed) >= _AT_ONCE:
                raise self._failed[-1]
            self._read_mailboxes(domain, patience)

        self._once(domain, read, refresh=False)

    def cached_frame(self, domain: str) -> pd.DataFrame:
        """Return the mailboxes of `domain` from the cached list; no request, no permission check."""
        with self._store.read() as tx:
            read_at = mailbox_lists.read_at(tx, domain)
        return self._frame(domain, read_at)

    def cached_mailbox(self, domain: str, username: str) -> Mailbox | None:
        """Return one mailbox from the cached list, without a request."""
        with self._store.read() as tx:
            kept = mailbox_lists.mailboxes(tx, domain)
        return next((box for box in kept.mailboxes if box.username == username), None) if kept else None

    def apply_write(self, domain: str, username: str, box: Mailbox | None) -> None:
        """Apply a write to the cached list, without a read: one mailbox is now `box`, or deleted."""
        with self._store.write() as tx:
            mailbox_lists.apply_write(tx, domain, username, box)

    def problems(self, caller: Caller) -> list[str]:
        """Return the problems of the last reads, one sentence each.

        Only those of domains that the caller may see.
        """
        outcomes = dict(self._outcomes)
        seen = (problem for name, (_, problem) in outcomes.items() if not name or _sees(caller, name))
        return sorted({*filter(None, seen)})

    def trouble(self, domain: str) -> str:
        """Return why the last read of `domain`, or of the domains, failed.

        Blank when it did not.
        """
        found = (self._outcomes.get(name) for name in (domain, ""))
        return next((outcome[1] for outcome in found if outcome and outcome[1]), "")

    def last_problem(self) -> str | None:
        """Return why the latest read from MXroute failed.

        Blank if it did not, None before the first one.
        """
        latest = max(self._outcomes.copy().values(), key=itemgetter(0), default=None)
        return (latest[1] or "") if latest else None

    def _domains(self, *, refresh: bool) -> tuple[tuple[str, ...], float | None, str]:
        problem = ""
        with self._store.read() as tx:
            kept = mailbox_lists.domains(tx)
        if refresh or self._is_due(kept.read_at if kept else None, self._clock.now() - LIST_MAX_AGE_S):
            problem = self._once("", self._read_domains, refresh)
            with self._store.read() as tx:
                kept = mailbox_lists.domains(tx)
        if kept is None:
            return (), None, problem
        return kept.names, kept.read_at, problem

    def _refresh_if_due(self, domain: str, *, refresh: bool, oldest: float | None = None) -> tuple[float | None, str]:
        """Make the stored list of `domain` fresh enough.

        Returns when it was read, and what went wrong.
        """
        due = self._clock.now() - LIST_MAX_AGE_S if oldest is None else oldest
        with self._store.read() as tx:
            read_at = mailbox_lists.read_at(tx, domain)
        problem = ""
        if refresh or self._is_due(read_at, due):
            problem = self._once(domain, lambda: self._read_mailboxes(domain), refresh)
            with self._store.read() as tx:
                read_at = mailbox_lists.read_at(tx, domain)
            if problem and read_at is not None:
                problem = list_ages.old_list(read_at, self._clock.now(), problem)
        return read_at, problem

    def _is_due(self, read_at: float | None, oldest: float) -> bool:
        """Return whether a list must be read again.

        A list from the future must: the clock was put back since.
        """
        return read_at is None or not oldest <= read_at <= self._clock.now() + _AHEAD

    def _once(self, name: str, read: Callable[[], None], refresh: bool) -> str:
        """Run one read of `name` at a time; callers that arrive meanwhile share its result."""
        with self._lock:
            lock = self._reading.setdefault(name, threading.Lock())
        began = self._clock.monotonic()
        with lock:
            outcome = self._outcomes.get(name)
            if outcome is not None:
                at, problem = outcome
                meanwhile = at >= began
                spared = problem is not None and not refresh and began - at < problem.retry_delay
                if meanwhile or spared:
                    return problem or ""
            try:
                read()
                problem = None
                self._failed.clear()
            except (MXrouteError, StoreUnavailable) as error:
                problem = Failure(error)
                if isinstance(error, _FOR_ALL):
                    self._failed.append(error)
                if isinstance(error, StoreUnavailable):
                    self._store.failures.report(error)
                else:
                    log.warning("Reading %s failed: %s", name or "the domains", type(error).__name__)
            self._outcomes[name] = (self._clock.monotonic(), problem)
        return problem or ""

    def _read_domains(self, *, gated: bool = True) -> None:
        answer = self._host.send(protocol.list_domains(), patience=MAX_WAIT_S, gated=gated)
        names = sorted({str(name).lower() for name in answer.data})
        with self._store.read() as tx:
            kept = mailbox_lists.domains(tx)
        self._empty.check("", is_empty=not names, was_empty=kept is None or not kept.names)
        with self._store.write() as tx:
            mailbox_lists.keep_domains(tx, names, self._clock.now())
        for gone in self._outcomes.keys() - {"", *names}:  # nothing is wrong with a domain that left the account
            self._outcomes.pop(gone, None)

    def _read_mailboxes(self, domain: str, patience: float = MAX_WAIT_S, *, gated: bool = True) -> None:
        answer = self._host.send(protocol.list_mailboxes(domain), patience=patience, gated=gated)
        boxes = [Mailbox.from_data(item) for item in answer.data]
        with self._store.read() as tx:
            kept = mailbox_lists.mailboxes(tx, domain)
        self._empty.check(domain, is_empty=not boxes, was_empty=kept is None or not kept.mailboxes)
        with self._store.write() as tx:
            mailbox_lists.keep_mailboxes(tx, domain, boxes, self._clock.now())

    def _frame(self, domain: str, read_at: float | None) -> pd.DataFrame:
        """Return the table of a domain.

        MXroute's columns are built once a read; columns that are stored here are joined at every call.
        """
        frame = self._of_host(domain, read_at)
        with self._store.read() as tx:
            stored = {column.name: stored_columns.of_domain(tx, column.name, domain) for column in STORED_HERE}
            locks, being_locked = mailbox_locks.of_domain(tx, domain), mailbox_locks.being_locked(tx, domain)
        if locks or being_locked:
            frame = _with_locks(frame, locks, being_locked)
        known = {
            name: [values.get(user, "") for user in frame["username"]] for name, values in stored.items() if values
        }
        return frame.assign(**{name: pd.Series(cells, index=frame.index, dtype="str") for name, cells in known.items()})

    def in_all(self, caller: Caller, domains: Collection[str]) -> pd.DataFrame:
        """Return the stored mailboxes of these domains in one frame, with their `domain`.

        No request is made; a list that was never read has no mailboxes.
        """
        for domain in domains:
            caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            times = mailbox_lists.read_times(tx)
            read_at = tuple((name, times[name]) for name in sorted(domains) if name in times)
            stored = {column.name: stored_columns.by_address(tx, column.name) for column in STORED_HERE}
            locked = mailbox_locks.usernames(tx)
            locks = {
                f"{user}@{name}": lock
                for name, _ in read_at
                if name in locked
                for user, lock in mailbox_locks.of_domain(tx, name).items()
            }
            being_locked = mailbox_locks.all_being_locked(tx)
        frame = self._all_of_host(read_at)
        if locks or being_locked:
            frame = _with_locks(frame, locks, being_locked, by="address")
        addresses = frame["address"].tolist()
        cells = {name: [values.get(one, "") for one in addresses] for name, values in stored.items() if values}
        return frame.assign(**{name: pd.Series(texts, index=frame.index, dtype="str") for name, texts in cells.items()})

    def _all_of_host(self, read_at: tuple[tuple[str, float], ...]) -> pd.DataFrame:
        """Return MXroute's columns of these lists in one frame, built once a read."""
        cached = self._joined.get(read_at)
        if cached is None:
            frames = [self._of_host(name, at).assign(domain=name) for name, at in read_at]
            empty = self._of_host("", None).assign(domain=pd.Series(dtype="str"))
            cached = pd.concat([each for each in frames if len(each)] or [empty], ignore_index=True)
            if len(self._joined) >= _MOST_JOINED:
                self._joined.clear()
            self._joined[read_at] = cached
        return cached

    def _of_host(self, domain: str, read_at: float | None) -> pd.DataFrame:
        cached = self._frames.get(domain)
        if cached is None or cached[0] != (read_at or 0.0):
            with self._store.read() as tx:
                kept = mailbox_lists.mailboxes(tx, domain)
                elsewhere = first_seen.made_elsewhere(tx, domain)
                trends = usage_history.trends_of(tx, domain)
            boxes = kept.mailboxes if kept else ()
            frame = pd.DataFrame(
                {
                    "address": pd.Series([f"{box.username}@{domain}" for box in boxes], dtype="str"),
                    "username": pd.Series([box.username for box in boxes], dtype="str"),
                    **{column.name: pd.Series([""] * len(boxes), dtype="str") for column in STORED_HERE},
                    "usage": pd.Series([box.usage for box in boxes], dtype="float64"),
                    "quota": pd.Series([box.quota for box in boxes], dtype="int64"),
                    "sent": pd.Series([box.sent for box in boxes], dtype="int64"),
                    "limit": pd.Series([box.limit for box in boxes], dtype="int64"),
                    "suspended": pd.Series([box.suspended for box in boxes], dtype="bool"),
                    "days_left": pd.Series([_days_left(box, trends) for box in boxes], dtype="float64"),
                    "made_elsewhere": pd.Series([box.username in elsewhere for box in boxes], dtype="bool"),
                    **{name: pd.Series([none] * len(boxes), dtype=dtype) for name, (dtype, none) in _LOCK.items()},
                },
                columns=list(FRAME_COLUMNS),
            ).sort_values("username", ignore_index=True)
            self._frames[domain] = cached = (read_at or 0.0, frame)
        return cached[1]


def _days_left(box: Mailbox, trends: Mapping[str, Trend]) -> float:
    """Return in how many days the mailbox is full: 0 for now, NaN for not foreseen."""
    trend = trends.get(box.username.lower(), Trend())
    found = forecast(box.usage * KB_PER_MB, box.quota * KB_PER_MB, trend)
    return float(found.days) if found.is_foreseen and found.days is not None else math.nan


def _with_locks(
    frame: pd.DataFrame, locks: Mapping[str, Lock], being_locked: Collection[str], *, by: str = "username"
) -> pd.DataFrame:
    found = [locks.get(user) for user in frame[by]]
    values: dict[str, list[object]] = {
        "is_locked": [lock is not None for lock in found],
        "being_locked": [user in being_locked and user not in locks for user in frame[by]],
        "locked_since": [lock.since if lock else math.nan for lock in found],
        "locked_by": [lock.by if lock else "" for lock in found],
        "lock_reason": [lock.reason if lock else "" for lock in found],
    }
    columns = {name: pd.Series(values[name], index=frame.index, dtype=dtype) for name, (dtype, _) in _LOCK.items()}
    return frame.assign(**columns)


def _sees(caller: Caller, domain: str) -> bool:
    return any(caller.may(right, domain) for right in Permission)
