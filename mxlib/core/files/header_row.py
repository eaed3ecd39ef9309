"""Where a table starts: its header among the first rows, and the title above it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mxlib.core import headers
from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import encoding
from mxlib.core.files.csv_reader import MAX_CELLS
from mxlib.core.files.errors import FileRefused, no_header_in
from mxlib.core.text import file_problems

#: How many rows are searched for the header.
SEARCHED = 20

#: The header of a list of addresses that has none.
_LIST_OF_ADDRESSES = ("email",)


@dataclass(frozen=True, slots=True)
class HeaderCandidate:
    """One of the first rows of a table: the header, a title above it, or already data.

    `start` and `end` are where the row starts and where the next one does, in characters of a text or rows of a sheet.
    """

    line: int
    next_line: int
    cells: list[str] = field(repr=False)
    start: int
    end: int
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table, the line on which it stands (0 without one), the title, and where its rows start."""

    header: tuple[str, ...]
    line: int
    title: str
    first: int
    first_line: int
    delimiter: str


def candidates_searched(rows: Iterable[HeaderCandidate], header_line: int | None) -> list[HeaderCandidate]:
    """The rows among which the header is, up to the one that names usernames or addresses, or was chosen."""
    found: list[HeaderCandidate] = []
    for row in rows:
        if not "".join(row.cells).strip(BLANKS) or headers.is_comment(row.cells):
            continue
        found.append(row)
        if row.line >= header_line if header_line else len(found) == SEARCHED or headers.names_who(row.cells):
            break
    return found


def delimiter_of(line: str) -> str:
    """The delimiter by which a line names most known columns, else the one that it has most of, outside quotes."""
    bare = encoding.outside_quotes(line)

    def told(sign: str) -> tuple[int, int]:
        return sum(headers.meaning_of(cell) is not None for cell in bare.split(sign, MAX_CELLS)), bare.count(sign)

    return max(encoding.DELIMITERS, key=told)


def find_header(openings: Sequence[HeaderCandidate], header_line: int | None = None) -> Header:
    """Find the header; the first row is taken for it where none names anything known.

    Raises FileRefused when there is no row at all, or none on the line that was chosen.
    """
    if not openings:
        raise FileRefused(no_header_in(header_line) if header_line else file_problems.file_empty())
    if header_line == 0 or (header_line is None and is_list_of_addresses(openings)):
        first = openings[0]
        return Header(_names_for(openings), 0, "", first.start, first.line, first.delimiter)
    position = _position(openings, header_line)
    row = openings[position]
    title = "\n".join(" ".join(filter(None, map(headers.shown, above.cells))) for above in openings[:position])
    return Header(trimmed(row.cells), row.line, title, row.end, row.next_line, row.delimiter)


def rank(openings: Sequence[HeaderCandidate]) -> int:
    """How much the first rows of a sheet look like a table of mailboxes; lower is better."""
    if any(headers.names_who(row.cells) for row in openings):
        return 0
    if any(headers.names_anything(row.cells) for row in openings):
        return 1
    return (2 if is_list_of_addresses(openings) else 3) if openings else 4


def is_list_of_addresses(openings: Sequence[HeaderCandidate]) -> bool:
    """Whether a table without a header is one column of addresses."""
    if any(headers.names_anything(row.cells) for row in openings):
        return False
    return all(len(trimmed(row.cells)) == 1 for row in openings) and "@" in openings[0].cells[0]


def trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Header cells as they are shown, without blank ones at the end."""
    shown = [headers.shown(cell) for cell in cells]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown)


def _position(openings: Sequence[HeaderCandidate], header_line: int | None) -> int:
    """The header is the row that names usernames or addresses, else one that names anything known, else the first."""
    if header_line is not None:
        if openings[-1].line != header_line:
            raise FileRefused(no_header_in(header_line))
        return len(openings) - 1
    for names in (headers.names_who, headers.names_anything):
        for position, row in enumerate(openings):
            if names(row.cells):
                return position
    return 0


def _names_for(openings: Sequence[HeaderCandidate]) -> tuple[str, ...]:
    """Names for the columns of a table that has none."""
    if is_list_of_addresses(openings):
        return _LIST_OF_ADDRESSES
    width = max(len(trimmed(row.cells)) for row in openings)
    return tuple(f"Column {number}" for number in range(1, width + 1))
