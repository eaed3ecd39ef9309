"""Own columns of rows, which MXM does not use, encrypted with the server's key.

That key stays after the passwords are erased, so the cells do too.
"""

import json
from collections.abc import Mapping

import sqlalchemy as sa

from mxlib.core.addresses import is_domain
from mxlib.core.mapping import secret_cells
from mxlib.core.schema import MASK
from mxlib.core.vocabulary import Verdict
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import draft, meta, run, run_row
from mxlib.store.transaction import Tx

#: Place that the seal is bound to; not a row, so that a retry or an undo can take the cells as they are.
_PLACE = "own cells"

#: The fact that no cell of an earlier release is in clear any more.
_SEALED = "own_cells_sealed"

#: Shortest password that is masked inside other cells.
_SHORTEST = 4


def seal(key: ServerKey, cells: Mapping[str, str], password: str) -> bytes | None:
    """Return the sealed cells without the row's password; None when there are no cells."""
    kept = {name: _without(cell, password) for name, cell in cells.items() if not password or cell != password}
    return key.seal(json.dumps(kept).encode(), _PLACE) if kept else None


def unseal(key: ServerKey, sealed: bytes | None) -> dict[str, str]:
    """Return the cells that were sealed; raises DecryptionFailed when another key sealed them."""
    if sealed is None:
        return {}
    cells: dict[str, str] = json.loads(key.open(sealed, _PLACE))
    return cells


def are_sealed(tx: Tx) -> bool:
    """Return whether no cell of an earlier release is in clear any more."""
    return tx.execute(sa.select(meta.c.value).where(meta.c.name == _SEALED)).scalar() is not None


def seal_earlier(tx: Tx, key: ServerKey) -> None:
    """Seal, once, what earlier releases stored in clear, and delete what looks like a password."""
    if are_sealed(tx):
        return
    for number in tx.execute(sa.select(run.c.id)).scalars().all():
        _seal_run(tx, key, number)
    for row in tx.execute(sa.select(draft.c.id, draft.c.domains)).all():
        tx.execute(draft.update().where(draft.c.id == row.id).values(domains=[*filter(is_domain, row.domains)]))
    tx.execute(meta.insert().values(name=_SEALED, value="yes"))


def _seal_run(tx: Tx, key: ServerKey, number: int) -> None:
    columns = ("position", "cells", "verdict", "username", "domain", "recovery_email", "words")
    rows = tx.execute(sa.select(*(run_row.c[name] for name in columns)).where(run_row.c.run == number)).all()
    held: dict[str, list[str]] = {}
    for row in rows:
        for name, cell in row.cells.items():
            held.setdefault(name, []).append(str(cell))
    secret = secret_cells.secret_names(held.items())
    for row in rows:
        cells = {name: secret_cells.own_cell(name, str(cell)) for name, cell in row.cells.items() if name not in secret}
        values: dict[str, object] = {"cells": {}, "sealed_cells": seal(key, cells, "")} if row.cells else {}
        if row.verdict == Verdict.INVALID:
            values |= _masked(row)
        if values:
            tx.execute(
                run_row.update().where(run_row.c.run == number, run_row.c.position == row.position).values(values)
            )


def _masked(row: sa.Row[tuple[str, ...]]) -> dict[str, object]:
    """Return the values to mask in an invalid row, which was never sent."""
    cells = {name: getattr(row, name) for name in ("username", "domain", "recovery_email")}
    masked = {name: secret_cells.masked_in(name, cell) for name, cell in cells.items()}
    words = row.words
    for name, cell in cells.items():
        if masked[name] != cell:
            words = words.replace(cell, masked[name])
    words = secret_cells.masked(words)
    return {name: cell for name, cell in (masked | {"words": words}).items() if cell != getattr(row, name)}


def _without(cell: str, password: str) -> str:
    return cell.replace(password, MASK) if len(password) >= _SHORTEST else cell
