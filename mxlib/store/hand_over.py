"""Passwords of runs: what was taken away, and who has theirs."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from mxlib.core.vocabulary import DONE, HandOverWay
from mxlib.store.tables import hand_over as table
from mxlib.store.tables import run_row
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class HandOver:
    """The password of one row: when and as what it was last taken away, and how it was handed over.

    Times are Unix seconds; None = not (yet).
    """

    taken_at: float | None = None
    taken_as: HandOverWay | None = None
    at: float | None = None
    who: str = ""
    way: HandOverWay | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """A person who has a password by a run: the row's position, and what MXM knows of them."""

    position: int
    address: str
    name: str
    recovery_email: str


_OWNER = (run_row.c.position, run_row.c.username + "@" + run_row.c.domain, run_row.c.name, run_row.c.recovery_email)


def owners(tx: Tx, run: int) -> list[Owner]:
    """Return who has a password by this run that MXM keeps, in file order."""
    has_one = run_row.c.sealed_password.is_not(None) & run_row.c.outcome.in_(sorted(DONE))
    query = sa.select(*_OWNER).where(run_row.c.run == run, has_one).order_by(run_row.c.position)
    return [Owner(*row) for row in tx.execute(query)]


def has_unused(tx: Tx, run: int) -> bool:
    """Return whether MXM keeps a password of a row that is not done."""
    unused = run_row.c.sealed_password.is_not(None) & run_row.c.outcome.not_in(sorted(DONE))
    return tx.execute(sa.select(run_row.c.position).where(run_row.c.run == run, unused).limit(1)).first() is not None


def find(tx: Tx, run: int) -> dict[int, HandOver]:
    """Return what is stored of a run's passwords, by position."""
    columns = (table.c.position, table.c.taken_at, table.c.taken_as, table.c.at, table.c.who, table.c.way)
    return {
        position: HandOver(taken_at, _way(taken_as), at, who, _way(way))
        for position, taken_at, taken_as, at, who, way in tx.execute(sa.select(*columns).where(table.c.run == run))
    }


def version(tx: Tx, run: int) -> tuple[int, int, float]:
    """Return figures that change whenever something is taken, marked or unmarked."""
    query = sa.select(sa.func.count(table.c.taken_at), sa.func.count(table.c.at), sa.func.max(table.c.taken_at))
    taken, marked, last = tx.execute(query.where(table.c.run == run)).one()
    return int(taken), int(marked), float(last or 0.0)


def take(tx: Tx, run: int, positions: Collection[int], way: HandOverWay, at: float) -> None:
    """Record that these passwords were taken away."""
    _put(tx, run, positions, taken_at=at, taken_as=way.value)


def mark(tx: Tx, run: int, positions: Collection[int], way: HandOverWay, who: str, at: float) -> None:
    """Record that these people have their passwords."""
    _put(tx, run, positions, at=at, who=who, way=way.value)


def unmark(tx: Tx, run: int, positions: Collection[int]) -> None:
    """Record that these people do not have their passwords yet."""
    _put(tx, run, positions, at=None, who="", way="")


def _put(tx: Tx, run: int, positions: Collection[int], **values: object) -> None:
    if not positions:
        return
    statement = insert(table).on_conflict_do_update(index_elements=[table.c.run, table.c.position], set_=values)
    tx.execute(statement, [{"run": run, "position": position, **values} for position in sorted(positions)])


def _way(stored: str) -> HandOverWay | None:
    return HandOverWay(stored) if stored in set(HandOverWay) else None
