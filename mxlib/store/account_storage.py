"""Last figures of the account's storage that the host reported."""

import json
from typing import Any

import sqlalchemy as sa

from mxlib.store.tables import meta as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Records under the first name, "account_storage", took a missing figure for 0; they are not read.
_NAME = "account_storage_2"


def keep(tx: Tx, figures: dict[str, Any]) -> None:
    """Store the figures in place of earlier ones."""
    put_fact(tx, _NAME, json.dumps(figures))


def kept(tx: Tx) -> dict[str, Any] | None:
    """Return the stored figures; None when they were never read."""
    found = tx.execute(sa.select(table.c.value).where(table.c.name == _NAME)).scalar()
    return dict(json.loads(found)) if found else None
