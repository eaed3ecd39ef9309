"""Read delimited text by whole columns, a megabyte at a time.

This is some ten times as fast as reading record by record. The parity of the quotes before a separator decides
whether it is inside quotes. That is right only when every cell is either free of quotes or quoted from end to end.
Each block is checked for that, and any other text is read record by record. Property tests compare the two.
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

#: Bytes in a block. It bounds the memory for text that has nothing but separators.
_BLOCK = 1_000_000
_CELLS_IN_BATCH = 100_000

#: Counting rows stops at this many times the limit; the count is for the sentence that refuses the file.
_COUNTED = 10

#: Replacements for separators outside quotes: ASCII's own separators, which no real file uses.
_RECORD, _UNIT = "\x1e", "\x1f"
_QUOTE, _LF, _CR = b'"\n\r'
_QUOTED_CELL = r'^"(?:[^"]|"")*"$'


class IrregularTable(Exception):
    """A text with quotes anywhere other than around whole cells."""


def read_table(text: str, delimiter: str, *, start: int, line: int, most: int, name: str, quoted: bool = True) -> Table:
    """Return the rows of `text` from `start` on, without rows of blank cells.

    `start` is the beginning of physical line `line`. Without `quoted`, quotes are ordinary characters. Raises
    FileRefused for more than `most` rows, and in the cases where `records` does.
    """
    with suppress(IrregularTable):
        return gathered(by_columns(text, delimiter, start=start, line=line, quoted=quoted), most)
    return gathered(by_records(text, delimiter, start=start, line=line, name=name, quoted=quoted), most)


def gathered(blocks: Iterable[Table], most: int) -> Table:
    """Join blocks into one table of at most `most` rows.

    Rows beyond `most` are counted for a while, not kept, so that FileRefused can name their number.
    """
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
    """Yield blocks of rows, read record by record."""
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
    """Yield blocks of rows, read by whole columns.

    Raises IrregularTable where the result could differ from that of `by_records`.
    """
    body = text[start:]
    quoted = quoted and '"' in body and (body[0] == '"' or any(sign + '"' in body for sign in (delimiter, "\n", "\r")))
    data = body.encode()
    del body  # one line may be the whole file: every copy of it counts
    if quoted:
        data, end, unit, around = _marked(data, delimiter), _RECORD, _UNIT, BLANKS + _UNIT + '"'
    else:  # a quote in the middle of a cell is an ordinary character
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
    """Yield `data` in blocks of whole records, without the separators between the blocks."""
    start = 0
    while start < len(data):
        cut = data.find(end, start + _BLOCK)
        cut = len(data.removesuffix(end)) if cut < 0 else cut
        yield data[start:cut]
        start = cut + 1


def _lines_ended_by_lf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _marked(data: bytes, delimiter: str) -> bytes:
    """Return the text with _RECORD and _UNIT in place of the separators outside quotes."""
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
    """Return rows without the quotes around their cells.

    Raises IrregularTable for a cell that has a quote but is not quoted from end to end.
    """
    cells = rows.flatten()
    quoted = pa.array(arrow_text.contain_sign(cells, '"'))
    wrapped = cells.filter(quoted)
    if not pc.all(pc.match_substring_regex(wrapped, _QUOTED_CELL)).as_py():
        raise IrregularTable
    bare = pc.replace_substring(pc.utf8_slice_codeunits(wrapped, 1, -1), '""', '"')
    return pa.ListArray.from_arrays(rows.offsets, pc.replace_with_mask(cells, quoted, bare))


def _hold_something(rows: pa.ListArray) -> Mask:
    """Return which rows have more than blank cells."""
    return np.array([bool("".join(cells).strip(BLANKS)) for cells in rows.to_pylist()], dtype=bool)
