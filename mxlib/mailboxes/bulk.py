"""Mending many rows of a draft at once. Every tool gives a new draft and leaves the old one as it was."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from mxlib.mailboxes.columns import COLUMNS, Verdict
from mxlib.mailboxes.draft import Draft

#: Columns that take one value for many rows.
SETTABLE = ("domain", "quota", "limit")

#: Columns in which text is replaced; passwords are never changed in bulk.
REPLACEABLE = tuple(name for name in COLUMNS if name != "password")


def put(draft: Draft, positions: Collection[int], column: str, value: str) -> Draft:
    """The same `value` in one column of all these rows."""
    return draft.edited({at: {column: value} for at in positions}) if column in SETTABLE else draft


def affix(draft: Draft, positions: Collection[int], *, before: str = "", after: str = "") -> Draft:
    """`before` and `after` round the username of all these rows; the part after an @ stays where it is."""

    def affixed(cell: str) -> str:
        name, at, domain = cell.partition("@")
        return f"{before}{name}{after}{at}{domain}" if name.strip() else cell

    return draft.edited({at: {"username": affixed(cell)} for at, cell in _cells(draft, "username", positions)})


def replace(draft: Draft, positions: Collection[int], column: str, old: str, new: str) -> Draft:
    """`new` for `old`, wherever it stands in one column of these rows."""
    if column not in REPLACEABLE or not old:
        return draft
    return draft.edited({at: {column: cell.replace(old, new)} for at, cell in _cells(draft, column, positions)})


def leave_out(draft: Draft, judged: pd.DataFrame, *verdicts: Verdict) -> Draft:
    """Untick every row that was judged so."""
    return draft.ticked([int(at) for at in np.flatnonzero(judged["verdict"].isin(verdicts))], False)


def _cells(draft: Draft, column: str, positions: Collection[int]) -> list[tuple[int, str]]:
    cells = draft.rows[column].tolist()
    return [(at, cells[at]) for at in positions if 0 <= at < len(cells)]
