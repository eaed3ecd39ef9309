"""Length limits of headers, cells and workbook rows: reported, never silently dropped."""

import contextlib
import io
import time
import zipfile
from pathlib import Path

import pytest

from mxlib.core.files import reader, writer
from mxlib.core.files.reader import FileRefused
from mxlib.core.headers import MAX_HEADER_LENGTH
from mxlib.core.mapping import mapping
from mxlib.core.schema import MAX_CELL_LENGTH, MAX_TEXT_LENGTH, make_rows
from mxlib.core.text.notes import sentences
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import Verdict
from tests.support.app import opened
from tests.support.xlsx_files import SHEET, STAFF, book, refusal, with_part

LONGEST = f"over {MAX_CELL_LENGTH:,} characters"
ACCOUNT = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})


def validated(data: bytes, name: str = "staff.csv"):
    sheet = reader.read(data, name)
    rows, notes = mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    return rules.validate(rows, ACCOUNT, Defaults("a.nl")), notes, sheet


@pytest.mark.parametrize("column", ["username", "password", "quota", "limit", "recovery_email", "domain", "email"])
def test_a_cell_that_is_too_long_makes_its_row_invalid_with_a_message(column: str) -> None:
    first = "username" if column != "username" else "domain"
    data = f"{first},{column}\njan,{'9' * (MAX_CELL_LENGTH + 1)}\npiet,9\n".encode()
    found, _, sheet = validated(data)
    assert found["verdict"].iat[0] == Verdict.INVALID
    assert f"{LONGEST}: shorten it." in found["reasons"].iat[0]
    assert LONGEST not in found["reasons"].iat[1]
    assert sheet.table.row(0)[1] == "9" * (MAX_CELL_LENGTH + 1)


def test_a_typed_cell_that_is_too_long_is_invalid_too() -> None:
    for column in ("username", "password", "quota", "limit", "recovery_email", "domain"):
        cells = {"username": "jan", "password": "Winter-2026"} | {column: "Aa1" * MAX_CELL_LENGTH}
        found = rules.validate(make_rows({name: [cell] for name, cell in cells.items()}), ACCOUNT, Defaults("a.nl"))
        assert found["verdict"].iat[0] == Verdict.INVALID, column
        assert found["reasons"].iat[0], column


def test_an_unmapped_cell_may_be_as_long_as_a_spreadsheet_allows() -> None:
    found, _, _ = validated(
        f"username,note\njan,{'a' * MAX_TEXT_LENGTH}\npiet,{'a' * (MAX_TEXT_LENGTH + 1)}\n".encode()
    )
    assert "characters" not in found["reasons"].iat[0]
    assert found["reasons"].iat[1].startswith("The cell in 'note' has over 32,767 characters")


def test_a_header_that_is_too_long_is_cut_and_reported() -> None:
    found, notes, sheet = validated(f"username,{'x' * (MAX_HEADER_LENGTH + 1)}\njan,a\n".encode())
    assert len(sheet.header[1]) == MAX_HEADER_LENGTH
    assert sheet.header[1].endswith("…")
    assert any("over 200 characters shown cut" in note for note in sentences(notes))
    assert len(found) == 1


@pytest.mark.parametrize(
    "header",
    ["[" * 1_000_000, "\u0301" * 400_000, "\u0315\u0300" * 300_000, "\ufdfa" * 300_000, " " * 5_000_000, '""' * 999],
    ids=["brackets", "marks", "mixed marks", "letters that expand", "blanks", "quotes"],
)
def test_a_huge_header_is_read_in_under_a_second(header: str) -> None:
    began = time.thread_time()
    with contextlib.suppress(FileRefused):
        reader.read(f"{header}\njan\n".encode(), "staff.csv")
    assert time.thread_time() - began < 1.0


def test_a_workbook_row_with_ten_thousand_cells_is_refused() -> None:
    wide = b'<row r="9">%s</row>' % b"".join(b"<c><v>1</v></c>" for _ in range(10_000))
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", wide + b"</sheetData>"))
    assert refusal(data) == "Line 9 has 10,000 values; the limit is 1,000."


@pytest.mark.parametrize("piece", [b'<row r="3"><c r="A3"><v>1</v></c></row>', b'<c r="A3"/>', b"<row/>"])
def test_a_small_workbook_that_unpacks_to_millions_of_cells_is_refused_early(piece: bytes) -> None:
    many = piece * (18_000_000 // len(piece))
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", many + b"</sheetData>"))
    assert len(data) < 100_000
    began = time.thread_time()
    assert "too many for its size" in refusal(data)
    assert time.thread_time() - began < 1.0


def test_a_workbook_that_unpacks_out_of_proportion_to_its_size_is_refused() -> None:
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml + b" " * 50_000_000)
    assert len(data) < 100_000
    assert refusal(data).startswith("Unpacked it is 50.0 MB; the limit is 2")


def test_a_text_too_long_for_a_spreadsheet_is_written_cut_with_an_ellipsis() -> None:
    data = writer.table_xlsx(["note"], [["a" * 40_000]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        texts = archive.read("xl/sharedStrings.xml").decode()
    assert "a" * (MAX_TEXT_LENGTH - 1) + "…" in texts


def test_a_file_of_a_caller_without_import_permission_is_refused_unread(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        token = app.token(a_nl="view")
        for path in ("/imports", "/email-accounts/import/preview"):
            answer = app.ask("POST", path, content=b"[" * 40_000, token=token, headers={"Content-Type": "text/csv"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN"), path
            assert "import into any domain" in answer.json()["error"]["message"]
