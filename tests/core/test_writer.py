"""Exported files: Excel opens them, no spreadsheet runs a formula, and MXM reads them back."""

import csv
import io
from datetime import date

import pandas as pd
import pytest

from mxlib.core.files import reader, writer
from mxlib.core.mapping import mapping
from mxlib.core.schema import COLUMNS

MAILBOXES = pd.DataFrame(
    {
        "username": ["alice", "bob"],
        "recovery_email": ["alice@example.net", ""],
        "quota": pd.array([1024, None], dtype="Int64"),
        "limit": [9600, 0],
        "domain": ["clienta.example"] * 2,
        "name": ["Alice Ålund", ""],
        "usage": [1.5, 0.0],
    }
)


def rows_of(data: bytes, name: str) -> pd.DataFrame:
    sheet = reader.read(data, name)
    return mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))[0]


def test_mailboxes_are_written_in_the_import_format_with_blank_passwords() -> None:
    assert writer.mailboxes_csv(MAILBOXES).decode() == (
        "\ufeffusername,password,quota,limit,recovery_email,domain,name\r\n"
        "alice,,1024,9600,alice@example.net,clienta.example,Alice Ålund\r\n"
        "bob,,,0,,clienta.example,\r\n"
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_exported_mailboxes_are_read_back_as_they_were(kind: str) -> None:
    data = writer.mailboxes_csv(MAILBOXES) if kind == "csv" else writer.mailboxes_xlsx(MAILBOXES)
    rows = rows_of(data, f"mailboxes.{kind}")
    assert rows[list(COLUMNS)].to_numpy().tolist() == [
        ["alice", "", "1024", "9600", "alice@example.net", "clienta.example", "Alice Ålund"],
        ["bob", "", "", "0", "", "clienta.example", ""],
    ]


def test_a_domain_without_mailboxes_is_exported_as_a_header_only() -> None:
    assert writer.mailboxes_csv(MAILBOXES[:0]).endswith(b"recovery_email,domain,name\r\n")
    assert writer.mailboxes_xlsx(MAILBOXES[:0]).startswith(b"PK")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_formulas_are_neutralised_inside_quotes_except_in_passwords(start: str) -> None:
    data = writer.table_csv(
        ["username", "password", "note"], [["al", f"{start}Ab", f"{start}1+2"]], verbatim={"password"}
    )
    line = data.decode("utf-8-sig").split("\r\n", 1)[1]
    assert f'"\t{start}1+2"' in line
    assert f"\t{start}Ab" not in line
    assert next(csv.reader(io.StringIO(line, newline="")))[1] == f"{start}Ab"


@pytest.mark.parametrize("cell", ["a,b", "a;b", "a|b", "a\tb", 'a"b', "a\nb", " a", "a ", "#a"])
def test_cells_with_separators_quotes_or_outer_blanks_are_quoted(cell: str) -> None:
    line = writer.table_csv(["username"], [[cell]]).decode("utf-8-sig").split("\r\n", 1)[1]
    assert line == '"' + cell.replace('"', '""') + '"\r\n'


def test_formulas_in_headers_are_neutralised_too() -> None:
    assert writer.table_csv(["=x()", "username"], []).decode("utf-8-sig") == '"\t=x()",username\r\n'


def test_a_workbook_holds_text_only() -> None:
    data = writer.table_xlsx(["username", "note"], [["007", "1e5"], ["1/2", "=1+2"]])
    sheet = reader.read(data, "staff.xlsx")
    assert [sheet.table.row(at) for at in range(2)] == [["007", "1e5"], ["1/2", "\t=1+2"]]


def test_a_cell_too_long_for_a_workbook_is_cut_not_dropped() -> None:
    sheet = reader.read(writer.table_xlsx(["username", "note"], [["jan", "x" * 40_000]]), "staff.xlsx")
    assert sheet.table.row(0)[1] == "x" * 32_766 + "…"


def test_rows_must_be_as_wide_as_the_header() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        writer.table_csv(["a", "b"], [["x"]])


def test_the_template_is_readable_and_uses_example_com() -> None:
    rows = rows_of(writer.template_csv(), "mailboxes-template.csv")
    assert len(rows) == 2
    assert set(rows["domain"]) == {"example.com"}
    assert (rows["fault"] == "").all()


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("Clienta.nl", "mailboxes-clienta.nl-2026-05-03.csv"),
        ("../../etc", "mailboxes-etc-2026-05-03.csv"),
        ('a"b\r\nc/d.nl', "mailboxes-a-b-c-d.nl-2026-05-03.csv"),
        ("", "mailboxes-all-2026-05-03.csv"),
    ],
)
def test_file_names_are_safe(domain: str, name: str) -> None:
    assert writer.file_name(domain, date(2026, 5, 3)) == name


def test_the_file_name_has_the_extension_of_its_kind() -> None:
    assert writer.file_name("a.nl", date(2026, 5, 3), "xlsx") == "mailboxes-a.nl-2026-05-03.xlsx"


def test_remarks_stand_above_the_header_of_a_csv_as_comments_and_are_not_read_as_rows() -> None:
    data = writer.table_csv(["username"], [["alice"]], remarks=["Not in this file: b.nl, c.nl.", "Old list."])
    assert data.decode("utf-8-sig") == '"# Not in this file: b.nl, c.nl."\r\n"# Old list."\r\nusername\r\nalice\r\n'
    assert rows_of(data, "staff.csv")["username"].tolist() == ["alice"]


def test_remarks_have_a_sheet_of_their_own_in_a_workbook() -> None:
    data = writer.table_xlsx(["username"], [["alice"]], remarks=["=Old list.", "x" * 40_000])
    sheet = reader.read(data, "staff.xlsx")
    assert (sheet.sheets, sheet.options.sheet, len(sheet)) == (("Mailboxes", "Remarks"), "Mailboxes", 1)
    remarks = reader.read(data, "staff.xlsx", options=reader.ReadOptions(sheet="Remarks", header_line=0))
    assert remarks.table.lines.tolist() == [1, 2]
    assert [remarks.table.row(at)[0] for at in range(2)] == ["=Old list.", "x" * 32_766 + "…"]


def test_a_workbook_without_remarks_has_one_sheet() -> None:
    assert reader.read(writer.table_xlsx(["username"], [["alice"]]), "staff.xlsx").sheets == ("Mailboxes",)


@pytest.mark.parametrize(
    ("text", "cell"),
    [("alice", "alice"), ("a,b", '"a,b"'), ("=1+2", '"\t=1+2"'), ('say "hi"', '"say ""hi"""'), ("", "")],
)
def test_a_single_cell_is_written_as_in_a_table(text: str, cell: str) -> None:
    assert writer.csv_cell(text) == cell
    assert writer.table_csv(["note"], [[text]]).decode("utf-8-sig") == f"note\r\n{cell}\r\n"


def test_a_half_of_a_character_does_not_prevent_an_export() -> None:
    assert writer.table_csv(["username"], [["jan\ud800"]]).decode("utf-8-sig") == "username\r\njan?\r\n"


def test_columns_that_are_never_altered_keep_formulas_in_a_workbook_too() -> None:
    data = writer.table_xlsx(["username", "password"], [["al", "=Cmd2026x"]], verbatim={"password"})
    assert reader.read(data, "staff.xlsx").table.row(0) == ["al", "=Cmd2026x"]
