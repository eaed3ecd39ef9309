"""Edit many rows of a draft at once. Every tool returns a new draft and keeps the old one unchanged."""

from collections.abc import Callable, Collection, Sequence

import pandas as pd

from mxlib.core import passwords
from mxlib.core.editing.draft import Draft
from mxlib.core.schema import MAX_CELL_LENGTH, SCHEMA, SHOWN
from mxlib.core.vocabulary import Verdict

#: A function that changes the rows at some positions of a draft, given their verdicts.
Tool = Callable[[Draft, Sequence[int], pd.DataFrame], Draft]

#: Columns in which one value for many rows makes sense.
SETTABLE = tuple(column.name for column in SHOWN if column.fits_many)

#: Characters of a text that is put into many cells: more than any valid cell has, so a longer text is wrong anyway.
MAX_TYPED_LENGTH = 300

#: Columns in which text is replaced; passwords are never changed in bulk.
REPLACEABLE = tuple(column.name for column in SCHEMA if not column.is_secret)


def only_ticked(tool: Tool) -> Tool:
    """Restrict a tool to those of its rows that are ticked."""

    def of_ticked(draft: Draft, rows: Sequence[int], validated: pd.DataFrame) -> Draft:
        ticked = validated["ticked"].to_numpy(bool)
        return tool(draft, [at for at in rows if ticked[at]], validated)

    return of_ticked


def put(draft: Draft, positions: Collection[int], column: str, value: str) -> Draft:
    """Set one column of all these rows to the same `value`."""
    value = value[:MAX_TYPED_LENGTH]
    return draft.edited({at: {column: value} for at in positions}) if column in SETTABLE else draft


def affix(draft: Draft, positions: Collection[int], *, before: str = "", after: str = "") -> Draft:
    """Put `before` and `after` around the usernames of these rows.

    The part after an @ stays where it is.
    """
    before, after = before[:MAX_TYPED_LENGTH], after[:MAX_TYPED_LENGTH]

    def affixed(cell: str) -> str:
        name, at, domain = cell.partition("@")
        return f"{before}{name}{after}{at}{domain}" if name.strip() else cell

    return draft.edited({at: {"username": affixed(cell)} for at, cell in _cells(draft, "username", positions)})


def replace(draft: Draft, positions: Collection[int], column: str, old: str, new: str) -> Draft:
    """Replace `old` with `new` wherever it occurs in one column of these rows."""
    if column not in REPLACEABLE or not old:
        return draft
    new = new[:MAX_TYPED_LENGTH]
    cells = ((at, cell.replace(old, new)) for at, cell in _cells(draft, column, positions))
    return draft.edited({at: {column: cell[: MAX_CELL_LENGTH + 1]} for at, cell in cells})


def leave_out(draft: Draft, positions: Collection[int], validated: pd.DataFrame, *verdicts: Verdict) -> Draft:
    """Untick those of these rows that have one of `verdicts`."""
    so = validated["verdict"].isin(verdicts).to_numpy(bool)
    return draft.ticked([at for at in positions if 0 <= at < len(so) and so[at]], False)


def delete_left_out(draft: Draft, positions: Collection[int]) -> Draft:
    """Delete those of these rows that are unticked."""
    ticked = draft.rows["ticked"].to_numpy(bool)
    gone = [at for at in positions if 0 <= at < len(draft) and not ticked[at]]
    return draft.deleted(gone) if gone else draft


def generate(draft: Draft, positions: Collection[int], validated: pd.DataFrame, *, overwrite: bool = False) -> Draft:
    """Generate passwords for the rows that lack one, or for all of them if asked.

    Mailboxes that exist keep theirs.
    """
    exists = validated["exists"].to_numpy(bool)
    chosen = [at for at in positions if 0 <= at < len(draft) and not exists[at]]
    there = validated.iloc[chosen]
    filled = passwords.fill(there.assign(password="") if overwrite else there)
    password, generated = draft.rows["password"].copy(), draft.rows["generated"].copy()
    password.iloc[chosen], generated.iloc[chosen] = filled["password"].array, filled["generated"].array
    return draft.with_rows(draft.rows.assign(password=password, generated=generated))


def _cells(draft: Draft, column: str, positions: Collection[int]) -> list[tuple[int, str]]:
    cells = draft.rows[column].tolist()
    return [(at, cells[at]) for at in positions if 0 <= at < len(cells)]
