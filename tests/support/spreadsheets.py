"""Spreadsheets behind the files that LibreOffice wrote.

`python -m tests.support.spreadsheets` writes those files again.
"""

import io
from datetime import date
from pathlib import Path
from typing import NamedTuple

import xlsxwriter

from tests.support import libreoffice as soffice
from tests.support.libreoffice import csv_filter

FILES = Path(__file__).parents[1] / "files"
HEADER = ["Username", "Password", "Quota (MB)", "Limit", "Recovery e-mail", "Domain", "Note"]


class Written(NamedTuple):
    """How LibreOffice wrote a file: the spreadsheet, the format and the locale."""

    source: str
    target: str
    locale: str = "en-US"


WRITTEN = {
    "libreoffice-utf-8.csv": Written("staff", csv_filter()),
    "libreoffice-quote-all.csv": Written("staff", csv_filter(quote_all=True)),
    "libreoffice-not-as-shown.csv": Written("staff", csv_filter(shown=False, numbers=False)),
    "libreoffice-german.csv": Written("staff", csv_filter(";", soffice.WINDOWS_1252), "de-DE"),
    "libreoffice-french.csv": Written("staff", csv_filter(";"), "fr-FR"),
    "libreoffice-polish.csv": Written("polish", csv_filter(";", soffice.WINDOWS_1250), "pl-PL"),
    "libreoffice-mac.csv": Written("staff", csv_filter("|", soffice.MAC_ROMAN)),
    "libreoffice-tabs.tsv": Written("staff", csv_filter("\t")),
    "libreoffice-unicode-text.txt": Written("staff", csv_filter("\t", soffice.UTF_16)),
    "libreoffice.xlsx": Written("staff", soffice.XLSX),
    "libreoffice-second-sheet.xlsx": Written("titled", soffice.XLSX, "de-DE"),
}


def source(name: str) -> bytes:
    """Return one of the spreadsheets as a workbook."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        {"staff": _staff, "polish": _polish, "titled": _titled}[name](book)
    return packed.getvalue()


def _staff(book: xlsxwriter.Workbook) -> None:
    """Write typical cells: texts like numbers, numbers with formats, line ends, blank rows."""
    text, thousands, decimal, day = (
        book.add_format({"num_format": shown}) for shown in ("@", "#,##0", "0.0", "yyyy-mm-dd")
    )
    sheet = book.add_worksheet("Staff")
    sheet.write_row(0, 0, HEADER)
    for row, cells in {
        1: ["007", "Ab,cd;12 34|x", None, None, "james@example.net", "clienta.nl", "first line\nsecond line"],
        2: ["joerg.mueller", 'Say "Hi" 2026ü', None, None, "", "ClientB.nl", "Größe: übel"],
        4: ["1e5", "'Geheim2026", None, None, "", "", "after a blank row"],
        5: ["1234567890123456789", "=Cmd2026x", "2 GB"],
    }.items():
        for column, cell in enumerate(cells):
            if cell:
                sheet.write_string(row, column, cell, text)
    sheet.write_number(1, 2, 1024, thousands)
    sheet.write_number(1, 3, 500)
    sheet.write_number(2, 2, 2048, decimal)
    sheet.write_number(4, 2, 512)
    sheet.write_number(4, 3, 9600, thousands)
    sheet.write_datetime(5, 6, date(2026, 5, 3), day)
    sheet.write_string(9, 6, " ", text)


def _polish(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet("Pracownicy")
    thousands = book.add_format({"num_format": "#,##0"})
    sheet.write_row(0, 0, ["Username", "Password", "Quota", "Note"])
    sheet.write_row(1, 0, ["lukasz", "Żółć2026x"])
    sheet.write_number(1, 2, 10240, thousands)
    sheet.write_string(1, 3, "Łódź")


def _titled(book: xlsxwriter.Workbook) -> None:
    """Write a cover sheet, and a table below a title, a little off the corner."""
    book.add_worksheet("Deckblatt").write_row(0, 0, ["Neue Postfächer", date(2026, 5, 3).isoformat()])
    sheet = book.add_worksheet("Postfächer")
    sheet.write_string(1, 1, "Stand Mai")
    sheet.write_row(3, 1, ["E-Mail-Address", "Quota (GB)", "Password"])
    sheet.write_row(4, 1, ["anna@clienta.nl", 1.5, "Geheim.2026x"])
    sheet.write_row(6, 1, ["0049@clienta.nl", 2])
    sheet.write_boolean(7, 1, True)
    sheet.write_formula(8, 1, "=1/0", None, "#DIV/0!")
    sheet.write_formula(9, 1, '="kim" & "@clienta.nl"', None, "kim@clienta.nl")


def written(name: str) -> bytes:
    """Return what the LibreOffice of this machine writes."""
    made = WRITTEN[name]
    return soffice.saved_as(source(made.source), "source.xlsx", made.target, locale=made.locale)


if __name__ == "__main__":
    for name in WRITTEN:
        (FILES / name).write_bytes(written(name))
