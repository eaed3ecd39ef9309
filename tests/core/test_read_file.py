"""Files with mapped columns: known exports, chosen meanings, and a row's own cells without any password."""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from mxlib.core.files import reader
from mxlib.core.files.errors import FileRefused
from mxlib.core.mapping.mapping import IGNORE, rows_from_sheet, without_secrets
from mxlib.core.mapping.read_file import ReadFile, apply_mapping
from mxlib.core.text.notes import sentences


def read(*lines: str, chosen: dict[int, str] | None = None, usernames: list[str] | None = None) -> ReadFile:
    sheet = reader.read("\n".join(lines).encode(), "staff.csv")
    made = pa.array(usernames, pa.large_string()) if usernames is not None else None
    return apply_mapping(sheet, chosen, usernames=made)


def test_a_file_keeps_its_name_and_digest() -> None:
    file = read("username", "alice")
    assert (file.file_name, len(file.file_digest)) == ("staff.csv", 64)
    assert file.file_digest == read("username", "alice").file_digest != read("username", "bob").file_digest


@pytest.mark.parametrize("cell", ["Abcd1234", "alice"])
def test_the_representation_of_a_file_shows_no_cell(cell: str) -> None:
    assert cell not in repr(read("username,password,note", f"alice,Abcd1234,{cell}"))


GOOGLE = (
    "First Name [Required],Last Name [Required],Email Address [Required],Org Unit Path [Required],Recovery Email",
    "Anna,Bakker,anna@a.nl,/,anna@home.example",
)


def test_the_header_of_a_known_export_decides_the_meanings_and_is_noted() -> None:
    file = read(*GOOGLE)
    assert sentences(file.notes) == ("Read as a Google Workspace users export.",)
    assert file.rows[["username", "name", "recovery_email"]].to_numpy().tolist() == [
        ["anna@a.nl", "Anna Bakker", "anna@home.example"]
    ]


def test_chosen_meanings_replace_those_of_a_known_export() -> None:
    file = read(*GOOGLE, chosen={0: "name", 1: IGNORE, 2: "address", 3: IGNORE, 4: IGNORE})
    assert file.notes == ()
    assert file.rows[["username", "name", "recovery_email"]].to_numpy().tolist() == [["anna@a.nl", "Anna", ""]]


def test_the_own_cells_of_a_row_are_those_without_a_meaning() -> None:
    file = read("username,Department,Note", "alice,Sales,on leave", "bob,IT")
    assert file.cells(0) == {"Department": "Sales", "Note": "on leave"}
    assert file.cells(1) == {"Department": "IT", "Note": ""}


@pytest.mark.parametrize("header", ["Geheim", "Start", "PIN", ""])
def test_a_column_of_passwords_is_not_among_the_own_cells_of_a_row(header: str) -> None:
    file = read(f"username,{header},Department", "alice,Kroket-2026a,Sales", "bob,Stoomboot-77x,IT")
    assert file.cells(0) == {"Department": "Sales"}
    assert any("hold passwords" in note or "no header" in note for note in sentences(file.notes))


def test_a_row_with_more_cells_than_the_header_has_no_own_cells() -> None:
    file = read("username,Note", "alice,first Ab,cd1234", "bob,on leave")
    assert file.cells(0) == {}
    assert file.cells(1) == {"Note": "on leave"}


def test_usernames_made_from_names_replace_a_missing_column() -> None:
    lines = ("Vorname,Nachname", "Jan,Bos", "Lotte,Maas")
    file = read(*lines, chosen={0: "first_name", 1: "last_name"}, usernames=["jan.bos", "lotte.maas"])
    assert file.rows[["username", "name"]].to_numpy().tolist() == [["jan.bos", "Jan Bos"], ["lotte.maas", "Lotte Maas"]]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("user,username", "Both 'user' and 'username' hold usernames. Remove or ignore one."),
        ("wie,wat", "We found no usernames or addresses. The columns are: wie, wat."),
    ],
)
def test_a_file_that_leaves_the_usernames_open_is_refused(header: str, sentence: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(header, "a,b")
    assert str(refused.value) == sentence


@pytest.mark.parametrize(("rows", "is_light"), [(1, True), (2_100, False)])
def test_both_slow_parts_are_run_as_the_caller_decides(rows: int, is_light: bool) -> None:
    ran: list[tuple[bool, object]] = []

    def run(light: bool, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        ran.append((light, work))
        return work(*arguments, **named)

    data = "username,note\n" + f"alice,{'x' * 990}\n" * rows
    file = apply_mapping(reader.read(data.encode(), "staff.csv"), run=run)
    assert len(file.rows) == rows
    assert ran == [(is_light, without_secrets), (is_light, rows_from_sheet)]
