"""Requests that are carried out once: what a caller sent under an Idempotency-Key, and the run that came of it."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from mxlib.store.tables import once as table
from mxlib.store.tables import run as runs
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class Claim:
    """What a key stands for: the digest of its request, when it came, and the run as soon as there is one."""

    digest: bytes
    run: int | None
    at: float


def find(tx: Tx, caller: str, key: str) -> Claim | None:
    """What `caller` used `key` for."""
    row = tx.execute(sa.select(table.c.digest, table.c.run, table.c.at).where(_is(caller, key))).first()
    return Claim(*row) if row else None


def claim(tx: Tx, caller: str, key: str, digest: bytes, at: float) -> Claim:
    """Use `key` for the request of this digest, unless it was used before; what it stands for now."""
    row = insert(table).values(caller=caller, key=key, digest=digest, at=at).on_conflict_do_nothing()
    tx.execute(row)
    return find(tx, caller, key) or Claim(digest, None, at)


def started(tx: Tx, caller: str, key: str, run: int) -> None:
    """Note the run that came of it."""
    tx.execute(table.update().where(_is(caller, key)).values(run=run))


def forget(tx: Tx, before: float) -> int:
    """Drop the keys that were used before then, so that they count as new; how many. What they started stays."""
    old = sa.select(table.c.key).where(
        table.c.caller == runs.c.operator, table.c.key == runs.c.idempotency_key, table.c.at < before
    )
    kept = sa.select(table.c.key).where(table.c.caller == runs.c.operator, table.c.key == runs.c.idempotency_key)
    over = old.exists() | (~kept.exists() & (runs.c.created_at < before))
    tx.execute(runs.update().where(runs.c.idempotency_key.is_not(None), over).values(idempotency_key=None))
    return tx.execute(table.delete().where(table.c.at < before)).rowcount


def _is(caller: str, key: str) -> sa.ColumnElement[bool]:
    return (table.c.caller == caller) & (table.c.key == key)
