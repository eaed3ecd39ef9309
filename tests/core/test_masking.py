"""Passwords in the wrong cell are masked, and cells that only resemble one stay readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.arrow_text import texts
from mxlib.core.mapping import secret_cells
from mxlib.core.schema import MASK

P, Q = "Kroket-2026a", "Stoomboot-77x"


def test_the_columns_that_hold_passwords_are_named() -> None:
    columns = [("Department", ["Sales", "IT"]), ("Start", [P, Q]), ("PIN", ["4711"]), ("Note", ["", ""])]
    assert secret_cells.secret_names(columns) == {"Start", "PIN"}


@pytest.mark.parametrize(
    ("cells", "holds_secrets"),
    [
        ([P, Q], True),
        ([P, "hello"], True),
        ([P, "hello", "there"], False),
        ([P, "on leave", "call after 5"], False),
        (["a1", "b2", P], False),
        ([], False),
        (["", " "], False),
    ],
)
def test_an_unknown_column_holds_passwords_if_at_least_half_of_its_cells_are_like_one(
    cells: list[str], holds_secrets: bool
) -> None:
    assert secret_cells.holds_secrets("Start", texts(cells)) is holds_secrets


def test_a_column_about_passwords_with_too_many_different_cells_holds_passwords() -> None:
    dates = [
        f"{year}-{month:02}-{day:02}" for year in (2024, 2025, 2026) for month in range(1, 13) for day in range(1, 29)
    ]
    assert not secret_cells.holds_secrets("Password changed", texts(dates[:1_000]))
    assert secret_cells.holds_secrets("Password changed", texts(dates[:1_001]))


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Department", "Department"),
        ("Room 12", "Room 12"),
        ("kamer_2", "kamer_2"),
        ("B12", "B12"),
        ("jan 12 jan", "jan 12 jan"),
        ("", ""),
        (P, MASK),
        ("a1b2", MASK),
        ("2026-05-01", MASK),
        (f"jan:{P}", f"jan:{MASK}"),
        (f"first {P}", f"first {MASK}"),
    ],
)
def test_a_header_that_may_be_a_first_row_of_data_shows_no_password(header: str, shown: str) -> None:
    assert secret_cells.masked_header(header) == shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("12:30", "12:30"),
        ("9:05:00", "9:05:00"),
        ("jan:lotte@a.nl", "jan:lotte@a.nl"),
        ("smtp:jan@a.nl", "smtp:jan@a.nl"),
        (f"SMTP:jan:{P}", f"SMTP:jan:{MASK}"),
        (f"jan | {P}", f"jan | {MASK}"),
        (f"jan@a.nl {P}", f"jan@a.nl {MASK}"),
        ("jan@a.nl welkom123", f"jan@a.nl {MASK}"),
        ("jan@a.nl (welkom123)", "jan@a.nl (welkom123)"),
        ("jan welkom123", "jan welkom123"),
        (f"jan {P} Bos", f"jan {MASK} Bos"),
        (f"{P}@{Q}", MASK),
        (f"{P}!", MASK),
        (P, P),
        ("  ", "  "),
    ],
)
def test_a_password_next_to_a_name_is_masked_and_a_name_stays(cell: str, shown: str) -> None:
    assert secret_cells.masked_cell(cell) == shown
    assert secret_cells.masked_in("username", cell) == shown


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (P, MASK),
        ("welkom123", MASK),
        ("geheim=ja!", MASK),
        (f"a.nl:{P}", f"a.nl:{MASK}"),
        ("a.nl", "a.nl"),
        ("lotte@a.nl", "lotte@a.nl"),
        ("1024 MB", "1024 MB"),
        ("12345678", "12345678"),
        ("unlimited", "unlimited"),
        ("abcdefgh", "abcdefgh"),
        ("/data/Kroket1", "/data/Kroket1"),
        ("2026-05-01", "2026-05-01"),
    ],
)
def test_in_place_of_a_value_a_password_is_masked_and_a_value_stays(cell: str, shown: str) -> None:
    assert secret_cells.masked_value(cell) == shown
    assert secret_cells.hides_one(shown) is (MASK in shown)


@pytest.mark.parametrize("column", ["username", "quota", "name"])
def test_a_whole_column_is_masked_as_each_of_its_cells(column: str) -> None:
    cells = ["alice", f"alice:{P}", P, "", f"was {Q} then", "1024", "lotte@a.nl", "\N{SNOWMAN} alice"]
    assert secret_cells.cover(texts(cells), column).to_pylist() == [
        secret_cells.masked_in(column, cell) for cell in cells
    ]


WORDS = st.sampled_from(
    [P, Q, "Anna.Meier", "a.nl", "A-Nl.de", "o'Neil", "Müller", "@", ":", " ", ".", "'", "É", "$2y$"]
)


@given(st.lists(st.lists(WORDS, max_size=6).map("".join), min_size=1), st.sampled_from(["username", "domain", "name"]))
def test_any_column_is_masked_as_each_of_its_cells(cells: list[str], column: str) -> None:
    covered = secret_cells.cover(texts(cells), column).to_pylist()
    assert covered == [secret_cells.masked_in(column, cell) for cell in cells]


@pytest.mark.parametrize(("column", "cells"), [("username", ["alice", "bob"]), ("name", ["Alice Bos", "Bo 2", ""])])
def test_a_column_without_a_suspect_cell_is_returned_as_it_is(column: str, cells: list[str]) -> None:
    plain = texts(cells)
    assert secret_cells.cover(plain, column) is plain


@pytest.mark.parametrize(
    ("text", "looks_secret"),
    [
        (P, True),
        ("$2y$10$abcdefghijk", True),
        ("{SSHA}Gk3Jp0QxZ7vB", True),
        ("0123456789abcdef" * 2, True),
        ("0123456789abcdef" * 2 + "0", False),
        ("Kroket-1", True),
        ("Kroke-1", False),
        ("Aa1-" * 16, True),
        ("Aa1-" * 16 + "x", False),
        ("https://a.nl/X1y2z3", False),
        ("CN=Jan1,OU=Staff", False),
        ("Clienta24.nl", False),
        ("Bureau24.xn--p1ai", False),
        ("Clienta.2026x", True),
        ("Jan1@Clienta.nl", False),
    ],
)
def test_a_password_is_distinguished_from_addresses_domains_paths_and_dates(text: str, looks_secret: bool) -> None:
    assert secret_cells.looks_secret(text) is looks_secret


@pytest.mark.parametrize(
    ("header", "cell", "kept"),
    [("Laptop", "ThinkPad-T14s", "ThinkPad-T14s"), ("Note", f"was {P} then", f"was {MASK} then"), ("Note", "x", "x")],
)
def test_an_own_cell_is_masked_unless_its_header_is_harmless(header: str, cell: str, kept: str) -> None:
    assert secret_cells.own_cell(header, cell) == kept


@pytest.mark.parametrize("column", ["quota", "limit", "domain", "recovery_email"])
@pytest.mark.parametrize("password", ["Geheim.2026x", "geheim.2026x", "Stoom.77Boot", "Kroket2026.Boot"])
def test_a_password_with_a_dot_is_no_domain(column: str, password: str) -> None:
    assert secret_cells.masked_in(column, password) == MASK


@pytest.mark.parametrize("name", ["clienta.nl", "CLIENTA.NL", "Clienta.nl", "3m.com", "xn--mnchen-3ya.de", "a1.co.uk"])
def test_a_domain_stays_readable_in_any_case(name: str) -> None:
    assert secret_cells.masked_in("domain", name) == name
