"""The hold after a restore: what would act by itself waits until an admin continues."""

import json
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit
from mxlib.store.audit import Identity
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

_NAME = "hold"


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


def end(tx: Tx, by: Identity, now: float) -> Hold | None:
    """Let everything act again; return the hold that this ends, None without one."""
    ended = current(tx)
    if ended is not None:
        tx.execute(meta.delete().where(meta.c.name == _NAME))
        audit.record(tx, by, AuditAction.BACKUP_CONTINUE, at=now, on="this server")
    return ended
