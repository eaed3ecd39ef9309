"""Guesses about columns: by foreign headers, by cells, and left open where two columns are equally likely."""

import pytest

from mxlib.core.files import reader
from mxlib.core.files.reader import ReadOptions, Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import suggestions
from mxlib.core.mapping.choices import FIRST_NAME, FULL_NAME, LAST_NAME
from mxlib.core.mapping.mapping import IGNORE, detect_columns

SECRETS = ("Kroket-2026a", "Stoomboot-77x")


def sheet_of(*lines: str, header_line: int | None = None) -> Sheet:
    return reader.read("\n".join(lines).encode(), "staff.csv", options=ReadOptions(header_line=header_line))


def guessed(*lines: str, header_line: int | None = None) -> tuple[str, ...]:
    sheet = sheet_of(*lines, header_line=header_line)
    return suggestions.suggest_columns(sheet, detect_columns(sheet.header)).choices.meanings


def test_a_known_header_wins_over_one_that_only_suggests_the_same() -> None:
    assert guessed("Account,Username", "a,b") == (IGNORE, "username")


def test_the_first_of_two_likely_headers_is_chosen() -> None:
    assert guessed("Account,Benutzer", "a,b") == ("username", IGNORE)


@pytest.mark.parametrize(
    ("header", "third"),
    [("user,username,Account", IGNORE), ("email,mailbox,Courriel", IGNORE), ("email,mailbox,Postfach", "username")],
)
def test_columns_that_claim_one_meaning_stay_open_and_no_third_takes_it(header: str, third: str) -> None:
    assert guessed(header, "a@a.nl,b@a.nl,c") == ("", "", third)


@pytest.mark.parametrize("header", ["user,username,contact", "email,mailbox,contact"])
def test_no_column_of_addresses_is_guessed_where_columns_already_claim_to_identify_the_mailbox(header: str) -> None:
    assert guessed(header, "a,b,c@clienta.nl") == ("", "", IGNORE)


def test_a_name_next_to_a_first_name_is_a_last_name() -> None:
    assert guessed("Name,Vorname,E-Mail", "Bos,Jan,jan@a.nl") == (LAST_NAME, FIRST_NAME, ADDRESS)
    assert guessed("Name,Vorname,Nachname", "Jan Bos,Jan,Bos") == (FULL_NAME, FIRST_NAME, LAST_NAME)


@pytest.mark.parametrize("names", ["Nachname,Vorname", "Vorname,Name", "Mitarbeiter,Ort"])
def test_with_names_only_a_column_filled_in_every_row_holds_the_addresses(names: str) -> None:
    header, row = f"{names},privat,dienstlich", "Bos,Jan"
    lines = (header, f"{row},jan@home.nl,jan@a.nl", f"{row},,lotte@a.nl")
    assert guessed(*lines)[2:] == ("recovery_email", ADDRESS)
    assert ADDRESS not in guessed(header, f"{row},jan@home.nl,jan@a.nl", f"{row},,")


def test_without_names_the_first_column_with_addresses_holds_them() -> None:
    assert guessed("a,b", "jan@home.nl,jan@a.nl", ",lotte@a.nl") == (ADDRESS, IGNORE)


@pytest.mark.parametrize("cells", [("jan@a.nl", "none"), ("", "")])
def test_a_column_with_other_cells_or_none_does_not_hold_addresses(cells: tuple[str, str]) -> None:
    assert guessed("wie,contact", *(f"x,{cell}" for cell in cells)) == (IGNORE, IGNORE)


def test_without_a_header_addresses_and_passwords_are_guessed_by_their_cells() -> None:
    lines = [f"{name}@a.nl,{secret}" for name, secret in zip(("lotte", "tim"), SECRETS, strict=True)]
    assert guessed(*lines, header_line=0) == (ADDRESS, "password")


def test_without_a_header_usernames_are_guessed_where_no_column_holds_addresses() -> None:
    lines = [f"5 MB,{secret},{name}" for name, secret in zip(("Lotte.M", "tim"), SECRETS, strict=True)]
    assert guessed(*lines, header_line=0) == (IGNORE, "password", "username")


def test_without_a_header_only_the_first_column_of_passwords_is_used() -> None:
    assert guessed(f"lotte,{SECRETS[0]},{SECRETS[1]}", header_line=0) == ("username", "password", IGNORE)


def test_without_a_header_and_a_likely_cell_nothing_is_guessed() -> None:
    assert guessed("Lotte Maas,huis 12", "Tim Berg,huis 13", header_line=0) == (IGNORE, IGNORE)


@pytest.mark.parametrize("other", ["hello", "12345678", "lotte@a.nl"])
def test_a_column_in_which_only_some_cells_are_like_passwords_is_not_the_password(other: str) -> None:
    assert guessed(f"lotte@a.nl,{SECRETS[0]}", f"tim@a.nl,{other}", header_line=0) == (ADDRESS, IGNORE)


def test_with_a_header_no_passwords_are_guessed_by_their_cells() -> None:
    assert guessed("email,wat", f"lotte@a.nl,{SECRETS[0]}") == (ADDRESS, IGNORE)


@pytest.mark.parametrize(
    ("lines", "begins_with_data"),
    [
        (("lotte@a.nl,x", "tim@a.nl,y"), True),
        ((f"lotte,{SECRETS[0]}", f"tim,{SECRETS[1]}"), True),
        ((f"lotte,{SECRETS[0]}", "tim,hello"), False),
        (("wie,wat", f"tim,{SECRETS[1]}"), False),
        ((f"email,{SECRETS[0]}", f"tim@a.nl,{SECRETS[1]}"), False),
        (("username,lotte@a.nl", "tim,tim@a.nl"), False),
    ],
)
def test_a_first_row_is_data_if_it_has_an_address_or_a_password_above_others(
    lines: tuple[str, ...], begins_with_data: bool
) -> None:
    assert suggestions.begins_with_data(sheet_of(*lines, header_line=1)) is begins_with_data


@pytest.mark.parametrize(
    ("cell", "is_data"), [("lotte@a.nl", True), (SECRETS[0], True), ("lotte", False), ("1024", False), ("", False)]
)
def test_a_cell_is_data_if_it_is_an_address_or_like_a_password(cell: str, is_data: bool) -> None:
    assert suggestions.is_data(cell) is is_data
