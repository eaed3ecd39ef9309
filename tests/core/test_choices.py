"""Guessed columns, kept column choices and pasted text: never silently wrong, never a crash."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.files import clipboard, reader
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import choices, suggestions
from mxlib.core.mapping.choices import CHOICES, FIRST_NAME, FULL_NAME, LAST_NAME, PARTICLE, ColumnChoices
from mxlib.core.mapping.mapping import IGNORE, detect_columns
from mxlib.core.mapping.usernames import PATTERNS, Particles, UsernamePattern

USERNAME_PATTERNS = st.builds(
    UsernamePattern, st.sampled_from(list(PATTERNS)), st.sampled_from(list(Particles)), st.booleans()
)


def guessed(*lines: str) -> tuple[str, ...]:
    sheet = reader.read("\n".join(lines).encode(), "staff.csv")
    return suggestions.suggest_columns(sheet, detect_columns(sheet.header)).choices.meanings


@pytest.mark.parametrize(
    ("header", "meanings"),
    [
        ("Voornaam,Tussenvoegsel,Achternaam,Wachtwoord", (FIRST_NAME, PARTICLE, LAST_NAME, "password")),
        ("Vorname,Nachname,E-Mail-Adresse,Kennwort", (FIRST_NAME, LAST_NAME, ADDRESS, "password")),
        ("Prénom,Nom,Adresse e-mail,Mot de passe", (FIRST_NAME, LAST_NAME, ADDRESS, "password")),
        ("Name,Vorname", (LAST_NAME, FIRST_NAME)),
        ("Display name,Title", (FULL_NAME, IGNORE)),
        ("Naam,Domein,Quota", (FULL_NAME, "domain", "quota")),
        ("Mail,Primary email", (ADDRESS, IGNORE)),
    ],
)
def test_headers_of_other_languages_are_guessed(header: str, meanings: tuple[str, ...]) -> None:
    assert guessed(header, ",".join("x" for _ in meanings)) == meanings


def test_a_column_of_addresses_is_recognised_by_its_cells() -> None:
    assert guessed("wie,waar,contact", "nina,Ede,nina@a.nl", "tess,,tess@a.nl") == (IGNORE, IGNORE, ADDRESS)


def test_columns_with_the_same_meaning_are_left_open_and_no_third_is_guessed() -> None:
    assert guessed("user,username,account", "a,b,c") == ("", "", IGNORE)


HEADERS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=6)


@given(HEADERS, st.data())
def test_kept_column_choices_come_back_in_any_order_of_the_columns(header: list[str], data: st.DataObject) -> None:
    distinct = {name: f"{at} {name}" for at, name in enumerate(header)}
    columns = list(distinct.values())
    who = data.draw(st.integers(0, len(columns) - 1))
    others = data.draw(st.permutations([IGNORE, "password", "quota", "limit", "domain", FIRST_NAME]))
    meanings = tuple("username" if at == who else others[at % 6] for at in range(len(columns)))
    answer = ColumnChoices(meanings, data.draw(USERNAME_PATTERNS))
    shuffled = data.draw(st.permutations(columns))
    kept = choices.to_json(columns, answer)
    assert choices.digest(shuffled) == choices.digest(columns)
    again = choices.from_json(shuffled, kept)
    assert again is not None
    assert dict(zip(shuffled, again.meanings, strict=True)) == dict(zip(columns, meanings, strict=True))
    assert again.pattern == answer.pattern


@pytest.mark.parametrize(
    "changed",
    [
        {"meanings": ["username"]},
        {"meanings": ["username", "nonsense"]},
        {"meanings": ["username", "username"]},
        {"meanings": [IGNORE, IGNORE]},
        {"meanings": 7},
        {"pattern": "nonsense"},
        {"particles": "nonsense"},
    ],
)
def test_kept_column_choices_that_are_invalid_are_ignored(changed: dict[str, Any]) -> None:
    header = ("wie", "wat")
    kept = choices.to_json(header, ColumnChoices(("username", IGNORE)))
    assert choices.from_json(header, kept) is not None
    assert choices.from_json(header, kept | changed) is None
    assert choices.from_json(header, {}) is None


def test_a_repeated_header_has_another_digest_than_a_single_one() -> None:
    assert choices.digest(["wie", "wie"]) != choices.digest(["wie"])


def test_every_meaning_has_a_label() -> None:
    assert len(set(CHOICES.values())) == len(CHOICES)
    assert all(CHOICES.values())


def sheet_of(*lines: str) -> Sheet:
    return reader.read("\n".join(lines).encode(), "staff.csv")


@pytest.mark.parametrize(
    ("meanings", "sentence"),
    [
        (("", "username", IGNORE), "Answer the question above first."),
        (("username", "quota", "username"), "Both 'wie' and 'waar' hold usernames. Remove or ignore one."),
        (("username", LAST_NAME, LAST_NAME), "Both 'wat' and 'waar' hold last names. Remove or ignore one."),
        ((FIRST_NAME, FIRST_NAME, LAST_NAME), "Both 'wie' and 'wat' hold first names. Remove or ignore one."),
    ],
)
def test_choices_that_contradict_each_other_say_what_to_change(meanings: tuple[str, ...], sentence: str) -> None:
    assert ColumnChoices(meanings).trouble(("wie", "wat", "waar")) == sentence


@pytest.mark.parametrize("meaning", ["username", LAST_NAME])
def test_a_password_taken_for_a_header_is_masked_in_what_is_wrong_with_choices(meaning: str) -> None:
    trouble = ColumnChoices((meaning, meaning)).trouble(("Kroket-2026a", "Stoomboot-77x"))
    assert trouble.startswith("Both '••••••••' and '••••••••' hold ")


@pytest.mark.parametrize("meanings", [("password", "quota"), (PARTICLE, IGNORE), (IGNORE, IGNORE), ("domain", "limit")])
def test_choices_need_a_column_that_identifies_the_mailbox_or_names(meanings: tuple[str, ...]) -> None:
    answer = ColumnChoices(meanings)
    assert not answer.makes_usernames
    assert answer.trouble(("wie", "wat")) == (
        "Say which column holds usernames or addresses; or first and last names, to make usernames of."
    )


@pytest.mark.parametrize(
    ("meanings", "makes_usernames"),
    [
        (("username", IGNORE), False),
        ((ADDRESS, FIRST_NAME), False),
        ((FIRST_NAME, LAST_NAME), True),
        ((LAST_NAME, IGNORE), True),
        ((FULL_NAME, PARTICLE), True),
    ],
)
def test_usernames_are_made_from_names_only_where_no_column_holds_them(
    meanings: tuple[str, ...], makes_usernames: bool
) -> None:
    answer = ColumnChoices(meanings)
    assert answer.trouble(("wie", "wat")) == ""
    assert answer.makes_usernames is makes_usernames


def test_a_mapping_is_shown_as_the_choices_that_lead_to_it() -> None:
    header = ("username", "wat", "Vorname", "Quota")
    mapping = detect_columns(header, chosen={2: FIRST_NAME})
    answer = choices.as_understood(mapping)
    assert answer.meanings == ("username", IGNORE, FIRST_NAME, "quota")
    again = detect_columns(header, chosen=answer.chosen)
    assert (again.columns, again.name_parts) == (mapping.columns, mapping.name_parts)


PEOPLE = sheet_of(
    "first,last,particle,full,domain",
    "Jan,Bos,van der,Someone Else,",
    ',,,"Maas, Lotte",B.NL',
    '=1,Berg,,,"=""c.nl"""',
)


def test_people_come_from_the_name_columns_and_a_full_name_only_fills_what_is_blank() -> None:
    people = choices.people(PEOPLE, ColumnChoices((FIRST_NAME, LAST_NAME, PARTICLE, FULL_NAME, "domain")))
    assert people.first.to_pylist() == ["Jan", "Lotte", "=1"]
    assert people.last.to_pylist() == ["van der Bos", "Maas", "Berg"]


def test_a_name_column_that_is_not_chosen_is_blank() -> None:
    people = choices.people(PEOPLE, ColumnChoices((IGNORE, LAST_NAME, IGNORE, IGNORE, IGNORE)))
    assert people.first.to_pylist() == ["", "", ""]
    assert people.last.to_pylist() == ["Bos", "", "Berg"]


def test_a_row_without_a_domain_gets_the_active_one() -> None:
    chosen = ColumnChoices((IGNORE, IGNORE, IGNORE, IGNORE, "domain"))
    assert choices.domains(PEOPLE, chosen, "a.nl").to_pylist() == ["a.nl", "b.nl", "c.nl"]
    assert choices.domains(PEOPLE, ColumnChoices((IGNORE,) * 5), "a.nl").to_pylist() == ["a.nl"] * 3


def test_choices_of_an_earlier_release_keep_the_full_name() -> None:
    header = ("wie", "wat")
    kept = choices.to_json(header, ColumnChoices((FULL_NAME, IGNORE)))
    kept["meanings"] = ["full_name" if meaning == FULL_NAME else meaning for meaning in kept["meanings"]]
    again = choices.from_json(header, kept)
    assert again is not None
    assert again.meanings == (FULL_NAME, IGNORE)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a@b.nl, c@d.nl", b"a@b.nl\nc@d.nl"),
        ("Jan <a@b.nl>", b"a@b.nl"),
        ("a@b.nl\nc@d.nl, e@f.nl", b"a@b.nl\nc@d.nl\ne@f.nl"),
        ('"Bos, Jan" <a@b.nl>;\nc@d.nl,', b"a@b.nl\nc@d.nl"),
    ],
)
def test_a_line_of_addresses_becomes_a_row_for_each(text: str, rows: bytes) -> None:
    assert clipboard.to_file(text) == rows


@pytest.mark.parametrize(
    "text",
    [
        "a@b.nl\nc@d.nl",
        "user\tpass\nx@y.nl\tq",
        "a@b.nl,Geheim1,c@d.nl",
        "email;recovery\na@b.nl;c@d.nl",
        "a@b.nl\tc@d.nl",
        "a@b.nl;x@y.nl\nc@d.nl;z@y.nl",
        "",
    ],
)
def test_a_pasted_table_stays_as_it_was_pasted(text: str) -> None:
    assert clipboard.to_file(text) == text.encode()


@given(st.text(st.sampled_from("ab@.,;<>\" \n\t'"), max_size=60))
def test_pasting_loses_no_address(text: str) -> None:
    made = clipboard.to_file(text).decode()
    assert made == text or made.count("@") <= text.count("@")
    assert all(line.count("@") == 1 for line in made.split("\n")) or made == text


@given(st.text(max_size=80))
def test_any_text_can_be_pasted(text: str) -> None:
    assert isinstance(clipboard.to_file(text), bytes)
