"""A draft: rows under edit. Every operation returns a new draft and keeps the old one unchanged."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from mxlib.core import passwords
from mxlib.core.mapping import secret_cells
from mxlib.core.namesakes import SamePeople
from mxlib.core.schema import COLUMNS, DTYPES, MAX_CELL_LENGTH, ROW_METADATA, make_rows

Changes = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Draft:
    """The current rows (`schema.DTYPES`), and notes on where they came from.

    `made` are the usernames that were made of names, by origin; `same_people` are the rows of which a person said that
    the mailbox is theirs.
    Tables are never changed in place; pandas shares every column that two drafts have in common.
    """

    rows: pd.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()
    made: Mapping[int, str] = field(default_factory=dict, repr=False)
    same_people: SamePeople = field(default=frozenset(), repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    def edited(self, changes: Changes) -> "Draft":
        """Return the draft with cells typed by an operator: position to column to value.

        Input from a browser is not trusted: positions and columns that do not exist are ignored, None means blank or
        unticked, and a mask is never taken for a password. Editing the cell that a reading fault points to removes
        the fault.
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
            rows = _with_texts(rows, column, texts)
        return self if rows is self.rows else self.with_rows(rows)

    def ticked(self, positions: Collection[int], tick: bool) -> "Draft":
        """Return the draft with these rows ticked (to be sent) or unticked (left out)."""
        return self.edited({at: {"ticked": tick} for at in positions})

    def added(self, count: int = 1) -> "Draft":
        """Return the draft with blank rows on top, where they are seen."""
        return self.joined(make_rows({"username": [""] * count}))

    def joined(self, rows: pd.DataFrame, made: Mapping[int, str] | None = None) -> "Draft":
        """Return the draft with rows from elsewhere on top.

        These rows have no line in the file. `made` are their usernames that were made of names, by position.
        """
        newest = min(0, int(self.rows["origin"].min())) if len(self) else 0
        origins = np.arange(newest - len(rows), newest)
        joined = self.with_rows(pd.concat([rows.assign(line=0, origin=origins), self.rows], ignore_index=True))
        added = {int(origins[at]): name for at, name in (made or {}).items()}
        return replace(joined, made={**self.made, **added}) if added else joined

    def deleted(self, positions: Collection[int]) -> "Draft":
        """Return the draft without these rows; the others keep their lines and origins."""
        gone = np.isin(np.arange(len(self)), list(positions))
        return self.with_rows(self.rows.loc[~gone].reset_index(drop=True))

    def with_passwords(self, validated: pd.DataFrame) -> "Draft":
        """Return the draft with a generated password in every row that lacks one.

        `validated` are this draft's rows with their verdicts.
        """
        return self.with_rows(passwords.fill(validated))

    def without_generated(self) -> "Draft":
        """Return the draft without generated passwords; typed ones are kept."""
        kept = self.rows["password"].where(~self.rows["generated"], "")
        return self.with_rows(self.rows.assign(password=kept, generated=False))

    def positions(self, origins: Sequence[int]) -> list[int]:
        """Return the current positions of the rows with these origins, in that order.

        Rows that no longer exist are left out.
        """
        found = pd.Index(self.rows["origin"]).get_indexer(np.array(origins, dtype=np.int64))
        return [int(position) for position in found if position >= 0]

    def with_recovery_emails(self, by_origin: Mapping[int, str]) -> "Draft":
        """Return a draft whose blank recovery emails are filled for rows of these origins."""
        given = self.rows["origin"].map(by_origin).fillna("").astype("str")
        return self.with_rows(
            self.rows.assign(recovery_email=self.rows["recovery_email"].where(self.rows["recovery_email"] != "", given))
        )

    def with_same_people(self, said: Iterable[tuple[int, str]]) -> "Draft":
        """Return the draft with further rows whose mailboxes a person said are theirs."""
        return replace(self, same_people=self.same_people | frozenset(said))

    def without_same_people(self, origins: Collection[int]) -> "Draft":
        """Return the draft without what was said of the rows with these origins."""
        gone = set(origins)
        return replace(self, same_people=frozenset(pair for pair in self.same_people if pair[0] not in gone))

    def with_made_of(self, before: "Draft") -> "Draft":
        """Return the draft with usernames made of names that a tool changed.

        They still count as made of names; `before` is the draft before the tool.
        """
        if not self.made:
            return self
        had = dict(zip(before.rows["origin"].tolist(), before.rows["username"].tolist(), strict=True))
        now = zip(self.rows["origin"].tolist(), self.rows["username"].tolist(), strict=True)
        changed = {at: name for at, name in now if self.made.get(at) == had.get(at) != name}
        return replace(self, made={**self.made, **changed}) if changed else self

    def with_rows(self, rows: pd.DataFrame) -> "Draft":
        """Return a draft of other rows with the same notes."""
        return replace(self, rows=rows[[*COLUMNS, *ROW_METADATA]])


def _text(value: object) -> str:
    """Return a cell as text, cut where it is longer than any valid one.

    Half a surrogate pair, which JSON can contain, is replaced, since it is not text.
    """
    text = "" if value is None else str(value)
    if len(text) > MAX_CELL_LENGTH:
        text = f"{text[:MAX_CELL_LENGTH]}…"
    return text.encode(errors="replace").decode()


def _with(rows: pd.DataFrame, column: str, values: Mapping[int, object]) -> pd.DataFrame:
    """Return `rows` with some cells of one column set by position."""
    if not values:
        return rows
    cells = rows[column].array.copy()
    cells[list(values)] = list(values.values())
    return rows.assign(**{column: pd.Series(cells, index=rows.index, dtype=DTYPES[column])})


def _with_texts(rows: pd.DataFrame, column: str, texts: Mapping[int, str]) -> pd.DataFrame:
    """Return `rows` with texts typed into `column`, without the faults that typing there fixes."""
    before = rows[column]
    texts = {at: text for at, text in texts.items() if text != before.iat[at]}
    rows = _with(rows, column, texts)
    if column == "password":
        rows = _with(rows, "generated", dict.fromkeys(texts, False))
    fault_column = rows["fault_column"]
    return _with(rows, "fault", {at: "" for at in texts if fault_column.iat[at] == column})
