"""Selected mailboxes behind plain links, sealed: the same for every process, and gone after some days."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.person_search import is_who
from mxlib.store.tables import selection as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

#: Selections kept for all callers together.
MAX_SELECTIONS = 500

#: Seconds for which one is kept since it was last shown.
KEPT_S = 3 * 86_400.0

#: Seconds after which one that is shown again counts as new.
_RENEWED_S = 3_600.0


def id_of(key: ServerKey, caller: str, addresses: Sequence[str]) -> str:
    """Return the id of a selection: the same in every process, and nobody can guess it."""
    return key.mark("\n".join(["selection", caller, *addresses])).hex()[:32]


def is_kept(tx: Tx, number: str, now: float) -> bool:
    """Return whether a selection is kept, and was lately shown."""
    return (
        tx.execute(sa.select(table.c.id).where(table.c.id == number, table.c.at > now - _RENEWED_S)).first() is not None
    )


def put(tx: Tx, key: ServerKey, number: str, caller: str, addresses: Sequence[str], now: float) -> None:
    """Keep a selection of a caller; the oldest beyond MAX_SELECTIONS go."""
    sealed = key.seal("\n".join([caller, *addresses]).encode(), _place(number))
    upsert(tx, table, {"id": number, "at": now, "sealed": sealed})
    older = sa.select(table.c.id).order_by(table.c.at.desc(), table.c.id).offset(MAX_SELECTIONS)
    tx.execute(table.delete().where(table.c.id.in_(list(tx.execute(older.limit(MAX_SELECTIONS)).scalars()))))


def find(tx: Tx, key: ServerKey, number: str, now: float) -> tuple[str, tuple[str, ...]] | None:
    """Return the caller and the addresses of a selection; None when it is not kept."""
    query = sa.select(table.c.sealed).where(table.c.id == number, table.c.at > now - KEPT_S)
    sealed = tx.execute(query).scalar()
    return None if sealed is None else _opened(key, number, sealed)


def forget(tx: Tx, now: float) -> None:
    """Forget the selections that were not shown for long."""
    tx.execute(table.delete().where(table.c.at <= now - KEPT_S))


def naming(tx: Tx, key: ServerKey, address: str) -> list[tuple[str, float]]:
    """Return the selections of a person, and those with their mailbox: id and time."""
    rows = tx.execute(sa.select(table.c.id, table.c.at, table.c.sealed).order_by(table.c.at, table.c.id))
    return [(row.id, row.at) for row in rows if any(_names(_opened(key, row.id, row.sealed), address))]


def remove_naming(tx: Tx, key: ServerKey, address: str) -> int:
    """Forget the selections of a person, and those with their mailbox; return how many."""
    found = [number for number, _ in naming(tx, key, address)]
    for number in found:
        tx.execute(table.delete().where(table.c.id == number))
    return len(found)


def _names(kept: tuple[str, tuple[str, ...]] | None, address: str) -> Iterator[bool]:
    if kept is not None:
        yield is_who(kept[0], address)
        yield address in kept[1]


def _opened(key: ServerKey, number: str, sealed: bytes) -> tuple[str, tuple[str, ...]] | None:
    try:
        caller, *addresses = key.open(sealed, _place(number)).decode().split("\n")
    except DecryptionFailed:  # of another key: nobody can use it
        return None
    return caller, tuple(addresses)


def _place(number: str) -> str:
    return f"selection {number}"
