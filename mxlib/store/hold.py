"""The hold after a restore: what would act by itself waits until an admin continues."""

import json
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit, dated_deletions
from mxlib.store.audit import Identity
from mxlib.store.tables import audit as entries
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

_NAME = "hold"

#: What an audit entry about the end of a hold is about.
_SERVER = "this server"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold, and the time of the backup's data in Unix seconds."""

    made_at: float


def begin(tx: Tx, hold: Hold) -> None:
    """Hold everything that would act by itself."""
    value = json.dumps(asdict(hold))
    put_fact(tx, _NAME, value)


def current(tx: Tx) -> Hold | None:
    """Return the hold; None when everything may act."""
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    return Hold(json.loads(value)["made_at"]) if value else None


def has_ended_since(tx: Tx, at: float) -> bool:
    """Return whether an admin let everything act again since `at` (Unix seconds)."""
    query = sa.select(entries.c.id).where(
        entries.c.on == _SERVER, entries.c.what == AuditAction.BACKUP_CONTINUE, entries.c.at >= at
    )
    return tx.execute(query.limit(1)).first() is not None


def end(tx: Tx, by: Identity, now: float) -> Hold | None:
    """Let everything act again; return the hold that this ends, None without one.

    Each deletion in the backup that has a date asks then.
    """
    ended = current(tx)
    if ended is not None:
        tx.execute(meta.delete().where(meta.c.name == _NAME))
        audit.record(tx, by, AuditAction.BACKUP_CONTINUE, at=now, on=_SERVER)
        dated_deletions.ask_after_restore(tx, ended.made_at, now)
    return ended
