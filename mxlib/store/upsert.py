"""Rows that are added, or take the place of earlier ones with the same key."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from mxlib.store.tables import meta
from mxlib.store.transaction import Tx

_INSERT = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def upsert(tx: Tx, table: sa.Table, row: Mapping[str, Any], *, at_first: Mapping[str, Any] | None = None) -> None:
    """Add a row, or give its values to the one that has its key.

    `at_first` has values that an earlier row keeps.
    """
    key = [column.name for column in table.primary_key]
    added: Any = _INSERT[tx.dialect.name](table).values({**row, **(at_first or {})})
    changed = {name: added.excluded[name] for name in row if name not in key}
    tx.execute(added.on_conflict_do_update(index_elements=key, set_=changed))


def add_missing(tx: Tx, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Add a row unless there is one with its key."""
    added: Any = _INSERT[tx.dialect.name](table).values(row)
    tx.execute(added.on_conflict_do_nothing())


def put_fact(tx: Tx, name: str, value: str) -> None:
    """Store a single fact of this store, in place of an earlier one."""
    upsert(tx, meta, {"name": name, "value": value})
