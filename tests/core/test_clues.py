"""What columns look like by their values, and what is proposed of it: one column a meaning, and never over a header."""

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mxlib.core import headers
from mxlib.core.files import reader
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import clues, suggestions
from mxlib.core.mapping.choices import FIRST_NAME, LAST_NAME, PARTICLE, ColumnChoices
from mxlib.core.mapping.clues import Holds
from mxlib.core.mapping.mapping import IGNORE, detect_columns
from mxlib.core.mapping.suggestions import Suggestion

KNOWN = frozenset({"bergmann.example", "clientb.nl"})


#: Headers that name a meaning and negate it.
NO_PASSWORDS = (
    "Old password", "oldPassword", "Altes Passwort", "Altpasswort", "Oud wachtwoord", "Oudwachtwoord", "Password hint",
    "Passwort-Hinweis", "Previous password", "Ancien mot de passe", "Password (confirm)", "Password hash",
    "Contraseña anterior", "Wachtwoord hint",
)  # fmt: skip
NO_QUOTAS = (
    "Free storage", "Speicher frei", "Freier Speicher (GB)", "Storage used", "Used quota (GB)", "Opslag in gebruik",
    "Vrije opslag", "Opslag beschikbaar", "Stockage utilisé", "Stockage libre", "Remaining storage", "Restspeicher",
)  # fmt: skip
NO_RECOVERY = (
    "Manager private mail", "Boss personal email", "Vorgesetzter privat", "Chef (privat)", "Leidinggevende privé",
    "Personal email of supervisor", "Reports to (personal)", "Jefe (correo personal)",
)  # fmt: skip


def sheet_of(*lines: str) -> Sheet:
    return reader.read("\n".join(lines).encode(), "staff.csv")


def suggested(*lines: str, known: frozenset[str] | None = KNOWN) -> Suggestion:
    sheet = sheet_of(*lines)
    return suggestions.suggest_columns(sheet, detect_columns(sheet.header), known)


def column(header: str, *cells: str, known: frozenset[str] | None = KNOWN) -> clues.Clue | None:
    """What a column looks like next to one of usernames."""
    return clues.find(
        sheet_of(f"username;{header}", *(f"user{at};{cell}" for at, cell in enumerate(cells))), known
    ).get(1)


def test_sizes_and_private_addresses_under_german_headers_are_proposed_and_shown_as_such() -> None:
    found = suggested(
        "Benutzer;Domain;Speicherplatz je Person (MB);Limit;Passwort;Wiederherstellung",
        "anna;clientb.nl;2 GB;500;;anna@web.de",
        "otto;clientb.nl;1 GB;500;;otto@gmx.de",
    )
    assert found.choices.meanings == ("username", "domain", "quota", "limit", "password", "recovery_email")
    assert found.by_values == {2, 5}


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Speicher (MB)", "quota"), ("Speicher [GB]", "quota"), ("Speicher in GB", "quota"), ("Storage GB", "quota"),
        ("Speicher (KB)", None), ("Name (MB)", None), ("Speicherkarte", None), ("Postfach GB", None),
    ],
)  # fmt: skip
def test_a_header_with_a_unit_suggests_what_it_does_without(header: str, meaning: str | None) -> None:
    assert headers.suggestion_of(header) == meaning


@pytest.mark.parametrize("header", ["Quota [GB]", "Speicher (GB)", "Speicher in GB", "Größe GB"])
def test_the_unit_of_a_header_holds_for_bare_numbers(header: str) -> None:
    assert detect_columns(["username", header], chosen={1: "quota"}).in_gigabytes
    assert not detect_columns(["username", header.replace("GB", "MB")], chosen={1: "quota"}).in_gigabytes


@pytest.mark.parametrize(
    ("header", "cells", "holds", "is_clear"),
    [
        ("Speicher", ("2 GB", "500 MB"), Holds.SIZES, True),
        ("Mailbox storage", ("1024", "2048"), Holds.SIZES, True),
        ("Platz", ("2 GB", "500 MB"), Holds.SIZES, False),
        ("Speicher belegt (MB)", ("12", "700"), Holds.SIZES, False),
        ("wat", ("1024", "2048"), Holds.SIZES, False),
        ("Tageslimit", ("300", "9600"), Holds.NUMBERS, True),
        ("Kreditlimit", ("300", "9600"), Holds.NUMBERS, False),
        ("Wiederherstellung", ("a@web.de", "b@web.de"), Holds.ADDRESSES, True),
        ("Kontakt", ("a@web.de", "b@gmx.de"), Holds.ADDRESSES, True),
        ("Kontakt", ("a@agentur.de", "b@agentur.de"), Holds.ADDRESSES, False),
        ("Notfallkontakt", ("a@web.de", "b@gmx.de"), Holds.ADDRESSES, False),
        ("Startkennwort", ("Kroket-2026a", "Stoomboot-77x"), Holds.PASSWORDS, True),
        ("Start", ("Kroket-2026a", "Stoomboot-77x"), Holds.PASSWORDS, False),
        ("Cloud-Passwort", ("Kroket-2026a", "Stoomboot-77x"), Holds.PASSWORDS, True),
        ("Hinterlegtes Passwort", ("Kroket-2026a", "Stoomboot-77x"), Holds.PASSWORDS, True),
        *((header, ("Kroket-2026a", "Stoomboot-77x"), Holds.PASSWORDS, False) for header in NO_PASSWORDS),
        *((header, ("2 GB", "500 MB"), Holds.SIZES, False) for header in NO_QUOTAS),
        *((header, ("a@web.de", "b@gmx.de"), Holds.ADDRESSES, False) for header in NO_RECOVERY),
        ("Kunde", ("clientb.nl", "bergmann.example"), Holds.DOMAINS, True),
        ("tussen", ("van der", "de"), Holds.PARTICLES, True),
    ],
)
def test_values_speak_for_a_meaning(header: str, cells: tuple[str, ...], holds: Holds, is_clear: bool) -> None:
    clue = column(header, *cells)
    assert clue is not None
    assert (clue.holds, clue.is_clear) == (holds, is_clear)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Personalnummer", ("1001", "1002", "1003", "1004", "1005")),
        ("PLZ", ("10115", "20095", "80331", "50667")),
        ("Eintritt", ("2019", "2021", "2023", "2024")),
        ("Bild", ("anna.jpg", "otto.jpg")),
        ("Land", ("DE", "DE", "AT")),
        ("Ort", ("Berlin", "Essen")),
        ("Leer", ("", "")),
        ("Geburtstag", ("03.05.1980", "17.11.1992")),
    ],
)
def test_other_columns_of_a_staff_list_look_like_nothing(header: str, cells: tuple[str, ...]) -> None:
    assert column(header, *cells) is None


@pytest.mark.parametrize("header", ["Vorgesetzter", "Manager email", "Boss", "Reports to", "E-Mail Chef"])
def test_the_addresses_of_managers_are_not_the_mailboxes(header: str) -> None:
    found = suggested(f"{header};Kontakt", "otto@web.de;anna@web.de", "otto@web.de;ida@gmx.de", known=None)
    assert found.choices.meanings[0] == IGNORE
    assert suggested(f"Nr;{header}", "1;otto@web.de", "2;otto@web.de").choices.meanings == (IGNORE, IGNORE)


def test_columns_are_judged_by_rows_from_all_over_the_table() -> None:
    header = ";".join(["username", *(f"c{number}" for number in range(120))])
    late = [f"user{at};" + ";".join([""] * 97 + ["2 GB" if at > 4500 else ""] + [""] * 22) for at in range(6000)]
    assert set(clues.find(sheet_of(header, *late), KNOWN)) == {98}


def test_a_wide_sheet_is_judged_for_its_first_hundred_columns() -> None:
    header = ";".join(["username", *(f"c{number}" for number in range(120))])
    found = clues.find(sheet_of(header, *("user;" + ";".join(["2 GB"] * 120) for _ in range(3))), KNOWN)
    assert set(found) == set(range(1, 100))


def test_some_wrong_cells_leave_a_column_what_it_is() -> None:
    clue = column("Speicher", *["2 GB"] * 8, "lots", "?")
    assert clue is not None
    assert clue.is_clear


def test_long_texts_are_not_inspected() -> None:
    assert column("Notiz", *["van der " * 500] * 3) is None


@pytest.mark.parametrize("known", [KNOWN, None])
def test_addresses_in_the_domains_of_the_mailboxes_are_no_recovery_emails(known: frozenset[str] | None) -> None:
    found = suggested(
        "E-Mail;Vorgesetzter;Privat",
        "anna@bergmann.example;otto@bergmann.example;anna@web.de",
        "ida@bergmann.example;otto@bergmann.example;ida@gmx.de",
        known=known,
    )
    assert found.choices.meanings == (ADDRESS, IGNORE, "recovery_email")
    assert not clues.unused(found.clues, found.choices)


def test_an_address_in_the_domain_of_the_mailboxes_is_not_marked_either() -> None:
    lines = ("E-Mail;Kontakt", "anna@a.example;otto@a.example", "ida@a.example;uwe@a.example")
    found = suggested(*lines, known=None)
    assert not clues.unused(found.clues, found.choices)


def test_of_two_equally_clear_columns_none_is_proposed_and_both_are_shown() -> None:
    found = suggested("username;Privat 1;Privat 2", "anna;anna@web.de;anna@gmx.de", "ida;ida@web.de;ida@gmx.de")
    assert found.choices.meanings == ("username", IGNORE, IGNORE)
    assert set(clues.unused(found.clues, found.choices)) == {1, 2}


def test_the_private_address_is_proposed_once_it_is_known_which_is_the_mailbox() -> None:
    found = suggested(
        "E-Mail (Büro);E-Mail (privat)", "anna@bergmann.example;anna@web.de", "ida@bergmann.example;ida@gmx.de"
    )
    assert found.choices.meanings == ("", "")
    assert not clues.proposed(found.clues, found.choices)
    assert clues.proposed(found.clues, ColumnChoices((ADDRESS, IGNORE))) == {1: "recovery_email"}
    assert not clues.proposed(found.clues, ColumnChoices((ADDRESS, IGNORE)), {"recovery_email"})


def test_private_addresses_next_to_usernames_are_offered_and_not_taken_from_their_header() -> None:
    found = suggested("username;email", "anna;anna@web.de", "ida;ida@gmx.de")
    assert found.choices.meanings == ("username", ADDRESS)
    assert [clue.meaning for clue in clues.unused(found.clues, found.choices).values()] == ["recovery_email"]
    own = suggested("username;email", "anna;anna@clientb.nl", "ida;ida@bergmann.example")
    assert not clues.unused(own.clues, own.choices)


def test_private_addresses_beside_names_are_not_the_mailboxes() -> None:
    found = suggested("Vorname;Nachname;Wiederherstellung", "Ida;Berg;ida@web.de", "Otto;Maas;otto@web.de")
    assert found.choices.meanings == (FIRST_NAME, LAST_NAME, "recovery_email")


def test_particles_are_proposed_only_beside_last_names() -> None:
    assert suggested("Vorname;x;Nachname", "Jan;van der;Berg", "Ida;;Maas").choices.meanings[1] == PARTICLE
    assert suggested("username;x", "jan;van der").choices.meanings == ("username", IGNORE)


CELLS = {
    "sizes": ["2 GB", "500 MB", "unlimited"], "numbers": ["300", "9600", "1024"],
    "addresses": ["a@web.de", "b@gmx.de", "c@bergmann.example"], "passwords": ["Kroket-2026a", "Stoomboot-77x"],
    "domains": ["clientb.nl", "bergmann.example"], "particles": ["van der", "de"], "words": ["Vertrieb", "IT", ""],
}  # fmt: skip
HEADERS = st.sampled_from(
    ["Speicher (MB)", "Storage", "Quota", "Limit", "Tageslimit", "Privat", "Wiederherstellung", "Recovery email",
     "E-Mail", "Username", "Benutzer", "Kennwort", "Password", "Domain", "Kunde", "Vorname", "Nachname", "Name", "x",
     "y"]
)  # fmt: skip
COLUMNS = st.lists(st.tuples(HEADERS, st.sampled_from(list(CELLS))), min_size=1, max_size=9)


@given(COLUMNS, st.sampled_from([None, KNOWN]), st.data())
def test_no_column_is_proposed_twice_and_none_over_a_header(
    columns: list[tuple[str, str]], known: frozenset[str] | None, data: st.DataObject
) -> None:
    rows = [[data.draw(st.sampled_from(CELLS[kind])) for _, kind in columns] for _ in range(3)]
    lines = [["Nr", "Ort", *(header for header, _ in columns)], *(["1", "Essen", *row] for row in rows)]
    try:
        sheet = sheet_of(*map(";".join, lines))
    except FileRefused:
        reject()  # no table of people: its reading is tested elsewhere
    mapping = detect_columns(sheet.header)
    found = suggestions.suggest_columns(sheet, mapping, known)
    used = [meaning for meaning in found.choices.meanings if meaning not in ("", IGNORE)]
    assert len(used) == len(set(used))
    claimed = {conflict.meaning for conflict in mapping.conflicts}
    for meaning, at in mapping.columns.items():
        assert found.choices.meanings[at] == ("" if meaning in claimed else meaning)
    assert not claimed.intersection(used)
    unused = clues.unused(found.clues, found.choices)
    assert not found.by_values.intersection(unused)
    assert not {clue.meaning for clue in unused.values()}.intersection(used)
    # What is proposed can be used as it is, and nothing more is proposed after it.
    assert not clues.proposed(found.clues, found.choices, claimed)
