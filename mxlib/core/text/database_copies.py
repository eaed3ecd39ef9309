"""Texts about copies of an installation in another database."""

from mxlib.core.format import count

NOT_EMPTY = "The place to copy to is not empty. Give a new data folder, or a database of PostgreSQL without tables."
IN_USE = (
    "Another MXM works with what is to be copied, or did so less than a minute ago. Stop it, and run the command again."
)
NOT_CONFIGURED = "MXM_DATABASE_URL is not set, so that it names no database. Set it, or give another place."
UNKNOWN_PLACE = (
    "A place is a data folder, sqlite:///FILE, postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, or the word "
    "MXM_DATABASE_URL for the address that is set there."
)
AUDIT_BROKEN = (
    "The audit log cannot be verified in the copy: entries of an earlier release hold NUL characters, which became �. "
    "Compare with script/mxm audit verify on the source, then accept it in the copy by script/mxm audit accept."
)
AUDIT_VERIFIED = "The audit log was verified in the copy."

#: How the key of a file is given to a server of PostgreSQL; the key itself is not printed.
KEY_OF_FILE = (
    "The data is encrypted with mxm.key of the source. Set MXM_SECRET_KEY to mxm.key: followed by the 64 digits of "
    "that file, without a space, and keep it apart from the database."
)
SAME_KEY = "The copy has the key of the source: keep MXM_SECRET_KEY, or mxm.key, as it is."
ONLY_ONE = "Start MXM with the copy only: two that send for one account would not know of each other."


def nothing_there(path: str) -> str:
    """Say that there is no database to copy."""
    return f"{path} does not exist. Give the data folder of an MXM, or the address of its database."


def differs(table: str) -> str:
    """Say that a table is not the same in the copy."""
    return (
        f"The table {table} is not the same in the copy, so nothing was copied. Report this; the source is as it was."
    )


def copied(tables: int, rows: int, source: str, target: str) -> str:
    """Say what was copied, and that it was compared."""
    return f"Copied {count(rows, 'row')} of {count(tables, 'table')} from {source} to {target}, and compared each."
