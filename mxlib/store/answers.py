"""What operators answered about the columns of files, by the digest of the set of headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from mxlib.store.database import Tx
from mxlib.store.tables import mapping_answer as table


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer as it was given, by whom and when (Unix seconds)."""

    answer: Mapping[str, Any]
    by: str
    at: float


def find(tx: Tx, digest: bytes) -> Remembered | None:
    """The last answer about this set of headers."""
    row = tx.execute(
        sa.select(table.c.answer, table.c.answered_by, table.c.answered_at).where(table.c.digest == digest)
    ).first()
    return Remembered(*row) if row else None


def put(tx: Tx, digest: bytes, answer: Mapping[str, Any], by: str, at: float) -> None:
    """Keep an answer, in place of an earlier one."""
    told = {"answer": dict(answer), "answered_by": by, "answered_at": at}
    row = insert(table).values(digest=digest, **told)
    tx.execute(row.on_conflict_do_update(index_elements=[table.c.digest], set_=told))
