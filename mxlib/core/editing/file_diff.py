"""Compare a draft with its file: each row next to the cells it came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text, formula_guard, headers
from mxlib.core.arrow_text import Mask
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import secret_cells
from mxlib.core.mapping.mapping import ColumnMapping
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.schema import COLUMNS, SHOWN

#: The labels of a row's columns on pages, in their order there.
NAMES = {column.name: column.label for column in SHOWN}
ADDED = "Added here."
_LONGEST = 60


@dataclass(frozen=True)
class FileDiff:
    """The differences between the rows of a draft and its file.

    `changed` are rows of the file with a cell that differs now, `added` those that the file does not have, `lines`
    the lines of the file whose rows were deleted. `before` has the file's cells for every row, by column, and `where`
    marks the cells that differ now.
    """

    changed: Mask
    added: Mask
    lines: npt.NDArray[np.int64]
    rows: pd.DataFrame = field(repr=False)
    before: Mapping[str, pa.Array] = field(repr=False)
    where: Mapping[str, Mask] = field(repr=False)

    @property
    def any(self) -> bool:
        """Return whether anything differs from the file."""
        return bool(self.changed.any() or self.added.any() or len(self.lines))

    def describe(self, positions: Iterable[int]) -> list[str]:
        """Describe the changes in each of these rows.

        A text reads `Username 'Alice ' → 'alice'.`; a password is never shown.
        """
        at = np.fromiter(positions, np.int64)
        parts: list[list[str]] = [[ADDED] if added else [] for added in self.added[at]]
        for name, title in NAMES.items():
            here = np.flatnonzero(self.where[name][at])
            if not len(here):
                continue
            old = self.before[name].take(pa.array(at[here])).to_pylist()
            now = self.rows[name].iloc[at[here]].tolist()
            generated = self.rows["generated"].iloc[at[here]].tolist()
            for place, was, becomes, ours in zip(here, old, now, generated, strict=True):
                text = _password(was, becomes, ours) if name == "password" else f"{_shown(was)} → {_shown(becomes)}."
                parts[place].append(f"{title} {text}")
        return [" ".join(said) for said in parts]


def compare(rows: pd.DataFrame, file: ReadFile) -> FileDiff:
    """Compare `rows` with the file that they came from, whole columns at a time."""
    sheet = file.sheet
    origin = rows["origin"].to_numpy(np.int64)
    of_file = (origin >= 0) & (origin < len(sheet))
    places = pa.array(np.where(of_file, origin, 0), mask=~of_file)
    before, where = {}, {}
    for name, cells in _raw(file).items():
        before[name] = cells.take(places).fill_null("")
        where[name] = of_file & ~arrow_text.are_equal(before[name], arrow_text.cells_of(rows[name]))
    changed = np.logical_or.reduce(list(where.values()))
    gone = np.setdiff1d(np.arange(len(sheet)), origin)
    return FileDiff(changed, ~of_file, sheet.table.lines[gone], rows, before, where)


def own_columns(mapping: ColumnMapping) -> dict[str, int]:
    """Return the columns of a file that have no meaning here.

    Returns their positions by name. Columns of passwords are left out, and so are those that could be taken for one
    of ours when the file comes back. A bare `Name` that is only a part of a name gets another name, so that it is not
    taken for a full one then.
    """
    meanings = headers.meanings_of(mapping.names)
    return {
        name if headers.meaning_of(name) is None else f"{name} in the file": at
        for at, (name, meaning) in enumerate(zip(mapping.names, meanings, strict=True))
        if at in mapping.unused and at not in mapping.secret and meaning is None
    }


def as_table(rows: pd.DataFrame, file: ReadFile | None) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the corrected file.

    The import format comes first, with every password, then the file's own columns. A row that reading found crowded
    returns none of its own cells: any of them may hold a piece of a password.
    """
    cells = {name: rows[name].tolist() for name in COLUMNS}
    if file is not None:
        origin = rows["origin"].to_numpy(np.int64)
        known = (origin >= 0) & (origin < len(file.sheet))
        known[known] = (file.rows["fault"].to_numpy()[origin[known]] == "").astype(bool)
        places = pa.array(np.where(known, origin, 0), mask=~known)
        for name, at in own_columns(file.columns).items():
            own = file.sheet.table.column(at).take(places).fill_null("").to_pylist()
            cells[name] = [secret_cells.own_cell(name, formula_guard.unguard(cell)) for cell in own]
    return tuple(cells), list(zip(*cells.values(), strict=True))


def _raw(file: ReadFile) -> dict[str, pa.Array]:
    """Return the cells of the file by their meaning.

    A cell that the reader filled in (the domain from an address, a username from names) is compared with the
    value that it was given.
    """
    column = file.sheet.table.column
    raw = {
        name: column(at) if name == "password" else secret_cells.cover(column(at), name)
        for name, at in file.columns.columns.items()
    }
    if ADDRESS in raw:
        usernames = raw.get("username")
        raw["username"] = raw[ADDRESS] if usernames is None else _filled(usernames, raw[ADDRESS])
    read = {name: arrow_text.cells_of(file.rows[name]) for name in COLUMNS}
    return {
        name: read[name] if name not in raw or name == "password" else _filled(raw[name], read[name])
        for name in COLUMNS
    }


def _filled(cells: pa.Array, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(arrow_text.stripped(cells), ""), otherwise, cells)


def _password(was: str, now: str, generated: bool) -> str:
    if generated:
        return "generated."
    if not now:
        return "removed."
    return "changed." if was else "typed."


def _shown(cell: str) -> str:
    """Quote a cell, with invisible characters spelled out."""
    if not cell:
        return "blank"
    seen = "".join(sign if sign.isprintable() else f"<U+{ord(sign):04X}>" for sign in cell[: _LONGEST + 1])
    return f"'{seen if len(seen) <= _LONGEST else seen[: _LONGEST - 1] + '…'}'"
