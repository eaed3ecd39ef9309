"""The record of nightly backups: the newest good one, and the last failure."""

import json
from dataclasses import asdict, dataclass, fields

import sqlalchemy as sa

from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

_NAME = "backup"


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """The newest good backup and the last failure since; times in Unix seconds."""

    good_at: float | None = None
    size: int = 0
    failed_at: float | None = None
    #: Why it failed, as a sentence.
    why: str = ""


_NAMES = {field.name for field in fields(BackupRecord)}


def read(tx: Tx) -> BackupRecord:
    """Return the record; empty before the first backup."""
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    stored = json.loads(value) if value else {}
    return BackupRecord(**{name: stored[name] for name in stored.keys() & _NAMES})


def write(tx: Tx, record: BackupRecord) -> None:
    """Store the record."""
    value = json.dumps(asdict(record))
    put_fact(tx, _NAME, value)
