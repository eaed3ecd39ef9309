"""Workbooks written part by part, as no spreadsheet would write them."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from mxlib.core.files import reader
from mxlib.core.files.reader import FileRefused, Limits, ReadOptions, Sheet

SHEET = "xl/worksheets/sheet1.xml"


def book(**sheets: list[list[Any]]) -> bytes:
    """A workbook with these sheets; cells are written as what they are."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return packed.getvalue()


def with_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part changed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in whole.namelist():
            copy.writestr(name, change(whole.read(name)) if name == part else whole.read(name))
    return changed.getvalue()


def read(data: bytes, options: ReadOptions | None = None, limits: Limits | None = None) -> Sheet:
    return reader.read(data, "staff.xlsx", options=options, limits=limits or Limits())


def rows(sheet: Sheet) -> list[list[str]]:
    return [sheet.table.row(at) for at in range(len(sheet))]


def refusal(data: bytes, options: ReadOptions | None = None, limits: Limits | None = None) -> str:
    with pytest.raises(FileRefused) as refused:
        read(data, options, limits)
    return str(refused.value)


STAFF = [["username", "password"], ["alice", "Abcd1234"]]
