"""The lease of an account: a row that says who sends for it, and until when that is certain.

Time is that of the database. Taking the lease raises its epoch and names a new owner, which is never used again: an
epoch may come back with a restored or lagging database, an owner cannot.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mxlib.store.tables import account_lease as table
from mxlib.store.transaction import Tx

#: The account whose runs MXM carries out: the only one for now.
ACCOUNT = 1

#: Seconds ahead beyond which the end of a lease is of a clock that was wrong.
FURTHEST_S = 600.0

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_Time = sa.ColumnElement[float]


@dataclass(frozen=True, slots=True)
class Epoch:
    """One term of ownership: a number that only rises, and the id of its owner."""

    number: int
    id: str


def current(tx: Tx, account: int) -> Epoch | None:
    """Return the last term, whether its lease still holds or not."""
    row = tx.execute(sa.select(table.c.epoch, table.c.owner).where(table.c.account == account)).first()
    return None if row is None else Epoch(*row)


def is_free(tx: Tx, account: int, now: _Time, lock: str) -> bool:
    """Return whether the lease may be taken: nobody has it, it has ended, or its owner is gone.

    The owner is gone if it held `lock`, which another process holds now.
    """
    free = sa.select(_is_over(now, lock)).where(table.c.account == account)
    found = tx.scalar(free)
    return found is None or bool(found)


def take(tx: Tx, account: int, now: _Time, seconds: float, lock: str, *, proof: str) -> Epoch | None:
    """Take the lease for `seconds`; None while another one holds it.

    `lock` is that of the new owner, which is recorded. `proof` is the same lock if having it shows that the last owner
    is gone, as `is_free` takes it.
    """
    owner = uuid4().hex
    values: dict[str, Any] = {"account": account, "owner": owner, "epoch": 1, "until": now + seconds, "lock": lock}
    added: Any = _INSERT[tx.dialect.name](table).values(values)
    changed = {**{name: added.excluded[name] for name in ("owner", "until", "lock")}, "epoch": table.c.epoch + 1}
    tx.execute(added.on_conflict_do_update(index_elements=[table.c.account], set_=changed, where=_is_over(now, proof)))
    taken = current(tx, account)
    return taken if taken is not None and taken.id == owner else None


def renewal(account: int, epoch: Epoch, now: _Time, seconds: float) -> sa.Update:
    """Build the statement that lets a lease hold on.

    It changes no row once another owner has it. The row stays locked until the transaction ends, so that nobody takes
    the lease meanwhile.
    """
    return table.update().where(*_held(account, epoch)).values(until=now + seconds)


def record_lock(tx: Tx, account: int, epoch: Epoch, lock: str) -> None:
    """Record the lock that the owner holds."""
    tx.execute(table.update().where(*_held(account, epoch)).values(lock=lock))


def end(tx: Tx, account: int = ACCOUNT) -> None:
    """End the lease of an owner that is known to be gone.

    What it began can no longer be written.
    """
    tx.execute(table.update().where(table.c.account == account).values(owner="", until=0.0, lock=""))


def _held(account: int, epoch: Epoch) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account == account, table.c.owner == epoch.id, table.c.epoch == epoch.number


def _is_over(now: _Time, lock: str) -> sa.ColumnElement[bool]:
    over = (table.c.until <= now) | (table.c.until > now + FURTHEST_S)
    return over | (table.c.lock == lock) if lock else over
