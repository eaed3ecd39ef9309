"""Where nothing shows which line has the column names, the page asks by a click on the line."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.ui.imports import header_choice
from mxlib.ui.imports.mapping_state import Step
from tests.support.app import App
from tests.support.mapping_page import asks, named, text_of
from tests.support.pages import opened, preview

QUESTION = "Which line has the column names?"
PEOPLE = "Jan Jansen\nPiet Pietersen\n"


def pasted(text: str) -> AppTest:
    tab = opened("import_mailboxes", domain="a.nl")
    tab.text_area(key="pasted").set_value(text).run()
    tab.button(key="preview_import").click().run()
    assert not tab.exception
    return tab


def uploaded(text: str) -> AppTest:
    return preview(opened("import_mailboxes", domain="a.nl"), text.encode(), "staff.csv")


def step_of(tab: AppTest) -> Step:
    step: Step = tab.session_state["mapping"]
    return step


@pytest.mark.parametrize("take_in", [pasted, uploaded])
def test_no_person_silently_becomes_the_header(app: App, take_in: object) -> None:
    tab = take_in(PEOPLE)  # type: ignore[operator]
    assert asks(tab)
    assert QUESTION in text_of(tab)
    shown = tab.dataframe[0].value
    assert shown["Line"].tolist() == ["none", "1", "2"]
    assert shown["1"].tolist()[1:] == ["Jan Jansen", "Piet Pietersen"]
    assert step_of(tab).sheet.options.header_line == 0
    assert len(step_of(tab).sheet) == 2


def test_eight_lines_are_shown_to_choose_from(app: App) -> None:
    tab = uploaded("".join(f"wie{n},wat{n}\n" for n in range(1, 15)))
    assert tab.dataframe[0].value["Line"].tolist() == ["none", *map(str, range(1, 9))]


@pytest.mark.parametrize("text", ["wie,first name\nnina,boss\n", "Vorname;Nachname\nAnna;Maas\n"])
def test_a_header_that_shows_itself_is_not_asked_about(app: App, text: str) -> None:
    assert (QUESTION in text_of(uploaded(text))) == text.startswith("wie")


def test_the_chosen_line_becomes_the_header_and_can_be_changed_again(app: App) -> None:
    tab = uploaded("Bergmann GmbH\nwie;wat\nnina;boss\ntess;boss\n")
    assert step_of(tab).sheet.header == ("wie", "wat")
    header_choice.read_with_header(step_of(tab), 3)
    tab.run()
    assert not tab.exception
    assert QUESTION in text_of(tab)
    assert "header in line 3" in text_of(tab)
    header_choice.read_with_header(step_of(tab), 2)
    assert step_of(tab).sheet.header == ("wie", "wat")


def test_a_line_that_cannot_be_a_header_is_refused_and_nothing_changes(app: App) -> None:
    tab = uploaded("wie,wat\nnina,boss\n")
    header_choice.read_with_header(step_of(tab), 2)
    tab.run()
    assert "has a header and no rows" in text_of(tab)
    assert step_of(tab).sheet.header == ("wie", "wat")


def test_no_password_is_shown_among_the_lines(app: App) -> None:
    tab = uploaded("wie,wat\nnina,Geheim.2026x\ntess,Geheim.2026y\n")
    assert "Geheim" not in text_of(tab)
    assert named(tab, "header_row").startswith("map-header_row")


def test_another_line_or_encoding_keeps_the_domain_and_the_pattern(app: App) -> None:
    app.have(*(f"{name}@b.nl" for name in ("l.maas", "i.roth", "o.kramer", "n.jansen", "z.busch")))
    app.services.lists.mailboxes(LOCAL, "b.nl")
    names = "Voornaam;Achternaam\nLena;Vogt\nTim;Berg\n"
    tab = preview(opened("import_mailboxes", domain="b.nl"), names.encode(), "staff.csv")
    assert step_of(tab).answer.pattern.pattern == "f.last"
    header_choice.read_with_header(step_of(tab), 0)
    header_choice.read_with_header(step_of(tab), 1)
    assert step_of(tab).answer.pattern.pattern == "f.last"
    tab.run()
    tab.selectbox(key=step_of(tab).key("encoding")).set_value("windows-1252").run()
    assert not tab.exception
    assert step_of(tab).answer.pattern.pattern == "f.last"
    tab.selectbox(key=step_of(tab).key("pattern")).set_value("first").run()
    tab.selectbox(key=step_of(tab).key("encoding")).set_value("utf-8").run()
    assert step_of(tab).answer.pattern.pattern == "first"
