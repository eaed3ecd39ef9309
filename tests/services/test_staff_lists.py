"""A staff list as people have it: title, sum line, titles of persons, remarks, umlauts and damaged letters."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.import_batch import ImportBatch
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.notes import NoteCode
from mxlib.core.vocabulary import Verdict
from mxlib.services.files import MappingQuestion
from tests.support import app as support
from tests.support.app import App

LIST = """Mitarbeiterliste Bergmann GmbH;;;
;;;
Nachname;Vorname;Abteilung;E-Mail privat
de la Cruz;Dr. Heike;Praxis;heike@example.org
Graf von Berg;Karl-Heinz (Teilzeit);Lager;
Müller;Jürgen;Lager;
M?ller;Frauke;Lager;

Summe: 4 Mitarbeiter;;;
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        yield opened


def asked(app: App, text: str, domain: str = "a.nl") -> MappingQuestion:
    found = app.services.files.read(LOCAL, text.encode(), "list.csv", domain)
    assert isinstance(found, MappingQuestion)
    return found


def answered(app: App, text: str) -> ReadFile:
    question = asked(app, text)
    return app.services.files.answered(LOCAL, question.sheet, question.answer, "a.nl")


def test_a_list_with_title_and_sum_gets_right_usernames(app: App) -> None:
    rows = answered(app, LIST).rows
    assert rows["username"][rows["ticked"]].tolist() == [
        "heike.delacruz",
        "karl-heinz.grafvonberg",
        "juergen.mueller",
        "frauke.mller",
    ]
    assert rows["username"][~rows["ticked"]].tolist() == [""]
    assert rows["name"][0] == "Dr. Heike de la Cruz"
    assert rows["name"][1] == "Karl-Heinz Graf von Berg"


def test_a_title_before_a_last_name_goes_before_the_whole_name(app: App) -> None:
    rows = answered(app, "Nachname;Vorname\nDr. Köhler;Beate\nWolff (Teilzeit);Karin\n").rows
    assert rows["name"].tolist() == ["Dr. Beate Köhler", "Karin Wolff"]


def test_what_was_cut_and_left_out_is_noted_by_lines(app: App) -> None:
    noted = {note.code: note.lines for note in answered(app, LIST).notes}
    assert noted[NoteCode.NAMES_CUT] == (4, 5)
    assert noted[NoteCode.LINES_LEFT_OUT] == (9,)
    assert NoteCode.ABOVE_HEADER in noted


def test_a_list_without_titles_has_no_note_about_names(app: App) -> None:
    plain = "Vorname;Nachname\nAnna;Bakker\nTim;Berg\n"
    assert answered(app, plain).notes == ()


def test_a_lost_letter_in_a_name_is_a_warning(app: App) -> None:
    file = answered(app, LIST)
    validated = app.services.imports.preview(LOCAL, ImportBatch(file.rows, "a.nl", source=file))
    warned = validated["warnings"].str.contains("'Frauke M\\?ller' has lost a letter")
    assert warned.tolist() == [False, False, False, True, False]
    assert validated["verdict"].tolist()[:4] == [Verdict.NEEDS_PASSWORD] * 4


@pytest.mark.parametrize(
    ("text", "domain", "spelled"),
    [
        (LIST, "a.nl", True),
        ("First name;Last name\nJörg;Weiß\n", "a.nl", False),
        ("First name;Last name\nJörg;Weiß\n", "firma.de", True),
        ("First name;Last name;Domain\nJörg;Weiß;firma.at\n", "a.nl", True),
        ("Fornavn;Etternavn\nÅse;Bø\n", "a.nl", True),
        ("Förnamn;Efternamn\nGöran;Åberg\n", "firma.se", False),
    ],
)
def test_the_spelling_of_usernames_starts_as_the_list_has_it(app: App, text: str, domain: str, spelled: bool) -> None:
    assert asked(app, text, domain).answer.pattern.spelled is spelled
