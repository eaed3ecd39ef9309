"""Decide which work is light enough for the server process.

Light work takes at most a fifth of a second, whatever the data holds. All other work is done in the worker process.
"""

import io
import sys
import zipfile

import pandas as pd
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.files.sheet import Sheet
from mxlib.core.files.xlsx_reader import ENTRY, MAX_PARTS, is_zip

#: Most bytes of light work: of a file, of pasted text or JSON, of an unpacked workbook, of a table.
_FILE, _TEXT, _UNPACKED, _TABLE = 30_000, 100_000, 1_000_000, 2_000_000

#: Most rows of light work, and most different cells beyond ASCII: each of those is checked by itself.
_MANY, _MANY_UNUSUAL = 20_000, 1_000
_FOREIGN = ("username", "domain", "recovery_email")


def is_small(data: bytes) -> bool:
    """Return whether a file is small enough to read in the server process."""
    return len(data) <= _FILE and (not is_zip(data) or _unpacked_size(data) <= _UNPACKED)


def is_short(text: str | bytes) -> bool:
    """Return whether pasted text or JSON is short enough to read in the server process."""
    return len(text) <= _TEXT


def is_light(sheet: Sheet) -> bool:
    """Return whether any question about a sheet is answered in the server process."""
    return int(sheet.table.rows.nbytes) <= _TABLE


def is_heavy(rows: pd.DataFrame) -> bool:
    """Return whether validation takes longer.

    That is so for many rows, or for many different cells beyond ASCII.
    """
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
    """Return the unpacked size in bytes that an archive declares.

    Returns more than any limit if the archive has too many parts to find out.
    """
    if data.count(ENTRY) > MAX_PARTS:
        return sys.maxsize
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(part.file_size for part in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return 0  # a damaged archive is refused at once
