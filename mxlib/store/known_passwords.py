"""Passwords of mailboxes that a person could have read, and that nothing changed since.

A person could have read the passwords of runs that they started, ran, took over or downloaded, those of retries of
these runs, those that they set by hand, and those of unanswered writes that were shown to them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.text.findings import PASSWORD_CHANGED
from mxlib.core.vocabulary import AT_AN_END, OPEN, Action, AuditAction, Outcome
from mxlib.store import functions
from mxlib.store.tables import audit, hand_over, run, run_row
from mxlib.store.transaction import Tx

_ADDRESS = run_row.c.username + "@" + run_row.c.domain

#: Acts that give a person the passwords of a run, whether they still exist or not.
_STARTS = (AuditAction.RUN_START, AuditAction.RUN_RETRY)

#: Acts that give them only as long as they exist, and the acts that end that.
_TAKES = (AuditAction.RUN_TAKE_OVER, AuditAction.RESULTS_DOWNLOAD)
_ENDS = (AuditAction.RUN_HANDED_OVER, AuditAction.RUN_PASSWORDS_FORGOTTEN)

_WRITES = (AuditAction.MAILBOX_CREATE, AuditAction.MAILBOX_UPDATE, AuditAction.MAILBOX_UNLOCK)

#: Acts that show the password of one mailbox.
_SHOWN = (AuditAction.MAILBOX_PASSWORD_SHOWN, AuditAction.MESSAGE_TAKE)

#: Acts after which nobody knows a password of a mailbox.
_UNKNOWN_AFTER = (AuditAction.MAILBOX_DELETE, AuditAction.MAILBOX_LOCK)

#: Entries of writes that set a password, locked or deleted; one of an earlier release has no detail.
_SETS = audit.c.what.in_((AuditAction.MAILBOX_CREATE, AuditAction.MAILBOX_UNLOCK, *_UNKNOWN_AFTER)) | (
    (audit.c.what == AuditAction.MAILBOX_UPDATE)
    & sa.case(
        (functions.as_text(audit.c.detail).is_(None), audit.c.outcome.contains(PASSWORD_CHANGED)),
        else_=audit.c.detail["password"].as_boolean(),
    )
)

_ENTRIES = sa.select(audit.c.on, audit.c.id, audit.c.at, audit.c.run, audit.c.who, audit.c.what, audit.c.detail)

#: Mailboxes whose password was renewed for a run, and when.
_RENEWED = (
    sa.select(_ADDRESS, hand_over.c.renewed_at)
    .join(run_row, (run_row.c.run == hand_over.c.run) & (run_row.c.position == hand_over.c.position))
    .where(hand_over.c.renewed_at.is_not(None))
)


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """A password of a mailbox: when it was set (Unix seconds), and by which run.

    `run` is None for a write by hand, `at` None where MXM does not know it yet.
    """

    address: str
    at: float | None
    run: int | None


@dataclass(frozen=True, slots=True)
class KnownPasswords:
    """Unchanged passwords that a person could have read, and open runs that set more."""

    unchanged: tuple[KnownPassword, ...] = ()
    open_runs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Write:
    """The latest write that set the password of a mailbox, locked or deleted it.

    `id` is 0 without an audit entry. `unknown`: nobody knows a password since.
    """

    id: int
    at: float | None
    run: int | None
    who: str
    unknown: bool
    answered: bool = True
    what: str = ""


@dataclass(frozen=True, slots=True)
class _Acts:
    """Runs whose passwords a person had, mailboxes by hand, and passwords shown to them.

    `shown` has the latest entry of each mailbox.
    """

    runs: frozenset[int]
    by_hand: frozenset[str]
    shown: Mapping[str, int]


def find(tx: Tx, names: Collection[str]) -> KnownPasswords:
    """Return the passwords that a person could have read under these names.

    The names are their own and those of their tokens. This reads the audit log once, and then the entries of these
    mailboxes alone.
    """
    acts = _acts(tx, names)
    runs = _with_retries(tx, acts.runs)
    addresses = _addresses(tx, runs) | acts.by_hand | acts.shown.keys()
    latest = _latest(tx, addresses)
    resetting, theirs = _setting(tx, runs)
    renewed = _renewed_for(tx, runs)
    known = {
        address: write
        for address, write in latest.items()
        if address not in resetting and not write.unknown
        if _is_known(write, address, acts, runs, names) or _is_renewed(write, renewed.get(address))
    }
    found = [KnownPassword(address, write.at, write.run) for address, write in known.items()]
    found += [KnownPassword(address, None, None) for address in acts.shown.keys() - latest.keys() - resetting]
    return KnownPasswords(tuple(sorted(found, key=lambda each: each.address)), tuple(sorted(theirs)))


def changed_since(tx: Tx, number: int, addresses: Collection[str] | None = None) -> set[str]:
    """Return which of these mailboxes no longer have their password of run `number`.

    Without `addresses`, the mailboxes of the run are meant, and the result may have others, too.
    Another write set it since, or the mailbox was locked or deleted. A renewed one is that of the run.
    """
    begun = tx.execute(sa.select(sa.func.min(audit.c.id)).where(audit.c.run == number)).scalar()
    if begun is None:  # its audit entries were deleted for their age
        asked = _addresses(tx, [number]) if addresses is None else set(addresses)
        latest = {on: write for on, write in _latest(tx, asked).items() if write.unknown or write.run != number}
    else:
        latest = _by_others(tx, number, begun, None if addresses is None else frozenset(addresses))
    if not latest:
        return set()
    renewed = dict(tx.execute(_RENEWED.where(hand_over.c.run == number)).all())
    return {on for on, write in latest.items() if write.unknown or not _is_renewed(write, renewed.get(on))}


def known_to_nobody(tx: Tx, addresses: Collection[str]) -> set[str]:
    """Return which of these mailboxes have a password that nobody knows.

    They were made for their owners to set one, or unlocked by a link, and MXM knows of no other password since.
    """
    if not addresses:
        return set()
    latest = _latest(tx, set(addresses))
    locked = {address for address, write in latest.items() if write.what == AuditAction.MAILBOX_LOCK}
    runs = {write.run for write in latest.values() if write.run is not None}
    by_owners = run_row.c.before["set_by_owner"].as_boolean().is_(True)
    query = sa.select(run_row.c.run, _ADDRESS).where(run_row.c.run.in_(sorted(runs)), by_owners)
    made = {(number, address) for number, address in tx.execute(query)}
    return locked | {address for address, write in latest.items() if (write.run, address) in made}


def last_set_by(tx: Tx, address: str) -> str:
    """Return who set the last password of a mailbox by hand; blank for a run."""
    write = _latest(tx, {address}).get(address)
    return write.who if write is not None and write.run is None and not write.unknown else ""


def _by_others(tx: Tx, number: int, begun: int, addresses: Collection[str] | None) -> dict[str, _Write]:
    """Return the writes that replaced passwords of run `number`, by address.

    Only entries since the run began are read: most runs have few of others behind them.
    """
    others = audit.c.run.is_(None) | (audit.c.run != number)
    query = _ENTRIES.where(audit.c.id > begun, others, _SETS).order_by(audit.c.id)
    found = {on: _write(*entry) for on, *entry in tx.execute(query) if addresses is None or on in addresses}
    if not found:
        return {}
    newest = sa.select(audit.c.on, sa.func.max(audit.c.id)).where(audit.c.run == number, _SETS).group_by(audit.c.on)
    own = dict(tx.execute(newest.where(audit.c.on.in_(functions.texts(found)))).all())
    return {on: write for on, write in found.items() if write.id > own.get(on, 0)}


def _is_renewed(write: _Write, at: float | None) -> bool:
    """Return whether a write by hand set the password that was renewed at this time."""
    return at is not None and write.run is None and write.at is not None and write.at <= at


def _is_known(write: _Write, address: str, acts: _Acts, runs: Collection[int], names: Collection[str]) -> bool:
    if write.run is not None:
        return write.run in runs or write.id < acts.shown.get(address, 0)
    return write.who in names or write.id < acts.shown.get(address, 0) or (address in acts.shown and not write.answered)


def _acts(tx: Tx, names: Collection[str]) -> _Acts:
    who, taken = list(names), audit.c.what == AuditAction.RUN_TAKE_OVER
    named = audit.c.detail["to"].as_string().in_(who) | audit.c.detail["from"].as_string().in_(who)
    theirs = (*_STARTS, *_TAKES, *_SHOWN)
    by_hand = audit.c.run.is_(None) & audit.c.what.in_(_WRITES)
    query = sa.select(audit.c.id, audit.c.what, audit.c.on, audit.c.run).where(
        (audit.c.who.in_(who) & (audit.c.what.in_(theirs) | by_hand)) | audit.c.what.in_(_ENDS) | (taken & named)
    )
    runs = set(tx.execute(sa.select(run.c.id).where(run.c.operator.in_(who))).scalars())
    taken_at: dict[int, int] = {}
    ended_at: dict[int, int] = {}
    mailboxes: set[str] = set()
    shown: dict[str, int] = {}
    for entry, what, on, number in tx.execute(query):
        if what in _ENDS:
            ended_at[number] = min(entry, ended_at.get(number, entry))
        elif what in _TAKES:
            taken_at[number] = min(entry, taken_at.get(number, entry))
        elif what in _STARTS:
            runs.add(number)
        elif what in _SHOWN:
            shown[on] = max(entry, shown.get(on, 0))
        else:
            mailboxes.add(on)
    runs |= {number for number, entry in taken_at.items() if entry < ended_at.get(number, entry + 1)}
    return _Acts(frozenset(runs), frozenset(mailboxes), shown)


def _with_retries(tx: Tx, runs: Collection[int]) -> set[int]:
    """Return the runs with those that sent their rows again, with the same passwords."""
    found = set(runs)
    query = sa.select(run.c.id, run.c.retry_of).where(run.c.retry_of.is_not(None)).order_by(run.c.id)
    for number, origin in tx.execute(query):
        if origin in found:
            found.add(number)
    return found


def _renewed_for(tx: Tx, runs: Collection[int]) -> dict[str, float]:
    """Return when passwords were last renewed for one of these runs, by address."""
    found: dict[str, float] = {}
    for address, at, number in tx.execute(_RENEWED.add_columns(hand_over.c.run)):
        if number in runs:
            found[address] = max(at, found.get(address, at))
    return found


def _addresses(tx: Tx, runs: Iterable[int]) -> set[str]:
    """Return the mailboxes that these runs created or changed."""
    done = run_row.c.outcome.in_((Outcome.CREATED, Outcome.UPDATED))
    return set(tx.execute(sa.select(_ADDRESS).where(run_row.c.run.in_(functions.numbers(runs)), done)).scalars())


def _latest(tx: Tx, addresses: Collection[str]) -> dict[str, _Write]:
    """Return the latest write of each mailbox that set its password, locked or deleted it."""
    last = sa.select(sa.func.max(audit.c.id)).where(audit.c.on.in_(functions.texts(addresses)), _SETS)
    query = _ENTRIES.where(audit.c.id.in_(last.group_by(audit.c.on)))
    latest = {on: _write(*entry) for on, *entry in tx.execute(query)}
    return _from_journal(tx, addresses - latest.keys()) | latest


def _write(entry: int, at: float, number: int | None, who: str, what: str, facts: dict[str, Any] | None) -> _Write:
    return _Write(entry, at, number, who, what in _UNKNOWN_AFTER, (facts or {}).get("answered") is not False, what)


def _from_journal(tx: Tx, addresses: Iterable[str]) -> dict[str, _Write]:
    """Return the latest writes of runs whose audit entries were deleted for their age."""
    pairs = functions.each_value([address.rpartition("@")[::2] for address in addresses])
    username, domain = (functions.json_item(pairs.c.value, sa.literal(place)) for place in (0, 1))
    place = (run_row.c.username == username) & (run_row.c.domain == domain)
    locked = run_row.c.action == Action.LOCK
    changed = (run_row.c.outcome == Outcome.UPDATED) & (run_row.c.sealed_password.is_not(None) | locked)
    wrote = run_row.c.outcome.in_((Outcome.CREATED, Outcome.DELETED)) | changed
    query = (
        sa.select(
            _ADDRESS, run.c.id, run.c.finished_at, run.c.operator, locked | (run_row.c.outcome == Outcome.DELETED)
        )
        .select_from(pairs)
        .join(run_row, place)
        .join(run, run.c.id == run_row.c.run)
        .where(wrote)
        .order_by(run.c.id)
    )
    return {address: _Write(0, at, number, who, unknown) for address, number, at, who, unknown in tx.execute(query)}


def _setting(tx: Tx, runs: Collection[int]) -> tuple[set[str], set[int]]:
    """Return the mailboxes that open runs of others set, and the open ones of `runs`."""
    going = run.c.status.not_in(sorted(AT_AN_END)) & run_row.c.outcome.in_(sorted(OPEN))
    sets = (run_row.c.action == Action.CREATE) | run_row.c.sealed_password.is_not(None)
    query = sa.select(run.c.id, _ADDRESS).join(run_row, run.c.id == run_row.c.run).where(going, sets)
    resetting, theirs = set(), set()
    for number, address in tx.execute(query):
        if number in runs:
            theirs.add(number)
        else:
            resetting.add(address)
    return resetting, theirs
