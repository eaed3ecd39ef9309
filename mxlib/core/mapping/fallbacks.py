"""Read a refused file in other ways, to find one that makes a table."""

from collections.abc import Iterator

from mxlib.core import headers
from mxlib.core.files import encoding as dialect
from mxlib.core.files import reader, xlsx_reader
from mxlib.core.files.csv_reader import MAX_CELLS, physical_line
from mxlib.core.files.encoding import DELIMITERS
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.header_row import SEARCHED, delimiter_of
from mxlib.core.files.sheet import Limits, ReadOptions, Sheet
from mxlib.core.mapping.suggestions import is_data

_SHEETS_TRIED = 12


def read_with_fallbacks(data: bytes, name: str, limits: Limits) -> Sheet | None:
    """Read a refused file in the first other way that gives rows.

    Returns None when no way does. The result is a proposal: the person who brought the file must check it first.
    """
    book = _book(data, name, limits) if xlsx_reader.is_zip(data) else None
    for way, must_be_known in _ways(data, name, book):
        try:
            sheet = reader.read(data, name, limits=limits, options=way, book=book)
        except FileRefused:
            continue
        if sheet.options.header_line and headers.names_anything(sheet.header):
            return sheet
        if not must_be_known and (len(sheet) > 1 or any(map(is_data, sheet.table.row(0)))):
            return sheet
    return None


def _ways(data: bytes, name: str, book: xlsx_reader.Workbook | None) -> Iterator[tuple[ReadOptions, bool]]:
    """Yield read options, the likeliest first, and whether only a known header justifies each."""
    if xlsx_reader.is_zip(data):
        yield from ((ReadOptions(sheet=sheet), False) for sheet in (book.names if book else ())[:_SHEETS_TRIED])
        return
    if b"\0" in data:
        yield from ((ReadOptions(encoding=encoding), True) for encoding in ("utf-16-le", "utf-16-be"))
        return
    yield from ((ReadOptions(header_line=line), True) for line in _headers(data, name))
    yield ReadOptions(quoted=False), False
    yield from ((ReadOptions(delimiter=sign, quoted=False), True) for sign in DELIMITERS)
    yield ReadOptions(header_line=0), False


def _book(data: bytes, name: str, limits: Limits) -> xlsx_reader.Workbook | None:
    if len(data) > limits.bytes:
        return None
    try:
        return xlsx_reader.open_workbook(data, name, limits)
    except FileRefused:
        return None


def _headers(data: bytes, name: str) -> Iterator[int]:
    """Yield the first lines that name usernames or addresses, regardless of quotes around them."""
    try:
        text, _ = dialect.decode(data, name)
    except FileRefused:
        return
    at = 0
    for line in range(1, SEARCHED + 1):
        whole = physical_line(text, at)
        at += len(whole)
        if line > 1 and headers.names_who(whole.split(delimiter_of(whole), MAX_CELLS)):
            yield line
