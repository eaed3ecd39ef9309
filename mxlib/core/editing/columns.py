"""Choose the columns of a preview: those with problems first, and none without a value."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mxlib.core.findings import kinds_of
from mxlib.core.fixes.groups import ROW_FIXES, FixGroup
from mxlib.core.schema import NAME, SHOWN, USERNAME
from mxlib.core.text import fixes
from mxlib.core.vocabulary import Verdict

#: Problems of more characters are wrapped, where they are at least one in so many rows.
LONG, ONE_IN = 57, 10


@dataclass(frozen=True, slots=True)
class GridColumns:
    """The columns of the cells in a preview, in their order.

    `longest` is the length of the longest problem on the page; `wraps` says whether rows are high enough to wrap it.
    """

    names: tuple[str, ...]
    longest: int = 0
    wraps: bool = False
    #: Whether a column offers the suggestions.
    suggests: bool = False


def choose(
    validated: pd.DataFrame, shown: list[int], found: Sequence[FixGroup] = (), *, every: bool = False
) -> GridColumns:
    """Choose the columns for validated rows, of which those at `shown` are on the page.

    A name is next to its username. Columns with an error follow, those with most errors first, then those with
    warnings. Columns without any value are hidden, unless `every` is set or a row was added by hand. `found` are the
    groups of problems.
    """
    faulty = _faulty(validated)
    added = bool(((validated["line"] == 0) & (validated["username"] == "")).any())
    order = dict.fromkeys([NAME.name, USERNAME.name, *faulty, *(column.name for column in SHOWN)])
    names = [
        name
        for name in order
        if every or added or name == USERNAME.name or name in faulty or (validated[name] != "").any()
    ]
    lengths = [len(text) for text in problems(validated.iloc[shown]).tolist()]
    long = sum(length > LONG for length in lengths)
    suggests = any(group.fixes[0] in ROW_FIXES for group in found)
    return GridColumns(tuple(names), max(lengths, default=0), 0 < long >= len(lengths) / ONE_IN, suggests)


def suggestions(found: Sequence[FixGroup], origins: pd.Series) -> pd.Series:
    """Return the label of each row's suggestion, by origin; blank without one."""
    labels = np.full(len(origins), "", dtype=object)
    index = pd.Index(origins)
    for group in found:
        if group.fixes[0] in ROW_FIXES:
            places = index.get_indexer(group.origins)
            for at in np.flatnonzero(places >= 0):
                labels[places[at]] = labels[places[at]] or fixes.suggestion(group, int(at))
    return pd.Series(labels, index=origins.index, dtype="string")


def problems(validated: pd.DataFrame) -> pd.Series:
    """Return everything that is wrong with each row, or worth a warning, on one line."""
    said = validated["reasons"].str.cat(validated["warnings"], sep=" ")
    return said.str.replace("\n", " ", regex=False).str.strip()


def _faulty(validated: pd.DataFrame) -> list[str]:
    """Return the columns with errors in ticked rows, then those with warnings.

    Those with most of them come first.
    """
    ticked = validated["ticked"].to_numpy(bool)
    stopped = ticked & (validated["verdict"] != Verdict.READY).to_numpy(bool)
    found: list[str] = []
    for codes in (validated["reason_codes"].to_numpy()[stopped], validated["warning_codes"].to_numpy()[ticked]):
        times: dict[str, int] = {}
        different, counts = np.unique(codes, return_counts=True)
        for code, count in zip(different.tolist(), counts.tolist(), strict=True):
            for kind in kinds_of(code):
                times[kind.column] = times.get(kind.column, 0) + count
        found += sorted(filter(None, times), key=lambda column: -times[column])
    return list(dict.fromkeys(found))
