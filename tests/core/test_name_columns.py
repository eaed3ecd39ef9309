"""Full names in files and JSON: their columns, and the characters that they may have."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core import full_names, headers
from mxlib.core.files import reader, writer
from mxlib.core.mapping import choices, mapping, suggestions
from mxlib.core.mapping.choices import FIRST_NAME, FULL_NAME, LAST_NAME
from mxlib.core.mapping.json_rows import rows_from_json
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.schema import MASK
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate

GOOD = "Geheim.2026x"
TOO_LONG = "The full name has over 120 characters: shorten it."
INVISIBLE = "The full name has a line break or another character that no page shows; remove it."


def names_of(content: str) -> list[str]:
    """The full names that a file brings, without a question."""
    return apply_mapping(reader.read(content.encode(), "staff.csv")).rows["name"].tolist()


# Headers.


@pytest.mark.parametrize("header", ["Name", "Naam", "Full name", "Display Name", "Anzeigename", "Nom complet"])
def test_a_column_of_names_is_recognised_next_to_usernames(header: str) -> None:
    assert names_of(f"username,{header}\r\njan,Jan Jansen\r\n") == ["Jan Jansen"]


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        (["username", "Name", "Vorname"], ["username", None, None]),
        (["username", "Naam", "Achternaam"], ["username", None, None]),
        (["username", "Name", "Display name"], ["username", None, "name"]),
        (["username", "Name", "Naam"], ["username", None, None]),
        (["User name", "Last name"], ["username", None]),
        (["Email", "Name"], ["address", "name"]),
    ],
)
def test_a_name_column_is_the_full_name_unless_another_column_holds_names(
    columns: list[str], meant: list[str | None]
) -> None:
    assert headers.meanings_of(columns) == meant


def test_a_bare_name_alone_does_not_make_a_row_a_header() -> None:
    assert not headers.names_anything(["Name", "Phone"])


def test_a_german_list_still_has_last_and_first_names() -> None:
    sheet = reader.read(b"Name;Vorname\r\nM\xc3\xbcller;Hans\r\n", "staff.csv")
    answer = suggestions.suggest_columns(sheet, mapping.detect_columns(sheet.header)).choices
    assert answer.meanings == (LAST_NAME, FIRST_NAME)
    assert apply_mapping(sheet, answer.chosen, usernames=sheet.table.column(0)).rows["name"].tolist() == ["Hans Müller"]


def test_a_list_of_full_names_makes_usernames_and_keeps_the_names() -> None:
    sheet = reader.read(b"Name,Phone\r\nJan van der Berg,1\r\n", "staff.csv")
    answer = suggestions.suggest_columns(sheet, mapping.detect_columns(sheet.header)).choices
    assert answer.meanings[0] == FULL_NAME
    assert answer.makes_usernames
    rows = apply_mapping(sheet, answer.chosen, usernames=sheet.table.column(1)).rows
    assert rows["name"].tolist() == ["Jan van der Berg"]


def test_column_choices_of_an_earlier_release_still_apply() -> None:
    kept = {"meanings": ["full_name"], "pattern": "first.last", "particles": "joined", "spelled": False}
    answer = choices.from_json(["Wie"], kept)
    assert answer is not None
    assert answer.meanings == (FULL_NAME,)


def test_json_rows_bring_names_as_files_do() -> None:
    rows = rows_from_json([{"username": "jan", "displayName": " Jan Jansen "}, {"username": "kim", "name": None}])
    assert rows["name"].tolist() == [" Jan Jansen ", ""]
    assert rows_from_json([{"username": "hans", "name": "Müller", "vorname": "Hans"}])["name"].tolist() == [""]


# Valid names.


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("Jan Jansen", ""),
        ("王伟 (Wei)", ""),
        ("=Ops; team: 24/7 | Desk", ""),
        ("x" * 120, ""),
        ("x" * 121, TOO_LONG),
        ("x" * 2_000, TOO_LONG),
        ("Jan\nJansen", INVISIBLE),
        ("Jan\x07", INVISIBLE),
        ("Jan\u202eJansen", INVISIBLE),
        (f"Jan {MASK}", "A password seems to stand outside the password column: move it there."),
    ],
)
def test_a_name_must_be_short_and_printable(name: str, finding: str) -> None:
    account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
    rows = rows_from_json([{"username": "jan", "password": GOOD, "name": name}])
    assert validate(rows, account, Defaults("a.nl"))["reasons"].tolist() == [finding]


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("", ""),
        ("Jan Jansen", ""),
        ("王伟 (Wei)", ""),
        ("x" * 120, ""),
        ("é" * 121, TOO_LONG),
        ("Jan\nJansen", INVISIBLE),
        ("Jan\u2066Jansen", INVISIBLE),
        (f"Jan {MASK}", "A password seems to stand outside the password column: move it there."),
    ],
)
def test_a_single_name_is_checked_as_in_a_table(name: str, finding: str) -> None:
    assert full_names.trouble(name) == finding


def test_names_are_stored_without_blanks_guards_and_forced_text() -> None:
    cells = pd.Series([" Jan  Jansen\u00a0", "\t=Ops", '="Kim"', None, "-"], dtype="str")
    assert full_names.names(cells).to_pylist() == ["Jan  Jansen", "=Ops", "Kim", "", "-"]


def test_a_password_in_the_column_of_names_is_masked() -> None:
    assert names_of("username,name\r\njan,Jan Geheim2026x\r\n") == [f"Jan {MASK}"]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
@settings(deadline=None, max_examples=25)
def test_a_stored_name_is_exported_unchanged(texts: list[str]) -> None:
    account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
    rows = rows_from_json(
        [
            {"username": f"u{at}", "password": GOOD, "name": text.encode(errors="replace").decode()}
            for at, text in enumerate(texts)
        ]
    )
    validated = validate(rows, account, Defaults("a.nl"))
    stored = validated.loc[validated["verdict"] == "ready", "clean_name"]
    frame = rows.loc[stored.index].assign(name=stored, quota="1", limit="1", domain="a.nl")
    if len(frame):
        back = apply_mapping(reader.read(writer.mailboxes_csv(frame), "back.csv")).rows
        assert back["name"].tolist() == stored.tolist()
