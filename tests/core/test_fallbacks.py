"""Refused files are read in other ways: only a likely table is proposed, and never a guess without evidence."""

import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import FileRefused, Limits, ReadOptions, Sheet
from mxlib.core.mapping.fallbacks import read_with_fallbacks
from tests.support.xlsx_files import STAFF, book, rows, with_part

TABLE = "username,password\nalice,Abcd1234\n"


def proposed(data: bytes | str, name: str = "staff.csv", limits: Limits | None = None) -> Sheet | None:
    """Return the proposal for a file that is refused as it is."""
    content = data.encode() if isinstance(data, str) else data
    with pytest.raises(FileRefused):
        reader.read(content, name, limits=limits or Limits())
    return read_with_fallbacks(content, name, limits or Limits())


def found(data: bytes | str, name: str = "staff.csv", limits: Limits | None = None) -> Sheet:
    sheet = proposed(data, name, limits)
    assert sheet is not None
    return sheet


@pytest.mark.parametrize(
    ("title", "line", "delimiter"),
    [
        ('Staff,"May\n', 2, ","),
        ('"Staff of May\n\n', 3, ","),
        ('"Staff\n"New" "x,y\n', 3, ","),
        ('# "old\n"Staff;x\n', 3, ","),
    ],
)
def test_a_known_header_below_an_open_quote_is_found(title: str, line: int, delimiter: str) -> None:
    sheet = found(title + TABLE)
    assert sheet.options == ReadOptions(encoding="utf-8", delimiter=delimiter, header_line=line)
    assert rows(sheet) == [["alice", "Abcd1234"]]


def test_a_header_below_an_open_quote_is_split_by_its_own_delimiter() -> None:
    sheet = found('"Staff, of May\nUser;Pass\nalice;Ab,cd1234\n')
    assert (sheet.header, rows(sheet)) == (("User", "Pass"), [["alice", "Ab,cd1234"]])


def test_a_header_beyond_the_lines_that_are_searched_is_not_found() -> None:
    near = found('"Staff' + "\nx" * 18 + "\n" + TABLE)
    assert (near.options.header_line, near.options.quoted) == (20, None)
    far = found('"Staff' + "\nx" * 19 + "\n" + TABLE)
    assert far.options == ReadOptions(encoding="utf-8", delimiter=",", header_line=1, quoted=False)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('username,password\nalice,"Abcd1234\nbob,Abcd1234x\n', ["alice", '"Abcd1234']),
        ('wie;wat\n"alice;Abcd1234\nbob;Abcd1234x\n', ['"alice', "Abcd1234"]),
    ],
)
def test_quotes_that_never_close_are_read_as_characters(text: str, row: list[str]) -> None:
    sheet = found(text)
    assert sheet.options.quoted is False
    assert rows(sheet)[0] == row
    assert len(sheet) == 2


def test_an_open_quote_above_the_header_and_another_below_it_are_both_overcome() -> None:
    sheet = found('Staff,"May\nusername,password\nalice,"Abcd1234\nbob,Abcd1234x\n')
    assert (sheet.options.header_line, sheet.options.quoted) == (2, False)
    assert [row[0] for row in rows(sheet)] == ["alice", "bob"]


@pytest.mark.parametrize("line", ["alice@clienta.nl,x", "alice,Abcd1234", "alice,x,Abcd1234"])
def test_a_single_row_with_an_address_or_a_password_is_a_table_without_a_header(line: str) -> None:
    sheet = found(line)
    assert sheet.options.header_line == 0
    assert rows(sheet) == [line.split(",")]


@pytest.mark.parametrize("text", ["hello", "hello world\n", "naam,wat\n", "naam;Abcd\n", "   \n", ""])
def test_a_single_line_without_an_address_or_a_password_is_no_table(text: str) -> None:
    assert proposed(text) is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised_by_a_known_header(encoding: str) -> None:
    sheet = found(TABLE.encode(encoding))
    assert (sheet.options.encoding, sheet.header) == (encoding, ("username", "password"))
    assert rows(sheet) == [["alice", "Abcd1234"]]


@pytest.mark.parametrize("data", ["naam,wat\nalice,x\nbob,y\n".encode("utf-16-le"), b"\x00\x01\x02", b"username\n\x00"])
def test_bytes_without_a_known_header_are_not_taken_for_utf_16(data: bytes) -> None:
    assert proposed(data) is None


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\nusername,password\n", b"\x81\x01\x02\x03\nusername\nalice\n"])
def test_a_file_of_another_kind_is_not_proposed(data: bytes) -> None:
    assert proposed(data) is None


def test_a_sheet_of_a_workbook_is_proposed_where_the_best_one_is_too_large() -> None:
    data = book(Log=[["username"], *([f"user{number}"] for number in range(20))], List=[["wie"], ["alice"], ["bob"]])
    sheet = found(data, "staff.xlsx", Limits(rows=5))
    assert (sheet.options.sheet, rows(sheet)) == ("List", [["alice"], ["bob"]])


def test_only_the_first_twelve_sheets_of_a_workbook_are_tried() -> None:
    notes = {f"Note {number}": [["x"]] for number in range(1, 12)}
    table = {"List": [["wie"], ["alice"], ["bob"]]}
    log = [["username"], *([f"user{number}"] for number in range(20))]
    sheet = proposed(book(Log=log, **dict(list(notes.items())[:10]), **table), "staff.xlsx", Limits(rows=5))
    assert sheet is not None
    assert proposed(book(Log=log, **notes, **table), "staff.xlsx", Limits(rows=5)) is None


def test_a_workbook_with_a_header_only_is_not_proposed() -> None:
    assert proposed(book(Staff=STAFF[:1]), "staff.xlsx") is None


def test_a_damaged_workbook_is_not_proposed() -> None:
    data = with_part(book(Staff=STAFF), "xl/workbook.xml", lambda xml: xml[:50])
    assert proposed(data, "staff.xlsx") is None


@pytest.mark.parametrize(("data", "name"), [(TABLE.encode(), "staff.csv"), (book(Staff=STAFF), "staff.xlsx")])
def test_no_other_way_gets_around_the_limit_of_size(data: bytes, name: str) -> None:
    assert proposed(data, name, Limits(bytes=len(data) - 1)) is None
    assert len(read_with_fallbacks(data, name, Limits(bytes=len(data))) or ()) == 1


def test_no_other_way_gets_around_the_limit_of_rows() -> None:
    assert proposed(TABLE + "bob,Abcd1234\n", limits=Limits(rows=1)) is None
