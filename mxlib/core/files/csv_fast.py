"""Delimited text, a megabyte at a time and whole columns at once: some ten times as fast as record by record.

Separators outside quotes are told from those inside by the parity of the quotes before them. That is right only when
every cell is either free of quotes or quoted from end to end; each block is held against that, and a text that is
anything else is read record by record. Property tests compare the two.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import BLANKS, Mask
from mxlib.core.files.csv_reader import LINE_END, check_width, records
from mxlib.core.files.errors import FileRefused, far_too_many_rows
from mxlib.core.files.sheet import ROWS, Table
from mxlib.core.text import file_problems

#: Bytes at a time: what bounds the memory for text that is nothing but separators.
_BLOCK = 1_000_000
_CELLS_IN_BATCH = 100_000

#: How many times the rows that may be are counted, for the sentence that refuses them.
_COUNTED = 10

#: What stands for separators outside quotes: ASCII's own, which no real file uses.
_RECORD, _UNIT = "\x1e", "\x1f"
_QUOTE, _LF, _CR = b'"\n\r'
_QUOTED_CELL = r'^"(?:[^"]|"")*"$'


class IrregularTable(Exception):
    """A text in which quotes stand otherwise than around whole cells."""


def read_table(text: str, delimiter: str, *, start: int, line: int, most: int, name: str, quoted: bool = True) -> Table:
    """The rows of `text` from `start` on, the beginning of physical line `line`; rows of blank cells are dropped.

    Not `quoted`: quotes are characters like any other. Raises FileRefused for more than `most` rows, and as `records`
    does.
    """
    with suppress(IrregularTable):
        return gathered(by_columns(text, delimiter, start=start, line=line, quoted=quoted), most)
    return gathered(by_records(text, delimiter, start=start, line=line, name=name, quoted=quoted), most)


def gathered(blocks: Iterable[Table], most: int) -> Table:
    """One table of many; what is beyond `most` rows is counted for a while, not kept."""
    kept: list[Table] = []
    total = 0
    for block in blocks:
        total += len(block)
        if total <= most:
            kept.append(block)
        elif total > _COUNTED * most:
            raise FileRefused(far_too_many_rows(_COUNTED * most, most))
    if total > most:
        raise FileRefused(file_problems.too_many_rows(total, most))
    rows = pa.concat_arrays([block.rows for block in kept]) if kept else pa.array([], ROWS)
    lines = np.concatenate([np.empty(0, np.int64), *(block.lines for block in kept)])
    before = np.cumsum([0, *map(len, kept)]).tolist()
    stray = frozenset(first + at for first, block in zip(before, kept, strict=False) for at in block.stray)
    return Table(rows, lines, stray)


def by_records(text: str, delimiter: str, *, start: int, line: int, name: str, quoted: bool = True) -> Iterator[Table]:
    """Blocks of rows, read record by record."""
    batch: list[list[str]] = []
    lines: list[int] = []
    stray: set[int] = set()
    cells = 0
    for record in records(text, delimiter, start=start, line=line, name=name, quoted=quoted):
        check_width(record.line, len(record.cells))
        if not "".join(record.cells).strip(BLANKS):
            continue
        if record.stray:
            stray.add(len(batch))
        batch.append(record.cells)
        lines.append(record.line)
        cells += len(record.cells)
        if cells > _CELLS_IN_BATCH:
            yield Table(pa.array(batch, ROWS), np.array(lines), frozenset(stray))
            batch, lines, stray, cells = [], [], set(), 0
    yield Table(pa.array(batch, ROWS), np.array(lines, np.int64), frozenset(stray))


def by_columns(text: str, delimiter: str, *, start: int, line: int, quoted: bool = True) -> Iterator[Table]:
    """Blocks of rows, whole columns at once; raises NotEven where that could read something else than `by_records`."""
    body = text[start:]
    quoted = quoted and '"' in body and (body[0] == '"' or any(sign + '"' in body for sign in (delimiter, "\n", "\r")))
    data = body.encode()
    del body  # one line may be the whole file: every copy of it counts
    if quoted:
        data, end, unit, around = _marked(data, delimiter), _RECORD, _UNIT, BLANKS + _UNIT + '"'
    else:  # a quote amid a cell is a character like any other
        data, end, unit, around = _lines_ended_by_lf(data), "\n", delimiter, BLANKS + delimiter
    for block in _cut(data, end.encode()):
        whole = pa.array([block], pa.binary()).cast(pa.string())
        lines = pc.split_pattern(whole, end).flatten()
        del whole
        numbers = line + np.arange(len(lines) + 1)
        if quoted and (b"\n" in block or b"\r" in block):
            numbers[1:] += np.cumsum(pc.count_substring_regex(lines, LINE_END).to_numpy())
        line = int(numbers[-1])

        separators = pc.count_substring(lines, unit).to_numpy()
        widest = int(separators.argmax())
        check_width(int(numbers[widest]), int(separators[widest]) + 1)

        rows = pc.split_pattern(lines, unit)
        if quoted:
            rows = _unquoted(rows)
        filled = arrow_text.mask(pc.not_equal(pc.utf8_trim(lines, characters=around), ""))
        if quoted and not filled.all():
            filled[~filled] = _hold_something(rows.filter(pa.array(~filled)))
        if filled.all():
            yield Table(rows, numbers[:-1])
        else:
            yield Table(rows.filter(pa.array(filled)), numbers[:-1][filled])


def _cut(data: bytes, end: bytes) -> Iterator[bytes]:
    """`data` in blocks of whole records, without the separators between the blocks."""
    start = 0
    while start < len(data):
        cut = data.find(end, start + _BLOCK)
        cut = len(data.removesuffix(end)) if cut < 0 else cut
        yield data[start:cut]
        start = cut + 1


def _lines_ended_by_lf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _marked(data: bytes, delimiter: str) -> bytes:
    """The text with _RECORD and _UNIT for the separators outside quotes."""
    if not delimiter.isascii() or _RECORD.encode() in data or _UNIT.encode() in data:
        raise IrregularTable
    marked = []
    within = False
    start = 0
    while start < len(data):
        end = start + _BLOCK
        end += data[end - 1 : end + 1] == b"\r\n"
        signs = np.frombuffer(data[start:end], np.uint8).copy()
        places = np.flatnonzero((signs == _QUOTE) | (signs == _LF) | (signs == _CR) | (signs == ord(delimiter)))
        marks = signs[places]
        inside = np.logical_xor.accumulate(marks == _QUOTE) ^ within
        within = bool(inside[-1]) if len(inside) else within
        outside = ~inside & (marks != _QUOTE)
        places, marks = places[outside], marks[outside]
        signs[places] = np.where(marks == ord(delimiter), ord(_UNIT), ord(_RECORD))
        crlf = (marks[:-1] == _CR) & (marks[1:] == _LF) & (np.diff(places) == 1)
        marked.append(np.delete(signs, places[:-1][crlf]).tobytes())
        start = end
    if within:
        raise IrregularTable
    return b"".join(marked)


def _unquoted(rows: pa.ListArray) -> pa.ListArray:
    """Rows without the quotes around their cells."""
    cells = rows.flatten()
    quoted = pc.match_substring(cells, '"')
    wrapped = cells.filter(quoted)
    if not pc.all(pc.match_substring_regex(wrapped, _QUOTED_CELL)).as_py():
        raise IrregularTable
    bare = pc.replace_substring(pc.utf8_slice_codeunits(wrapped, 1, -1), '""', '"')
    return pa.ListArray.from_arrays(rows.offsets, pc.replace_with_mask(cells, quoted, bare))


def _hold_something(rows: pa.ListArray) -> Mask:
    """Which rows have more than blank cells."""
    return np.array([bool("".join(cells).strip(BLANKS)) for cells in rows.to_pylist()], dtype=bool)
