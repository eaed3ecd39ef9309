"""Clients on the other pages: the domain selector, the search, and the filter of the audit log."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails, Contact
from tests.support.app import App, opened
from tests.support.pages import opened as page


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        made.services.clients.add(
            LOCAL, ClientDetails("Bakker", ("b.nl", "c.nl"), (Contact("Kim", "kim@else.example"),))
        )
        yield made


def domains(tab: AppTest) -> list[str]:
    assert not tab.exception
    return list(tab.sidebar.selectbox(key="domain").options)


def test_a_chosen_client_leaves_its_domains_to_choose_from(app: App) -> None:
    tab = page()
    assert domains(tab) == ["a.nl", "b.nl", "c.nl"]
    tab.sidebar.selectbox(key="domain-client").set_value(1).run()

    assert domains(tab) == ["b.nl", "c.nl"]
    assert tab.session_state["domain"] == "b.nl"
    tab.sidebar.selectbox(key="domain").set_value("c.nl").run()
    assert (domains(tab), tab.session_state["domain"]) == (["b.nl", "c.nl"], "c.nl")


def test_a_domain_of_another_client_ends_the_choice(app: App) -> None:
    app.have("one@a.nl")
    app.services.lists.mailboxes(LOCAL, "a.nl")
    tab = page()
    tab.sidebar.selectbox(key="domain-client").set_value(1).run()
    tab.sidebar.text_input(key="find").set_value("one").run()
    tab.button(key="found-one@a.nl").click().run()

    assert (domains(tab), tab.session_state["domain"]) == (["a.nl", "b.nl", "c.nl"], "a.nl")


@pytest.mark.parametrize("typed", ["bakk", "kim@else"])
def test_the_search_finds_a_client_by_name_and_contact_and_chooses_it(app: App, typed: str) -> None:
    tab = page("runs")
    tab.sidebar.text_input(key="find").set_value(typed).run()
    tab.button(key="found-client-1").click().run()

    assert domains(tab) == ["b.nl", "c.nl"]
    assert tab.title[0].value == "Email accounts"


def test_the_audit_log_is_filtered_by_client(app: App) -> None:
    app.have("one@a.nl", "one@b.nl")
    for domain in ("a.nl", "b.nl"):
        assert app.ask("DELETE", f"/domains/{domain}/email-accounts/one").is_success
    tab = page("audit")
    tab.selectbox(key="audit-client").set_value(1).run()

    assert not tab.exception
    assert tab.dataframe[0].value["on"].tolist() == ["one@b.nl", "Bakker"]
