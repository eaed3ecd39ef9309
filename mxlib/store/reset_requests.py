"""Requests to reset a password, as strangers send them: bounded, and each stored by the same statements."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from mxlib.core.self_service import HOUR_S, Counts
from mxlib.store.tables import reset_request as table
from mxlib.store.transaction import Tx

#: What the sealed part is bound to.
PLACE = "reset request"


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request that was not looked at so far."""

    id: int
    at: float
    sealed: bytes = field(repr=False)


def add(tx: Tx, at: float, address: bytes, network: bytes, sealed: bytes) -> bool:
    """Store a request; return whether it was kept.

    One over a limit is not kept. Which statements run does not depend on that, nor on anything else.
    """
    tx.execute(table.delete().where((table.c.at <= at - HOUR_S) | (table.c.at > at + HOUR_S)))
    row = table.insert().values(at=at, address=address, network=network, sealed=sealed)
    number = int((tx.execute(row).inserted_primary_key or (0,))[0])
    everything = sa.select(sa.func.count()).select_from(table)
    counts = Counts(
        *tx.execute(
            sa.select(
                everything.where(table.c.sealed.is_not(None)).scalar_subquery(),
                everything.where(table.c.sealed.is_not(None), table.c.address == address).scalar_subquery(),
                everything.scalar_subquery(),
                everything.where(table.c.network == network).scalar_subquery(),
            )
        ).one()
    )
    tx.execute(table.delete().where(table.c.id == (number if counts.is_over else 0)))
    return not counts.is_over


def waiting(tx: Tx, most: int) -> list[WaitingRequest]:
    """Return requests to look at, the first ones first."""
    query = sa.select(table.c.id, table.c.at, table.c.sealed).where(table.c.sealed.is_not(None))
    return [WaitingRequest(*row) for row in tx.execute(query.order_by(table.c.id).limit(most))]


def end(tx: Tx, number: int) -> bool:
    """Delete what a request asked for; return whether it still waited.

    The row stays for an hour, to be counted.
    """
    place = (table.c.id == number, table.c.sealed.is_not(None))
    return tx.execute(table.update().where(*place).values(sealed=None)).rowcount > 0
