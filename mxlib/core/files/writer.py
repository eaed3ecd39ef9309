"""Write files to download: CSV and .xlsx.

Excel opens the CSV correctly, and reading it back gives the same cells. The .xlsx has text cells only.
"""

import io
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import chain

import pandas as pd
import xlsxwriter

from mxlib.core.formula_guard import guard
from mxlib.core.schema import COLUMNS, MAX_TEXT_LENGTH, SCHEMA

_NOTHING: frozenset[str] = frozenset()

#: Cells to quote: with separators of any dialect, quotes, line ends, blanks at an end, or a comment's sign.
_NEEDS_QUOTES = re.compile(r'[,;|\t"\r\n]|^[\s#]|\s$')
_UNSAFE_IN_A_NAME = re.compile(r"[^a-z0-9.-]+")

_WIDTH = 24

#: Both rows are refused as they are, since no account has this domain: an example is never imported by mistake.
_EXAMPLES = tuple(tuple(column.examples[row] for column in SCHEMA) for row in range(2))


def table_csv(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    verbatim: AbstractSet[str] = _NOTHING,
    remarks: Sequence[str] = (),
    delimiter: str = ",",
) -> bytes:
    """Write a table as CSV: UTF-8 with a byte order mark, CRLF, and guarded cells.

    Cells that a spreadsheet would take for formulas are guarded. `verbatim` names the columns that are never altered:
    passwords. `remarks` are written above the header as comments.
    """
    cells = ([f"# {remark}"] for remark in remarks)
    lines = (delimiter.join(map(_quoted, row)) for row in chain(cells, _guarded(header, rows, verbatim)))
    return "".join(["\ufeff", *(line + "\r\n" for line in lines)]).encode("utf-8", "replace")


def csv_cell(text: str) -> str:
    """Return one cell as `table_csv` writes it."""
    return _quoted(guard(text))


def table_xlsx(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    verbatim: AbstractSet[str] = _NOTHING,
    remarks: Sequence[str] = (),
) -> bytes:
    """Write a table as .xlsx with text cells only.

    No spreadsheet takes a text cell for a number, a date or a formula. `remarks` are written to a sheet of their own.
    """
    sheets = {"Mailboxes": _guarded(header, rows, verbatim)}
    if remarks:
        sheets["Remarks"] = ([remark] for remark in remarks)
    return _workbook(sheets, bold={"Mailboxes"})


def sheets_xlsx(sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """Write tables as .xlsx, a sheet for each, with text cells only.

    Each starts with its header.
    """
    return _workbook({name: ([guard(cell) for cell in row] for row in rows) for name, rows in sheets.items()}, sheets)


def _workbook(sheets: Mapping[str, Iterable[Sequence[str]]], bold: Container[str]) -> bytes:
    """Write rows as sheets; those in `bold` have a header."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        text, header = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
        for name, rows in sheets.items():
            sheet, width = book.add_worksheet(name), 1
            for row, cells in enumerate(rows):
                width = max(width, len(cells))
                for column, cell in enumerate(cells):
                    if cell:
                        is_header = name in bold and not row
                        sheet.write_string(row, column, _held(cell), header if is_header else text)
            if name in bold:
                sheet.set_column(0, width - 1, _WIDTH, text)
                sheet.freeze_panes(1, 0)
    return packed.getvalue()


#: The writer of a table, by the extension of the file name.
WRITERS = {"csv": table_csv, "xlsx": table_xlsx}


def mailboxes_csv(mailboxes: pd.DataFrame, remarks: Sequence[str] = ()) -> bytes:
    """Write mailboxes in the import format, with blank passwords.

    `mailboxes` needs every column of the schema except the password.
    """
    return table_csv(COLUMNS, _rows_of(mailboxes), remarks=remarks)


def mailboxes_xlsx(mailboxes: pd.DataFrame, remarks: Sequence[str] = ()) -> bytes:
    """Write mailboxes as `mailboxes_csv` does, as a workbook."""
    return table_xlsx(COLUMNS, _rows_of(mailboxes), remarks=remarks)


def usage_xlsx(mailboxes: pd.DataFrame, remarks: Sequence[str] = ()) -> bytes:
    """Write mailboxes with names, use and quotas as a workbook, for a client to read."""
    header = ("Address", "Full name", "Used (MB)", "Quota (MB)", "Used (%)", "Sent today", "Recovery email")
    limited = mailboxes["quota"] > 0
    share = (100 * mailboxes["usage"] / mailboxes["quota"].where(limited)).map("{:.0f}".format)
    rows = zip(
        mailboxes["address"],
        mailboxes["name"],
        mailboxes["usage"].map("{:.0f}".format),
        mailboxes["quota"].map(str).where(limited, "unlimited"),
        share.where(limited, ""),
        mailboxes["sent"].map(str),
        mailboxes["recovery_email"],
        strict=True,
    )
    return table_xlsx(header, rows, remarks=remarks)


def template_csv() -> bytes:
    """Write the import format with two example rows."""
    return table_csv(COLUMNS, _EXAMPLES)


def file_name(domain: str, day: date, kind: str = "csv") -> str:
    """Return `mailboxes-<domain>-<date>.csv`, safe on every file system."""
    return f"mailboxes-{safe_name(domain) or 'all'}-{day.isoformat()}.{kind}"


def safe_name(text: str) -> str:
    """Return a text as part of a file's name, safe on every file system.

    It may be blank.
    """
    return _UNSAFE_IN_A_NAME.sub("-", text.lower()).strip(".-")


def _rows_of(mailboxes: pd.DataFrame) -> Iterable[tuple[str, ...]]:
    columns = (
        [""] * len(mailboxes)
        if column.is_secret
        else mailboxes[column.name].astype("object").where(mailboxes[column.name].notna(), "").map(str)
        for column in SCHEMA
    )
    return zip(*columns, strict=True)


def _guarded(
    header: Sequence[str], rows: Iterable[Sequence[str]], verbatim: AbstractSet[str]
) -> Iterable[Sequence[str]]:
    """Yield the header and the rows, with every cell guarded except in `verbatim` columns."""
    yield [guard(name) for name in header]
    kept = [name in verbatim for name in header]
    for cells in rows:
        yield [cell if keep else guard(cell) for cell, keep in zip(cells, kept, strict=True)]


def _held(cell: str) -> str:
    """Cut a text to the length of a spreadsheet cell, with an ellipsis."""
    return cell if len(cell) <= MAX_TEXT_LENGTH else f"{cell[: MAX_TEXT_LENGTH - 1]}…"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _NEEDS_QUOTES.search(cell) else cell
