"""Write tables of figures to download: .xlsx with numbers and dates as such, and CSV."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import xlsxwriter

from mxlib.core.files.writer import table_csv
from mxlib.core.formula_guard import guard

#: One cell: a text, a number, a day, or nothing.
Cell = str | int | float | date | None

Sheets = Mapping[str, Sequence[Sequence[Cell]]]

#: Width of a column in characters: of its longest text within these.
_NARROWEST, _WIDEST = 10, 48

#: Rows whose texts give a column its width.
_MEASURED = 200


def xlsx(sheets: Sheets) -> bytes:
    """Write tables as .xlsx, a sheet for each, whose first row is its header.

    Texts that a spreadsheet would take for formulas are guarded.
    """
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        formats = {
            str: book.add_format({"num_format": "@"}),
            int: book.add_format({"num_format": "#,##0"}),
            float: book.add_format({"num_format": "#,##0.0#"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for at, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    match cell:
                        case None:
                            continue
                        case str():
                            sheet.write_string(at, column, guard(cell), formats[str] if at else bold)
                        case date():
                            sheet.write_datetime(at, column, cell, formats[date])
                        case _:
                            sheet.write_number(at, column, cell, formats[type(cell)])
            for column, width in enumerate(_widths(rows)):
                sheet.set_column(column, column, width)
            sheet.freeze_panes(1, 0)
            if len(rows) > 1:
                sheet.autofilter(0, 0, len(rows) - 1, len(rows[0]) - 1)
    return packed.getvalue()


def csv(sheets: Sheets) -> bytes:
    """Write one table as CSV."""
    (rows,) = sheets.values()
    texts = [[_text(cell) for cell in cells] for cells in rows]
    return table_csv(texts[0], texts[1:])


#: The writer of tables, by the extension of the file name.
WRITERS: Mapping[str, Callable[[Sheets], bytes]] = {"csv": csv, "xlsx": xlsx}


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.2f}".rstrip("0").rstrip(".")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _widths(rows: Sequence[Sequence[Cell]]) -> list[int]:
    columns = len(rows[0]) if rows else 0
    longest = [max(len(_text(row[at])) for row in rows[:_MEASURED] if at < len(row)) for at in range(columns)]
    return [min(max(each + 2, _NARROWEST), _WIDEST) for each in longest]
