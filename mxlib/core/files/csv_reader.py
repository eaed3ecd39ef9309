"""Delimited text, record by record: every quote is accounted for, and every physical line counted.

This is what reading means. `blocks` reads whole columns at a time, and must come to the same.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mxlib.core.files.encoding import outside_quotes
from mxlib.core.files.errors import FileRefused, too_many_cells
from mxlib.core.text import file_problems

#: More cells than any table of mailboxes has in a row; what has more would fill the memory.
MAX_CELLS = 1_000

#: As many lines a header may have within quotes.
_LINES_OF_A_HEADER = 20

LINE_END = r"\r\n?|\n"
_LINE = re.compile(rf"[^\r\n]*+(?:{LINE_END}|$)")
_LINE_ENDS = re.compile(r"[\r\n]++")
_CLOSED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')

# An unbalanced quote swallows the rest of a file, and is told by the line where it opened, not by its length.
# The limit is the process's own; nothing else here reads with `csv`.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the physical line on which it starts, its cells, and where in the text the next one starts.

    `stray`: text follows a closing quote, so that the cells are a guess.
    """

    line: int
    cells: list[str] = field(repr=False)
    next_line: int
    end: int
    stray: bool = False


def physical_line(text: str, at: int) -> str:
    """The line of `text` that starts at `at`, with its end."""
    found = _LINE.match(text, at)
    return found.group() if found else ""


def lines_of_a_row(text: str, at: int) -> str:
    """The line of `text` that starts at `at`, with those that follow it inside quotes; alone if they never close."""
    line = whole = physical_line(text, at)
    for _ in range(_LINES_OF_A_HEADER):
        if whole.count('"') % 2 == 0:
            return whole
        whole += physical_line(text, at + len(whole))
    return line


class _Lines:
    """The physical lines of a text from a place on; `at` and `passed` tell how far reading has come."""

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
        """Go on to the next line that holds something; there may be millions that do not."""
        if found := _LINE_ENDS.match(self._text, self.at):
            self.at = found.end()
            self.passed += line_ends(found.group())


def records(
    text: str, delimiter: str, *, start: int = 0, line: int = 1, name: str = "", quoted: bool = True
) -> Iterator[Record]:
    """The records of `text` from `start` on, the beginning of physical line `line`; empty lines are passed over.

    Not `quoted`: quotes are characters like any other. Raises FileRefused with the line where a quote opens that never
    closes.
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
    """The cells of a record as they are typed: quoted from end to end, or whatever stands before the next delimiter."""
    sign = re.escape(delimiter)
    cell = re.compile(rf'(?:"(?P<inside>[^"]*+(?:""[^"]*+)*+)"|(?P<bare>[^{sign}\r\n]*+))(?P<end>{sign}|{LINE_END}|$)')
    at = 0
    while found := cell.match(raw, at):
        yield found
        at = found.end()
        if found["end"] != delimiter:
            return


def _as_typed(raw: str, delimiter: str) -> list[str]:
    """The cells of a record in which a quote closes amid a cell: that cell keeps its quotes."""
    found = (cell.group("inside", "bare") for cell in _cells(raw, delimiter))
    return [bare if inside is None else inside.replace('""', '"') for inside, bare in found]


def _open_quote(raw: str, delimiter: str) -> int | None:
    """Where in a record that is no CSV a quote opens without closing; None when it closes on the same line.

    A quote that closes some lines further on, amid a cell, is the opening quote of that cell: the one before it is
    missing its end.
    """
    opened = next(cell.start() for cell in _cells(raw, delimiter) if (cell["bare"] or "").startswith('"'))
    closed = _CLOSED.match(raw, opened)
    return None if closed and not line_ends(closed.group()) else opened


def line_ends(text: str) -> int:
    """How many lines end in `text`: by CRLF, LF or CR."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")
