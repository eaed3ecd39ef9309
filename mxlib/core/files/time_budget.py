"""What is looked into in passing, within a fifth of a second whatever it holds; all else is done beside the server."""

import io
import sys
import zipfile

import pandas as pd
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.files.sheet import Sheet
from mxlib.core.files.xlsx_reader import ENTRY, MAX_PARTS, is_zip

#: Bytes of a text, of pasted text or JSON, of an unpacked workbook and of a table that are little enough.
_FILE, _TEXT, _UNPACKED, _TABLE = 30_000, 100_000, 1_000_000, 2_000_000

#: Rows, and different cells beyond ASCII, each of which is looked at by itself, of which there may be many.
_MANY, _MANY_UNUSUAL = 20_000, 1_000
_FOREIGN = ("username", "domain", "recovery_email")


def is_small(data: bytes) -> bool:
    """Whether a file is read at once."""
    return len(data) <= _FILE and (not is_zip(data) or _unpacked_size(data) <= _UNPACKED)


def is_short(text: str | bytes) -> bool:
    """Whether pasted text, or JSON, is read at once."""
    return len(text) <= _TEXT


def is_light(sheet: Sheet) -> bool:
    """Whether whatever is asked of a sheet is answered at once."""
    return int(sheet.table.rows.nbytes) <= _TABLE


def is_heavy(rows: pd.DataFrame) -> bool:
    """Whether judging takes longer: there are many rows, or many different cells beyond ASCII."""
    if len(rows) > _MANY:
        return True
    unusual = 0
    for name in _FOREIGN:
        cells = arrow_text.cells_of(rows[name])
        foreign = pc.invert(pc.string_is_ascii(cells))
        if pc.any(foreign).as_py():
            unusual += len(cells.filter(foreign).unique())
    return unusual > _MANY_UNUSUAL


def _unpacked_size(data: bytes) -> int:
    """Bytes that an archive says it has unpacked; more than any may have where it can not be told."""
    if data.count(ENTRY) > MAX_PARTS:
        return sys.maxsize
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return 0  # it is refused at once
