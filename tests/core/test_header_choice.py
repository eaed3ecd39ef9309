"""A header that nothing in the file shows is a guess, and is reported as unsure."""

import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import ReadOptions
from mxlib.core.mapping.suggestions import begins_with_a_person


@pytest.mark.parametrize(
    ("text", "line", "unsure"),
    [
        ("username,password\nnina,x\n", 1, False),
        ("List of 2026\nVorname;Nachname\nAnna;Maas\n", 2, False),
        ("Mitarbeiterliste\nBenutzer;Kennwort\nnina;x\n", 2, False),
        ("Postfach\nnina\n", 1, False),
        ("Domain,Land\na.nl,NL\n", 1, False),
        ("wie,wat\nnina,boss\n", 1, True),
        ("Bergmann GmbH\nwie;wat\nnina;boss\n", 2, True),
        ("Jan Jansen\nPiet Pietersen\n", 1, True),
        ("nina@a.nl\nkim@a.nl\n", 0, False),
    ],
)
def test_the_header_is_unsure_where_it_names_nothing(text: str, line: int, unsure: bool) -> None:
    sheet = reader.read(text.encode(), "list.csv")
    assert (sheet.options.header_line, sheet.unsure) == (line, unsure)


def test_a_chosen_header_is_sure() -> None:
    assert not reader.read(b"wie,wat\nnina,boss\n", "list.csv", options=ReadOptions(header_line=1)).unsure


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Jan Jansen\nPiet Pietersen\n", True),
        ("Jansen, Jan\nPietersen, Piet\n", True),
        ("Jan;Jansen\nPiet;Pietersen\n", True),
        ("Jan;Jansen;31\nPiet;Pietersen;42\n", True),
        ("Wie;Leeftijd\nPiet;42\n", False),
        ("wie,wat\nnina,boss\n", False),
        ("Wie\nnina\n", False),
    ],
)
def test_a_first_row_written_like_the_people_below_it_is_a_person(text: str, person: bool) -> None:
    assert begins_with_a_person(reader.read(text.encode(), "list.csv")) is person
