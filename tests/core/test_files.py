"""Files as programs write them, with every cell expected; `files/README.md` says how each was made."""

import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import ReadOptions, Sheet
from mxlib.core.mapping.mapping import original_cells
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.schema import COLUMNS
from mxlib.core.text.notes import sentences
from tests.support import libreoffice as soffice
from tests.support import spreadsheets
from tests.support.awkward_files import READ, REFUSED
from tests.support.spreadsheets import FILES, WRITTEN

NOTE = "Column 'Note' is not used."
OLD = "Not UTF-8, so read as Windows-1252: look whether '{}' is right."
MICROSOFT = "Read as a Microsoft 365 users export."
COMMAS = "UTF-8, commas, header in line 1"

Rows = list[list[object]]


def staff(thousand: str = "1,024", decimal: str = "2048.0", limit: str = "9,600", umlaut: str = "ü") -> Rows:
    """Return the rows of the staff spreadsheet, with numbers as one country writes them."""
    return [
        [2, "007", "Ab,cd;12 34|x", thousand, "500", "james@example.net", "clienta.nl", ""],
        [4, "joerg.mueller", f'Say "Hi" 2026{umlaut}', decimal, "", "", "clientb.nl", ""],
        [6, "1e5", "'Geheim2026", "512", limit, "", "", ""],
        [7, "1234567890123456789", "=Cmd2026x", "2 GB", "", "", "", ""],
    ]


def in_a_sheet(rows: Rows) -> Rows:
    """Return the same rows with the lines of a workbook, where a line break in a cell adds no line."""
    return [rows[0], *([int(str(line)) - 1, *cells] for line, *cells in rows[1:])]


#: By file: the options it was read with, every row (line and columns), and the notes.
WHOLE: dict[str, tuple[str, Rows, tuple[str, ...]]] = {
    "cpanel-accounts.csv": (
        COMMAS,
        [[2, "anna@a.nl", "", "1024.00", "", "", "a.nl", ""],
         [3, "info@a.nl", "", "unlimited", "", "", "a.nl", ""]],
        ("Read as a list of a cPanel server.",),
    ),
    "cpanel-address-importer.csv": (
        COMMAS,
        [[2, "anna@a.nl", "Ab,cd1234", "1024", "", "", "", ""],
         [3, "bob@a.nl", "Geheim2026x", "unlimited", "", "", "", ""]],
        (),
    ),
    "directadmin-accounts.csv": (
        COMMAS,
        [[2, "anna", "", "500", "200", "", "a.nl", ""], [3, "kim", "", "0", "200", "", "a.nl", ""]],
        (
            "Read as a list of a DirectAdmin server.",
            "1 user suspended in the export: line 3 left out. Tick a row to import it.",
        ),
    ),
    "entra-users.csv": (COMMAS, [[2, "anna@a.nl", "", "", "", "anna@home.example", "", "Bakker, Anna"]], (MICROSOFT,)),
    "excel-mac-roman.csv": (
        "Windows-1252, semicolons, header in line 1",
        [[2, "zoe", "Gro§2026x", "", "", "", "", ""], [4, "kim", "", "", "", "", "", ""]],
        (OLD.format("Zo‘ MŸller"), "Column 'note' is not used."),
    ),
    "excel-sep-marked.csv": ("UTF-8, semicolons, header in line 2", [[3, "zoë", "", "2048", "", "", "", ""]], ()),
    "excel-sep-semicolon.csv": (
        "Windows-1252, semicolons, header in line 2",
        [[3, "jorg", "Gr;ün2026x", "1.024", "", "", "", ""]],
        (OLD.format("Jörg, Köln"), "Column 'note' is not used."),
    ),
    "google-sheets.csv": (
        COMMAS,
        [[2, "007", "Ab,cd1234", "1,024", "", "", "clienta.nl", ""], [3, "true", "NA", "2 GB", "", "", "", ""]],
        (),
    ),
    "google-workspace-users.csv": (
        COMMAS,
        [[2, "anna@a.nl", "", "", "", "anna@home.example", "", "Anna Bakker"]],
        ("Read as a Google Workspace users export.",),
    ),
    "header-over-lines.csv": (
        "UTF-8, semicolons, header in line 1",
        [[4, "alice", "Ab,cd;1234", "", "", "", "", ""]],
        (),
    ),
    "libreoffice-french.csv": (
        "UTF-8, semicolons, header in line 1", staff("1\xa0024", "2048,0", "9\xa0600"), (NOTE,),
    ),
    "libreoffice-german.csv": (
        "Windows-1252, semicolons, header in line 1",
        staff("1.024", "2048,0", "9.600"),
        (OLD.format("Größe: übel"), NOTE),
    ),
    "libreoffice-mac.csv": (
        "Windows-1252, bars, header in line 1", staff(umlaut="Ÿ"), (OLD.format("Grš§e: Ÿbel"), NOTE),
    ),
    "libreoffice-not-as-shown.csv": (COMMAS, staff("1024", "2048", "9600"), (NOTE,)),
    "libreoffice-polish.csv": (
        "Windows-1250, semicolons, header in line 1",
        [[2, "lukasz", "Żółć2026x", "10\xa0240", "", "", "", ""]],
        (OLD.replace("1252", "1250").format("Łódź"), NOTE),
    ),
    "libreoffice-quote-all.csv": (COMMAS, staff(), (NOTE,)),
    "libreoffice-second-sheet.xlsx": (
        "sheet Postfächer, header in line 4",
        [
            [5, "anna@clienta.nl", "Geheim.2026x", "1536", "", "", "", ""],
            [7, "0049@clienta.nl", "", "2048", "", "", "", ""],
            [8, "true", "", "", "", "", "", ""],
            [9, "#div/0!", "", "", "", "", "", ""],
            [10, "kim@clienta.nl", "", "", "", "", "", ""],
        ],
        ("Skipped above the header: 'Stand Mai'.", "Quota is in GB in this file: converted to MB."),
    ),
    "libreoffice-tabs.tsv": ("UTF-8, tabs, header in line 1", staff(), (NOTE,)),
    "libreoffice-unicode-text.txt": ("UTF-16 LE, tabs, header in line 1", staff(), (NOTE,)),
    "libreoffice-utf-8.csv": (COMMAS, staff(), (NOTE,)),
    "libreoffice.xlsx": (
        "sheet Staff, header in line 1", in_a_sheet(staff("1024", "2048", "9600")), (NOTE,),
    ),
    "microsoft-365-users.csv": (COMMAS, [[2, "anna@a.nl", "", "", "", "", "", "Anna Bakker"]], (MICROSOFT,)),
    "put-together.csv": (
        COMMAS,
        [
            [2, "alice", "", "1024", "", "", "", ""],
            [3, "username", "", "quota", "", "", "", ""],
            [4, "bob", "", "2048", "", "", "", ""],
        ],
        (),
    ),
}  # fmt: skip

#: By file: the options that a person must choose for it, and its first row with them.
CHOSEN_BY_HAND: dict[str, tuple[ReadOptions, list[object]]] = {
    "excel-mac-roman.csv": (ReadOptions(encoding="mac-roman"), [2, "zoe", "Groß2026x", "", "", "", "", ""]),
    "libreoffice-mac.csv": (ReadOptions(encoding="mac-roman"), staff()[0]),
    "libreoffice-polish.csv": (
        ReadOptions(encoding="windows-1252"), [2, "lukasz", "¯ó³æ2026x", "10\xa0240", "", "", "", ""],
    ),
    "open-quote-in-title.csv": (ReadOptions(header_line=2), [3, "alice", "Abcd1234", "", "", "", "", ""]),
    "utf-16-without-mark.csv": (ReadOptions(encoding="utf-16-le"), [2, "alice", "Abcd1234", "", "", "", "", ""]),
}  # fmt: skip


def read(name: str, options: ReadOptions | None = None) -> Sheet:
    return reader.read((FILES / name).read_bytes(), name, options=options)


def table(sheet: Sheet) -> Rows:
    """Return line and columns of every row."""
    return apply_mapping(sheet).rows[["line", *COLUMNS]].to_numpy().tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", WHOLE)
def test_every_cell_of_a_file_comes_out_as_it_was_written(name: str) -> None:
    options, rows, notes = WHOLE[name]
    sheet = read(name)
    assert sheet.options.describe() == options
    assert table(sheet) == rows
    assert sentences(apply_mapping(sheet).notes) == notes


@pytest.mark.parametrize("name", CHOSEN_BY_HAND)
def test_options_that_a_file_does_not_reveal_can_be_chosen_by_hand(name: str) -> None:
    options, row = CHOSEN_BY_HAND[name]
    assert table(read(name, options))[0] == row


def test_unused_columns_come_back_unchanged() -> None:
    for name in ("libreoffice-utf-8.csv", "libreoffice-german.csv", "libreoffice-tabs.tsv", "libreoffice.xlsx"):
        reading = apply_mapping(read(name))
        notes = [original_cells(reading.sheet, at, reading.columns)["Note"] for at in range(4)]
        assert notes == ["first line\nsecond line", "Größe: übel", "after a blank row", "2026-05-03"]


@pytest.mark.parametrize(
    ("name", "line", "sentence"),
    [
        ("put-together.csv", 3, "This is the header once more, as files put together have it: leave the row out."),
    ],
)
def test_repeated_headers_are_marked_as_faults(name: str, line: int, sentence: str) -> None:
    rows = apply_mapping(read(name)).rows
    assert rows.loc[rows["line"] == line, "fault"].tolist() == [sentence]
    assert (rows.loc[rows["line"] != line, "fault"] == "").all()


def test_every_file_is_described_and_tested() -> None:
    here = {path.name for path in FILES.iterdir() if path.is_file()} - {"README.md", ".gitattributes"}
    described = (FILES / "README.md").read_text(encoding="utf-8")
    assert here == READ.keys() | REFUSED.keys() | WHOLE.keys() | CHOSEN_BY_HAND.keys()
    assert [name for name in here if f"`{name}`" not in described] == []


@pytest.mark.slow
@soffice.needed()
@pytest.mark.parametrize("name", WRITTEN)
def test_the_libreoffice_of_this_machine_writes_the_same_files(name: str) -> None:
    now = reader.read(spreadsheets.written(name), name)
    kept = read(name)
    assert (now.options, now.header, now.title) == (kept.options, kept.header, kept.title)
    assert table(now) == table(kept)
