"""Passwords of runs: what was taken away, and who has theirs."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from mxlib.core.vocabulary import DONE, HandOverWay
from mxlib.store.tables import hand_over as table
from mxlib.store.tables import run_row
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class HandOver:
    """The password of one row: when and as what it was last taken away, and how it was handed over.

    Times are Unix seconds; None = not (yet). `renewed_at`: a new one took the place of that of the run.
    """

    taken_at: float | None = None
    taken_as: HandOverWay | None = None
    at: float | None = None
    who: str = ""
    way: HandOverWay | None = None
    renewed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """A person who got a password by a run: the row's position, and what MXM knows of them."""

    position: int
    address: str
    name: str
    recovery_email: str
    hand_over: HandOver = field(default_factory=HandOver)


@dataclass(frozen=True, slots=True)
class Counts:
    """People of a run: all, those who are marked, and those whose password nobody took."""

    people: int = 0
    marked: int = 0
    lost: int = 0

    def without(self, others: "Counts") -> "Counts":
        """Return these counts less those of some of the people."""
        return Counts(self.people - others.people, self.marked - others.marked, self.lost - others.lost)


#: Values that one statement names.
_AT_ONCE = 1_000

_OWNER = (run_row.c.position, run_row.c.username + "@" + run_row.c.domain, run_row.c.name, run_row.c.recovery_email)
_HAND_OVER = (table.c.taken_at, table.c.taken_as, table.c.at, table.c.who, table.c.way, table.c.renewed_at)
_STORED = run_row.outerjoin(table, (table.c.run == run_row.c.run) & (table.c.position == run_row.c.position))
_SEALED = run_row.c.sealed_password.is_not(None)
#: Once the passwords are erased, the row of the table says who had one.
_IS_OWNER = run_row.c.outcome.in_(sorted(DONE)) & (_SEALED | table.c.run.is_not(None))


def owners(
    tx: Tx, run: int, *, marked: bool | None = None, without: Collection[int] = (),
    start: int = 0, most: int | None = None,
) -> list[Owner]:  # fmt: skip
    """Return who got a password by this run, in file order: `most` people from the one at `start` on.

    `marked` asks for those who are marked, or are not. Those at the positions `without` are left out.
    """
    query = sa.select(*_OWNER, *_HAND_OVER).select_from(_STORED).where(run_row.c.run == run, _IS_OWNER)
    if marked is not None:
        query = query.where(table.c.at.is_not(None) if marked else table.c.at.is_(None))
    for some in _batches(without):
        query = query.where(run_row.c.position.not_in(some))
    return [_owner(row) for row in tx.execute(query.order_by(run_row.c.position).offset(start).limit(most))]


def owners_at(tx: Tx, run: int, positions: Collection[int]) -> list[Owner]:
    """Return which people at these positions got a password by this run."""
    query = sa.select(*_OWNER, *_HAND_OVER).select_from(_STORED).where(run_row.c.run == run, _IS_OWNER)
    return [
        _owner(row)
        for some in _batches(positions)
        for row in tx.execute(query.where(run_row.c.position.in_(some)).order_by(run_row.c.position))
    ]


def positions_of(tx: Tx, run: int, addresses: Collection[str]) -> dict[str, list[int]]:
    """Return the positions of the people with these addresses, by address."""
    query = sa.select(run_row.c.username, run_row.c.domain, run_row.c.position).select_from(_STORED)
    place = sa.tuple_(run_row.c.username, run_row.c.domain)
    found: dict[str, list[int]] = {}
    names = sorted(addresses)
    for begin in range(0, len(names), _AT_ONCE):
        pairs = [address.rpartition("@")[::2] for address in names[begin : begin + _AT_ONCE]]
        for username, domain, position in tx.execute(query.where(run_row.c.run == run, _IS_OWNER, place.in_(pairs))):
            found.setdefault(f"{username}@{domain}", []).append(position)
    return found


def addresses(tx: Tx, run: int) -> list[str]:
    """Return the addresses of those who got a password by this run."""
    return list(tx.execute(sa.select(_OWNER[1]).select_from(_STORED).where(run_row.c.run == run, _IS_OWNER)).scalars())


def count(tx: Tx, run: int, positions: Collection[int] | None = None) -> Counts:
    """Count who got a password by this run; with `positions`, of the people there."""
    lost = sa.case((table.c.at.is_(None) & table.c.taken_at.is_(None), 1))
    query = sa.select(sa.func.count(), sa.func.count(table.c.at), sa.func.count(lost)).select_from(_STORED)
    query = query.where(run_row.c.run == run, _IS_OWNER)
    if positions is None:
        return Counts(*tx.execute(query).one())
    parts = [tx.execute(query.where(run_row.c.position.in_(some))).one() for some in _batches(positions)]
    return Counts(*(sum(figures) for figures in zip(*parts, strict=True))) if parts else Counts()


def taken_last(
    tx: Tx, run: int, ways: Collection[HandOverWay], without: Collection[int] = ()
) -> tuple[HandOverWay | None, list[int]]:
    """Return how passwords of people without a mark were taken last, and whose.

    Only these ways count, and the positions `without` are left out.
    """
    taken = (table.c.run == run) & table.c.at.is_(None) & table.c.taken_as.in_(sorted(ways))
    for some in _batches(without):
        taken &= table.c.position.not_in(some)
    last = sa.select(sa.func.max(table.c.taken_at)).where(taken).scalar_subquery()
    found = tx.execute(
        sa.select(table.c.position, table.c.taken_as).where(taken, table.c.taken_at == last).order_by(table.c.position)
    ).all()
    return (_way(found[0][1]) if found else None), [position for position, _ in found]


def has_unused(tx: Tx, run: int) -> bool:
    """Return whether MXM keeps a password of a row that is not done."""
    unused = _SEALED & run_row.c.outcome.not_in(sorted(DONE))
    return tx.execute(sa.select(run_row.c.position).where(run_row.c.run == run, unused).limit(1)).first() is not None


def marked(tx: Tx, run: int) -> frozenset[int]:
    """Return the positions of those who are marked."""
    return frozenset(
        tx.execute(sa.select(table.c.position).where(table.c.run == run, table.c.at.is_not(None))).scalars()
    )


def version(tx: Tx, run: int) -> tuple[int, int, float, float]:
    """Return figures that change whenever something is taken, marked, unmarked or renewed."""
    columns = (
        sa.func.count(table.c.taken_at), sa.func.count(table.c.at),
        sa.func.max(table.c.taken_at), sa.func.max(table.c.renewed_at),
    )  # fmt: skip
    taken, has, last, renewed = tx.execute(sa.select(*columns).where(table.c.run == run)).one()
    return int(taken), int(has), float(last or 0.0), float(renewed or 0.0)


def take(tx: Tx, run: int, positions: Collection[int], way: HandOverWay, at: float) -> None:
    """Record that these passwords were taken away."""
    _put(tx, run, positions, taken_at=at, taken_as=way.value)


def mark(tx: Tx, run: int, positions: Collection[int], way: HandOverWay, who: str, at: float) -> None:
    """Record that these people have their passwords."""
    _put(tx, run, positions, at=at, who=who, way=way.value)


def unmark(tx: Tx, run: int, positions: Collection[int]) -> None:
    """Record that these people do not have their passwords yet."""
    _put(tx, run, positions, at=None, who="", way="")


def renew(tx: Tx, run: int, position: int, at: float) -> None:
    """Record that a new password, which nobody has yet, replaced that of the run."""
    _put(tx, run, [position], at=None, who="", way="", taken_at=None, taken_as="", renewed_at=at)


def keep_owners(tx: Tx, run: int) -> None:
    """Store who got a password by this run, before its passwords are erased."""
    _add(tx, run, run_row.c.outcome.in_(sorted(DONE)) & _SEALED)


def _put(tx: Tx, run: int, positions: Collection[int], **values: object) -> None:
    for some in _batches(positions):
        _add(tx, run, run_row.c.position.in_(some))
        tx.execute(table.update().where(table.c.run == run, table.c.position.in_(some)).values(**values))


def _add(tx: Tx, run: int, which: sa.ColumnElement[bool]) -> None:
    """Add the missing rows of the table."""
    missing = sa.select(run_row.c.run, run_row.c.position).select_from(_STORED).where(table.c.run.is_(None))
    tx.execute(table.insert().from_select(["run", "position"], missing.where(run_row.c.run == run, which)))


def _batches(positions: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(positions)
    return (ordered[begin : begin + _AT_ONCE] for begin in range(0, len(ordered), _AT_ONCE))


def _owner(row: Sequence[Any]) -> Owner:
    position, address, name, recovery_email, taken_at, taken_as, at, who, way, renewed_at = row
    stored = HandOver(taken_at, _way(taken_as or ""), at, who or "", _way(way or ""), renewed_at)
    return Owner(position, address, name, recovery_email, stored)


def _way(stored: str) -> HandOverWay | None:
    return HandOverWay(stored) if stored in set(HandOverWay) else None
