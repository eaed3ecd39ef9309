"""Differences between a file and its rows, described row by row, never with a password."""

import pandas as pd

from mxlib.core.editing import file_diff
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.file_diff import FileDiff
from mxlib.core.files import reader
from mxlib.core.mapping import mapping
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.schema import COLUMNS, make_rows


class File:
    """A file as it was read, and a draft of its rows."""

    def __init__(self, content: bytes, chosen: dict[int, str] | None = None) -> None:
        sheet = reader.read(content, "staff.csv")
        columns = mapping.detect_columns(sheet.header, chosen=chosen)
        self.read = ReadFile(sheet, columns, *mapping.rows_from_sheet(sheet, columns))
        self.draft = Draft(self.read.rows)

    def compare(self, draft: Draft | None = None) -> FileDiff:
        return file_diff.compare((draft or self.draft).rows, self.read)

    def descriptions(self, draft: Draft | None = None) -> list[str]:
        rows = (draft or self.draft).rows
        return self.compare(draft).describe(range(len(rows)))


def test_changes_by_reading_are_described_with_invisible_blanks_spelled_out() -> None:
    file = File("username,quota (GB)\r\nAlice ,\r\n\u00a0kim\u200b,2\r\nbob,\r\n".encode())
    assert file.descriptions() == [
        "Username 'Alice ' → 'alice'.",
        "Username '<U+00A0>kim<U+200B>' → 'kim'. Quota (MB) '2' → '2048'.",
        "",
    ]
    assert list(file.compare().changed) == [True, True, False]


def test_typed_changes_are_described_with_the_cell_of_the_file() -> None:
    file = File(b"username,domain,recovery_email\r\njan jansen,,x@example.org\r\nkim,b.nl,\r\n")
    edited_draft = file.draft.edited({0: {"username": "jan.jansen", "recovery_email": ""}, 1: {"domain": "a.nl"}})
    assert file.descriptions(edited_draft) == [
        "Username 'jan jansen' → 'jan.jansen'. Recovery email 'x@example.org' → blank.",
        "Domain 'b.nl' → 'a.nl'.",
    ]


def test_a_password_change_is_described_without_the_password() -> None:
    file = File(b"username,password\r\na,Geheim.2026x\r\nb,\r\nc,****\r\nd,Geheim.2026x\r\ne,Geheim.2026x\r\nf,\r\n")
    filled = file.draft.rows.assign(
        password=["Anders.2026x", "Getypt.2026x", "", "", "Gener.ated2026", ""],
        generated=[False, False, False, False, True, False],
    )
    described = file.descriptions(file.draft.with_rows(filled))
    assert described == ["Password changed.", "Password typed.", "", "Password removed.", "Password generated.", ""]
    assert "2026" not in repr(file.compare(file.draft.with_rows(filled)))


def test_a_username_from_an_address_column_is_compared_with_that_column() -> None:
    file = File(b"email,username,domain\r\nAlice@A.nl,,\r\nkim@a.nl,kim,\r\n")
    assert list(file.read.rows["domain"]) == ["", "a.nl"]
    assert file.descriptions() == ["Username 'Alice@A.nl' → 'alice@a.nl'.", ""]


def test_added_and_deleted_rows_are_distinguished_from_changed_ones() -> None:
    file = File(b"username\r\nann\r\nbob\r\ncas\r\n")
    draft = file.draft.edited({0: {"username": "anna"}}).deleted([1]).added()
    found = file.compare(draft)
    assert found.describe([0, 1, 2]) == ["Added here.", "Username 'ann' → 'anna'.", ""]
    assert [list(found.changed), list(found.added)] == [[False, True, False], [True, False, False]]
    assert found.lines.tolist() == [3]
    assert found.any
    assert not file.compare().any


def test_a_long_cell_is_cut_and_a_line_break_is_spelled_out() -> None:
    file = File(b'username\r\n"jan\njansen"\r\n' + b"x" * 200 + b"\r\n")
    draft = file.draft.edited({0: {"username": "jan"}, 1: {"username": "x"}})
    first, second = file.descriptions(draft)
    assert first == "Username 'jan<U+000A>jansen' → 'jan'."
    assert len(second) < 100


def test_ten_thousand_rows_are_compared_at_once() -> None:
    file = File(b"username,quota\r\n" + b"".join(b"Person%d ,1024\r\n" % number for number in range(10_000)))
    assert file.compare().changed.all()


def test_comparing_does_not_change_the_rows() -> None:
    file = File(b"username\r\nAnn\r\n")
    before = file.read.rows.copy(deep=True)
    file.descriptions()
    pd.testing.assert_frame_equal(file.read.rows, before)


def test_the_corrected_file_has_the_import_format_passwords_and_own_columns() -> None:
    content = b"username,Phone,password,Login,quota\r\nann,+31 20,Geheim.2026x,x,1\r\nbob,2,,y,\r\ncas,3,,,\r\n"
    file = File(content, {3: mapping.IGNORE})
    draft = file.draft.edited({1: {"username": "bo", "password": "Nieuw.2026x"}}).deleted([2]).added()
    header, rows = file_diff.as_table(draft.rows, file.read)
    assert header == (*COLUMNS, "Phone")
    assert rows == [
        ("", "", "", "", "", "", "", ""),
        ("ann", "Geheim.2026x", "1", "", "", "", "", "+31 20"),
        ("bo", "Nieuw.2026x", "", "", "", "", "", "2"),
    ]


def test_pieces_of_a_password_in_an_overfull_row_are_not_exported() -> None:
    file = File(b"username,password,Phone\r\nann,Geheim,2026x,020\r\n")
    draft = file.draft.edited({0: {"password": "Geheim,2026x"}})
    assert draft.rows["fault"][0] == ""
    _, rows = file_diff.as_table(draft.rows, file.read)
    assert rows == [("ann", "Geheim,2026x", "", "", "", "", "", "")]


def test_rows_without_a_file_are_exported_in_the_import_format_only() -> None:
    draft = Draft(make_rows({"username": ["ann"]}))
    assert file_diff.as_table(draft.rows, None) == (COLUMNS, [("ann", "", "", "", "", "", "")])
