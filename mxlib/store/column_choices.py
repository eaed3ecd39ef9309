"""Column choices of each person, by the digest of a file's set of headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.store.tables import mapping_answer as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class Remembered:
    """Column choices of a person (`by`), and when they were made (Unix seconds)."""

    answer: Mapping[str, Any]
    by: str
    at: float


_WHOLE = sa.select(table.c.answer, table.c.answered_by, table.c.answered_at)


def find(tx: Tx, digest: bytes, by: str) -> Remembered | None:
    """Return the column choices of `by` for this set of headers."""
    row = tx.execute(_WHOLE.where(table.c.digest == digest, table.c.answered_by == by)).first()
    return Remembered(*row) if row else None


def of_others(tx: Tx, digest: bytes, besides: str) -> list[Remembered]:
    """Return the column choices of everyone but `besides` for this set of headers, newest first."""
    query = _WHOLE.where(table.c.digest == digest, table.c.answered_by != besides)
    return [Remembered(*row) for row in tx.execute(query.order_by(table.c.answered_at.desc()))]


def put(tx: Tx, digest: bytes, answer: Mapping[str, Any], by: str, at: float) -> None:
    """Store column choices, in place of earlier ones of the same person."""
    values = {"answer": dict(answer), "answered_at": at}
    upsert(tx, table, {"digest": digest, "answered_by": by, **values})
