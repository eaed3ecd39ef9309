"""Read Excel workbooks as sheets of text cells, with their size checked first.

A megabyte of .xlsx can unpack to hundreds, and two cells at the ends of a sheet span seventeen thousand million blank
ones. So every part is unpacked only to the size that the archive declares, the filled cells of every sheet are
measured, and the reader gets a copy that holds nothing else. Cells also share texts: thirty thousand characters that
ten thousand cells point to are written once and read ten thousand times.
"""

import datetime
import html
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from xml.parsers import expat

import numpy as np
import numpy.typing as npt
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import errors
from mxlib.core.files.csv_reader import MAX_CELLS, check_width
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import Limits
from mxlib.core.files.xlsx_parts import (
    DATE_MARK,
    SheetParts,
    fill_merged,
    formats_of,
    parts_of,
    rewritten,
    with_errors_as_text,
)
from mxlib.core.text import file_problems

Sizes = npt.NDArray[np.int64]

_NO_SIZES = np.zeros(0, np.int64)
MAX_PARTS = 2_000
ENTRY = b"PK\x01\x02"
_PARTS = (".xml", ".rels")
#: A prefix of tags. The reader of cells takes any, and XML allows far more than letters and digits.
_PREFIX = rb"(?:[^\s<>/:]++:)?"
_WORKSHEET = re.compile(rb"<(%b)sheetData[\s/>]" % _PREFIX)
_EMPTY_WORKSHEET = b"<worksheet><sheetData/></worksheet>"

#: The number of texts that the workbook declares: the reader allocates that many, and crashes when it cannot.
_TEXTS = re.compile(rb"""uniqueCount\s*=\s*["']([^"']*)""")

_SHARED_TEXTS = re.compile(rb"<%bsst[\s/>]" % _PREFIX)
_SHARED_TEXT = re.compile(rb"<%bsi[\s/>]" % _PREFIX)

#: Characters of shared texts in one sheet, in addition to one for each unpacked byte of the workbook.
_SPARE_TEXT = 5_000_000

#: Bytes and tags that a workbook may unpack to: a fixed number, and so many more for each of its own bytes. The cost
#: of reading stays in proportion to its size. Spreadsheets compress some 10 to 30 times, and write 4 tags a cell.
_SPARE_BYTES, _BYTES_A_BYTE = 20_000_000, 60
_SPARE_TAGS, _TAGS_A_BYTE = 1_000_000, 3

#: Rows above the table that do not count towards the limit of rows.
_ROWS_ABOVE = 20
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^<>]*>")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b[^<>]*>")
_ATTRIBUTE = re.compile(r"""\b(?:\w+:)?(\w+)=(?:"([^"]*)"|'([^']*)')""")
_LAST_WHOLE = 10**30


@dataclass(frozen=True)
class Workbook:
    """A workbook that is safe to read.

    `names` are its sheets, visible ones first. `refused` says why a sheet was left out, blank when none was.
    """

    names: tuple[str, ...]
    refused: str
    name: str
    _workbook: CalamineWorkbook = field(repr=False)
    hidden: frozenset[str] = frozenset()
    parts: Mapping[str, SheetParts] = field(default_factory=dict, repr=False)

    def rows(self, sheet: str) -> tuple[list[tuple[int, list[str]]], tuple[int, ...]]:
        """Return the filled rows of a sheet as pairs of row number and text cells.

        Also returns the lines that have a value of a merged range above.
        """
        if sheet not in self.names:
            raise FileRefused(errors.no_sheet(sheet, self.name))
        try:
            found = self._workbook.get_sheet_by_name(sheet)
            rows = list(_filled_rows(found))
            parts = self.parts.get(sheet)
            merged = fill_merged(rows, parts, found.start[1]) if parts and parts.merged and found.start else ()
            return rows, merged
        except (CalamineError, ValueError) as error:
            raise FileRefused(errors.damaged(self.name)) from error


def is_zip(data: bytes) -> bool:
    """Return whether `data` is an archive, as every .xlsx is."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def open_workbook(data: bytes, name: str, limits: Limits) -> Workbook:
    """Open a workbook.

    Raises FileRefused for data that is not a workbook, or would take too much memory.
    """
    try:
        content, refused, parts = _bounded(data, name, limits)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (zipfile.BadZipFile, zlib.error, CalamineError, expat.ExpatError, ValueError, EOFError, OSError) as error:
        raise FileRefused(errors.damaged(name)) from error
    sheets = [sheet for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    sheets.sort(key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
    hidden = frozenset(sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible)
    found = _by_sheet(content, parts)
    return Workbook(tuple(sheet.name for sheet in sheets), refused, name, workbook, hidden, found)


def _by_sheet(content: bytes, parts: Mapping[str, SheetParts]) -> dict[str, SheetParts]:
    """Return what was found in the parts of sheets by the names of the sheets."""
    if not any(each.merged or each.hidden for each in parts.values()):
        return {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {name.casefold().lstrip("/"): name for name in archive.namelist()}
        if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
            return {}
        targets = {}
        for tag in _RELATION.findall(archive.read(names["xl/_rels/workbook.xml.rels"])):
            said = _attributes(tag)
            target = said.get("Target", "")
            targets[said.get("Id", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        sheets = map(_attributes, _SHEET.findall(archive.read(names["xl/workbook.xml"])))
        found = {said.get("name", ""): targets.get(said.get("id", "")) for said in sheets}
    lowered = {name.casefold().lstrip("/"): each for name, each in parts.items()}
    return {name: lowered[part.casefold()] for name, part in found.items() if part and part.casefold() in lowered}


def _attributes(tag: bytes) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag.decode(errors="replace"))
    return {name: html.unescape(double or single) for name, double, single in found}


def _filled_rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    if sheet.start is None:
        return
    for number, values in enumerate(sheet.to_python(), start=sheet.start[0] + 1):
        cells = [value if type(value) is str else _written(value) for value in values]
        if "".join(cells).strip(BLANKS):
            if len(cells) > MAX_CELLS:
                cells = _without_blank_end(cells)
                check_width(number, len(cells))
            yield number, cells


def _without_blank_end(cells: list[str]) -> list[str]:
    filled = len(cells)
    while filled and not cells[filled - 1].strip(BLANKS):
        filled -= 1
    return cells[:filled]


def _written(value: object) -> str:
    """Return a cell's value as people write it.

    Whole numbers have no decimal point, and dates are in ISO format.
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        shown = Decimal(f"{value:.15g}")  # a spreadsheet calculates with more digits than it shows
        return str(int(shown)) if shown == shown.to_integral() and abs(shown) < _LAST_WHOLE else str(float(shown))
    if isinstance(value, datetime.datetime):
        return DATE_MARK + value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
        return f"{DATE_MARK}{value}"
    return str(value)


def _bounded(data: bytes, name: str, limits: Limits) -> tuple[bytes, str, dict[str, SheetParts]]:
    """Return a copy of a workbook, a reason, and what its parts say.

    Each part of the copy is no larger than the archive declares. The reason says why a sheet is missing, blank when
    none is.
    """
    if data.count(ENTRY) > MAX_PARTS:
        raise FileRefused(errors.damaged(name))
    refused = ""
    longest, sharing = 0, []
    said: dict[str, SheetParts] = {}
    copied = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copied, "w", zipfile.ZIP_STORED) as copy:
        parts = {part.filename: part for part in archive.infolist()}
        _refuse_others(set(parts))
        relevant = [part for part in parts.values() if part.filename.casefold().endswith(_PARTS)]
        unpacked = sum(part.file_size for part in relevant)
        for most in (limits.unpacked, _SPARE_BYTES + _BYTES_A_BYTE * len(data)):
            if unpacked > most:
                raise FileRefused(errors.unpacks_too_large(unpacked, most))
        styles = next((part for part in relevant if _plain(part.filename) == "xl/styles.xml"), None)
        formats = formats_of(_unpacked(archive, styles, most_texts=unpacked)) if styles else {}
        tags, most_tags = 0, _SPARE_TAGS + _TAGS_A_BYTE * len(data)
        for part in relevant:
            content = _unpacked(archive, part, most_texts=unpacked)
            worksheet = _WORKSHEET.search(content)
            tags += content.count(b"<") // (1 if worksheet else 4)  # no Python code reads the others
            if tags > most_tags:
                raise FileRefused(errors.too_many_cells_in(most_tags))
            if worksheet:
                if b"<!DOCTYPE" in content:
                    raise ValueError("no part of a workbook has a document type")
                prefix = worksheet[1]
                said[_plain(part.filename)] = parts_of(content, prefix, _number_of)
                content = rewritten(content, prefix, formats)
                extent = _measure(content)
                trouble = extent.trouble(limits.rows, unpacked)
                content = _EMPTY_WORKSHEET if trouble else with_errors_as_text(content, prefix)
                refused = refused or trouble
                if not trouble:
                    sharing.append((extent.shared, part))
            elif _SHARED_TEXTS.search(content):
                longest = max(longest, int(_sizes(content).max()))
            copy.writestr(part.filename.replace("\\", "/"), content)
        room = unpacked + _SPARE_TEXT
        for shared, part in sharing:
            if shared * longest > room:
                _refuse_repetition(archive, part, [each for each in relevant if each is not part], room)
    return copied.getvalue(), refused, said


def _sizes(content: bytes) -> Sizes:
    """Return an upper bound of the characters of each shared text, in their order."""
    starts = np.fromiter((found.start() for found in _SHARED_TEXT.finditer(content)), np.int64)
    return np.diff(starts, append=len(content)) if len(starts) else np.zeros(1, np.int64)


def _refuse_repetition(
    archive: zipfile.ZipFile, sheet: zipfile.ZipInfo, others: list[zipfile.ZipInfo], room: int
) -> None:
    """Raise FileRefused when the cells of a sheet come to over `room` characters.

    Each cell counts with its own copy of a shared text.
    """
    texts = (content for content in map(archive.read, others) if _SHARED_TEXTS.search(content))
    sizes = max(map(_sizes, texts), key=np.sum)
    extent = _measure(archive.read(sheet), sizes)
    if extent.characters > room:
        raise FileRefused(errors.repeats_too_much(extent.characters, room))


def _plain(part: str) -> str:
    """Return the name of a part as compared: some programs write it with backslashes."""
    return part.replace("\\", "/").lstrip("/").casefold()


def _refuse_others(parts: set[str]) -> None:
    if "xl/workbook.xml" in set(map(_plain, parts)):
        return
    if "content.xml" in parts:
        raise FileRefused(errors.OPEN_DOCUMENT)
    if any(part.startswith("Index/") or part == "Index.zip" for part in parts):
        raise FileRefused(errors.NUMBERS)
    if "xl/workbook.bin" in parts:
        raise FileRefused(errors.BINARY_WORKBOOK)
    raise FileRefused(file_problems.not_a_table("a text document" if "word/document.xml" in parts else "a zip archive"))


def _unpacked(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most_texts: int) -> bytes:
    """Return the content of a part.

    A part that is longer than the archive declares fails its checksum.
    """
    if part.flag_bits & 1:
        raise FileRefused(errors.LOCKED)
    if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise zipfile.BadZipFile("unusual compression")
    with archive.open(part) as packed:
        content = packed.read(part.file_size)
    for texts in _TEXTS.findall(content):
        if b"&" in texts or (texts.strip(b"+ ").isdigit() and int(texts) > most_texts):
            raise ValueError("more texts than bytes")
    return content


@dataclass(frozen=True, slots=True)
class _Extent:
    """The extent of the filled cells of a worksheet: its rows, and the area that they span.

    `shared` is the number of cells that share a text, and `characters` those of their texts where these are known.
    """

    rows: int
    area: int
    shared: int
    characters: int

    def trouble(self, most_rows: int, unpacked: int) -> str:
        """Return why the sheet cannot be read; blank when it can."""
        if self.rows > most_rows + _ROWS_ABOVE:
            return file_problems.too_many_rows(self.rows - 1, most_rows)
        room = 500_000 + unpacked // 8
        return errors.too_wide_apart(room) if self.area > room else ""


def _number_of(letters: str) -> int:
    """Return the number of a column: 1 for `A`, 27 for `AA`."""
    number = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z" or number > 1_000_000:
            raise ValueError("no cell reference")
        number = number * 26 + ord(letter) - ord("A") + 1
    if not number:
        raise ValueError("no cell reference")
    return number


def _measure(content: bytes, sizes: Sizes = _NO_SIZES) -> _Extent:
    """Measure the extent of the filled cells of a worksheet.

    Cells are placed by the same rules as when the sheet is read. With the `sizes` of the shared texts, their characters
    in all cells are counted as well. The handlers are closures, since they are called for every tag.
    """
    if b"<!DOCTYPE" in content:
        raise ValueError("no part of a workbook has a document type")
    columns = dict[str, int]()
    row = column = last_row = rows = shared = characters = 0
    first_row = first_column = last_column = 0
    points, pointed_to = False, ""

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, last_row, rows, shared, first_row, first_column, last_column, points
        kind = tag.rpartition(":")[2] if ":" in tag else tag
        if kind == "c":
            points = attributes.get("t") == "s"
            shared += points
            reference = attributes.get("r")
            if reference is None:
                column += 1
                return
            letters = reference.rstrip("0123456789")
            if letters not in columns:
                columns[letters] = _number_of(letters)
            column = columns[letters]
            row = int(reference[len(letters) :])
        elif kind == "v" or kind == "is":
            if row != last_row:
                if row < last_row:
                    raise ValueError("rows out of order")
                if not rows:
                    first_row, first_column = row, column
                rows += 1
                last_row = row
            if column > last_column:
                last_column = column
            if column < first_column:
                first_column = column
        elif kind == "row":
            row = int(attributes["r"]) if "r" in attributes else row + 1
            column = 0

    def add_text(text: str) -> None:
        nonlocal pointed_to
        if points:  # the text is the number of a shared one
            pointed_to += text

    def ended(tag: str) -> None:
        nonlocal characters, pointed_to
        if pointed_to and tag.rpartition(":")[2] == "v":
            at = int(pointed_to)
            characters += int(sizes[at]) if 0 <= at < len(sizes) else 0
        pointed_to = ""

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    if len(sizes):
        parser.CharacterDataHandler, parser.EndElementHandler = add_text, ended
    parser.Parse(content, True)
    return _Extent(rows, (last_row - first_row + 1) * (last_column - first_column + 1), shared, characters)
