"""Drafts of imports, encrypted with the server's key."""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from mxlib.store.encryption import ServerKey
from mxlib.store.tables import draft as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

#: The key of the facts about the rows in the metadata of their table.
ABOUT = b"mxm"

#: First bytes of an archive, such as a workbook.
_ARCHIVE = b"PK"


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """A draft without its content; `changed_at` in Unix seconds. `begun_by` is blank if unknown.

    `run` is the run that left its rows out, if any.
    """

    id: str
    operator: str
    file_name: str
    domains: tuple[str, ...]
    rows: int
    changed_at: float
    version: int = 1
    begun_by: str = ""
    run: int | None = None


def keep(tx: Tx, key: ServerKey, kept: DraftSummary, file: bytes, rows: bytes) -> None:
    """Store a draft, in place of its earlier version."""
    said = {
        "operator": kept.operator,
        "file_name": kept.file_name,
        "domains": list(kept.domains),
        "rows": kept.rows,
        "changed_at": kept.changed_at,
        "sealed_rows": key.seal(rows, f"draft rows {kept.id}"),
        "version": kept.version,
    }
    sealed = key.seal(file, f"draft file {kept.id}")
    at_first = {"begun_by": kept.begun_by or kept.operator, "run": kept.run, "sealed_file": sealed}
    upsert(tx, table, {"id": kept.id, **said}, at_first=at_first)


def state(tx: Tx, number: str) -> tuple[str | None, int]:
    """Return the operator of a draft, and its version.

    None and 0 when it does not exist.
    """
    found = tx.execute(sa.select(table.c.operator, table.c.version).where(table.c.id == number)).first()
    return (found.operator, found.version) if found else (None, 0)


def list_drafts(tx: Tx) -> list[DraftSummary]:
    """Return all drafts, the one changed last first."""
    columns = [column for column in table.c if not column.name.startswith("sealed_")]
    return [
        DraftSummary(
            row.id,
            row.operator,
            row.file_name,
            tuple(row.domains),
            row.rows,
            row.changed_at,
            row.version,
            row.begun_by or "",
            row.run,
        )
        for row in tx.execute(sa.select(*columns).order_by(table.c.changed_at.desc()))
    ]


def content(tx: Tx, key: ServerKey, number: str) -> tuple[bytes, bytes] | None:
    """Return the file and the rows of a draft; None when it does not exist.

    Raises `encryption.DecryptionFailed` under another server key.
    """
    row = tx.execute(sa.select(table.c.sealed_file, table.c.sealed_rows).where(table.c.id == number)).first()
    if row is None:
        return None
    return key.open(row.sealed_file, f"draft file {number}"), key.open(row.sealed_rows, f"draft rows {number}")


def take_over(tx: Tx, number: str, operator: str) -> None:
    """Make `operator` the draft's operator."""
    tx.execute(table.update().where(table.c.id == number).values(operator=operator))


def drop(tx: Tx, numbers: Iterable[str]) -> int:
    """Delete drafts; return how many there were."""
    return tx.execute(table.delete().where(table.c.id.in_(list(numbers)))).rowcount


# What is in the content.


def read_rows(packed: bytes) -> tuple[dict[str, Any], pa.Table]:
    """Unpack the rows of a draft: how they were read and mapped, and the table."""
    table = pa.ipc.open_stream(zlib.decompress(packed)).read_all()
    return json.loads(table.schema.metadata[ABOUT]), table


def file_text(file: bytes) -> str:
    """Return the text of a draft's file; blank without a file, and of a workbook."""
    content = zlib.decompress(file) if file else b""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return "" if content.startswith(_ARCHIVE) else content.decode("utf-16" if wide else "utf-8", errors="replace")
