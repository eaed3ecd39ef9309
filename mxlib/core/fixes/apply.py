"""Apply a fix to the rows of its group, and undo it by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from mxlib.core import arrow_text, passwords
from mxlib.core.editing.draft import Draft
from mxlib.core.fixes.groups import FixGroup, FixKind
from mxlib.core.schema import COLUMNS

#: The columns that a fix may change: cells, and what depends on them.
_CHANGEABLE = (*COLUMNS, "ticked", "generated", "fault")


@dataclass(frozen=True, eq=False)
class AppliedFix:
    """A fix that was applied: the rows that it changed, by origin, and their cells before and after it."""

    group: FixGroup
    kind: FixKind
    before: Draft = field(repr=False)
    after: Draft = field(repr=False)
    changed: pd.DataFrame = field(repr=False)
    had: pd.DataFrame = field(repr=False)

    @property
    def count(self) -> int:
        """Return the number of rows that the fix changed."""
        return len(self.had)


def apply(draft: Draft, group: FixGroup, kind: FixKind) -> Draft:
    """Return the draft with a fix applied to the rows of its group.

    Rows that have changed since the group was made stay as they are.
    """
    rows, at = _found(draft, group)
    match kind:
        case FixKind.SUGGESTED:
            cells = {name: np.array(texts, dtype=object)[at].tolist() for name, texts in group.becomes.items()}
            return draft.edited(_changes(rows, cells))
        case FixKind.CLEAR:
            return draft.edited(_changes(rows, {group.column: [""] * len(rows)}))
        case FixKind.STRIP:
            typed = draft.rows[group.column].iloc[rows]
            return draft.edited(
                _changes(rows, {group.column: arrow_text.stripped(arrow_text.cells_of(typed)).to_pylist()})
            )
        case FixKind.GENERATE:
            return _with_passwords(draft, rows)
        case FixKind.EXCLUDE:
            return draft.ticked(rows.tolist(), False)
        case FixKind.INCLUDE:
            return draft.ticked(rows.tolist(), True)
        case FixKind.SHOW_CHANGES:
            return draft


def applied(group: FixGroup, kind: FixKind, before: Draft, after: Draft) -> AppliedFix | None:
    """Return what a fix has changed between two drafts; None where it has changed nothing."""
    rows, _ = _found(before, group)
    then, now = (draft.rows.iloc[rows].set_index("origin")[list(_CHANGEABLE)] for draft in (before, after))
    differ = (then != now).any(axis="columns")
    if not differ.any():
        return None
    return AppliedFix(group, kind, before, after, now[differ], then[differ])


def standing(draft: Draft, fix: AppliedFix) -> npt.NDArray[np.int64]:
    """Return the positions of the rows that still are as a fix has left them."""
    positions, at = _positions(draft, fix.changed.index.to_numpy(np.int64))
    written = [name for name in _CHANGEABLE if (fix.had[name] != fix.changed[name]).any()]
    now = draft.rows[written].iloc[positions]
    same = (now.to_numpy(dtype=object) == fix.changed[written].iloc[at].to_numpy(dtype=object)).all(axis=1)
    found: npt.NDArray[np.int64] = positions[same]
    return found


def revert(draft: Draft, fix: AppliedFix) -> Draft:
    """Return the draft without a fix, in the rows that `standing` returns."""
    positions = standing(draft, fix)
    had = fix.had.loc[draft.rows["origin"].iloc[positions]]
    rows = draft.rows
    for name in _CHANGEABLE:
        if (fix.had[name] != fix.changed[name]).any():
            cells = rows[name].to_numpy(dtype=object, copy=True)
            cells[positions] = had[name].to_numpy(dtype=object)
            rows = rows.assign(**{name: pd.Series(cells, index=rows.index, dtype=rows[name].dtype)})
    return draft.with_rows(rows)


def _found(draft: Draft, group: FixGroup) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the positions of the unchanged rows of a group, and their places in it."""
    positions, at = _positions(draft, group.origins)
    same = np.ones(len(positions), dtype=bool)
    for name, cells in group.seen.items():
        same &= draft.rows[name].iloc[positions].to_numpy(dtype=object) == np.array(cells, dtype=object)[at]
    return positions[same], at[same]


def _positions(draft: Draft, origins: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the positions of the rows with these origins, and their places in `origins`."""
    positions = pd.Index(draft.rows["origin"]).get_indexer(origins).astype(np.int64)
    at = np.flatnonzero(positions >= 0)
    return positions[at], at


def _changes(rows: npt.NDArray[np.int64], cells: Mapping[str, list[str]]) -> dict[int, dict[str, str]]:
    names = list(cells)
    return {
        at: dict(zip(names, texts, strict=True))
        for at, texts in zip(rows.tolist(), zip(*cells.values(), strict=True), strict=True)
    }


def _with_passwords(draft: Draft, rows: npt.NDArray[np.int64]) -> Draft:
    """Return the draft with generated passwords in these rows."""
    password = draft.rows["password"].to_numpy(dtype=object, copy=True)
    generated = draft.rows["generated"].to_numpy(bool, copy=True)
    password[rows] = [passwords.generate() for _ in range(len(rows))]
    generated[rows] = True
    return draft.with_rows(
        draft.rows.assign(
            password=pd.Series(password, index=draft.rows.index, dtype="str"),
            generated=pd.Series(generated, index=draft.rows.index, dtype="bool"),
        )
    )
