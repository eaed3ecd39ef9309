"""The columns of a mailbox table: one format for files, the preview, the API and the plan."""

from enum import StrEnum

import pandas as pd

#: The file's columns, in export order.
COLUMNS = ("username", "password", "quota", "limit", "recovery_email", "domain")

#: Characters of a cell that means something here; a longer one makes its row invalid, and no rule looks into it.
MAX_CELL_LENGTH = 1_000

#: Characters that a cell of a spreadsheet can hold.
MAX_TEXT_LENGTH = 32_767

#: The host's bound on sends a day.
MAX_SENDS_PER_DAY = 9600

#: What stands in for a password on a page; a cell made of it is never saved.
MASK = "••••••••"

#: What a table of rows carries besides the file's columns, with the value of a row added by hand.
#: line: physical line in the file, 0 when added by hand. ticked: whether the operator wants it sent.
#: generated: the password is ours. origin: position in the sheet's rows, negative when added by hand; no two rows of a
#: draft have the same.
#: fault, fault_column: what the reading found wrong with the row, and which cell mends it.
ROW_METADATA: dict[str, object] = {
    "line": 0,
    "ticked": True,
    "generated": False,
    "origin": -1,
    "fault": "",
    "fault_column": "",
}

DTYPES: dict[str, str] = {
    **dict.fromkeys(COLUMNS, "str"),
    "line": "int64",
    "ticked": "bool",
    "generated": "bool",
    "origin": "int64",
    "fault": "str",
    "fault_column": "str",
}


class Verdict(StrEnum):
    """What the preview says of a row, before anything is sent; the worst that is true wins, in this order."""

    INVALID = "invalid"
    DUPLICATE = "duplicate"
    EXISTS = "exists"
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - a verdict, not a secret
    READY = "ready"


class OnExisting(StrEnum):
    """What becomes of rows whose mailbox is there already."""

    SKIP = "skip"
    UPDATE = "update"


def make_rows(cells: dict[str, list[str]], **besides: object) -> pd.DataFrame:
    """A table of rows from whole columns of text; what is not given is blank or as for a row added by hand."""
    count = len(next(iter(cells.values()), []))
    data: dict[str, object] = {name: cells.get(name, [""] * count) for name in COLUMNS}
    data |= {name: besides.get(name, [blank] * count) for name, blank in ROW_METADATA.items()}
    return pd.DataFrame(data).astype(DTYPES)
