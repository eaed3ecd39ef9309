"""Select the rows of a preview that are in view, and sort them."""

from enum import StrEnum

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask
from mxlib.core.schema import MAX_CELL_LENGTH, STORED_HERE
from mxlib.core.validation.row_kinds import kinds
from mxlib.core.vocabulary import Verdict

#: Filters besides the kinds of rows.
ALL, WARNINGS, LEFT_OUT, CHANGED = "all", "warnings", "left_out", "changed"

#: The columns that are searched; passwords are not.
_SEARCHED = (
    *("username", "domain", "clean_username", "clean_domain"),
    *(column.name for column in STORED_HERE),
    *("reasons", "warnings"),
)

#: Errors come first, warnings later; a row that is left out needs nothing more.
_URGENT = (Verdict.INVALID, Verdict.DUPLICATE, Verdict.NEEDS_PASSWORD, Verdict.EXISTS, WARNINGS)


class SortOrder(StrEnum):
    """The order of the rows in view."""

    LINE = "line"
    PROBLEMS = "problems"
    ADDRESS = "address"


def select_kind(validated: pd.DataFrame, kind: str) -> Mask:
    """Return the rows of one filter: one of `row_kinds.KINDS`, ALL, WARNINGS or LEFT_OUT.

    A row that is left out has no other kind.
    """
    ticked = validated["ticked"].to_numpy(bool)
    match kind:
        case "all":
            return np.ones(len(validated), dtype=bool)
        case "left_out":
            return ~ticked
        case "warnings":
            return ticked & (validated["warnings"] != "").to_numpy(bool)
        case _:
            return ticked & (kinds(validated) == kind).to_numpy(bool)


def select_text(validated: pd.DataFrame, text: str) -> Mask:
    """Return the rows that contain `text`, ignoring case.

    The username, domain, address, name, recovery email, errors and warnings are searched.
    """
    query = text.strip(arrow_text.BLANKS)
    found = np.full(len(validated), not query)
    if not query or len(query) > MAX_CELL_LENGTH:
        return found
    cells = {name: arrow_text.cells_of(validated[name]) for name in _SEARCHED}
    at = pa.scalar("@", pa.large_string())
    address = pc.binary_join_element_wise(cells["clean_username"], cells["clean_domain"], at)
    for column in (*cells.values(), address):
        found |= arrow_text.mask(pc.match_substring(column, query, ignore_case=True))
    return found


def sort(validated: pd.DataFrame, chosen: Mask, order: SortOrder) -> list[int]:
    """Return the positions of the `chosen` rows, sorted.

    Equal rows keep the order of the file.
    """
    positions = np.flatnonzero(chosen)
    if order is SortOrder.PROBLEMS:
        ranks = np.full(len(validated), len(_URGENT))
        for rank, kind in reversed([*enumerate(_URGENT)]):
            ranks[select_kind(validated, kind)] = rank
        positions = positions[np.argsort(ranks[positions], kind="stable")]
    elif order is SortOrder.ADDRESS:
        rows = validated.iloc[positions]
        key = (rows["clean_domain"] + "\n" + rows["clean_username"]).to_numpy(dtype=object)
        positions = positions[np.argsort(key, kind="stable")]
    return [int(position) for position in positions]
