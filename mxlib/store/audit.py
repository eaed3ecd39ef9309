"""The audit trail: who did what, on what, when, from where. It only grows."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import chain, takewhile
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mxlib.core.vocabulary import MAILBOX_CHANGES, AuditAction, CallerKind
from mxlib.store import manual_writes
from mxlib.store.tables import audit, meta
from mxlib.store.tables import first_seen as seen
from mxlib.store.tables import run as runs
from mxlib.store.tables import run_row as rows
from mxlib.store.text_search import begins, contains
from mxlib.store.transaction import Tx

#: What is done to a domain or to one of its mailboxes: the subject is the domain, or an address in it.
ABOUT_DOMAINS = ("mailbox", "recovery", "export")


class Identity(Protocol):
    """What an entry keeps of the one who acts; a caller has it, and an Actor."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> CallerKind: ...
    @property
    def address(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """The name under which something is recorded, whatever its rights are by then."""

    name: str
    kind: CallerKind = CallerKind.OPERATOR
    #: Where the request came from.
    address: str = ""

    @classmethod
    def of(cls, caller: Identity) -> Self:
        """Return the name of a caller whose rights were checked."""
        return cls(caller.name, caller.kind, caller.address)


#: MXM itself, where no run acts for an operator.
MXM = Actor("MXM", CallerKind.ENGINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done.

    `kind` is operator, token or engine, `address` where it was asked from.
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


@dataclass(frozen=True, slots=True)
class Label:
    """What many entries share: all that is in one but its number, time, subject and run."""

    who: str
    kind: str
    what: str
    address: str
    outcome: str


_PARTS = fields(Label)


@dataclass(frozen=True, slots=True)
class Block:
    """Some entries, newest first, column by column.

    `labels` are numbers of the list that was asked with.
    """

    ids: npt.NDArray[np.int64]
    ats: list[float]
    ons: list[str]
    runs: list[int | None]
    #: len(known) for an entry whose label is none of them.
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for.

    `address` and `who` are parts of the subject and of the name, whatever their case; `what` is one doing, or a family
    of them ("run"); `since` <= time < `until` (Unix seconds).
    """

    address: str = ""
    who: str = ""
    what: str = ""
    run: int | None = None
    since: float | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class AuditScope:
    """Whose eyes: what `who` did, and what was done to `domains`.

    None stands for all of them.
    """

    who: str
    domains: Collection[str] | None


#: More than the labels that one block is asked with.
MOST_LABELS = 16

#: Entries that one transaction drops at most, so that nobody waits long to write.
FORGOTTEN_AT_ONCE = 500

_IN_ORDER = (
    sa.select(audit.c.id, audit.c.at)
    .where(audit.c.id > sa.bindparam("after"))
    .order_by(audit.c.id)
    .limit(sa.bindparam("most"))
)
_COLUMNS = [audit.c[column.name] for column in fields(Entry)]


def record(
    tx: Tx,
    by: Identity,
    action: AuditAction,
    *,
    at: float,
    on: str = "",
    run: int | None = None,
    outcome: str = "",
) -> None:
    """Add one entry to the audit log; every entry is written here.

    `on` is the subject: a mailbox, a domain, a user, or the run itself when only `run` is given.
    """
    subject = f"run {run}" if run is not None and not on else on
    tx.execute(
        audit.insert().values(
            at=at, who=by.name, kind=by.kind, what=action, on=subject, address=by.address, run=run, outcome=outcome
        )
    )


def entries(tx: Tx, *, most: int = 500, run: int | None = None) -> list[sa.RowMapping]:
    """The latest entries, newest first."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(most)
    if run is not None:
        query = query.where(audit.c.run == run)
    return list(tx.execute(query).mappings())


def find(
    tx: Tx, wanted: AuditFilter, seen: AuditScope | None = None, *, before: int | None = None, most: int = 100
) -> list[Entry]:
    """The latest entries, newest first, that `seen` may read (None: all) and that were made before entry `before`."""
    query = sa.select(*_COLUMNS).where(*_conditions(wanted, seen)).order_by(audit.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(audit.c.id < before)
    return [Entry(*row) for row in tx.execute(query)]


def block(
    tx: Tx, wanted: AuditFilter, seen: AuditScope | None, *, before: int, most: int, known: Sequence[Label] = ()
) -> Block:
    """What `find` finds, without the texts of entries that have a label in `known`: a third of its cost."""
    told = {
        f"label_{part.name}_{number}": getattr(label, part.name)
        for number, label in enumerate(known)
        for part in _PARTS
    }
    query = (
        sa.select(audit.c.id * MOST_LABELS + _label(len(known)), audit.c.at, audit.c.on, audit.c.run)
        .where(*_conditions(wanted, seen), audit.c.id < before)
        .order_by(audit.c.id.desc())
        .limit(most)
    )
    # The driver's own rows, not kept: SQLAlchemy's, and a list of them, would cost as much again.
    rows: Any = tx.execute(query, told).cursor
    cells: list[Any] = list(chain.from_iterable(rows))
    numbers = np.asarray(cells[0::4], np.int64)
    return Block(numbers // MOST_LABELS, cells[1::4], cells[2::4], cells[3::4], numbers % MOST_LABELS)


@cache
def _label(count: int) -> sa.ColumnElement[int]:
    """Which of so many labels an entry has, `count` for none.

    Parameters hold the labels, such as label_who_0.
    """
    matched = [
        (sa.and_(*(audit.c[part.name] == sa.bindparam(f"label_{part.name}_{number}") for part in _PARTS)), number)
        for number in range(count)
    ]
    return sa.case(*matched, else_=count) if matched else sa.literal(0)


def labels(tx: Tx, numbers: Iterable[int]) -> dict[int, Label]:
    """The labels of entries, by number."""
    asked = sa.func.json_each(json.dumps(list(numbers))).table_valued("value")
    columns = [audit.c[part.name] for part in _PARTS]
    return {
        row[0]: Label(*row[1:])
        for row in tx.execute(sa.select(audit.c.id, *columns).where(audit.c.id.in_(sa.select(asked.c.value))))
    }


def count(tx: Tx, wanted: AuditFilter, seen: AuditScope | None = None, *, most: int | None = None) -> int:
    """How many entries `find` would give in all; it stops counting at `most`."""
    found = sa.select(audit.c.id).where(*_conditions(wanted, seen)).limit(most).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(found)).scalar_one()


def touched_since(tx: Tx, address: str, number: int, *, restoring: bool = False) -> bool:
    """Whether anything but run `number`, and what takes it back, changed the mailbox `address` after that run did.

    One that was gone meanwhile, as the lists told, is another mailbox of the same name. Who is `restoring` figures does
    not mind a later run that was taken back: what it changed of them is as it was before it.
    """
    username, _, domain = address.partition("@")
    about = (audit.c.on == address) & audit.c.what.in_(MAILBOX_CHANGES)
    own = sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0)).where(about, audit.c.run == number).scalar_subquery()
    takes_back = sa.select(runs.c.id).where(runs.c.undo_of == number)
    theirs = (audit.c.run != number) & audit.c.run.not_in(takes_back)
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
    at_host = audit.c.what.startswith("mailbox.")  # a recovery email is kept here, whether a list was read or not
    done = sa.select(sa.func.max(audit.c.at)).where(about, at_host, audit.c.run == number).scalar_subquery()
    return bool(tx.scalar(sa.select(first > done)))


def doings_since(tx: Tx, address: str, after: int, *, but: Collection[int] = ()) -> set[str]:
    """What was done to a mailbox after entry `after` of the trail, by hand or by other runs than `but`."""
    query = sa.select(audit.c.what).where(
        audit.c.on == address,
        audit.c.id > after,
        audit.c.what.in_(MAILBOX_CHANGES),
        audit.c.run.is_(None) | audit.c.run.not_in(list(but)),
    )
    return set(tx.execute(query).scalars())


def newest(tx: Tx) -> int:
    """The number of the latest entry; 0 while there is none."""
    return int(tx.execute(sa.select(sa.func.coalesce(sa.func.max(audit.c.id), 0))).scalar_one())


def oldest(tx: Tx) -> float | None:
    """When the first entry that is still kept was made (Unix seconds)."""
    first: float | None = tx.scalar(sa.select(sa.func.min(audit.c.at)))
    return first


def forget(
    tx: Tx, before: float, *, now: float = float("inf"), after: int = 0, most: int = FORGOTTEN_AT_ONCE
) -> tuple[int, int | None]:
    """Drop entries older than `before` among the next `most` after number `after`.

    A trigger guards the younger ones. How many went, and the number to go on after, None at the end. Nothing goes that
    follows a younger entry: its time is of a clock that was put back. The entries of a run count from the run's end.
    """
    found = tx.execute(_IN_ORDER, {"after": after, "most": most}).all()
    old = list(takewhile(lambda entry: not before <= entry.at <= now, found))
    if not old:
        return 0, None
    kept_since = meta.insert().prefix_with("OR REPLACE").values(name="audit_kept_since", value=str(before))
    tx.execute(kept_since)
    last = old[-1].id
    lasting = sa.select(runs.c.id).where(runs.c.finished_at.is_(None) | (runs.c.finished_at >= before))
    due = (audit.c.id > after) & (audit.c.id <= last) & (audit.c.at < before)
    dropped = tx.execute(audit.delete().where(due, audit.c.run.is_(None) | audit.c.run.not_in(lasting))).rowcount
    return dropped, last if len(old) == most else None


def _conditions(wanted: AuditFilter, seen: AuditScope | None) -> list[sa.ColumnElement[bool]]:
    told: list[sa.ColumnElement[bool]] = []
    if wanted.address:
        told.append(contains(audit.c.on, wanted.address))
    if wanted.who:
        told.append(contains(audit.c.who, wanted.who))
    if wanted.what:
        told.append(_of_family(wanted.what))
    if wanted.run is not None:
        told.append(audit.c.run == wanted.run)
    if wanted.since is not None:
        told.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        told.append(audit.c.at < wanted.until)
    if seen is not None:
        told.append(_visible(seen))
    return told


def _visible(seen: AuditScope) -> sa.ColumnElement[bool]:
    """What somebody did, what was done to domains, and runs that are about nothing but these domains."""
    own = audit.c.who == seen.who
    about = sa.or_(*map(_of_family, ABOUT_DOMAINS))
    of_a_run = _of_family("run")
    if seen.domains is None:
        return own | about | of_a_run
    names = sorted(seen.domains)
    # Without an @ this is the whole subject: a domain.
    domain = sa.func.substr(audit.c.on, sa.func.instr(audit.c.on, "@") + 1)
    named = sa.func.json_each(runs.c.domains).table_valued("value")
    elsewhere = sa.select(named.c.value).where(named.c.value.not_in(names)).exists()
    theirs = sa.select(runs.c.id).where(sa.func.json_array_length(runs.c.domains) > 0, ~elsewhere)
    return own | (about & domain.in_(names)) | (of_a_run & audit.c.run.in_(theirs))


def _of_family(what: str) -> sa.ColumnElement[bool]:
    return (audit.c.what == what) | begins(audit.c.what, f"{what}.")
