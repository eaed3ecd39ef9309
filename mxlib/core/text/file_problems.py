"""Why a file is refused, and notes about files, pasted rows and drafts."""

from collections.abc import Sequence

from mxlib.core.format import age, count, listed, quoted, readable
from mxlib.core.mapping.secret_cells import masked, masked_header

CSV_CALCULATES = (
    "The CSV is for programs: a spreadsheet calculates cells of it that start with =, +, - or @, passwords included. "
    "Open the Excel file there."
)
DRAFT_CHANGED_ELSEWHERE = (
    "Another tab has changed this draft since. What you change here is not kept: choose whose rows to go on with. "
    "Both stay: the other ones wait as a draft on the import page."
)


def draft(file_name: str, rows: int, domains: Sequence[str], operator: str, seconds: float) -> str:
    """A draft that may be gone on with."""
    source = file_name or "Rows added by hand"
    into = f" for {listed(domains, most=4, noun='more domains')}" if domains else ""
    return f"{source}: {count(rows, 'row')}{into}, last mended {age(seconds)} ago by {operator}."


def file_empty() -> str:
    """A file without a byte, or of blanks only."""
    return "The file is empty."


def header_only() -> str:
    """A file whose header nothing follows."""
    return "The file has a header and no rows."


def open_quote(file_name: str, line: int) -> str:
    """A quote without its end; everything after it would be one cell."""
    return f"{file_name}: a quote opens in line {line} and never closes."


def no_address_column(found: Sequence[str]) -> str:
    """No column tells which mailbox a row is about; a first row of data, taken for the header, may hold a password."""
    names = ", ".join(readable(masked_header(name)) for name in found if name.strip())
    return "No column for usernames or addresses." + (f" Found: {names}." if names else "")


def columns_not_named(columns: int) -> str:
    """Pasted rows of which nobody can tell what their columns are."""
    return f"{columns} columns without a header. Put a line above that names them: username, password, quota."


def rows_pasted(rows: int, columns: Sequence[str]) -> str:
    """What became of pasted rows, and how their columns were taken."""
    back = "it" if rows == 1 else "them"
    return f"{count(rows, 'row')} added on top, read as {listed(columns)}. Undo takes {back} back."


def bulk_edited(changed: int, deleted: int) -> str:
    """What a bulk tool did."""
    if deleted:
        return f"{count(deleted, 'row')} deleted."
    return f"{count(changed, 'row')} changed." if changed else "Nothing to change in these rows."


def two_columns(first: str, second: str, meaning: str) -> str:
    """Two columns claim one meaning; `meaning` in the plural: `usernames`."""
    return f"Both {quoted(masked(first))} and {quoted(masked(second))} hold {meaning}. Remove or ignore one."


def not_a_table(what: str) -> str:
    """A file of another kind; `what` with its article: `a picture`."""
    return f"This is {what}, not a table: a CSV or .xlsx is needed."


def too_large(size: int, limit: int) -> str:
    """A file over the limit; both in bytes."""
    return f"{_megabytes(size)} MB; the limit is {_megabytes(limit)} MB."


def too_many_rows(rows: int, limit: int) -> str:
    """More rows than one import takes."""
    return f"{rows:,} rows; the limit is {limit:,}. Split the file."


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".removesuffix(".0")
