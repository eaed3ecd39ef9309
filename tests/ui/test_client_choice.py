"""Clients on the other pages: the search, and the filter of the audit log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails, Contact
from tests.support.app import App, opened
from tests.support.pages import opened as page
from tests.support.pages import search


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        made.services.clients.add(
            LOCAL, ClientDetails("Bakker", ("b.nl", "c.nl"), (Contact("Kim", "kim@else.example"),))
        )
        yield made


@pytest.mark.parametrize("typed", ["bakk", "kim@else"])
def test_the_search_finds_a_client_by_name_and_contact_and_opens_its_mailboxes(app: App, typed: str) -> None:
    tab = search(page("jobs"), typed)
    tab.button(key="jump-to-client-1").click().run()

    assert not tab.exception
    assert tab.multiselect(key="clients").value == [1]
    assert tab.title[0].value == "Email accounts"


def test_the_audit_log_is_filtered_by_client(app: App) -> None:
    app.have("one@a.nl", "one@b.nl")
    for domain in ("a.nl", "b.nl"):
        assert app.ask("DELETE", f"/domains/{domain}/email-accounts/one").is_success
    tab = page("audit")
    tab.selectbox(key="audit-client").set_value(1).run()

    assert not tab.exception
    assert tab.dataframe[0].value["on"].tolist() == ["one@b.nl", "Bakker"]
