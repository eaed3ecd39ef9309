"""Reasons for refusing a file, and notes about files, pasted rows and drafts."""

from collections.abc import Sequence

from mxlib.core.format import age, count, listed, quoted, readable
from mxlib.core.mapping.secret_cells import masked, masked_header

_CALCULATES = "A spreadsheet calculates cells of a CSV that start with =, +, - or @"
_AS_THEY_ARE = "The Excel file has them as they are."

#: About a file with passwords, and about one without.
CSV_CALCULATES = f"{_CALCULATES}, passwords included. {_AS_THEY_ARE}"
CSV_CALCULATES_CELLS = f"{_CALCULATES}. {_AS_THEY_ARE}"
DRAFT_CHANGED_ELSEWHERE = (
    "Another tab has changed this draft since. What you change here is not kept: choose whose rows to go on with. "
    "Both stay: the other ones wait as a draft on the import page."
)


def maybe_namesakes(rows: int) -> str:
    """Say that rows of people who may be namesakes are excluded from updates."""
    exist = "1 mailbox exists" if rows == 1 else f"{rows:,} mailboxes exist"
    whose = "whose username was made of a name" if rows == 1 else "whose usernames were made of names"
    return f"{exist} {whose}: excluded until you say that they are the same people."


def draft(file_name: str, rows: int, domains: Sequence[str], operator: str, seconds: float) -> str:
    """Describe a draft that can be resumed."""
    source = file_name or "Rows added manually"
    into = f" for {listed(domains, most=4, noun='more domains')}" if domains else ""
    return f"{source}: {count(rows, 'row')}{into}, last edited {age(seconds)} ago by {operator}."


def left_out(rows: int, run: int) -> str:
    """Say that rows wait which a run left out."""
    return f"{count(rows, 'row')} left out of run {run}."


def file_empty() -> str:
    """Say that a file has no bytes, or blanks only."""
    return "The file is empty."


def header_only() -> str:
    """Say that no row follows the header of a file."""
    return "The file has a header and no rows."


def open_quote(file_name: str, line: int) -> str:
    """Say that a quote does not close; everything after it would be one cell."""
    return f"{file_name}: a quote opens in line {line} and never closes."


def no_address_column(found: Sequence[str]) -> str:
    """Say that no column identifies the mailbox of a row.

    Names in `found` are masked: the header may be a first row of data, with a password in it.
    """
    names = ", ".join(readable(masked_header(name)) for name in found if name.strip())
    return "We found no usernames or addresses." + (f" The columns are: {names}." if names else "")


def columns_not_named(columns: int) -> str:
    """Say that pasted rows have columns without names, so that their meaning is unknown."""
    return f"{columns} columns without a header. Put a line above that names them: username, password, quota."


def rows_pasted(rows: int, columns: Sequence[str]) -> str:
    """Say how many pasted rows were added, and how their columns were read."""
    back = "it" if rows == 1 else "them"
    return f"{count(rows, 'row')} added on top, read as {listed(columns)}. Undo takes {back} back."


def bulk_edited(changed: int, deleted: int) -> str:
    """Say how many rows a bulk edit changed or deleted."""
    if deleted:
        return f"{count(deleted, 'row')} deleted."
    return f"{count(changed, 'row')} changed." if changed else "Nothing to change in these rows."


def two_columns(first: str, second: str, meaning: str) -> str:
    """Say that two columns claim one meaning; `meaning` in the plural: `usernames`."""
    return f"Both {quoted(masked(first))} and {quoted(masked(second))} hold {meaning}. Remove or ignore one."


def not_a_table(what: str) -> str:
    """Say that a file is of another kind; `what` includes its article: `a picture`."""
    return f"This is {what}, not a table: a CSV or .xlsx is needed."


def too_large(size: int, limit: int) -> str:
    """Say that a file is over the limit; both in bytes."""
    return f"{_megabytes(size)} MB; the limit is {_megabytes(limit)} MB."


def too_many_rows(rows: int, limit: int) -> str:
    """Say that a file has more rows than one import may have."""
    return f"{rows:,} rows; the limit is {limit:,}. Split the file."


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f}".removesuffix(".0")
