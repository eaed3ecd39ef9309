"""Read the bytes of a file into a sheet of text cells.

Nothing is lost, and nothing is guessed silently.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from mxlib.core import headers
from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import encoding as dialect
from mxlib.core.files import errors, xlsx_reader
from mxlib.core.files.csv_fast import read_table
from mxlib.core.files.csv_reader import MAX_CELLS, Record, lines_of_a_row, physical_line, records
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.header_row import (
    HeaderCandidate,
    candidates_searched,
    delimiter_of,
    find_header,
    lines_without_quotes,
    other_delimiter,
    rank,
)
from mxlib.core.files.sheet import ROWS, Limits, ReadOptions, Sheet, Table
from mxlib.core.files.xlsx_parts import take_dates
from mxlib.core.format import readable
from mxlib.core.mapping.secret_cells import masked
from mxlib.core.notes import Note, NoteCode
from mxlib.core.text import file_problems

__all__ = ["FileRefused", "Limits", "ReadOptions", "Sheet", "Table", "read"]

_STANDARD = Limits()
_LONGEST_NAME = 80

#: Ranks of sheets with a table: a header with usernames or addresses, or a list of addresses.
_TABLES = (0, 2)

#: Lines and characters that are searched for the header, blank lines and comments included.
_LINES_SEARCHED = 10_000
_CHARACTERS_SEARCHED = 500_000


def read(
    data: bytes,
    name: str,
    *,
    limits: Limits = _STANDARD,
    options: ReadOptions | None = None,
    book: xlsx_reader.Workbook | None = None,
) -> Sheet:
    """Read a text file or an .xlsx workbook.

    `options` overrides the detected encoding, delimiter, sheet and header. `book` is the workbook in `data` if it was
    opened before. A table whose header names nothing known is read with its first row as header, so that its columns
    can be mapped by hand. Raises FileRefused with one sentence when the file has no table.
    """
    if len(data) > limits.bytes:
        raise FileRefused(file_problems.too_large(len(data), limits.bytes))
    if not data:
        raise FileRefused(file_problems.file_empty())
    errors.refuse_foreign(data)
    options = options or ReadOptions()
    called = readable(name, _LONGEST_NAME)
    if xlsx_reader.is_zip(data):
        found = _read_workbook(book or xlsx_reader.open_workbook(data, called, limits), called, limits, options)
    else:
        found = _read_text(data, called, limits, options)
    sheet = replace(found, name=name, digest=hashlib.sha256(data).hexdigest())
    if not len(sheet):
        known = options.header_line is not None or headers.names_anything(sheet.header)
        raise FileRefused(file_problems.header_only() if known else file_problems.no_address_column(sheet.header))
    return sheet


def _read_text(data: bytes, name: str, limits: Limits, options: ReadOptions) -> Sheet:
    text, encoding = dialect.decode(data, name, options.encoding)
    notes = []
    if options.encoding is None and encoding == "utf-8" and "\ufffd" in text and not _is_utf_8(data):
        notes.append(Note(NoteCode.BYTES_NOT_READ, lines=dialect.lines_with_stray_bytes(text)))
    if options.quoted is None and options.delimiter is None and (bare := lines_without_quotes(text)) is not None:
        text = bare
        notes.append(Note(NoteCode.LINES_IN_QUOTES))
    declared, start = dialect.declared_delimiter(text)
    delimiter = dialect.checked(options.delimiter, name) or declared
    openings = candidates_searched(_openings_of_text(text, start, delimiter, name, options), options.header_line)
    head = find_header(openings, options.header_line)
    if options.header_line is None and not delimiter and (signs := other_delimiter(openings, head)):
        raise FileRefused(errors.separated_by(signs))
    table = read_table(
        text,
        head.delimiter,
        start=head.first,
        line=head.first_line,
        most=limits.rows,
        name=name,
        quoted=options.quoted is not False,
    )
    chosen = ReadOptions(encoding=encoding, delimiter=head.delimiter, header_line=head.line, quoted=options.quoted)
    return Sheet(name, "", chosen, head.header, table, head.title, notes=tuple(notes), unsure=head.unsure)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _openings_of_text(
    text: str, start: int, delimiter: str, name: str, options: ReadOptions
) -> Iterator[HeaderCandidate]:
    """Yield the rows of a text, each split by its own delimiter.

    A given `delimiter` is used for all rows. A quote that opens above the chosen header does not prevent reading the
    header.
    """
    quoted = options.quoted is not False
    line = 2 if start else 1
    while start < min(len(text), _CHARACTERS_SEARCHED) and line <= _LINES_SEARCHED:
        whole = physical_line(text, start)
        if not whole.strip(BLANKS) or _is_comment(whole, delimiter):
            start, line = start + len(whole), line + 1
            continue
        sign = delimiter or delimiter_of(lines_of_a_row(text, start) if quoted else whole)
        above = line < (options.header_line or 0)
        try:
            record = next(records(text, sign, start=start, line=line, name=name, quoted=quoted))
        except FileRefused:
            if not above:
                raise
            record = None
        if record is None or (above and record.next_line > (options.header_line or 0)):
            record = Record(line, whole.split(sign, MAX_CELLS), line + 1, start + len(whole))
        yield HeaderCandidate(line, record.next_line, record.cells, start, record.end, sign)
        start, line = record.end, record.next_line


def _is_comment(line: str, delimiter: str) -> bool:
    """Return whether a line is a comment, with or without quotes."""
    return line.startswith("#") and headers.is_comment(line.split(delimiter or delimiter_of(line), MAX_CELLS))


def _read_workbook(book: xlsx_reader.Workbook, name: str, limits: Limits, options: ReadOptions) -> Sheet:
    found = _chosen_sheet(book, options)
    if book.refused and not found.names_anything:
        raise FileRefused(book.refused)
    head = find_header(found.openings, options.header_line)
    body = found.rows[head.first :]
    if len(body) > limits.rows:
        raise FileRefused(file_problems.too_many_rows(len(body), limits.rows))
    dates = frozenset((at, column) for at, (line, _) in enumerate(body) for column in found.dates.get(line, ()))
    lines = np.array([line for line, _ in body], np.int64)
    table = Table(pa.array([cells for _, cells in body], ROWS), lines, dates=dates)
    notes = []
    if found.name in book.hidden:
        notes.append(Note(NoteCode.SHEET_HIDDEN, (masked(found.name),)))
    parts = book.parts.get(found.name)
    if parts and (hidden := tuple(line for line in lines.tolist() if line in parts.hidden)):
        notes.append(Note(NoteCode.ROWS_HIDDEN, lines=hidden))
    if merged := tuple(line for line in found.merged if line > head.line):
        notes.append(Note(NoteCode.MERGED_CELLS, lines=merged))
    notes += [Note(NoteCode.SHEET_NOT_READ, (masked(other), rows)) for other, rows in found.others]
    options = ReadOptions(sheet=found.name, header_line=head.line)
    return Sheet(name, "", options, head.header, table, head.title, book.names, tuple(notes), head.unsure)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sheet that may hold the table."""

    name: str
    rows: list[tuple[int, list[str]]]
    openings: list[HeaderCandidate]
    merged: tuple[int, ...] = ()
    dates: Mapping[int, set[int]] = field(default_factory=dict)
    #: Other sheets with a table, and the number of their rows.
    others: tuple[tuple[str, int], ...] = ()

    @property
    def names_anything(self) -> bool:
        return any(headers.names_anything(row.cells) for row in self.openings)


def _chosen_sheet(book: xlsx_reader.Workbook, options: ReadOptions) -> _Candidate:
    """Return the sheet with the best header; the first one among equals.

    A hidden sheet is read only where no visible one looks like a table of mailboxes.
    """
    best = _Candidate("", [], [])
    tables: dict[str, int] = {}
    for name in book.names if options.sheet is None else (options.sheet,):
        rows, merged = book.rows(name)
        dates = take_dates(rows)
        openings = candidates_searched(_openings_of_sheet(rows), options.header_line)
        found = rank(openings)
        if found in _TABLES and options.sheet is None:
            tables[name] = len(rows) - find_header(openings).first
        if name in book.hidden and (rank(best.openings) < 2 or any(_suggests(row.cells) for row in best.openings)):
            continue
        if found < rank(best.openings):
            best = _Candidate(name, rows, openings, merged, dates)
    others = tuple((name, rows) for name, rows in tables.items() if name != best.name and rows)
    return replace(best, others=others)


def _suggests(cells: list[str]) -> bool:
    """Return whether a row has two headers that suggest a meaning in any language."""
    return headers.suggested_in(cells) > 1


def _openings_of_sheet(rows: list[tuple[int, list[str]]]) -> Iterator[HeaderCandidate]:
    for position, (line, cells) in enumerate(rows):
        yield HeaderCandidate(line, line + 1, cells, position, position + 1)
