"""Choosing roles on Team and API: for every domain, for clients and in single domains."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Permission
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.core.clients import ClientDetails
from mxlib.ui.admin import role_choice
from tests.support.app import App, opened
from tests.support.pages import ENTRY, PAGES

BOSS = Caller("boss", admin=True)
PASSWORD = "four words in a row"
MANAGES = PERMISSIONS[Role.CLIENT_ADMIN]


def chooser() -> None:
    """A page with nothing but the choice of roles."""
    import streamlit as st

    from mxlib.ui.admin import role_choice

    if "rights" not in st.session_state:
        role_choice.begin("rights", {"b.nl": ["view"], "c.nl": ["view", "export"]})
    places = {"*": "Every domain", "client:1": "Client A (client)", "a.nl": "a.nl", "b.nl": "b.nl", "c.nl": "c.nl"}
    st.session_state["chosen"] = role_choice.ask("rights", places)


@pytest.fixture
def choosing() -> AppTest:
    return AppTest.from_function(chooser).run()


def take(tab: AppTest, **roles: str) -> role_choice.Chosen:
    """Choose roles by row, `row_1="Helpdesk"`."""
    edits = {int(row.removeprefix("row_")): {"role": role} for row, role in roles.items()}
    role_choice.take_roles(tab.session_state["rights"], edits)
    tab.run()
    assert not tab.exception
    chosen: role_choice.Chosen = tab.session_state["chosen"]
    return chosen


def test_permissions_are_shown_as_roles_and_others_as_ticks(choosing: AppTest) -> None:
    shown, ticks = (grid.value for grid in choosing.data_editor)
    assert list(shown["role"]) == ["No access", "No access", "No access", "Viewer", "Other"]
    assert list(ticks["place"]) == ["c.nl"]
    assert (bool(ticks["view"][0]), bool(ticks["export"][0]), bool(ticks["import"][0])) == (True, True, False)


def test_a_role_gives_its_permissions_and_no_access_takes_them(choosing: AppTest) -> None:
    chosen = take(choosing, row_1="Client admin", row_2="Helpdesk", row_3="No access", row_4="Manager")
    assert chosen.given == {
        "client:1": MANAGES, "a.nl": PERMISSIONS[Role.HELPDESK], "c.nl": PERMISSIONS[Role.MANAGER],
    }  # fmt: skip
    assert chosen.client_admin == {"client:1"}
    assert len(choosing.data_editor) == 1
    assert take(choosing, row_1="Manager").client_admin == frozenset()


def test_other_opens_the_ticks(choosing: AppTest) -> None:
    chosen = take(choosing, row_2="Other")
    assert list(choosing.data_editor[1].value["place"]) == ["a.nl", "c.nl"]
    assert "a.nl" not in chosen.given


def test_a_client_admin_with_single_permissions_stays_one(choosing: AppTest) -> None:
    take(choosing, row_1="Client admin")
    assert take(choosing, row_1="Other").client_admin == {"client:1"}
    choice = choosing.session_state["rights"]
    choice.given["client:1"] = {Permission.VIEW}
    choosing.run()
    assert choosing.session_state["chosen"].client_admin == {"client:1"}
    assert choice.role("client:1") == "Other"


def test_nobody_is_a_client_admin_of_every_domain(choosing: AppTest) -> None:
    chosen = take(choosing, row_0="Client admin")
    assert EVERY_DOMAIN not in chosen.given
    assert "A client admin belongs to a client" in choosing.warning[0].value
    assert take(choosing, row_0="Viewer").given[EVERY_DOMAIN] == PERMISSIONS[Role.VIEWER]


def test_a_search_gives_one_role_to_what_it_shows(choosing: AppTest) -> None:
    assert choosing.button(key="rights-all-viewer").disabled
    choosing.text_input(key="rights-find").input("c").run()
    choosing.button(key="rights-all-viewer").click().run()
    given = choosing.session_state["chosen"].given
    assert {key for key, rights in given.items() if rights == PERMISSIONS[Role.VIEWER]} == {"client:1", "b.nl", "c.nl"}


# On the page.


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server where boss is an admin, and anna a client admin of Client A."""
    with opened(tmp_path) as app:
        app.have("kim@a.nl", "far@b.nl")
        app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",), notes="Pays late."))
        app.services.clients.add(LOCAL, ClientDetails("Client B", ("b.nl",)))
        app.services.access.add(LOCAL, "boss", PASSWORD, admin=True, given={})
        app.services.access.add(
            BOSS, "anna", PASSWORD, admin=False, given={"client:1": MANAGES}, client_admin=["client:1"]
        )
        yield app


def page(name: str, path: str) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    tab.run()
    if path != "overview":
        tab.switch_page(str(PAGES / f"{path}.py")).run()
    assert not tab.exception
    return tab


def test_the_access_page_says_what_a_person_is(app: App) -> None:
    people = page("boss", "access").dataframe[0].value
    assert list(people["May"]) == ["Client admin in the domains of Client A", "Admin: everything"]
    own = page("anna", "access")
    assert "Client admin in the domains of Client A." in [text.value for text in own.markdown]


def test_no_page_shows_the_agency_to_people_of_a_client(app: App) -> None:
    for path in ("email_accounts", "import_mailboxes", "jobs", "clients", "audit", "access"):
        tab = page("anna", path)
        texts = (tab.markdown, tab.caption, tab.info, tab.warning, tab.error, tab.header, tab.metric)
        words = " ".join(str(each.value) for kind in texts for each in kind)
        assert "Account storage" not in words
        assert "Client B" not in words
        assert "b.nl" not in words
        assert "Pays late" not in words
