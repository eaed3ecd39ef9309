"""Idempotency keys: the request a caller sent under each, and the run that it started."""

from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.store.tables import once as table
from mxlib.store.tables import run as runs
from mxlib.store.transaction import Tx
from mxlib.store.upsert import add_missing


@dataclass(frozen=True, slots=True)
class Claim:
    """The use of a key: digest and time of its request, and its run, if any."""

    digest: bytes
    run: int | None
    at: float


def find(tx: Tx, caller: str, key: str) -> Claim | None:
    """Return what `caller` used `key` for."""
    row = tx.execute(sa.select(table.c.digest, table.c.run, table.c.at).where(_is(caller, key))).first()
    return Claim(*row) if row else None


def claim(tx: Tx, caller: str, key: str, digest: bytes, at: float) -> Claim:
    """Use `key` for the request of this digest, unless it was used before.

    Return its use now.
    """
    add_missing(tx, table, {"caller": caller, "key": key, "digest": digest, "at": at})
    return find(tx, caller, key) or Claim(digest, None, at)


def started(tx: Tx, caller: str, key: str, run: int) -> None:
    """Record the run that the request started."""
    tx.execute(table.update().where(_is(caller, key)).values(run=run))


def forget(tx: Tx, before: float) -> int:
    """Delete the keys that were used before then, so that they count as new.

    Return how many. The runs that they started stay.
    """
    old = sa.select(table.c.key).where(
        table.c.caller == runs.c.operator, table.c.key == runs.c.idempotency_key, table.c.at < before
    )
    kept = sa.select(table.c.key).where(table.c.caller == runs.c.operator, table.c.key == runs.c.idempotency_key)
    over = old.exists() | (~kept.exists() & (runs.c.created_at < before))
    tx.execute(runs.update().where(runs.c.idempotency_key.is_not(None), over).values(idempotency_key=None))
    return tx.execute(table.delete().where(table.c.at < before)).rowcount


def _is(caller: str, key: str) -> sa.ColumnElement[bool]:
    return (table.c.caller == caller) & (table.c.key == key)
