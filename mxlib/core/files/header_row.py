"""Find where a table starts: its header among the first rows, and the title above it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mxlib.core import headers
from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import encoding
from mxlib.core.files.csv_reader import MAX_CELLS
from mxlib.core.files.errors import FileRefused, no_header_in
from mxlib.core.text import file_problems

#: Number of rows that are searched for the header.
SEARCHED = 20

#: The header given to a list of addresses without one.
_LIST_OF_ADDRESSES = ("email",)


_LINE_IN_QUOTES = re.compile(r'"(?:[^"]++|"")*+"')

#: An address and what follows it, such as a password; not `mailto:` or a name in front.
_ADDRESS_AND_MORE = re.compile(
    r"(?!(?:mailto|smtp):)[^\s@:<>,;]++@[^\s@:<>,;]++(?P<sign>:|\s++)[^<>@]++.*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class HeaderCandidate:
    """One of the first rows of a table: the header, a title above it, or already data.

    `start` and `end` are the positions of this row and the next one, in characters of a text or rows of a sheet.
    """

    line: int
    next_line: int
    cells: list[str] = field(repr=False)
    start: int
    end: int
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table, its line, the title, and where the rows start.

    `line` is 0 for a table without a header. `first` is where the rows start, in characters of a text or rows of a
    sheet; `first_line` is the line there. `unsure` means that nothing in it shows that it is a header.
    """

    header: tuple[str, ...]
    line: int
    title: str
    first: int
    first_line: int
    delimiter: str
    unsure: bool = False


def candidates_searched(rows: Iterable[HeaderCandidate], header_line: int | None) -> list[HeaderCandidate]:
    """Return the first rows, among which the header is.

    They end with the chosen header line. Blank rows and comments are left out. A row below a known header that cannot
    be read is no candidate: reading the table reports it.
    """
    found: list[HeaderCandidate] = []
    following = iter(rows)
    while True:
        try:
            row = next(following)
        except StopIteration:
            break
        except FileRefused:
            if header_line is None and any(headers.names_who(row.cells) for row in found):
                break
            raise
        if not "".join(row.cells).strip(BLANKS) or headers.is_comment(row.cells):
            continue
        found.append(row)
        if row.line >= header_line if header_line else len(found) == SEARCHED:
            break
    return found


def lines_without_quotes(text: str) -> str | None:
    """Return a text without the quotes around each of its lines.

    Returns None where a line is not one quoted cell, or the first line names no known columns.
    """
    if not text.startswith('"'):
        return None
    lines = text.splitlines(keepends=True)
    bare = [line.rstrip("\r\n") for line in lines]
    if not all(_LINE_IN_QUOTES.fullmatch(line) for line in bare if line.strip(BLANKS)):
        return None
    first = bare[0][1:-1].replace('""', '"')
    cells = first.split(delimiter_of(first), MAX_CELLS)
    if len(cells) < 2 or not headers.names_who(cells):
        return None
    return "".join(
        line[len(cell) :] if not cell.strip(BLANKS) else cell[1:-1].replace('""', '"') + line[len(cell) :]
        for line, cell in zip(lines, bare, strict=True)
    )


def other_delimiter(openings: Sequence[HeaderCandidate], head: Header) -> str:
    """Return the unusual sign that separates cells, such as `colons`; blank without one."""
    cells = [trimmed(row.cells)[0] for row in openings if len(trimmed(row.cells)) == 1]
    if len(cells) < len(openings):
        return ""
    if head.line == 0:
        parts = [found for cell in cells if (found := _ADDRESS_AND_MORE.fullmatch(cell))]
        if 2 * len(parts) > len(cells):
            return "colons" if all(":" in found["sign"] for found in parts) else "blanks"
        return ""
    for sign, signs in ((":", "colons"), (" ", "blanks")):
        names = head.header[0].split(sign, MAX_CELLS) if head.header else []
        if headers.known_in(names) > 1 and all(sign in cell for cell in cells):
            return signs
    return "colons" if not headers.names_anything(head.header) and _are_passwd_lines(cells) else ""


def _are_passwd_lines(cells: Sequence[str]) -> bool:
    """Return whether all cells have several colons, as many in each, like `/etc/passwd`."""
    return cells[0].count(":") > 1 and len({cell.count(":") for cell in cells}) == 1


def delimiter_of(line: str) -> str:
    """Return the delimiter that splits a line into the most known column names.

    Among equals it is the delimiter that occurs most often outside quotes.
    """
    bare = encoding.outside_quotes(line)

    def score(sign: str) -> tuple[int, int]:
        return sum(headers.meaning_of(cell) is not None for cell in bare.split(sign, MAX_CELLS)), bare.count(sign)

    return max(encoding.DELIMITERS, key=score)


def find_header(openings: Sequence[HeaderCandidate], header_line: int | None = None) -> Header:
    """Find the header; use the first row of several cells where none names anything known.

    Raises FileRefused when there are no rows, or no row on the chosen line.
    """
    if not openings:
        raise FileRefused(no_header_in(header_line) if header_line else file_problems.file_empty())
    if header_line == 0 or (header_line is None and is_list_of_addresses(openings)):
        first = openings[0]
        return Header(_names_for(openings), 0, "", first.start, first.line, first.delimiter)
    position = _position(openings, header_line)
    row = openings[position]
    title = "\n".join(" ".join(filter(None, map(headers.shown, above.cells))) for above in openings[:position])
    header = trimmed(row.cells)
    unsure = header_line is None and not _is_surely_one(header)
    return Header(header, row.line, title, row.end, row.next_line, row.delimiter, unsure)


def _is_surely_one(header: Sequence[str]) -> bool:
    """Return whether a row shows by its names that it is a header."""
    if headers.names_anything(header) or headers.names_people(header):
        return True
    return headers.suggested_in(header) >= min(2, len(header))


def rank(openings: Sequence[HeaderCandidate]) -> int:
    """Rank the first rows of a sheet by how much they look like mailboxes.

    Lower is better; 4 is for a sheet without rows.
    """
    if any(headers.names_who(row.cells) for row in openings):
        return 0
    if any(headers.names_anything(row.cells) for row in openings):
        return 1
    return (2 if is_list_of_addresses(openings) else 3) if openings else 4


def is_list_of_addresses(openings: Sequence[HeaderCandidate]) -> bool:
    """Return whether a table without a header is one column of addresses."""
    if any(headers.names_anything(row.cells) for row in openings):
        return False
    return all(len(trimmed(row.cells)) == 1 for row in openings) and "@" in openings[0].cells[0]


def trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Return header cells as shown, without blank ones at the end."""
    shown = [headers.shown(cell) for cell in cells]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown)


def _position(openings: Sequence[HeaderCandidate], header_line: int | None) -> int:
    """Return the position of the header row.

    It is the row that names most different known columns; of equals the wider, then the first. Where none names
    usernames or addresses, it is a row of first and last names, if there is one; else that with most headers that only
    suggest something.
    """
    if header_line is not None:
        if openings[-1].line != header_line:
            raise FileRefused(no_header_in(header_line))
        return len(openings) - 1
    if not any(headers.names_who(row.cells) for row in openings):
        people = next((at for at, row in enumerate(openings) if headers.names_people(row.cells)), None)
        if people is not None:
            return people
    if not any(headers.known_in(row.cells) for row in openings):
        suggested = [headers.suggested_in(row.cells) for row in openings]
        if any(suggested):
            return suggested.index(max(suggested))
        return next((at for at, row in enumerate(openings) if len(trimmed(row.cells)) > 1), 0)
    return max(range(len(openings)), key=lambda at: (*_named(openings[at]), -at))


def _named(row: HeaderCandidate) -> tuple[int, int]:
    """Return how many known columns a row names, and its width.

    Both are 0 for a row that names none.
    """
    known = headers.known_in(row.cells)
    return known, len(trimmed(row.cells)) if known else 0


def _names_for(openings: Sequence[HeaderCandidate]) -> tuple[str, ...]:
    """Return names for the columns of a table without a header."""
    if is_list_of_addresses(openings):
        return _LIST_OF_ADDRESSES
    width = max(len(trimmed(row.cells)) for row in openings)
    return tuple(f"Column {number}" for number in range(1, width + 1))
