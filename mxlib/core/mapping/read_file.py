"""A file whose columns are mapped: its sheet, the mapping, and the rows made from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import pyarrow as pa

from mxlib.core.files import time_budget
from mxlib.core.files.sheet import Sheet
from mxlib.core.mapping import languages, mapping, presets
from mxlib.core.mapping.mapping import ColumnMapping
from mxlib.core.notes import Note, NoteCode


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that was read.

    It holds the sheet, the mapping of its columns, and its rows in the order of the file.
    """

    sheet: Sheet = field(repr=False)
    columns: ColumnMapping
    rows: pd.DataFrame = field(repr=False)
    notes: tuple[Note, ...]

    @property
    def file_name(self) -> str:
        """Return the name of the file."""
        return self.sheet.name

    @property
    def file_digest(self) -> str:
        """Return the sha256 of the bytes of the file, in hex."""
        return self.sheet.digest

    @property
    def made_usernames(self) -> Mapping[int, str]:
        """Return the usernames that were made of names, by position.

        It is empty where the file has usernames of its own.
        """
        if self.columns.names_who:
            return {}
        return {at: name for at, name in enumerate(self.rows["username"].tolist()) if name}

    @property
    def spells_out(self) -> bool | None:
        """Return whether the headers are in a language that writes `ae` for ä."""
        return languages.header_spells_out(self.sheet.header)

    def cells(self, origin: int) -> Mapping[str, str]:
        """Return the own columns of a row, for the results; never a password.

        A crowded row, which has more cells than the header, returns none, fixed or not: any of its cells may hold a
        piece of a password.
        """
        if self.rows["fault"].iat[origin]:
            return {}
        return mapping.original_cells(self.sheet, origin, self.columns)


def apply_mapping(
    sheet: Sheet,
    chosen: Mapping[int, str] | None = None,
    *,
    usernames: pa.Array | None = None,
    known: frozenset[str] | None = None,
    run: Callable[..., Any] = lambda _light, work, *arguments, **named: work(*arguments, **named),
) -> ReadFile:
    """Make the rows of a sheet; `run` runs the slow parts, as `mxlib.worker.run_unless` does.

    `known` are the domains of the account. Without `chosen` meanings, a header that matches a known export decides
    them. Raises FileRefused when two columns claim one meaning, or no column holds usernames or addresses and
    `usernames` is missing.
    """
    preset = presets.find(sheet.header) if chosen is None else None
    columns = mapping.detect_columns(sheet.header, chosen=preset.meanings(sheet.header) if preset else chosen)
    light = time_budget.is_light(sheet)
    columns = run(light, mapping.without_secrets, sheet, columns)
    rows, notes = run(light, mapping.rows_from_sheet, sheet, columns, usernames=usernames, known=known)
    if preset:
        suspended = presets.suspended(sheet)
        rows["ticked"] &= ~suspended
        if suspended.any():
            notes = (Note(NoteCode.SUSPENDED, lines=tuple(sheet.table.lines[suspended].tolist())), *notes)
        notes = (Note(NoteCode.EXPORT_RECOGNISED, (preset.name,)), *notes)
    return ReadFile(sheet, columns, rows, notes)
