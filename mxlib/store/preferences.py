"""Preferences of each person, stored with their column choices and erased with them."""

import hashlib
from typing import Any

from mxlib.store import column_choices
from mxlib.store.transaction import Tx


def find(tx: Tx, name: str, by: str) -> Any:
    """Return the preference `name` of a person; None without one."""
    kept = column_choices.find(tx, _digest(name), by)
    return kept.answer.get(name) if kept else None


def put(tx: Tx, name: str, value: object, by: str, at: float) -> None:
    """Store a preference, in place of an earlier one of the same person."""
    column_choices.put(tx, _digest(name), {name: value}, by, at)


def _digest(name: str) -> bytes:
    """Return a digest that no set of headers has: theirs are hashes of other text."""
    return hashlib.sha256(f"preference\n{name}".encode()).digest()
