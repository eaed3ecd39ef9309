"""Benchmark of reading a file: 10,000 rows from bytes to the preview's frame.

`python -m script.bench_intake` prints seconds next to the budget, for CSV and .xlsx, and how much of them the reading
is; then the same for a workbook as people keep it.
"""

import csv
import datetime
import io
import sys
import time

import xlsxwriter

from mxlib.core.files import reader, writer
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.validation.rules import validate
from mxlib.worker import shared
from script.bench_validation import ACCOUNT, STANDARD, seconds, spreadsheet

ROWS = 10_000
MOST_S = 0.3

#: Rows of the workbook as people keep it, with those around its table, and CPU seconds to its verdicts.
KEPT_ROWS, MOST_KEPT_S = 9_790, 0.5


def kept_workbook(rows: int = KEPT_ROWS) -> bytes:
    """Return a workbook with what people leave in theirs.

    It has a title, merged ranges, formats, dates, formulas without a value, errors, hidden rows, a sum line, empty
    formulas to the end, a stray cell, a hidden sheet and a second table.
    """
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        sheet, old, more = book.add_worksheet("Staff"), book.add_worksheet("Old"), book.add_worksheet("More")
        old.hide()
        zeros, gigabytes = book.add_format({"num_format": "00000"}), book.add_format({"num_format": '0" GB"'})
        date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write(0, 0, "Staff of Autohaus Sievers")
        headers = ("username", "name", "password", "quota", "recovery_email", "department", "number", "since")
        sheet.write_row(2, 0, headers)
        for number in range(rows):
            at = number + 3
            sheet.write_row(at, 0, (f"person{number}.name", f"Person {number} Name", f"Good-Pass{number:05}x"))
            sheet.write_number(at, 3, number % 5 + 1, gigabytes)
            if number % 7 == 0:
                sheet.write_formula(at, 4, f'=A{at + 1}&"@private.example"', value="")
            elif number % 50 == 1:
                sheet.write_formula(at, 4, "=1/0", value="#DIV/0!")
            else:
                sheet.write(at, 4, f"person{number}@private.example")
            if number % 10 == 0:
                sheet.merge_range(at, 5, at + 4, 5, f"Department {number // 10}")
            sheet.write_number(at, 6, number, zeros)
            sheet.write_datetime(at, 7, datetime.datetime(2020, 1, 1) + datetime.timedelta(days=number % 1000), date)
            if number % 40 == 0:
                sheet.set_row(at, None, None, {"hidden": True})
        end = rows + 3
        sheet.write(end, 0, "Total")
        sheet.write_formula(end, 3, f"=SUM(D4:D{end})", value=str(rows * 3))
        for at in range(end + 1, end + 200):
            sheet.write_formula(at, 4, f'=IF(A{at}="","",A{at})', value="")
        sheet.write(end + 300, 20, " ")
        for number in range(50):
            old.write_row(number, 0, ("x", number))
            more.write_row(number, 0, (f"user{number}", f"user{number}@private.example"))
    return packed.getvalue()


def kept(times: int) -> bool:
    """Print the CPU seconds of that workbook; return whether they fit the budget."""
    data = kept_workbook()
    took = []
    for _ in range(times):
        began = time.process_time()
        validate(apply_mapping(reader.read(data, "staff.xlsx")).rows, ACCOUNT, STANDARD)
        took.append(time.process_time() - began)
    print(f"  workbook as kept, to verdicts {min(took):6.3f} s of CPU, the least of {times}  (under {MOST_KEPT_S:g} s)")
    return min(took) < MOST_KEPT_S


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
    return within & kept(times)


if __name__ == "__main__":
    sys.exit(not main())
