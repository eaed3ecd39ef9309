"""Rows that wait to be sent: each is claimed by a lease, so that one process sends it at a time.

A process that dies in between leaves the lease, which ends by itself.
"""

from uuid import uuid4

import sqlalchemy as sa

from mxlib.store.transaction import Tx

_Condition = sa.ColumnElement[bool]


def next_due(tx: Tx, table: sa.Table, waiting: _Condition) -> float | None:
    """Return when the next waiting row is due; None without one."""
    leased = table.c.lease_until > table.c.next_at
    moment = sa.case((leased, table.c.lease_until), else_=table.c.next_at)
    return tx.execute(sa.select(sa.func.min(moment)).where(waiting)).scalar()


def claim(
    tx: Tx, table: sa.Table, waiting: _Condition, now: float, lease: float, *, number: int | None, furthest: float
) -> int | None:
    """Claim the row that is due first, or row `number`. Counts a try, and returns the number.

    None without one. No row is due more than `furthest` seconds ahead: a later time is of a clock that was set back,
    and such a row is due as well.
    """
    free = table.c.lease_until.is_(None) | (table.c.lease_until <= now) | (table.c.lease_until > now + 10 * lease)
    due = table.c.id == number
    if number is None:
        due = (table.c.next_at <= now) | (table.c.next_at > now + furthest)
    first = sa.select(table.c.id).where(waiting, free, due).order_by(table.c.next_at, table.c.id).limit(1)
    found = tx.execute(first).scalar()
    if found is None:
        return None
    values = {"lease_owner": uuid4().hex, "lease_until": now + lease, "tries": table.c.tries + 1}
    taken = tx.execute(table.update().where(table.c.id == found, waiting, free).values(values))
    return int(found) if taken.rowcount else None
