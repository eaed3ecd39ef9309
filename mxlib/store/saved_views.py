"""Saved views of each person, erased with them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mxlib.core.saved_views import SavedView, key_of
from mxlib.store.person_search import is_within, may_name
from mxlib.store.tables import saved_view as table
from mxlib.store.transaction import Tx


def of(tx: Tx, who: str) -> list[SavedView]:
    """Return the views of a person by name."""
    rows = tx.execute(sa.select(table.c.name, table.c.parameters).where(table.c.who == who).order_by(table.c.key))
    return [SavedView(row.name, row.parameters) for row in rows]


def put(tx: Tx, who: str, view: SavedView, at: float) -> None:
    """Store a view of a person, in place of an earlier one of that name."""
    remove(tx, who, view.name)
    parameters: Mapping[str, Sequence[str]] = {name: list(values) for name, values in view.parameters.items()}
    tx.execute(table.insert().values(who=who, key=view.key, name=view.name, parameters=parameters, saved_at=at))


def rename(tx: Tx, who: str, name: str, new: str) -> bool:
    """Give a view another name; return whether there is one of the old name."""
    place = (table.c.who == who) & (table.c.key == key_of(name))
    return tx.execute(table.update().where(place).values(key=key_of(new), name=new)).rowcount > 0


def remove(tx: Tx, who: str, name: str) -> bool:
    """Delete a view of a person; return whether there was one."""
    return tx.execute(table.delete().where(table.c.who == who, table.c.key == key_of(name))).rowcount > 0


def naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the views whose name or search names a person."""
    names = sa.or_(may_name(table.c.name, address), may_name(table.c.parameters, address))
    rows = tx.execute(sa.select(table).where(names)).all()
    return [row for row in rows if is_within((row.name, row.parameters), address)]


def remove_naming(tx: Tx, address: str) -> int:
    """Delete the views whose name or search names a person; return how many."""
    rows = naming(tx, address)
    for row in rows:
        tx.execute(table.delete().where(table.c.who == row.who, table.c.key == row.key))
    return len(rows)
