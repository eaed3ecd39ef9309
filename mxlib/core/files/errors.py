"""Detect files to refuse, with one sentence each that says what to do instead.

Sentences that other packages use as well are in `text.file_problems`.
"""

import re

from mxlib.core.format import quoted
from mxlib.core.text import file_problems


class FileRefused(Exception):
    """A refused file; the message is one sentence that names the problem and its place.

    `line` is the line of the file that is at fault, 0 when no single line is.
    """

    def __init__(self, sentence: str, line: int = 0) -> None:
        super().__init__(sentence)
        self.line = line


class Unread(FileRefused):
    """A file that may be a table, but costs too much to read."""


class TooCostly(Unread):
    """Reading or validating reached its limit of time or memory."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"Reading this took over {seconds:,.0f} seconds or too much memory, so it was stopped. "
            "Save the table alone as CSV, or split it."
        )


class Crowded(Unread):
    """Too many files are waiting to be read."""

    def __init__(self) -> None:
        super().__init__("As many files are being read as this server reads at a time. Try again in a minute.")


#: First bytes of files that are not tables, and the name of each kind.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"II*\x00", "a picture"),
    (b"MM\x00*", "a picture"),
    (b"BM", "a picture"),
    (b"RIFF", "a picture or a sound"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\x1f\x8b", "a packed file (gzip)"),
    (b"7z\xbc\xaf\x27\x1c", "a packed file (7z)"),
    (b"Rar!\x1a\x07", "a packed file (RAR)"),
    (b"BZh", "a packed file (bzip2)"),
    (b"\xfd7zXZ\x00", "a packed file (xz)"),
    (b"SQLite format 3\x00", "a database"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
#: Beginnings of letters only may be a header (`BM`, `MZ`, `RIFF`): they count only when the rest is not text.
_COULD_BE_TEXT = (b"BM", b"MZ", b"RIFF", b"GIF8", b"BZh")
_WEB_PAGES = (b"<!doctype html", b"<html")
#: Tags of a web page that begins with something else, such as a comment or a table.
_WEB_TAGS = (b"<html", b"<table", b"<head", b"<body", b"<meta", b"<!doctype html")
_EXCEL_XML = (b"urn:schemas-microsoft-com:office:spreadsheet", b'progid="excel.sheet"')
_JSON = re.compile(rb"""\s*+(?:\[\s*+(?:[{\["\]]|$)|\{\s*+(?:["}]|$))""")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

#: Control characters that no text has. Tabs, line ends, form feeds and the Ctrl-Z of old exports are allowed.
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\v\f\r\x1a\x1b\x1c\x1d\x1e\x1f")
_LOOKED_AT = 65_536


def refuse_foreign(data: bytes) -> None:
    """Raise FileRefused when `data` is clearly a file of another kind."""
    if data.startswith(_OLE):
        raise FileRefused(LOCKED if _ENCRYPTED in data else OLD_EXCEL)
    start = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"<"):
        if any(mark in start for mark in _EXCEL_XML):
            raise FileRefused(EXCEL_XML)
        if start.startswith(_WEB_PAGES) or any(tag in start for tag in _WEB_TAGS):
            raise FileRefused(file_problems.not_a_table("a web page"))
        if start.startswith(b"<?xml"):
            raise FileRefused(file_problems.not_a_table("an XML file"))
    if _JSON.match(start):
        raise FileRefused(file_problems.not_a_table("JSON"))
    for beginning, what in _BEGINNINGS:
        if data.startswith(beginning) and (beginning not in _COULD_BE_TEXT or _is_binary(data)):
            raise FileRefused(file_problems.not_a_table(what))


def refuse_binary(data: bytes) -> None:
    """Raise FileRefused when `data` is binary.

    It is called for data that is not UTF-8; text in an older encoding passes.
    """
    if _is_binary(data):
        raise FileRefused(file_problems.not_a_table("a binary file"))


def _is_binary(data: bytes) -> bool:
    """Return whether more than one byte in fifty is a control character."""
    start = data[:_LOOKED_AT]
    return (len(start) - len(start.translate(None, _CONTROLS))) * 50 > len(start)


EXCEL_XML = "This is an Excel XML file of 2003: save it as .xlsx or CSV."
NUMBERS = "This is a Numbers document: export it as Excel or CSV."
OLD_EXCEL = "This is an old Excel workbook (.xls): save it as .xlsx or CSV."
LOCKED = "This workbook is locked with a password: save it without one, or as CSV."
BINARY_WORKBOOK = "This is a binary workbook (.xlsb): save it as .xlsx or CSV."
OPEN_DOCUMENT = "This is an OpenDocument spreadsheet: save it as .xlsx or CSV."


def nul_bytes(name: str) -> str:
    """Say that a text has NUL bytes."""
    return f"{name} holds NUL bytes: it is no text, or UTF-16 without its mark. Save it as CSV UTF-8."


def not_in(name: str, encoding: str) -> str:
    """Say that a text is not in its declared or chosen encoding."""
    return f"{name} does not read as {encoding}. Choose another encoding, or save it as CSV UTF-8."


def no_delimiter(sign: str, name: str) -> str:
    """Say that the chosen delimiter cannot be one."""
    return f"{quoted(sign)} cannot separate the cells of {name}. Choose one character."


def too_many_cells(line: int, cells: int, limit: int) -> str:
    """Say that a row has more cells than any table of mailboxes."""
    return f"Line {line} has {cells:,} values; the limit is {limit:,}."


def separated_by(signs: str) -> str:
    """Say that an unusual sign separates the cells, such as `colons`."""
    return f"The cells are separated by {signs}, which is not read: use commas, semicolons, tabs or bars."


def far_too_many_rows(counted: int, limit: int) -> str:
    """Say that a file has so many rows that counting stopped."""
    return f"More than {counted:,} rows; the limit is {limit:,}. Split the file."


def no_header_in(line: int) -> str:
    """Say that the line chosen as header is blank, a comment, or does not exist."""
    return f"Line {line} holds no header. Choose another line."


def damaged(name: str) -> str:
    """Say that a workbook cannot be read."""
    return f"{name} is damaged, or no workbook at all. Open it in a spreadsheet and save it again as .xlsx or CSV."


def unpacks_too_large(size: int, limit: int) -> str:
    """Say that a workbook would fill the memory; `size` and `limit` in bytes."""
    return f"Unpacked it is {size / 1_000_000:,.1f} MB; the limit is {limit / 1_000_000:,.0f} MB. Save it as CSV."


def too_many_cells_in(limit: int) -> str:
    """Say that a workbook holds far more cells than its size explains.

    Most of such cells are blank or alike.
    """
    return f"This workbook has more than {limit:,} tags in its cells: too many for its size. Save the table as CSV."


def too_wide_apart(sheet_limit: int) -> str:
    """Say that the cells of a workbook are too far apart.

    The blank cells between them would fill the memory.
    """
    return f"The cells of this workbook lie too far apart (limit {sheet_limit:,}). Save the table alone, or as CSV."


def repeats_too_much(size: int, limit: int) -> str:
    """Say that the shared texts of a workbook are repeated in too many cells.

    They would fill the memory if each cell had its own copy. `size` and `limit` are in characters.
    """
    figures = f"{size / 1_000_000:,.1f} million characters; the limit is {limit / 1_000_000:,.1f} million"
    return f"The texts that the cells of this workbook share come to {figures}. Save the table alone, or as CSV."


def no_sheet(sheet: str, name: str) -> str:
    """Say that the workbook does not have the chosen sheet."""
    return f"{name} has no sheet {quoted(sheet)}."
