"""Erasure of deleted secrets from the files, retried until the write-ahead log is empty.

Deleted data is overwritten in the database at once, but stays in the log next to it for as long as a reader may need
that. So it counts as being erased until the log has been emptied, after a restart too. The same holds while a backup
that is being made has a copy of it in the data folder.
"""

import json
import time
from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit
from mxlib.store.database import Store
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Tries at once, and the seconds between them: most readers have ended by then.
_TRIES, _PAUSE = 10, 0.03

_NAME = "erasing"
_READ = sa.select(meta.c.value).where(meta.c.name == _NAME)


@dataclass(frozen=True, slots=True)
class Erasing:
    """Data that is being erased: the passwords of runs, and how many other things."""

    runs: frozenset[int] = frozenset()
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.runs) or self.others > 0


def pending(tx: Tx) -> Erasing:
    """Return what is being erased now."""
    value = tx.scalar(_READ)
    stored = json.loads(value) if value else {}
    return Erasing(frozenset(stored.get("runs", ())), int(stored.get("others", 0)))


def begin(tx: Tx, run: int | None = None) -> None:
    """Record that the passwords of a run, or something else, are to be erased.

    Call it in the transaction that deletes them.
    """
    now = pending(tx)
    _write(tx, Erasing(now.runs, now.others + 1) if run is None else Erasing(now.runs | {run}, now.others))


def finish(store: Store, *, tries: int = _TRIES) -> bool:
    """Erase what is being erased; return whether nothing is left.

    Then the audit log has an entry for each run.
    """
    with store.read() as tx:
        now = pending(tx)
    if not now:
        return True
    for turn in range(tries):
        if store.scrub():
            break
        if turn + 1 == tries:
            return False
        time.sleep(_PAUSE)
    if not store.remove_copies():
        return False
    with store.write() as tx:
        left = pending(tx)
        for run in sorted(now.runs & left.runs):
            audit.record(
                tx, audit.MXM, AuditAction.RUN_PASSWORDS_ERASED, at=store.clock.now(), run=run,
                outcome="in no table any more" if store.database.keeps_log else "in no file of this server any more",
            )  # fmt: skip
        # Data deleted since may still be in the log.
        left = Erasing(left.runs - now.runs, max(0, left.others - now.others))
        _write(tx, left)
    return not left


def _write(tx: Tx, erasing: Erasing) -> None:
    if not erasing:
        tx.execute(meta.delete().where(meta.c.name == _NAME))
        return
    value = json.dumps({"runs": sorted(erasing.runs), "others": erasing.others})
    put_fact(tx, _NAME, value)
