"""Any table that is moved under a title, or has stray cells around it, comes out the same, or a note says so."""

import io

import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core.files import reader
from mxlib.core.files.reader import Sheet
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.notes import NoteCode
from tests.support.hypothesis_profiles import examples

NAMES = st.lists(st.from_regex(r"[a-z]{2,8}\.[a-z]{2,8}", fullmatch=True), min_size=2, max_size=6, unique=True)
TITLES = st.lists(
    st.sampled_from(["New people", "Domain,clienta.nl", "Email", "Mailbox,,,Remarks", "Größe"]), max_size=4
)
HEADER = ["username", "password", "quota"]


def usernames(sheet: Sheet) -> list[str]:
    return [str(name) for name in apply_mapping(sheet).rows["username"]]


@settings(max_examples=examples(60), deadline=None)
@given(NAMES, TITLES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]), st.sampled_from(",;\t|"))
def test_a_text_under_a_title_is_read_in_every_encoding(
    names: list[str], titles: list[str], encoding: str, sign: str
) -> None:
    rows = [title.replace(",", sign) for title in titles]
    rows += [sign.join(cells) for cells in (HEADER, *([name, "Kroket-2026a", "512"] for name in names))]
    sheet = reader.read("\r\n".join(rows).encode(encoding), "staff.csv")
    assert usernames(sheet) == names
    codes = {note.code for note in apply_mapping(sheet).notes}
    assert (NoteCode.ABOVE_HEADER in codes) == bool(titles)


@settings(max_examples=examples(15), deadline=None)
@given(NAMES, TITLES, st.booleans(), st.booleans(), st.booleans())
def test_a_workbook_with_hidden_merged_and_stray_cells_is_read_whole(
    names: list[str], titles: list[str], hides: bool, merges: bool, strays: bool
) -> None:
    packed = io.BytesIO()
    top = len(titles)
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, title in enumerate(titles):
            page.write_row(number, 0, title.split(","))
        page.write_row(top, 0, [*HEADER, "domain"])
        for number, name in enumerate(names, top + 1):
            page.write_row(number, 0, [name, "Kroket-2026a", 512, "" if merges else "a.nl"])
        if merges:
            page.merge_range(top + 1, 3, top + len(names), 3, "a.nl")
        if hides:
            page.set_row(top + 1, None, None, {"hidden": True})
        if strays:
            page.write_blank(90_000, 200, None, book.add_format({"bold": True}))
    file = apply_mapping(reader.read(packed.getvalue(), "staff.xlsx"))
    assert [str(name) for name in file.rows["username"]] == names
    assert {str(domain) for domain in file.rows["domain"]} == {"a.nl"}
    codes = {note.code for note in file.notes}
    assert (NoteCode.ROWS_HIDDEN in codes, NoteCode.MERGED_CELLS in codes) == (hides, merges)
