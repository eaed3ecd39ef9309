"""Refused sign-ins, and the sign-ins of the audit log."""

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store.tables import audit
from mxlib.store.tables import sign_in_refused as refused
from mxlib.store.transaction import Tx


def add_refusal(tx: Tx, at: float, name: bytes, address: str) -> int:
    """Store a refused sign-in; return its number."""
    inserted = tx.execute(refused.insert().values(at=at, name=name, address=address))
    return int((inserted.inserted_primary_key or (0,))[0])


def refusals(tx: Tx, since: float, *, name: bytes | None = None, address: str | None = None) -> list[float]:
    """Return the times of sign-ins refused since then, of that name and from that address.

    The latest is first.
    """
    query = sa.select(refused.c.at).where(refused.c.at >= since).order_by(refused.c.at.desc())
    if name is not None:
        query = query.where(refused.c.name == name)
    if address is not None:
        query = query.where(refused.c.address == address)
    return [float(row[0]) for row in tx.execute(query)]


def forgive(tx: Tx, name: bytes, address: str) -> None:
    """Delete the refusals of a name from an address."""
    tx.execute(refused.delete().where(refused.c.name == name, refused.c.address == address))


def forget(tx: Tx, before: float) -> int:
    """Delete refusals that no longer count; return how many."""
    return tx.execute(refused.delete().where(refused.c.at < before)).rowcount


def sign_ins(tx: Tx, *, since: float, after: int) -> tuple[int, list[tuple[str, str, float]]]:
    """Return the sign-ins since then among audit entries after that one.

    The result is the number of the last entry, and name, address and time of each sign-in.
    """
    last = tx.execute(sa.select(sa.func.max(audit.c.id))).scalar() or 0
    query = sa.select(audit.c.on, audit.c.address, audit.c.at).order_by(audit.c.id)
    query = query.where(audit.c.what == AuditAction.SIGN_IN, audit.c.at >= since, audit.c.id > after)
    return int(last), [(str(name), str(address), float(at)) for name, address, at in tx.execute(query)]
