"""The pages as an operator sees and uses them; the host is the sandbox over real HTTP."""

import pytest

from mxlib import __version__
from mxlib.auth.permissions import Caller
from mxlib.auth.sign_in import Authenticator
from mxlib.core.schema import MASK
from mxlib.services import Services
from tests.support.pages import PAGES, grid_key, opened, preview, statuses


def test_the_accounts_page_lists_every_mailbox_of_the_domain_with_its_totals(services: Services) -> None:
    tab = opened(domain="clienta.nl")
    listed = tab.dataframe[0].value
    there = services.lists.usernames("clienta.nl")
    assert there is not None
    assert set(listed["address"]) == {f"{name}@clienta.nl" for name in there}
    assert any(caption.value.startswith(f"Active mailboxes: {len(there):,} · ") for caption in tab.caption)
    assert any("SANDBOX" in mark.value for mark in tab.markdown)


def test_the_sidebar_ends_with_the_version(services: Services) -> None:
    tab = opened(domain="clienta.nl")
    assert f"MXM {__version__}" in tab.sidebar.children[max(tab.sidebar.children)].proto.body


def test_the_domain_in_the_address_is_the_filter_and_no_other_page_has_it(services: Services) -> None:
    tab = opened(domain="clientb.nl")
    assert tab.multiselect(key="domains").value == ["clientb.nl"]
    assert not tab.sidebar.selectbox
    tab.multiselect(key="domains").set_value(["clienta.nl"]).run()
    assert tab.query_params["domain"] in ("clienta.nl", ["clienta.nl"])


def test_an_unknown_domain_in_the_address_filters_nothing(services: Services) -> None:
    tab = opened(domain="elsewhere.example")
    assert tab.multiselect(key="domains").value == []
    assert len(tab.dataframe[0].value) > 10


def test_the_preview_validates_every_row_of_the_file(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    assert statuses(tab) == ["Ready", "Error", "Needs password", "Duplicate"]
    fixes = list(tab.data_editor[0].value["fix"])
    assert "try jan.jansen" in fixes[1]
    assert "line 2" in fixes[3]


def test_generate_secure_passwords_fills_the_blank_ones_and_shows_none_of_them(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"), generate=True)
    assert statuses(tab)[2] == "Ready"
    assert set(tab.data_editor[0].value["password"]) == {MASK}
    tab.toggle(key="reveal").set_value(True).run()
    assert MASK not in set(tab.data_editor[0].value["password"])


def test_an_edit_is_validated_at_once_and_the_grid_stays_the_same_widget(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    before = tab.data_editor[0].proto.id
    tab.session_state[grid_key(tab)] = {
        "edited_rows": {1: {"username": "jan.jansen"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    tab.run()
    assert statuses(tab)[1] == "Ready"
    assert tab.data_editor[0].proto.id == before


def test_edits_survive_a_visit_to_another_page(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    tab.session_state[grid_key(tab)] = {
        "edited_rows": {1: {"username": "jan.jansen"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    tab.run()
    tab.switch_page(str(PAGES / "jobs.py")).run()
    tab.switch_page(str(PAGES / "import_mailboxes.py")).run()
    assert list(tab.data_editor[0].value["username"])[1] == "jan.jansen"
    assert statuses(tab)[1] == "Ready"


def test_the_accounts_page_shows_the_last_list_with_its_age_when_the_host_is_silent(services: Services) -> None:
    opened(domain="clienta.nl")
    assert services.sandbox is not None
    services.sandbox.stop()
    tab = opened(domain="clienta.nl")
    tab.button(key="refresh").click().run(timeout=40)
    assert any("This is the list of" in warning.value for warning in tab.warning)
    assert len(tab.dataframe[0].value)
    assert not tab.exception


def test_drawing_a_page_asks_for_the_caller_once_for_the_whole_navigation(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab, asked, resolve = opened(), [], Authenticator.caller

    def caller(self: Authenticator, *given: str) -> Caller:
        asked.append(given)
        return resolve(self, *given)

    monkeypatch.setattr(Authenticator, "caller", caller)
    tab.run()
    assert not tab.exception
    assert 0 < len(asked) < 40  # with one question for each page and place it would be over 60
