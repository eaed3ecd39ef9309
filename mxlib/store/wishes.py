"""Wishes: people asked something of a run in a process that does not own it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import Wish
from mxlib.store.person_search import is_who
from mxlib.store.tables import run
from mxlib.store.transaction import Tx

_PENDING = run.c.wish.is_not(None)


@dataclass(frozen=True, slots=True)
class PendingWish:
    """A wish about a run, and whose it is; `operator` is that of the run."""

    run: int
    wish: Wish
    by: str
    operator: str


def put(tx: Tx, number: int, wish: Wish, by: str = "") -> bool:
    """Store a wish about a run; return whether it is a new one.

    It takes the place of one before, but for a stop. To look at the run is a part of every one.
    """
    before = tx.execute(sa.select(run.c.wish["wish"].as_string()).where(run.c.id == number)).scalar()
    if before in (wish, Wish.STOP) or (before is not None and wish is Wish.LOOK):
        return False
    tx.execute(run.update().where(run.c.id == number).values(wish={"wish": wish.value, "by": by}))
    return True


def pending(tx: Tx) -> list[PendingWish]:
    """Return the wishes that nobody has carried out yet, by run."""
    rows = tx.execute(sa.select(run.c.id, run.c.wish, run.c.operator).where(_PENDING).order_by(run.c.id))
    return [PendingWish(row.id, Wish(row.wish["wish"]), row.wish["by"], row.operator) for row in rows]


def is_pending(tx: Tx, number: int) -> bool:
    """Return whether a wish about a run waits."""
    return tx.execute(sa.select(run.c.id).where(run.c.id == number, _PENDING)).first() is not None


def clear(tx: Tx, done: Sequence[PendingWish]) -> None:
    """Forget wishes that were carried out, unless others took their place."""
    for each in done:
        same = (run.c.wish["wish"].as_string() == each.wish.value) & (run.c.wish["by"].as_string() == each.by)
        tx.execute(run.update().where(run.c.id == each.run, same).values(wish=None))


def erase(tx: Tx, address: str, instead: str) -> None:
    """Erase a person's name in wishes that wait."""
    for each in pending(tx):
        if is_who(each.by, address):
            values = {"wish": each.wish.value, "by": instead}
            tx.execute(run.update().where(run.c.id == each.run).values(wish=values))
