"""Files in a supported dialect are read back the same; others are refused with a message."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mxlib.core import formula_guard
from mxlib.core.arrow_text import BLANKS
from mxlib.core.files import csv_fast, reader, writer
from mxlib.core.files.reader import FileRefused, Limits, ReadOptions, Sheet
from mxlib.core.mapping import mapping
from mxlib.core.text.notes import sentences
from tests.support.hypothesis_profiles import examples

pytestmark = pytest.mark.slow

MOST = 10_000
ENCODINGS = {"utf-8": b"", "utf-8 with mark": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}

signs = st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"])
awkward = st.sampled_from(
    ['"', '""', ",", ";", "\t", "|", "\n", "\r", "\r\n", "=", "-", "＝", "＠", "#", " ", "\xa0", "\u200b", "é"]
)
cells = st.lists(awkward | st.text(signs, max_size=3), max_size=4).map("".join)


def filled(row: list[str]) -> bool:
    """Return whether a row holds anything; the reader drops blank rows."""
    return bool("".join(row).strip(BLANKS))


@st.composite
def tables(draw: st.DrawFn, content: st.SearchStrategy[str] = cells) -> tuple[list[str], list[list[str]]]:
    """Draw a header that names usernames, and rows of the same width."""
    width = draw(st.integers(1, 5))
    header = [f"{draw(st.sampled_from(['Name', 'Phone', 'Floor']))} {number}" for number in range(width)]
    header[draw(st.integers(0, width - 1))] = draw(st.sampled_from(["username", "E-Mail Address", "User"]))
    row = st.lists(content, min_size=width, max_size=width).filter(filled)
    return header, draw(st.lists(row, min_size=1, max_size=6))


def as_written(cell: str, delimiter: str, *, always: bool) -> str:
    """Return a cell by RFC 4180, quoted only where it must be, or always."""
    must = always or any(sign in cell for sign in (delimiter, '"', "\r", "\n"))
    return '"' + cell.replace('"', '""') + '"' if must else cell


def read(data: bytes, name: str = "staff.csv", options: ReadOptions | None = None) -> Sheet:
    return reader.read(data, name, options=options)


def raw(sheet: Sheet) -> list[list[str]]:
    return [sheet.table.row(at) for at in range(len(sheet))]


@given(
    table=tables(),
    encoding=st.sampled_from(list(ENCODINGS)),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\r\n", "\n", "\r"]),
    always=st.booleans(),
    declared=st.booleans(),
    last_end=st.booleans(),
)
def test_a_table_in_any_dialect_is_read_back_the_same(
    table, encoding: str, delimiter: str, line_end: str, always: bool, declared: bool, last_end: bool
) -> None:
    header, rows = table
    if len(header) == 1 and not declared:
        delimiter = ","  # nothing in the file could show another one
    text = line_end.join(
        [f"sep={delimiter}"] * declared
        + [delimiter.join(as_written(cell, delimiter, always=always) for cell in row) for row in [header, *rows]]
        + [""] * last_end
    )

    sheet = read(ENCODINGS[encoding] + text.encode(encoding.split()[0]))

    assert sheet.header == tuple(header)
    assert raw(sheet) == rows
    assert sheet.options.delimiter == delimiter
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line, row in zip(sheet.table.lines.tolist(), rows, strict=True):
        first = row[0].replace("\r\n", "\n").replace("\r", "\n").split("\n")[0]
        assert first.replace('"', '""') in lines[line - 1]


#: Words with accented letters at places where Western languages have them.
_WORDS = (
    "Hélène Noël Zoë François cœur Müller Größe Österreich Jörg Begoña Núñez Íñigo São João Conceição Simões Magalhães",
    "Forlì Nicolò Corfù Søren Kjær Ærø Åse Håkan Þóra Guðrún Ýmir Lluís Àvila Coördinatie È Été 12€ O’Neil a–z anna x",
)
western = st.lists(st.sampled_from(" ".join(_WORDS).split()), min_size=1, max_size=4).map(" ".join)


@given(table=tables(western))
def test_windows_1252_is_read_when_it_is_not_utf_8(table) -> None:
    header, rows = table
    data = "\r\n".join(",".join(row) for row in [header, *rows]).encode("cp1252") + b",\xe9\x81"

    sheet = read(data, options=None)

    assert sheet.options.encoding == "windows-1252"
    assert [row[: len(header)] for row in raw(sheet)] == rows
    assert raw(sheet)[-1][-1] == "é\x81"


CHOSEN = {"windows-1250": "cp1250", "mac-roman": "mac-roman", "windows-1252": "cp1252"}


@given(data=st.data(), encoding=st.sampled_from(list(CHOSEN)), delimiter=st.sampled_from(",;\t|"), always=st.booleans())
def test_a_table_in_a_chosen_encoding_is_read_back_the_same(
    data: st.DataObject, encoding: str, delimiter: str, always: bool
) -> None:
    signs_of_it = bytes(range(0x20, 0x100)).replace(b"\x7f", b"").decode(CHOSEN[encoding], "ignore")
    header, rows = data.draw(tables(st.text(st.sampled_from(signs_of_it) | st.sampled_from('",;\t|\n'), max_size=6)))
    text = "\r\n".join(
        delimiter.join(as_written(cell, delimiter, always=always) for cell in row) for row in [header, *rows]
    )
    sheet = read(text.encode(CHOSEN[encoding]), options=ReadOptions(encoding=encoding, delimiter=delimiter))
    assert sheet.header == tuple(header)
    assert raw(sheet) == rows


@given(table=tables(), delimiter=st.sampled_from(",;\t|"))
def test_with_quotes_as_characters_a_table_without_separators_in_cells_reads_back(table, delimiter: str) -> None:
    header, rows = table
    bare = [[cell.translate(dict.fromkeys(map(ord, f"\r\n{delimiter}"), "_")) for cell in row] for row in rows]
    text = "\n".join(delimiter.join(row) for row in [header, *bare])
    sheet = read(text.encode(), options=ReadOptions(delimiter=delimiter, quoted=False, header_line=1))
    assert sheet.header == tuple(header)
    assert raw(sheet) == bare


text_of_separators = st.lists(
    st.sampled_from(['"', '"', '""', ",", ",", "\n", "\n", "\r\n", "\r", " ", "a", "é", "\u200b", "\x1e", "#", "b,c\n"])
    | st.text(signs, max_size=2),
    max_size=30,
).map("".join)


@settings(max_examples=examples(400))
@given(text=text_of_separators)
@example('"a\nb"\n"c"')
@example('a"b,"c"\n"')
@example('"",""\n" ","\u200b"\n"""",\n')
def test_reading_by_columns_and_by_records_agree(text: str) -> None:
    try:
        by_records = csv_fast.gathered(csv_fast.by_records(text, ",", start=0, line=1, name="x"), MOST)
    except FileRefused:
        with pytest.raises(csv_fast.IrregularTable):
            list(csv_fast.by_columns(text, ",", start=0, line=1))
        return
    try:
        by_columns = csv_fast.gathered(csv_fast.by_columns(text, ",", start=0, line=1), MOST)
    except csv_fast.IrregularTable:
        return
    assert by_columns.rows.to_pylist() == by_records.rows.to_pylist()
    assert by_columns.lines.tolist() == by_records.lines.tolist()
    assert not by_records.stray


@given(text=text_of_separators)
def test_with_quotes_as_characters_reading_by_columns_and_by_records_agree(text: str) -> None:
    by_columns = csv_fast.gathered(csv_fast.by_columns(text, ",", start=0, line=1, quoted=False), MOST)
    by_records = csv_fast.gathered(csv_fast.by_records(text, ",", start=0, line=1, name="x", quoted=False), MOST)
    assert by_columns.rows.to_pylist() == by_records.rows.to_pylist()
    assert by_columns.lines.tolist() == by_records.lines.tolist()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("around", ["", '"'])
def test_tables_of_several_blocks_are_read_without_gaps(monkeypatch, end: str, around: str) -> None:
    monkeypatch.setattr(csv_fast, "_BLOCK", 50)
    monkeypatch.setattr(csv_fast, "_CELLS_IN_BATCH", 5)
    rows = [[f"user{number}", "x" * (number % 7)] for number in range(200)]
    text = end.join(
        f"{around}{one}{around},{around}{two}{around}{end if at % 5 == 0 else ''}" for at, (one, two) in enumerate(rows)
    )

    found = csv_fast.gathered(csv_fast.by_columns(text, ",", start=0, line=4), MOST)
    other = csv_fast.gathered(csv_fast.by_records(text, ",", start=0, line=4, name=""), MOST)

    assert found.rows.to_pylist() == other.rows.to_pylist() == rows
    assert found.lines.tolist() == other.lines.tolist() == [4 + at + (at + 4) // 5 for at in range(200)]


@given(cell=cells | st.sampled_from("=+-@\t\r\n＝＋－＠").flatmap(lambda sign: cells.map(sign.__add__)))
def test_unguarding_reverses_the_formula_guard(cell: str) -> None:
    guarded = formula_guard.guard(cell)
    assert formula_guard.unguard(guarded) == cell
    assert not guarded.startswith(("=", "+", "-", "@", "\r", "\n", "＝", "＋", "－", "＠"))


@given(table=tables(), secret=st.data())
def test_an_exported_csv_is_read_back_the_same(table, secret: st.DataObject) -> None:
    header, rows = table
    header, rows = [*header, "password"], [[*row, secret.draw(cells)] for row in rows]

    sheet = read(writer.table_csv(header, rows, verbatim={"password"}))
    columns = mapping.detect_columns(sheet.header)

    assert sheet.header == tuple(header)
    assert [row[-1] for row in raw(sheet)] == [row[-1] for row in rows]
    assert [[formula_guard.unguard(cell) for cell in row[:-1]] for row in raw(sheet)] == [row[:-1] for row in rows]
    for at, row in enumerate(rows):
        unused = {name: row[place] for place, name in enumerate(header) if place not in columns.columns.values()}
        assert mapping.original_cells(sheet, at, columns) == unused


in_a_workbook = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\n\t"), max_size=6
)


@settings(max_examples=examples(40), deadline=None)
@given(table=tables(in_a_workbook))
def test_an_exported_workbook_is_read_back_the_same(table) -> None:
    header, rows = table

    sheet = read(writer.table_xlsx(header, rows), "staff.xlsx")

    assert sheet.header == tuple(header)
    width = max(len(header), 1)
    padded = [[formula_guard.unguard(cell) for cell in row] + [""] * (width - len(row)) for row in raw(sheet)]
    assert padded == rows


@given(data=st.binary(max_size=300))
@example(b"\xff\xfe\x00")
@example(b"\xfe\xff\xd8\x00")
@example(b"\xef\xbb\xbf\xff")
@example(b'sep="\nuser')
@example(b"PK\x05\x06" + bytes(18))
def test_any_bytes_are_read_or_refused_with_a_message(data: bytes) -> None:
    read_or_refused(data)


@given(data=st.binary(max_size=60), at=st.integers(0, 400), start=st.sampled_from(["csv", "xlsx"]))
def test_a_damaged_file_is_read_or_refused_with_a_message(data: bytes, at: int, start: str) -> None:
    whole = writer.template_csv() if start == "csv" else WORKBOOK
    read_or_refused(whole[:at] + data + whole[at + len(data) :])


@settings(deadline=None)
@given(text=text_of_separators, encoding=st.sampled_from(["utf-8", "utf-16-le", "windows-1252", "mac-roman", "rot13"]))
def test_any_text_with_any_options_is_read_or_refused_with_a_message(text: str, encoding: str) -> None:
    for options in (
        None,
        ReadOptions(encoding=encoding),
        ReadOptions(header_line=2),
        ReadOptions(header_line=0),
        ReadOptions(delimiter='"'),
    ):
        read_or_refused(("username,password\n" + text).encode(), options)


def read_or_refused(data: bytes, options: ReadOptions | None = None) -> None:
    try:
        sheet = reader.read(data, "staff.csv", limits=Limits(rows=100, unpacked=1_000_000), options=options)
        columns = mapping.detect_columns(sheet.header)
        rows, notes = mapping.rows_from_sheet(sheet, columns)
    except FileRefused as error:
        refusal = str(error)
    else:
        refusal = ""
        assert len(rows) == len(sheet) > 0
        assert (np.diff(rows["line"]) > 0).all()
        assert all(note.endswith(".") for note in sentences(notes))
        mapping.original_cells(sheet, len(sheet) - 1, columns)
    assert refusal == refusal.rstrip()
    assert not refusal or (refusal.endswith(".") and "\n" not in refusal)


WORKBOOK = writer.table_xlsx(["username", "password"], [["alice", "Abcd1234"]])


@settings(deadline=None, max_examples=examples(60))
@given(
    part=st.sampled_from(["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"]),
    at=st.floats(0, 1),
    piece=st.sampled_from(
        [
            b"",
            b"<",
            b'"',
            b"</row>",
            b'<c r="XFD1048576"><v>1</v></c>',
            b'<c r="A1" t="s"><v>99</v></c>',
            b'r="9"',
            b"&x;",
        ]
    )
    | st.binary(max_size=4),
    cut=st.integers(0, 30),
)
def test_a_workbook_with_a_damaged_part_is_read_or_refused_with_a_message(
    part: str, at: float, piece: bytes, cut: int
) -> None:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as whole, zipfile.ZipFile(changed, "w") as copy:
        for name in whole.namelist():
            content = whole.read(name)
            place = int(at * len(content))
            copy.writestr(name, content[:place] + piece + content[place + cut :] if name == part else content)
    read_or_refused(changed.getvalue())
