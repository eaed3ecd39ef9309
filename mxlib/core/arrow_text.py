"""Text helpers over Arrow columns, for validation of whole columns at a time."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[Any]

#: The text of pandas, whose missing cells are NaN.
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)

#: Bytes that are looked at in one piece.
_PIECE = 1_000_000

#: Cells are found byte by byte while there are fewer hits than a cell in so many.
_RARE = 4

#: Every byte of a character beyond ASCII, for `contain_sign` and its like.
BEYOND_ASCII = "\uffff"

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
    array = column.array
    if not isinstance(array, pd.arrays.ArrowStringArray):
        array = column.astype("str").array
    cells = pa.array(array, type=pa.large_string())  # of the array, since pandas looks at a column several times
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    return cells.fill_null("")


def column_of(cells: pa.Array, index: pd.Index) -> pd.Series:
    """Return Arrow text as a column with this index."""
    array = pd.arrays.ArrowStringArray(cells, dtype=_TEXT)  # type: ignore[call-arg]
    return pd.Series(array, index=index, copy=False)


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


def contain_sign(cells: pa.Array, signs: str) -> Mask:
    """Return a mask of the cells that contain one of these ASCII characters.

    Several times as fast as `contain`. `BEYOND_ASCII` among the characters stands for any other one.
    """
    ends, data = _parts(cells)
    hits = data == ord(signs) if len(signs) == 1 and signs.isascii() else _bits(data, signs)
    found = np.zeros(len(cells), dtype=bool)
    number = np.count_nonzero(hits)
    if number * _RARE > len(cells):
        return _joined(hits.view(np.uint8), ends).astype(bool)
    if number:
        found[np.searchsorted(ends, np.flatnonzero(hits), side="right") - 1] = True
    return found


def classes(cells: pa.Array, *signs: str) -> Bytes:
    """Return which of up to eight sets of ASCII characters each cell has: bit n for set n.

    `BEYOND_ASCII` in a set stands for any other character.
    """
    ends, data = _parts(cells)
    return _joined(_bits(data, *signs), ends)


def begin_with(cells: pa.Array, signs: str) -> Mask:
    """Return a mask of the cells whose first character is one of these.

    `BEYOND_ASCII` among them stands for any other character than ASCII.
    """
    return _at(cells, 0, signs)


def end_with(cells: pa.Array, signs: str) -> Mask:
    """Return a mask of the cells whose last character is one of these; see `begin_with`."""
    return _at(cells, -1, signs)


def _at(cells: pa.Array, place: int, signs: str) -> Mask:
    ends, data = _parts(cells)
    filled: Mask = ends[1:] > ends[:-1]
    if not len(data):
        return filled
    places = ends[:-1] if place == 0 else ends[1:] - 1
    hits = _bits(data[np.minimum(places, len(data) - 1)], signs)
    found: Mask = filled & hits.astype(bool)
    return found


def _parts(cells: pa.Array) -> tuple[Offsets, Bytes]:
    """Return where the cells begin and end among their bytes, and those bytes.

    A missing cell has none.
    """
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    _, offsets, data = cells.buffers()
    if not len(cells):
        return np.zeros(1, np.int64), np.zeros(0, np.uint8)
    wide = pa.types.is_large_string(cells.type)
    ends = np.frombuffer(offsets, np.int64 if wide else np.int32)[cells.offset : cells.offset + len(cells) + 1]
    whole = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    # Not copied where that can be: a sheet may have millions of blank cells.
    return (ends - ends[0] if ends[0] else ends), whole[ends[0] : ends[-1]]


@lru_cache(maxsize=64)
def _table(sets: tuple[str, ...]) -> bytes:
    """Return the bits of each byte: bit n where it belongs to set n."""
    table = np.zeros(256, np.uint8)
    for bit, signs in enumerate(sets):
        for sign in signs:
            if sign == BEYOND_ASCII:
                table[0x80:] |= 1 << bit
            else:
                table[sign.encode("ascii")[0]] |= 1 << bit
    return table.tobytes()


def _bits(data: Bytes, *sets: str) -> Bytes:
    """Return the bits of each byte of text: bit n where it belongs to set n."""
    # Ten times as fast as to take them from an array, whose indices would be widened to 8 bytes first; and in pieces,
    # since one cell may be the whole file.
    bits, table = np.empty(len(data), np.uint8), _table(sets)
    for start in range(0, len(data), _PIECE):
        piece = data[start : start + _PIECE].tobytes().translate(table)
        bits[start : start + _PIECE] = np.frombuffer(piece, np.uint8)
    return bits


def _joined(bits: Bytes, ends: Offsets) -> Bytes:
    """Return the bits of each cell, joined by OR."""
    filled = ends[1:] > ends[:-1]
    joined = np.zeros(len(filled), np.uint8)
    if len(bits):
        starts = ends[:-1][filled]  # those of empty cells would take the byte after them
        joined[filled] = np.bitwise_or.reduceat(bits, starts)
    return joined


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
