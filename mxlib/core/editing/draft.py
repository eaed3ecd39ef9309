"""A draft: rows that an operator mends. Every operation gives a new draft and leaves the old one as it was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mxlib.core import passwords
from mxlib.core.mapping import secret_cells
from mxlib.core.schema import COLUMNS, DTYPES, MAX_CELL_LENGTH, ROW_METADATA, make_rows

Changes = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Draft:
    """The rows as they are now (`columns.DTYPES`), and what is to be said of where they came from.

    Tables are never changed in place; pandas shares every column that two drafts have in common.
    """

    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def edited(self, changes: Changes) -> "Draft":
        """Cells typed by an operator: position to column to value.

        What comes from a browser is not trusted: positions and columns that do not exist are ignored, None is blank or
        no tick, and a mask is never taken for a password. Mending the cell that reading complained about ends the
        complaint.
        """
        rows = self.rows
        for column in (*COLUMNS, "ticked"):
            typed = {at: cells[column] for at, cells in changes.items() if column in cells and 0 <= at < len(rows)}
            if column == "ticked":
                ticks = {at: bool(value) for at, value in typed.items() if value is None or isinstance(value, bool)}
                before = rows[column]
                rows = _with(rows, column, {at: tick for at, tick in ticks.items() if tick != before.iat[at]})
                continue
            texts = {at: _text(value) for at, value in typed.items()}
            if column != "password":
                texts = {at: secret_cells.masked_in(column, text) for at, text in texts.items()}
            else:
                texts = {at: text for at, text in texts.items() if not passwords.is_masked(text)}
            rows = _mended(rows, column, texts)
        return self if rows is self.rows else self.with_rows(rows)

    def ticked(self, positions: Collection[int], tick: bool) -> "Draft":
        """Rows that are to be sent, or left out."""
        return self.edited({at: {"ticked": tick} for at in positions})

    def added(self, count: int = 1) -> "Draft":
        """Blank rows on top, where they are seen."""
        return self.joined(make_rows({"username": [""] * count}))

    def joined(self, rows: pd.DataFrame) -> "Draft":
        """Rows from elsewhere on top; they stand on no line of the file."""
        newest = min(0, int(self.rows["origin"].min())) if len(self) else 0
        told_apart = np.arange(newest - len(rows), newest)
        return self.with_rows(pd.concat([rows.assign(line=0, origin=told_apart), self.rows], ignore_index=True))

    def deleted(self, positions: Collection[int]) -> "Draft":
        """Rows gone; those of the file are still told apart by their lines."""
        gone = np.isin(np.arange(len(self)), list(positions))
        return self.with_rows(self.rows.loc[~gone].reset_index(drop=True))

    def with_passwords(self, judged: pd.DataFrame) -> "Draft":
        """A generated password in every row that lacks one; `judged` are this draft's rows with their verdicts."""
        return self.with_rows(passwords.fill(judged))

    def without_generated(self) -> "Draft":
        """Generated passwords gone, typed ones kept."""
        kept = self.rows["password"].where(~self.rows["generated"], "")
        return self.with_rows(self.rows.assign(password=kept, generated=False))

    def positions(self, origins: Sequence[int]) -> list[int]:
        """Where the rows of these origins are now, in that order; those that are gone are left out."""
        found = pd.Index(self.rows["origin"]).get_indexer(np.array(origins, dtype=np.int64))
        return [int(position) for position in found if position >= 0]

    def with_rows(self, rows: pd.DataFrame) -> "Draft":
        """Other rows with the same notes."""
        return replace(self, rows=rows[[*COLUMNS, *ROW_METADATA]])


def _text(value: object) -> str:
    """A cell as text, no longer than any that is right; half a surrogate pair, which JSON can bring, is none."""
    text = "" if value is None else str(value)
    if len(text) > MAX_CELL_LENGTH:
        text = f"{text[:MAX_CELL_LENGTH]}…"
    return text.encode(errors="replace").decode()


def _with(rows: pd.DataFrame, column: str, values: Mapping[int, object]) -> pd.DataFrame:
    """`rows` with some cells of one column set by position."""
    if not values:
        return rows
    cells = rows[column].to_numpy(dtype=object, copy=True)
    cells[list(values)] = list(values.values())
    return rows.assign(**{column: pd.Series(cells, index=rows.index, dtype=DTYPES[column])})


def _mended(rows: pd.DataFrame, column: str, texts: Mapping[int, str]) -> pd.DataFrame:
    """`rows` with texts typed into `column`, and without what typing there puts right."""
    before = rows[column]
    texts = {at: text for at, text in texts.items() if text != before.iat[at]}
    rows = _with(rows, column, texts)
    if column == "password":
        rows = _with(rows, "generated", dict.fromkeys(texts, False))
    told = rows["fault_column"]
    return _with(rows, "fault", {at: "" for at in texts if told.iat[at] == column})
