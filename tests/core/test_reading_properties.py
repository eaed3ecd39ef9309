"""Any table comes out the same, or a note says what does not.

It may be under titles, in any encoding that is offered, with hidden rows, merged cells and stray cells around it.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import xlsxwriter
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mxlib.core.files import reader
from mxlib.core.files.encoding import DELIMITERS, ENCODINGS
from mxlib.core.files.reader import ReadOptions, Sheet
from mxlib.core.mapping.read_file import ReadFile, apply_mapping
from mxlib.core.notes import NoteCode
from tests.support.hypothesis_profiles import examples

#: Encodings of Python by the name that is offered.
CODECS = {"mac-roman": "mac_roman", "shift_jis": "cp932"}
#: Encodings whose files say so themselves.
MARKS = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}

TITLES = [
    "New people",
    "Domain,clienta.nl",
    "Email",
    "Mailbox,,,Remarks",
    "Größe",
    "Mitarbeiterliste - Stand 12.11.2026",
]
HEADERS = {
    "password": ["password", "Password"],
    "quota": ["quota", "Quota (MB)"],
    "name": ["Full name", "Display name"],
    "recovery_email": ["recovery_email", "Recovery email"],
    "domain": ["domain"],
}
OWN = ["Phone", "Abteilung", "Remark", "Größe", "№"]
NAMES = st.from_regex(r"[a-z]{2,8}\.[a-z]{2,8}", fullmatch=True)
CELLS = st.one_of(
    st.sampled_from(
        ["", "512", "2 GB", "1.024", "a.nl", "Email", "x@example.org", "Dr. Jörg", "Łukasz, 2nd", "Ирина", "山田",
         "O'Neil", 'say "hi"', "a;b", "a|b", "a\tb", "#1", "two\nlines", "Kroket-2026a", "-", "=1", "Total", "0049"]
    ),
    st.text(st.characters(categories=["L", "N", "P", "Sc", "Sm"], max_codepoint=0x24F), max_size=8),
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """A header, rows of the same width, and the titles above them."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    titles: tuple[str, ...]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Draw a table of mailboxes; its header names at least two known columns."""
    known = [draw(st.sampled_from(HEADERS[name])) for name in draw(st.lists(st.sampled_from(list(HEADERS)), min_size=1,
                                                                            unique=True))]  # fmt: skip
    header = draw(st.permutations(["username", *known, *draw(st.lists(st.sampled_from(OWN), max_size=2, unique=True))]))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    rows = [tuple(name if title == "username" else draw(CELLS) for title in header) for name in names]
    return Table(tuple(header), tuple(rows), tuple(draw(st.lists(st.sampled_from(TITLES), max_size=4))))


def cells_of(sheet: Sheet) -> dict[int, tuple[str, ...]]:
    """Return the rows of a sheet by line."""
    return {int(line): tuple(sheet.table.row(at)) for at, line in enumerate(sheet.table.lines.tolist())}


def codes(file: ReadFile) -> set[NoteCode]:
    return {note.code for note in file.notes}


def written(table: Table, sign: str, *, always: bool) -> str:
    """Return a table as text, under its titles."""
    out = io.StringIO()
    for title in table.titles:
        out.write(f"{title.replace(',', sign)}\r\n")
    quoting: csv._QuotingType = csv.QUOTE_ALL if always else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=sign, quoting=quoting, lineterminator="\r\n").writerows([table.header, *table.rows])
    return out.getvalue()


def expect_titles(file: ReadFile, titles: Sequence[str]) -> None:
    assert (NoteCode.ABOVE_HEADER in codes(file)) == bool(titles)


@given(
    table=tables(),
    sign=st.sampled_from(list(DELIMITERS)),
    encoding=st.sampled_from(list(ENCODINGS)),
    always=st.booleans(),
    chosen=st.booleans(),
)
@settings(deadline=None, max_examples=examples(60))
def test_a_text_comes_out_the_same_or_a_note_says_so(
    table: Table, sign: str, encoding: str, always: bool, chosen: bool
) -> None:
    try:
        data = written(table, sign, always=always).encode(CODECS.get(encoding, encoding))
    except UnicodeEncodeError:
        assume(False)
    options = ReadOptions(encoding=encoding) if chosen else None
    sheet = reader.read(MARKS.get(encoding, b"") + data, "staff.csv", options=options)
    file = apply_mapping(sheet)
    expect_titles(file, table.titles)
    same = sheet.header == table.header and tuple(cells_of(sheet).values()) == table.rows
    by_hand = chosen or encoding in ("utf-8", *MARKS) or data.isascii()
    assert same or (not by_hand and NoteCode.OLD_ENCODING in codes(file))
    assert len(sheet) == len(table.rows)
    assert [str(name) for name in file.rows["username"]] == [row[table.header.index("username")] for row in table.rows]


@dataclass(frozen=True)
class Around:
    """What a workbook has besides its table: rows that are hidden, merged cells, and stray ones."""

    hidden: frozenset[int]
    merged: bool
    blank: bool
    stray: bool
    right: bool


@given(
    table=tables(),
    around=st.builds(
        Around,
        st.frozensets(st.integers(0, 5), max_size=2),
        *(st.booleans() for _ in range(4)),
    ),
)
@settings(deadline=None, max_examples=examples(40))
def test_a_workbook_comes_out_the_same_or_a_note_says_so(table: Table, around: Around) -> None:
    top, width, count = len(table.titles), len(table.header), len(table.rows)
    packed = io.BytesIO()
    merges = around.merged and count > 1 and any(title != "username" for title in table.header)
    column = next((at for at, title in enumerate(table.header) if title != "username"), 0)
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        page, bold = book.add_worksheet(), book.add_format({"bold": True})
        for number, title in enumerate(table.titles):
            for at, cell in enumerate(title.split(",")):
                page.write_string(number, at, cell)
        for number, row in enumerate([table.header, *table.rows], top):
            for at, cell in enumerate(row):
                if cell and not (merges and at == column and number > top):
                    page.write_string(number, at, cell)
        if merges:
            page.merge_range(top + 1, column, top + count, column, "")
            page.write_string(top + 1, column, table.rows[0][column] or "all")
        for at in around.hidden:
            page.set_row(top + 1 + at, None, None, {"hidden": True})
        if around.blank:
            page.write_blank(9_000, 100, None, bold)
        if around.stray:
            page.write_string(top + count + 900, 0, "stray below")
        if around.right:
            page.write_string(top + 1, width + 40, "stray right")
    sheet = reader.read(packed.getvalue(), "staff.xlsx")
    file = apply_mapping(sheet)
    expect_titles(file, table.titles)
    found = cells_of(sheet)
    expected = [list(row) for row in table.rows]
    if merges:
        for row in expected:
            row[column] = table.rows[0][column] or "all"
    for line, cells in enumerate(expected, top + 2):
        assert found[line][:width] == tuple(cells)
    seen = {note.code: note for note in file.notes}
    assert (NoteCode.MERGED_CELLS in seen) == merges
    hidden = {top + 2 + at for at in around.hidden if at < count}
    assert set(seen[NoteCode.ROWS_HIDDEN].lines if NoteCode.ROWS_HIDDEN in seen else ()) == hidden
    assert set(found) - set(range(top + 2, top + 2 + count)) == ({top + count + 901} if around.stray else set())
    if around.right:
        told = NoteCode.COLUMN_WITHOUT_HEADER in seen or bool(file.rows["fault"].iat[0])
        assert told, file.notes
