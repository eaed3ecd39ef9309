"""Benchmark of reading a file: 10,000 rows from bytes to the preview's frame.

`python -m script.bench_intake` prints seconds next to the budget, for CSV and .xlsx, and how much of them the reading
is.
"""

import csv
import io
import sys

from mxlib.core.files import reader, writer
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.validation.rules import validate
from mxlib.worker import shared
from script.bench_validation import ACCOUNT, STANDARD, seconds, spreadsheet

ROWS = 10_000
MOST_S = 0.3


def main(rows: int = ROWS, times: int = 7) -> bool:
    """Print what a file costs until its rows can be shown.

    Return whether the CSV is within the budget.
    """
    text = spreadsheet(rows)
    table = list(csv.reader(io.StringIO(text.decode(), newline="")))
    files = {"staff.csv": text, "staff.xlsx": writer.table_xlsx(table[0], table[1:])}
    print(f"reading {rows:,} rows")
    within = True
    for name, data in files.items():
        read = seconds(lambda data=data, name=name: apply_mapping(reader.read(data, name)), times)  # type: ignore[misc]
        whole = seconds(
            lambda data=data, name=name: validate(apply_mapping(reader.read(data, name)).rows, ACCOUNT, STANDARD),  # type: ignore[misc]
            times,
        )
        kind = name.rpartition(".")[2]
        print(f"  {kind:<4} bytes to preview {whole:6.3f} s  (under {MOST_S:g} s; reading {read:.3f} s)")
        within &= whole < MOST_S
        in_worker = seconds(lambda data=data, name=name: shared().run(reader.read, data, name), times)  # type: ignore[misc]
        here = seconds(lambda data=data, name=name: reader.read(data, name), times)  # type: ignore[misc]
        print(f"       read beside the server {in_worker:6.3f} s  ({in_worker - here:+.3f} s for the pipes)")
    return within


if __name__ == "__main__":
    sys.exit(not main())
