"""The audit log: who did what, on what, when, from where. It only grows, and `audit_chain` proves it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain, takewhile
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mxlib.core.vocabulary import MAILBOX_CHANGES, AuditAction, CallerKind
from mxlib.store import audit_chain, functions, manual_writes, storable_text
from mxlib.store.audit_chain import Content
from mxlib.store.tables import audit, client, client_domain
from mxlib.store.tables import first_seen as seen
from mxlib.store.tables import run as runs
from mxlib.store.tables import run_row as rows
from mxlib.store.text_search import begins, contains
from mxlib.store.transaction import Tx

#: Families of actions on a domain or one of its mailboxes: the subject is the domain, or an address in it.
ABOUT_DOMAINS = ("mailbox", "recovery", "name", "export", "link")


class Identity(Protocol):
    """The caller's data that an entry stores; `Actor` has it too."""

    @property
    def name(self) -> str:
        """Return the name."""
        ...

    @property
    def kind(self) -> CallerKind:
        """Return the kind: operator, token or engine."""
        ...

    @property
    def address(self) -> str:
        """Return the address that the request came from."""
        ...


@dataclass(frozen=True, slots=True)
class Actor:
    """The name for an entry, whatever its rights are by then."""

    name: str
    kind: CallerKind = CallerKind.OPERATOR
    #: Address that the request came from.
    address: str = ""

    @classmethod
    def of(cls, caller: Identity) -> Self:
        """Return the name of a caller whose rights were checked."""
        return cls(caller.name, caller.kind, caller.address)


#: MXM itself, where no run acts for an operator.
MXM = Actor("MXM", CallerKind.ENGINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: an act of a person, token or run.

    `kind` is operator, token or engine; `address` is where the request came from.
    """

    id: int
    at: float
    who: str
    kind: str
    what: str
    on: str
    address: str
    run: int | None
    outcome: str
    #: The facts behind the outcome; None where it has none, and in entries of earlier releases.
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Label:
    """The part that many entries share: all but number, time, subject and run."""

    who: str
    kind: str
    what: str
    address: str
    outcome: str
    #: As JSON.
    detail: str


_PARTS = fields(Label)
_NULL = "null"


@dataclass(frozen=True, slots=True)
class Block:
    """Some entries, newest first, column by column.

    `labels` are positions in the list of known labels of the query.
    """

    ids: npt.NDArray[np.int64]
    ats: list[float]
    ons: list[str]
    runs: list[int | None]
    #: len(known) for an entry whose label is not among them.
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Selection of entries.

    `address` and `who` are parts of the subject and of the name, in any case; `what` is one action, or a family of them
    ("run"); `since` <= time < `until` (Unix seconds). `client` is a number: entries about that client and its domains.
    """

    address: str = ""
    who: str = ""
    what: str = ""
    run: int | None = None
    since: float | None = None
    until: float | None = None
    client: int | None = None


@dataclass(frozen=True, slots=True)
class AuditScope:
    """Entries that a reader may see: what `who` did, and what was done to `domains`.

    None means all domains. With `own_runs_only` they see no run of others.
    """

    who: str
    domains: Collection[str] | None
    own_runs_only: bool = False


#: More than the known labels of one block.
MOST_LABELS = 16

#: Most entries that one transaction deletes, so that no writer waits long.
FORGOTTEN_AT_ONCE = 500

_IN_ORDER = (
    sa.select(audit.c.id, audit.c.at)
    .where(audit.c.id > sa.bindparam("after"))
    .order_by(audit.c.id)
    .limit(sa.bindparam("most"))
)
_COLUMNS = [audit.c[column.name] for column in fields(Entry)]
#: The domain of the subject; without an @ this is the whole subject.
_DOMAIN = sa.func.substr(audit.c.on, functions.position(audit.c.on, sa.literal("@")) + 1)


def record(
    tx: Tx,
    by: Identity,
    action: AuditAction,
    *,
    at: float,
    on: str = "",
    run: int | None = None,
    outcome: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add one entry to the audit log; every entry is written here.

    `on` is the subject: a mailbox, a domain, a user, or the run itself when only `run` is given. `detail` has the facts
    of `outcome` for programs, and no secret.
    """
    subject = f"run {run}" if run is not None and not on else on
    facts = None if detail is None else storable_text.dumps(detail)
    # The hash is of what is stored.
    who, subject, address, outcome = map(storable_text.storable, (by.name, subject, by.address, outcome))
    content = Content(float(at), who, by.kind.value, action.value, subject, address, run, outcome, facts)
    audit_chain.append(tx, content)


def find(
    tx: Tx, filters: AuditFilter, seen: AuditScope | None = None, *, before: int | None = None, most: int = 100
) -> list[Entry]:
    """Return the latest entries that `seen` may read (None: all), newest first.

    All were made before entry `before`.
    """
    query = sa.select(*_COLUMNS).where(*_conditions(filters, seen)).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [Entry(*row) for row in tx.execute(query)]


def block(
    tx: Tx, filters: AuditFilter, seen: AuditScope | None, *, before: int, most: int, known: Sequence[Label] = ()
) -> Block:
    """Return what `find` finds, without the texts of entries that have a label in `known`.

    That takes a third of its time.
    """
    labels = {
        f"label_{part.name}_{number}": getattr(label, part.name)
        for number, label in enumerate(known)
        for part in _PARTS
    }
    query = (
        sa.select(audit.c.id * MOST_LABELS + _label(len(known)), audit.c.at, audit.c.on, audit.c.run)
        .where(*_conditions(filters, seen), audit.c.id < before)
        .order_by(audit.c.id.desc())
        .limit(most)
    )
    # The driver's own rows, not stored: SQLAlchemy's, and a list of them, would cost as much again.
    rows: Any = tx.execute(query, labels).cursor
    cells: list[Any] = list(chain.from_iterable(rows))
    numbers = np.asarray(cells[0::4], np.int64)
    return Block(numbers // MOST_LABELS, cells[1::4], cells[2::4], cells[3::4], numbers % MOST_LABELS)


@cache
def _label(count: int) -> sa.ColumnElement[int]:
    """Return an expression for an entry's position in the known labels; `count` for none.

    Parameters hold the labels, such as label_who_0.
    """
    matched = [
        (sa.and_(*(_part(part.name) == sa.bindparam(f"label_{part.name}_{number}") for part in _PARTS)), number)
        for number in range(count)
    ]
    return sa.case(*matched, else_=count) if matched else sa.literal(0)


def _part(name: str) -> sa.ColumnElement[str]:
    """Return the column of a label's part, as text that is never NULL."""
    column = audit.c[name]
    return sa.func.coalesce(functions.as_text(column), _NULL) if name == "detail" else column


def labels(tx: Tx, numbers: Iterable[int]) -> dict[int, Label]:
    """Return the labels of entries, by number."""
    columns = [_part(part.name) for part in _PARTS]
    query = sa.select(audit.c.id, *columns).where(audit.c.id.in_(functions.numbers(numbers)))
    return {row[0]: Label(*row[1:]) for row in tx.execute(query)}


def count(tx: Tx, filters: AuditFilter, seen: AuditScope | None = None, *, most: int | None = None) -> int:
    """Return how many entries `find` would return in all; it stops counting at `most`."""
    found = sa.select(audit.c.id).where(*_conditions(filters, seen)).limit(most).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def touched_since(tx: Tx, address: str, number: int, *, restoring: bool = False) -> bool:
    """Return whether anything but run `number` and its undo changed a mailbox after that run.

    A mailbox that was missing from a list meanwhile is another one of the same name. When `restoring` figures, a later
    run that was undone does not count: the figures that it changed are as they were before it.
    """
    username, _, domain = address.partition("@")
    about = (audit.c.on == address) & audit.c.what.in_(MAILBOX_CHANGES)
    own = sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0)).where(about, audit.c.run == number).scalar_subquery()
    undoing = sa.select(runs.c.id).where(runs.c.undo_of == number)
    theirs = (audit.c.run != number) & audit.c.run.not_in(undoing)
    if restoring:
        restored = (
            sa.select(runs.c.id, runs.c.undo_of)
            .join(rows, rows.c.run == runs.c.id)
            .where(rows.c.domain == domain, rows.c.username == username, rows.c.outcome == "updated")
            .where(runs.c.undo_of.is_not(None))
        ).cte()
        theirs &= audit.c.run.not_in(sa.select(restored.c.id).union_all(sa.select(restored.c.undo_of)))
    others = audit.c.run.is_(None) | theirs
    if tx.execute(sa.select(audit.c.id).where(about, audit.c.id > own, others).limit(1)).first() is not None:
        return True
    if manual_writes.is_open(tx, domain, username):
        return True
    first = sa.select(seen.c.at).where(seen.c.domain == domain, seen.c.username == username).scalar_subquery()
    at_host = audit.c.what.startswith("mailbox.")  # others are stored here, whether a list was read or not
    done = sa.select(sa.func.max(audit.c.at)).where(about, at_host, audit.c.run == number).scalar_subquery()
    return bool(tx.scalar(sa.select(first > done)))


def actions_since(tx: Tx, address: str, after: int, *, but: Collection[int] = ()) -> set[str]:
    """Return the actions on a mailbox after entry `after`, except by the runs `but`."""
    query = sa.select(audit.c.what).where(
        audit.c.on == address,
        audit.c.id > after,
        audit.c.what.in_(MAILBOX_CHANGES),
        audit.c.run.is_(None) | audit.c.run.not_in(list(but)),
    )
    return set(tx.execute(query).scalars())


def newest(tx: Tx) -> int:
    """Return the number of the latest entry; 0 without entries."""
    return int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0))).scalar_one())


def oldest(tx: Tx) -> float | None:
    """Return when the first entry that is still stored was made (Unix seconds)."""
    first: float | None = tx.scalar(sa.select(sa.func.min(audit.c.at)))
    return first


def extent(tx: Tx) -> tuple[int, float | None, float | None]:
    """Return the number of stored entries, and the Unix times of the first and last."""
    columns = sa.func.count(), sa.func.min(audit.c.at), sa.func.max(audit.c.at)
    entries, first, last = tx.execute(sa.select(*columns)).one()
    return entries, first, last


def forget(
    tx: Tx, before: float, *, now: float = float("inf"), after: int = 0, most: int = FORGOTTEN_AT_ONCE
) -> tuple[int, int | None]:
    """Delete entries older than `before` among the next `most` after number `after`.

    Returns how many were deleted, and the number to continue after, None at the end. A signed checkpoint takes their
    place; a trigger protects the others. An entry that follows a younger one stays: its time comes from a clock that
    was put back. The entries of a run count from the run's end.
    """
    found = tx.execute(_IN_ORDER, {"after": after, "most": most}).all()
    old = list(takewhile(lambda entry: not before <= entry.at <= now, found))
    if not old:
        return 0, None
    last = old[-1].id
    lasting = sa.select(runs.c.id).where(runs.c.finished_at.is_(None) | (runs.c.finished_at >= before))
    due = (audit.c.id > after) & (audit.c.id <= last) & (audit.c.at < before)
    query = sa.select(audit.c.id).where(due, audit.c.run.is_(None) | audit.c.run.not_in(lasting)).order_by(audit.c.id)
    dropped = list(tx.execute(query).scalars())
    audit_chain.drop(tx, dropped, before)
    return len(dropped), last if len(old) == most else None


def _conditions(filters: AuditFilter, seen: AuditScope | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.address:
        conditions.append(contains(audit.c.on, filters.address))
    if filters.who:
        conditions.append(contains(audit.c.who, filters.who))
    if filters.what:
        conditions.append(_of_family(filters.what))
    if filters.run is not None:
        conditions.append(audit.c.run == filters.run)
    if filters.since is not None:
        conditions.append(audit.c.at >= filters.since)
    if filters.until is not None:
        conditions.append(audit.c.at < filters.until)
    if filters.client is not None:
        conditions.append(_of_client(filters.client))
    if seen is not None:
        conditions.append(_visible(seen))
    return conditions


def _visible(seen: AuditScope) -> sa.ColumnElement[bool]:
    """Match acts of a user, acts on domains, and runs of these domains alone."""
    own = audit.c.who == seen.who
    about = sa.or_(*map(_of_family, ABOUT_DOMAINS))
    of_a_run = _of_family("run")
    if seen.own_runs_only:
        of_a_run &= audit.c.run.in_(sa.select(runs.c.id).where(runs.c.operator == seen.who))
    if seen.domains is None:
        return own | about | of_a_run
    names = sorted(seen.domains)
    named = functions.each_value(runs.c.domains)
    elsewhere = sa.select(named.c.value).where(named.c.value.not_in(names)).exists()
    theirs = sa.select(runs.c.id).where(functions.json_length(runs.c.domains) > 0, ~elsewhere)
    return own | (about & _DOMAIN.in_(names)) | (of_a_run & audit.c.run.in_(theirs))


def _of_client(number: int) -> sa.ColumnElement[bool]:
    """Match acts on a client and in its domains, and runs in any of these."""
    names = sa.select(client_domain.c.domain).where(client_domain.c.client == number)
    named = functions.each_value(runs.c.domains)
    own_runs = sa.select(runs.c.id).where(sa.select(named.c.value).where(named.c.value.in_(names)).exists())
    about = sa.or_(*map(_of_family, ABOUT_DOMAINS))
    itself = _of_family("client") & (
        audit.c.on == sa.select(client.c.name).where(client.c.id == number).scalar_subquery()
    )
    return (about & _DOMAIN.in_(names)) | (_of_family("run") & audit.c.run.in_(own_runs)) | itself


def _of_family(what: str) -> sa.ColumnElement[bool]:
    return (audit.c.what == what) | begins(audit.c.what, f"{what}.")
