"""The page of clients: what an admin adds, changes and deletes there, and what others see of it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.core.clients import ClientDetails, Contact, Terms
from mxlib.ui.app import session
from mxlib.ui.widgets.format import escaped
from tests.support.app import App, opened
from tests.support.audit_entries import audit_entries
from tests.support.pages import PAGES, plain
from tests.support.pages import opened as page


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        yield made


def errors(tab: AppTest) -> list[str]:
    assert not tab.exception
    return [plain(error.value) for error in tab.error]


def stored(app: App) -> list[ClientDetails]:
    return [client.details for client in app.services.clients.list_all(LOCAL)]


def with_card_of(client: int) -> AppTest:
    tab = page()
    tab.session_state["clients-picked"] = client
    return tab.switch_page(str(PAGES / "clients.py")).run()


def test_a_client_is_added_with_its_domains_and_terms(app: App) -> None:
    tab = page("clients")
    tab.button(key="add-client").click().run()
    tab.text_input(key="client-name").input("Bakker & Co")
    tab.multiselect(key="client-domains").select("a.nl").select("b.nl")
    tab.selectbox(key="client-language").select("nl")
    tab.number_input(key="client-max-quota").set_value(5000)
    tab.button(key="save-client").click().run()

    assert not errors(tab)
    assert stored(app) == [ClientDetails("Bakker & Co", ("a.nl", "b.nl"), language="nl", terms=Terms(max_quota=5000))]
    assert tab.dataframe[0].value["Domains"].tolist() == ["a.nl, b.nl"]


def test_what_is_wrong_is_said_in_the_dialog_which_keeps_what_was_typed(app: App) -> None:
    tab = page("clients")
    tab.button(key="add-client").click().run()
    tab.text_input(key="client-name").input("Bakker").run()
    tab.button(key="save-client").click().run()

    assert errors(tab) == ["Name at least one domain of this client."]
    assert tab.text_input(key="client-name").value == "Bakker"
    assert stored(app) == []


def test_a_change_keeps_contacts_and_what_was_not_touched(app: App) -> None:
    before = ClientDetails("A", ("a.nl",), (Contact("Kim", "kim@a.nl", "de"),), "de", Terms(1, 2, 3), "Notes.")
    number = app.services.clients.add(LOCAL, before)
    tab = with_card_of(number)
    tab.button(key="edit-client").click().run()
    tab.text_area(key="client-notes").input("Other notes.")
    tab.button(key="save-client").click().run()

    assert not errors(tab)
    assert stored(app) == [
        ClientDetails("A", ("a.nl",), (Contact("Kim", "kim@a.nl", "de"),), "de", Terms(1, 2, 3), "Other notes.")
    ]


def test_self_service_reset_is_turned_on_for_a_client_and_for_domains_without_one(app: App) -> None:
    number = app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",)))
    tab = with_card_of(number)
    assert "Self-service reset: off" in [each.value for each in tab.markdown]
    tab.button(key="edit-client").click().run()
    tab.checkbox(key="client-self-service").check()
    tab.button(key="save-client").click().run()
    tab.button(key="free-domains").click().run()
    assert tab.multiselect(key="self-service-domains").options == ["b.nl", "c.nl"]
    tab.multiselect(key="self-service-domains").select("c.nl")
    tab.button(key="save-self-service").click().run()

    assert not errors(tab)
    on = [name for name in ("a.nl", "b.nl", "c.nl") if app.services.self_service.is_on(LOCAL, name)]
    assert on == ["a.nl", "c.nl"]
    said = escaped("Self-service reset of domains without a client: on in c.nl.")
    assert [each.value for each in tab.success] == [said]
    assert said in [each.value for each in tab.caption]
    tab.button(key="free-domains").click().run()
    tab.multiselect(key="self-service-domains").unselect("c.nl")
    tab.button(key="save-self-service").click().run()
    assert not app.services.self_service.is_on(LOCAL, "c.nl")
    assert [each.value for each in tab.success] == [escaped("Self-service reset of domains without a client: off.")]


def test_a_deleted_client_leaves_its_domains(app: App) -> None:
    number = app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",)))
    tab = with_card_of(number)
    tab.button(key="ask-delete-client").click().run()
    tab.button(key="delete-client").click().run()

    assert not errors(tab)
    assert stored(app) == []
    assert app.services.lists.domains(LOCAL).names == ("a.nl", "b.nl", "c.nl")


LIST = b"client,domains,largest_quota\nA,a.nl b.nl,\nNew,c.nl,5 GB\nWrong,x.nl,\n"


def with_list(content: bytes = LIST) -> AppTest:
    tab = page("clients")
    tab.button(key="import-client-list").click().run()
    tab.file_uploader(key="client-list-file").upload("clients.csv", content).run()
    return tab


def test_a_list_shows_what_it_does_before_it_is_imported(app: App) -> None:
    app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",), notes="Kept."))
    tab = with_list()

    table = next(each.value for each in tab.dataframe if "Verdict" in each.value)
    assert table[["Lines", "Client", "Verdict"]].to_numpy().tolist() == [
        ["4", "Wrong", "Error"], ["3", "New", "New"], ["2", "A", "Changed"],
    ]  # fmt: skip
    assert table["What"].tolist()[2] == "domains (+ b.nl)"
    assert len(stored(app)) == 1
    tab.button(key="import-clients").click().run()

    assert not errors(tab)
    assert stored(app) == [
        ClientDetails("A", ("a.nl", "b.nl"), notes="Kept."),
        ClientDetails("New", ("c.nl",), terms=Terms(max_quota=5120)),
    ]
    with app.services.store.read() as tx:
        acts = [(entry["what"], entry["on"]) for entry in audit_entries(tx)]
    assert acts[:2] == [("client.add", "New"), ("client.change", "A")]


def test_a_list_is_compared_again_when_clients_have_changed_since(app: App) -> None:
    number = app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",)))
    tab = with_list()
    app.services.clients.change(LOCAL, number, lambda before: replace(before, domains=("a.nl", "c.nl")))
    tab.button(key="import-clients").click().run()

    assert [plain(warning.value) for warning in tab.warning] == [
        "Since the list was compared, clients have changed. Here is what it does now: check it again."
    ]
    assert [client.domains for client in stored(app)] == [("a.nl", "c.nl")]


def test_a_file_that_is_no_list_of_clients_is_refused(app: App) -> None:
    tab = with_list(b"name,mail\nkim,kim@a.nl\n")

    assert errors(tab)[0].startswith("None of the first 20 lines names a column client")
    assert stored(app) == []


def test_others_manage_no_clients(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "caller", lambda: Caller("kim"))
    tab = page("clients")

    assert "add-client" not in [button.key for button in tab.button]
    assert "Only admins manage clients. Ask an admin." in [text.value for text in tab.markdown]


def test_a_dialog_that_was_left_shows_no_contacts_of_another_client(app: App) -> None:
    first = app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",), (Contact("Kim", "kim@a.nl"),)))
    second = app.services.clients.add(LOCAL, ClientDetails("B", ("b.nl",), (Contact("Jo", "jo@b.nl"),)))
    tab = with_card_of(first)
    tab.button(key="edit-client").click().run()
    tab.switch_page(str(PAGES / "jobs.py")).run()
    tab.session_state["clients-picked"] = second
    tab.switch_page(str(PAGES / "clients.py")).run()
    tab.button(key="edit-client").click().run()

    assert tab.session_state["client-contacts"]["Address"].tolist() == ["jo@b.nl"]


def test_a_change_of_another_admin_is_not_overwritten(app: App) -> None:
    number = app.services.clients.add(LOCAL, ClientDetails("A", ("a.nl",)))
    tab = with_card_of(number)
    tab.button(key="edit-client").click().run()
    app.services.clients.change(LOCAL, number, lambda before: replace(before, domains=("a.nl", "b.nl")))
    tab.text_area(key="client-notes").input("Other notes.")
    tab.button(key="save-client").click().run()

    assert errors(tab) == ["Since you opened A, this was changed: domains. Open the client again, then change it."]
    assert [(client.domains, client.notes) for client in stored(app)] == [(("a.nl", "b.nl"), "")]
