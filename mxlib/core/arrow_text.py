"""Text helpers over Arrow columns, for validation of whole columns at a time."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]

#: Characters to strip from both ends of a cell: blanks of every width, also of none, and direction marks.
BLANKS = "".join(
    chr(code)
    for first, last in (
        (0x09, 0x0D),
        (0x1C, 0x20),
        (0x85, 0x85),
        (0xA0, 0xA0),
        (0xAD, 0xAD),
        (0x1680, 0x1680),
        (0x180E, 0x180E),
        (0x2000, 0x200F),
        (0x2028, 0x202F),
        (0x205F, 0x2060),
        (0x2066, 0x2069),
        (0x3000, 0x3000),
        (0xFEFF, 0xFEFF),
    )
    for code in range(first, last + 1)
)


def cells_of(column: pd.Series) -> pa.Array:
    """Return a column as Arrow text, blank where a value is missing."""
    cells = pa.array(column.astype("str"), type=pa.large_string())
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    return cells.fill_null("")


def column_of(cells: pa.Array, index: pd.Index) -> pd.Series:
    """Return Arrow text as a column with this index."""
    return pd.Series(pd.array(cells, dtype="str"), index=index)


def texts(values: Any) -> pa.Array:
    """Return Python strings as Arrow text."""
    return pa.array(values, type=pa.large_string())


def blanks(count: int) -> pa.Array:
    """Return so many empty cells."""
    return pa.repeat(pa.scalar("", pa.large_string()), count)


def stripped(cells: pa.Array) -> pa.Array:
    """Return the cells without BLANKS around them."""
    return pc.utf8_trim(cells, characters=BLANKS)


def mask(bits: pa.Array) -> Mask:
    """Return Arrow bits as a numpy mask."""
    found: Mask = bits.to_numpy(zero_copy_only=False)
    return found


def match(cells: pa.Array, pattern: str) -> Mask:
    """Return a mask of the cells that an RE2 pattern matches from end to end."""
    return contain(cells, f"^(?:{pattern})$")


def contain(cells: pa.Array, pattern: str) -> Mask:
    """Return a mask of the cells that contain a match of an RE2 pattern."""
    return mask(pc.match_substring_regex(cells, pattern))


def is_among(cells: pa.Array, values: Iterable[str]) -> Mask:
    """Return a mask of the cells that are one of `values`."""
    return mask(pc.is_in(cells, value_set=texts(list(values))))


def are_equal(cells: pa.Array, others: pa.Array) -> Mask:
    """Return a mask of the rows whose cells are equal in both columns."""
    return mask(pc.equal(cells, others))


def are_no_longer(cells: pa.Array, characters: int) -> Mask:
    """Return a mask of the cells with at most this many characters."""
    return mask(pc.less_equal(pc.utf8_length(cells), characters))


def are_longer(cells: pa.Array, characters: int) -> Mask:
    """Return a mask of the cells with more than this many characters."""
    longest = pc.max(pc.binary_length(cells)).as_py() or 0
    if longest <= characters:
        return np.zeros(len(cells), dtype=bool)
    return ~are_no_longer(cells, characters)


def cut(cells: pa.Array, where: Mask, characters: int = 40) -> pa.Array:
    """Cut the cells in `where` to their first characters, and add `…` to show it."""
    if not where.any():
        return cells
    start = pc.utf8_slice_codeunits(cells, 0, characters)
    more = pc.binary_join_element_wise(start, pa.scalar("…", cells.type), pa.scalar("", cells.type))
    return pc.if_else(pa.array(where), more, cells)


def is_blank(cells: pa.Array) -> Mask:
    """Return a mask of the empty cells."""
    return mask(pc.equal(cells, ""))


def distinct(cells: pa.Array) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the index of each cell's text, and the distinct texts of the column."""
    encoded = cells.dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def each(cells: pa.Array, read: Callable[[str], str]) -> pa.Array:
    """Apply `read` to every cell, with one call for each distinct text."""
    codes, different = distinct(cells)
    return texts([read(text) for text in different]).take(pa.array(codes))
