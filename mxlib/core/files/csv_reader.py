"""Read delimited text record by record, with every quote and physical line accounted for.

This is the reference for reading. `csv_fast` reads whole columns at a time and must return the same.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mxlib.core.files.encoding import outside_quotes
from mxlib.core.files.errors import FileRefused, too_many_cells
from mxlib.core.text import file_problems

#: More cells in a row than any table of mailboxes has; a file with more would fill the memory.
MAX_CELLS = 1_000

#: Lines that a header may span within quotes.
_LINES_OF_A_HEADER = 20

LINE_END = r"\r\n?|\n"
_LINE = re.compile(rf"[^\r\n]*+(?:{LINE_END}|$)")
_LINE_ENDS = re.compile(r"[\r\n]++")
_CLOSED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')

# An unbalanced quote swallows the rest of a file. The error names the line where it opened, not its length.
# The limit applies to the whole process; nothing else in it reads with `csv`.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Record:
    """A record: its physical line, its cells, and where the next record starts.

    `line` is the line on which it starts. `end` is the position of the next record in the text, and `next_line` its
    line. `stray` means that text follows a closing quote, so that the cells are a guess.
    """

    line: int
    cells: list[str] = field(repr=False)
    next_line: int
    end: int
    stray: bool = False


def physical_line(text: str, at: int) -> str:
    """Return the line of `text` that starts at `at`, including its line end."""
    found = _LINE.match(text, at)
    return found.group() if found else ""


def lines_of_a_row(text: str, at: int) -> str:
    """Return the line of `text` that starts at `at`, with its continuation lines inside quotes.

    Returns that line alone if the quotes do not close within a few lines.
    """
    line = whole = physical_line(text, at)
    for _ in range(_LINES_OF_A_HEADER):
        if whole.count('"') % 2 == 0:
            return whole
        whole += physical_line(text, at + len(whole))
    return line


class _Lines:
    """Iterate over the physical lines of a text.

    `at` is the position reached in the text, and `passed` is the number of the last line read.
    """

    def __init__(self, text: str, start: int, line: int, delimiter: str) -> None:
        self._text, self._delimiter = text, delimiter
        self.at = start
        self.passed = line - 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self.at >= len(self._text):
            raise StopIteration
        line = physical_line(self._text, self.at)
        self.at += len(line)
        self.passed += 1
        if line.count(self._delimiter) >= MAX_CELLS:
            check_width(self.passed, outside_quotes(line).count(self._delimiter) + 1)
        return line

    def pass_blank_ones(self) -> None:
        """Skip to the next line that is not empty.

        There may be millions of empty lines.
        """
        if found := _LINE_ENDS.match(self._text, self.at):
            self.at = found.end()
            self.passed += line_ends(found.group())


def records(
    text: str, delimiter: str, *, start: int = 0, line: int = 1, name: str = "", quoted: bool = True
) -> Iterator[Record]:
    """Yield the records of `text` from `start` on, without empty lines.

    `start` is the beginning of physical line `line`. Without `quoted`, quotes are ordinary characters. Raises
    FileRefused, with the line, for a quote that opens and never closes, and for a row of more than MAX_CELLS cells.
    """
    lines = _Lines(text, start, line, delimiter)
    reader = csv.reader(
        lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )
    while True:
        lines.pass_blank_ones()
        began, number, stray = lines.at, lines.passed + 1, False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raw = text[began : lines.at]
            if (opened := _open_quote(raw, delimiter)) is not None:
                at = number + line_ends(raw[:opened])
                raise FileRefused(file_problems.open_quote(name, at), at) from None
            cells, stray = _as_typed(raw, delimiter), True
        yield Record(number, cells, lines.passed + 1, lines.at, stray)


def check_width(line: int, cells: int) -> None:
    """Raise FileRefused when a row has more cells than any table of mailboxes."""
    if cells > MAX_CELLS:
        raise FileRefused(too_many_cells(line, cells, MAX_CELLS), line)


def _cells(raw: str, delimiter: str) -> Iterator[re.Match[str]]:
    """Yield the cells of a record as typed.

    A cell is quoted from end to end, or is all text up to the next delimiter.
    """
    sign = re.escape(delimiter)
    cell = re.compile(rf'(?:"(?P<inside>[^"]*+(?:""[^"]*+)*+)"|(?P<bare>[^{sign}\r\n]*+))(?P<end>{sign}|{LINE_END}|$)')
    at = 0
    while found := cell.match(raw, at):
        yield found
        at = found.end()
        if found["end"] != delimiter:
            return


def _as_typed(raw: str, delimiter: str) -> list[str]:
    """Return the cells of a record; a cell with a stray quote keeps its quotes.

    A stray quote closes before the end of its cell.
    """
    found = (cell.group("inside", "bare") for cell in _cells(raw, delimiter))
    return [bare if inside is None else inside.replace('""', '"') for inside, bare in found]


def _open_quote(raw: str, delimiter: str) -> int | None:
    """Return where a quote opens without closing, in a record that is not valid CSV.

    Returns None when the quote closes on the same line. A quote that closes some lines further on, in the middle of a
    cell, is the opening quote of that cell: the quote before it lacks its end.
    """
    opened = next(cell.start() for cell in _cells(raw, delimiter) if (cell["bare"] or "").startswith('"'))
    closed = _CLOSED.match(raw, opened)
    return None if closed and not line_ends(closed.group()) else opened


def line_ends(text: str) -> int:
    """Count the line ends in `text`: CRLF, LF or CR."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")
