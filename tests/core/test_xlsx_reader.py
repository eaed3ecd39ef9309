"""Excel workbooks: the right sheet, cells as text, and nothing that fills the memory."""

import io
import re
import tracemalloc
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter

from mxlib.core.files.reader import Limits, ReadOptions
from mxlib.core.mapping import mapping
from mxlib.core.notes import NoteCode
from mxlib.core.spreadsheet_marks import NO_VALUE
from tests.support.xlsx_files import SHEET, STAFF, book, read, refusal, rows, with_part


def test_cells_are_read_as_text() -> None:
    cells = ["007", 7, 1024.0, 1.5, 12345678901234, True, date(2024, 5, 1), datetime(2024, 5, 1, 10, 30), "NA", " x "]
    sheet = read(book(Staff=[["username", *map(str, range(len(cells) - 1))], cells]))
    assert rows(sheet) == [
        ["007", "7", "1024", "1.5", "12345678901234", "TRUE", "2024-05-01", "2024-05-01 10:30:00", "NA", " x "]
    ]


def test_a_cell_with_an_error_is_read_as_its_error_not_as_blank() -> None:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["username", "quota"])
        sheet.write_string(1, 0, "alice")
        sheet.write_formula(1, 1, "=1/0", None, "#DIV/0!")
    assert rows(read(packed.getvalue())) == [["alice", "#DIV/0!"]]


def test_the_table_is_found_on_the_second_sheet_below_a_title() -> None:
    data = book(Notes=[["Domain", "clienta.example"]], Staff=[[], ["New people"], ["# by Kim"], *STAFF, [], ["bob"]])
    sheet = read(data)
    assert (sheet.options, sheet.title) == (ReadOptions(sheet="Staff", header_line=4), "New people")
    assert sheet.options.describe() == "sheet Staff, header in line 4"
    assert sheet.table.lines.tolist() == [5, 7]
    assert sheet.sheets == ("Notes", "Staff")


def test_another_sheet_and_another_header_can_be_chosen() -> None:
    data = book(One=STAFF, Two=[["naam", "x"], ["mailbox", "y"], ["bob@x.example", "z"]])
    assert read(data).options.sheet == "One"
    assert read(data, ReadOptions(sheet="Two")).header == ("mailbox", "y")
    assert read(data, ReadOptions(sheet="Two", header_line=1)).header == ("naam", "x")
    assert refusal(data, ReadOptions(sheet="Three")) == "staff.xlsx has no sheet 'Three'."


def test_visible_sheets_come_before_hidden_ones() -> None:
    data = with_part(
        book(Old=STAFF, New=STAFF),
        "xl/workbook.xml",
        lambda xml: xml.replace(b'name="Old"', b'name="Old" state="hidden"'),
    )
    assert read(data).options.sheet == "New"


def test_a_list_of_addresses_needs_no_header() -> None:
    sheet = read(book(Empty=[], List=[["a@x.example"], ["b@x.example"]]))
    assert (sheet.header, sheet.options.describe(), len(sheet)) == (("email",), "sheet List, no header", 2)


def test_a_cell_outside_the_table_makes_its_row_invalid() -> None:
    sheet = read(book(Staff=[*STAFF, ["bob", "Abcd1234", "", "call him"]]))
    table, _ = mapping.rows_from_sheet(sheet, mapping.detect_columns(sheet.header))
    assert table["fault"].tolist() == ["", "One value too many: a cell lies outside the table, under no header."]


def test_workbooks_without_a_table_are_refused() -> None:
    assert refusal(book(Staff=[])) == "The file is empty."
    assert refusal(book(Staff=STAFF[:1])) == "The file has a header and no rows."


def test_too_many_rows_are_refused_before_anything_is_built() -> None:
    data = book(Staff=[["username"], *([f"user{number}"] for number in range(50))])
    assert len(read(data, limits=Limits(rows=50))) == 50
    assert refusal(data, limits=Limits(rows=49)) == "50 rows; the limit is 49. Split the file."
    assert refusal(data, limits=Limits(rows=5)) == "50 rows; the limit is 5. Split the file."


def test_a_sheet_that_is_too_large_does_not_block_the_other_sheets() -> None:
    data = book(Log=[[number] for number in range(50)], Staff=STAFF)
    assert read(data, limits=Limits(rows=5)).options.sheet == "Staff"


def test_a_workbook_that_unpacks_over_the_limit_is_refused_unopened() -> None:
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml + b" " * 300_000_000)
    assert len(data) < 1_000_000
    tracemalloc.start()
    try:
        sentence = refusal(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sentence == "Unpacked it is 300.0 MB; the limit is 60 MB. Save it as CSV."
    assert peak < 5_000_000


def test_an_archive_with_a_false_size_is_refused() -> None:
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml + b" " * 5_000_000)
    honest = zipfile.ZipFile(io.BytesIO(data)).getinfo(SHEET).file_size
    lying = data.replace(honest.to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert lying != data
    assert refusal(lying).startswith("staff.xlsx is damaged")


@pytest.mark.parametrize("far", [b"XFD1048576", b"A1048576", b"ZZZZZZ2", b"A99999999999"])
def test_cells_that_are_far_apart_are_refused(far: bytes) -> None:
    cells = (
        b'<row r="1048576"><c r="' + far + b'"><v>1</v></c></row><row><c r="XFD1048577"><v>2</v></c></row></sheetData>'
    )
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", cells))
    assert re.match("The cells of this workbook lie too far apart|staff.xlsx is damaged", refusal(data))


@pytest.mark.parametrize(
    "promised", [b'"4000000000"', b"'+4000000000'", b'"&#52;000000000"', b'"" uniqueCount="9999999999"']
)
def test_a_workbook_that_declares_more_texts_than_it_has_bytes_is_refused(promised: bytes) -> None:
    def promise(xml: bytes) -> bytes:
        return re.sub(rb'uniqueCount="\d+"', b"uniqueCount=" + promised, xml)

    assert refusal(with_part(book(Staff=STAFF), "xl/sharedStrings.xml", promise)).startswith("staff.xlsx is damaged")


def test_many_cells_may_share_a_text() -> None:
    data = book(Staff=[["username", "domain"], *([f"user{number}", "clienta.example"] for number in range(2_000))])
    assert len(read(data)) == 2_000


def test_blank_cells_with_a_format_are_ignored() -> None:
    cells = b"".join(b'<row r="%d"><c r="XFD%d" s="0"/></row>' % (row, row) for row in range(3, 9_000))
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", cells + b"</sheetData>"))
    assert rows(read(data)) == STAFF[1:]


def test_rows_out_of_order_are_refused() -> None:
    back = b'<row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", back))
    assert refusal(data).startswith("staff.xlsx is damaged")


def test_a_part_with_a_doctype_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"<worksheet", bomb + b"<worksheet", 1))
    assert refusal(data).startswith("staff.xlsx is damaged")


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("content.xml", "This is an OpenDocument spreadsheet: save it as .xlsx or CSV."),
        ("xl/workbook.bin", "This is a binary workbook (.xlsb): save it as .xlsx or CSV."),
        ("word/document.xml", "This is a text document, not a table: a CSV or .xlsx is needed."),
        ("staff.csv", "This is a zip archive, not a table: a CSV or .xlsx is needed."),
    ],
)
def test_archives_of_other_kinds_are_named_in_the_refusal(part: str, sentence: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(part, "x")
    assert refusal(packed.getvalue()) == sentence


def test_an_archive_of_thousands_of_parts_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(2_100):
            archive.writestr(f"{number}.xml", "")
    assert refusal(packed.getvalue()).startswith("staff.xlsx is damaged")


def test_cells_and_rows_without_a_reference_follow_each_other() -> None:
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: re.sub(rb'(<c|<row) r="[A-Z]*\d+"', rb"\1", xml))
    assert b'r="A1"' not in zipfile.ZipFile(io.BytesIO(data)).read(SHEET)
    assert rows(read(data)) == STAFF[1:]


@pytest.mark.parametrize("reference", [b"", b"1", b"A", b"$A$2", "Ä2".encode()])
def test_a_cell_at_no_place_is_refused(reference: bytes) -> None:
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b'r="A2"', b'r="' + reference + b'"'))
    assert refusal(data).startswith("staff.xlsx is damaged")


@pytest.mark.parametrize("length", [1_000, 1_001])
def test_a_row_has_at_most_a_thousand_cells(length: int) -> None:
    data = book(Staff=[["username", "x"], ["alice", *["y"] * (length - 1)]])
    if length == 1_000:
        assert len(rows(read(data))[0]) == 1_000
    else:
        assert refusal(data) == "Line 2 has 1,001 values; the limit is 1,000."


def test_blank_cells_at_the_end_of_a_wide_row_do_not_count() -> None:
    far = b'<c r="AMN2" t="str"><v> </v></c></row></sheetData>'
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</row></sheetData>", far))
    assert rows(read(data)) == STAFF[1:]


def test_a_workbook_with_too_many_tags_for_its_size_is_refused() -> None:
    cells = b"<row>" + b"<c/>" * 1_100_000 + b"</row></sheetData>"
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", cells))
    assert re.fullmatch(
        r"This workbook has more than 1,0\d\d,\d{3} tags in its cells: too many for its size. Save the table as CSV.",
        refusal(data),
    )


def test_a_long_text_that_few_cells_share_is_read_and_one_that_many_share_is_refused() -> None:
    def shared(count: int) -> bytes:
        return book(Staff=[["username", "note"], *([f"user{number}", "x" * 30_000] for number in range(count))])

    assert len(read(shared(100))) == 100
    assert refusal(shared(400)) == (
        "The texts that the cells of this workbook share come to 12.0 million characters; the limit is 5.1 million. "
        "Save the table alone, or as CSV."
    )


def test_a_long_text_counts_only_where_cells_point_to_it() -> None:
    data = book(Staff=[["username", "note"], ["alice", "x" * 30_000], *([f"user{at}", "short"] for at in range(400))])
    assert len(read(data)) == 401


def test_a_workbook_locked_part_by_part_is_refused_as_locked() -> None:
    data = bytearray(book(Staff=STAFF))
    for entry in re.finditer(b"PK\x01\x02", bytes(data)):
        data[entry.start() + 8] |= 1
    assert refusal(bytes(data)) == "This workbook is locked with a password: save it without one, or as CSV."


def test_an_archive_with_unusual_compression_is_refused() -> None:
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(book(Staff=STAFF))) as whole,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_BZIP2) as copy,
    ):
        for name in whole.namelist():
            copy.writestr(name, whole.read(name))
    assert refusal(packed.getvalue()).startswith("staff.xlsx is damaged")


@pytest.mark.parametrize(
    "cell", [b'<c r="A3" t="s"><v>99</v></c>', b'<c r="A3" t="n"><v>x1</v></c>', b'<c r="A3" t="zz"><v>0</v></c>']
)
def test_a_cell_without_a_readable_value_is_refused(cell: bytes) -> None:
    row = b'<row r="3">' + cell + b"</row></sheetData>"
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: xml.replace(b"</sheetData>", row))
    assert refusal(data).startswith("staff.xlsx is damaged")


def with_prefix(content: bytes, prefix: bytes = b"x") -> bytes:
    """A worksheet whose tags are named `x:…`, as some programs write them."""
    return re.sub(rb"<(/?)(?=\w)", rb"<\1%b:" % prefix, content).replace(b"xmlns=", b"xmlns:%b=" % prefix)


PREFIXES = pytest.mark.parametrize("prefix", [b"x", b"ns-1", b"a.b", b"x" * 400, "é".encode()])


@PREFIXES
def test_cells_far_apart_are_refused_whatever_the_prefix_of_the_tags(prefix: bytes) -> None:
    far = b'<row r="60000"><c r="AZ60000"><v>1</v></c></row></sheetData>'
    data = with_part(book(Staff=STAFF), SHEET, lambda xml: with_prefix(xml.replace(b"</sheetData>", far), prefix))
    assert refusal(data).startswith("The cells of this workbook lie too far apart")


@PREFIXES
def test_a_long_text_in_many_cells_is_refused_whatever_the_prefix_of_the_tags(prefix: bytes) -> None:
    data = book(Staff=[["username", "note"], *([f"user{at}", "x" * 30_000] for at in range(400))])
    assert "come to" in refusal(with_part(data, "xl/sharedStrings.xml", lambda xml: with_prefix(xml, prefix)))


@pytest.mark.parametrize("prefix", [rb"\q", rb"\g", rb"\2", b"%b", b"(a"])
def test_a_prefix_with_signs_of_patterns_is_refused_in_a_sentence(prefix: bytes) -> None:
    blank = b'<c r="A2" t="inlineStr"><is><t> </t></is></c></row></sheetData>'

    def renamed(xml: bytes) -> bytes:
        xml = xml.replace(b"</row></sheetData>", blank)
        return re.sub(rb"<(/?)(?=\w)", lambda found: found[0] + prefix + b":", xml)

    assert refusal(with_part(book(Staff=STAFF), SHEET, renamed)).endswith(".")


def test_a_worksheet_with_prefixed_tags_is_read_like_one_without() -> None:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["username", "quota", "recovery_email", "department", "number", "since"])
        for at in range(1, 5):
            sheet.write_string(at, 0, f"person{at}")
            sheet.write_number(at, 1, at, workbook.add_format({"num_format": '0" GB"'}))
            sheet.write_number(at, 4, at, workbook.add_format({"num_format": "000"}))
            sheet.write_datetime(at, 5, datetime(2024, 5, at), workbook.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula(1, 2, '=A2&"@b.example"', value="")
        sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")
        sheet.merge_range(1, 3, 3, 3, "Office")
        sheet.set_row(3, None, None, {"hidden": True})
    plain, prefixed = read(packed.getvalue()), read(with_part(packed.getvalue(), SHEET, with_prefix))
    assert rows(prefixed) == rows(plain)
    assert rows(plain)[0][1:] == ["1 GB", NO_VALUE, "Office", "001", "2024-05-01"]
    assert [row[2] for row in rows(plain)][1:] == ["#DIV/0!", "", ""]
    assert [row[3] for row in rows(plain)] == ["Office"] * 3 + [""]
    assert prefixed.notes == plain.notes
    assert {NoteCode.ROWS_HIDDEN, NoteCode.MERGED_CELLS} <= {note.code for note in plain.notes}
    assert prefixed.table.dates == plain.table.dates == {(at, 5) for at in range(4)}


def test_dates_are_found_where_the_row_above_has_none() -> None:
    sheet = read(book(S=[["username", "a", "b"], ["x", date(2024, 5, 1), "t"], ["y", "u", date(2024, 5, 2)]]))
    assert rows(sheet) == [["x", "2024-05-01", "t"], ["y", "u", "2024-05-02"]]
    assert sheet.table.dates == {(0, 1), (1, 2)}
