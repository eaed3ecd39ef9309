"""Numbers of a workbook are read as their formats show them, where a format shows more than digits."""

import io

import pytest
import xlsxwriter

from mxlib.core.files import reader
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.notes import NoteCode


def shown(number: float, code: str) -> str:
    """Return what is read of a cell with this number and format."""
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["username", "quota"])
        page.write_string(1, 0, "nina")
        page.write_number(1, 1, number, book.add_format({"num_format": code}))
    return str(apply_mapping(reader.read(packed.getvalue(), "staff.xlsx")).rows["quota"][0])


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (123, "00000", "00123"),
        (1234567, "00000", "1234567"),
        (123, "000-000", "000-123"),
        (1234567, "000-000", "1234-567"),
        (123, '"u"0000', "u0123"),
        (123, "0000;-0000", "0123"),
        (5, '0" GB"', "5 GB"),
        (5, '0 "GB"', "5 GB"),
        (5, r"#,##0 \G\B", "5 GB"),
        (250, 'General" GB"', "250 GB"),
        (5, '[Red]0" GB"', "5 GB"),
        (5, '0" GB";-0" GB"', "5 GB"),
        (5, '_-* #,##0" GB"_-', "5 GB"),
        (5, '"GB" 0', "GB 5"),
        (2.5, '0.0" GB"', "2.5 GB"),
        (2.5, '0" GB"', "2.5 GB"),
        (-5, '0" GB"', "-5 GB"),
        (1.5, "000-000", "1.5"),
        (5, '0" R&D <x>"', "5 R&D <x>"),
        (1024, "#,##0", "1024"),
        (1024, "0.00", "1024"),
        (0.5, "0%", "0.5"),
        (7, "@", "7"),
        (1.5, "00000", "1.5"),
        (12345678901234567890, "0", "12345678901234600000"),
    ],
)
def test_a_number_is_read_as_its_format_shows_it(number: float, code: str, text: str) -> None:
    assert shown(number, code) == text


def test_a_list_of_addresses_on_another_sheet_is_noted() -> None:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed, {"in_memory": True}) as book:
        book.add_worksheet().write_column(0, 0, ["username", "nina"])
        book.add_worksheet("List").write_column(0, 0, ["kim@a.nl", "tess@a.nl"])
    (note,) = apply_mapping(reader.read(packed.getvalue(), "staff.xlsx")).notes
    assert (note.code, note.figures) == (NoteCode.SHEET_NOT_READ, ("List", 2))
