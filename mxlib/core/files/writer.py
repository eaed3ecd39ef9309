"""Write files to download: CSV and .xlsx.

Excel opens the CSV correctly, and reading it back gives the same cells. The .xlsx has text cells only.
"""

import io
import re
from collections.abc import Iterable, Sequence
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
) -> bytes:
    """Write a table as CSV: UTF-8 with a byte order mark, CRLF, and guarded cells.

    Cells that a spreadsheet would take for formulas are guarded. `verbatim` names the columns that are never altered:
    passwords. `remarks` are written above the header as comments.
    """
    cells = ([f"# {remark}"] for remark in remarks)
    lines = (",".join(map(_quoted, row)) for row in chain(cells, _guarded(header, rows, verbatim)))
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
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        text, bold = book.add_format({"num_format": "@"}), book.add_format({"num_format": "@", "bold": True})
        sheet = book.add_worksheet("Mailboxes")
        sheet.set_column(0, max(0, len(header) - 1), _WIDTH, text)
        sheet.freeze_panes(1, 0)
        for row, cells in enumerate(_guarded(header, rows, verbatim)):
            for column, cell in enumerate(cells):
                if cell:
                    sheet.write_string(row, column, _held(cell), text if row else bold)
        if remarks:
            aside = book.add_worksheet("Remarks")
            for row, remark in enumerate(remarks):
                aside.write_string(row, 0, _held(remark), text)
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


def template_csv() -> bytes:
    """Write the import format with two example rows."""
    return table_csv(COLUMNS, _EXAMPLES)


def file_name(domain: str, day: date, kind: str = "csv") -> str:
    """Return `mailboxes-<domain>-<date>.csv`, safe on every file system."""
    safe = _UNSAFE_IN_A_NAME.sub("-", domain.lower()).strip(".-")
    return f"mailboxes-{safe or 'all'}-{day.isoformat()}.{kind}"


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
