"""Email accounts over all domains: filters in the address, selections and files across domains."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.clients import ClientDetails
from mxlib.core.files import reader
from mxlib.core.mailbox_filter import MailboxFilter, MailboxOrder, MailboxState
from mxlib.core.plans.changes import NewQuota
from mxlib.services.exports import USAGE
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened, sent, visit


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as made:
        made.have("nina@a.nl", "tess@a.nl", "omar@b.nl")
        boxes = made.host.sandbox.account.domains["b.nl"]
        boxes["omar"] = replace(boxes["omar"], usage=99_999.0)
        made.services.clients.add(LOCAL, ClientDetails("Bakker", ("b.nl", "c.nl")))
        yield made


def addresses(tab: AppTest) -> list[str]:
    assert not tab.exception
    return list(tab.dataframe[0].value["address"]) if tab.dataframe else []


def test_without_a_filter_the_mailboxes_of_all_domains_are_shown(app: App) -> None:
    tab = opened()
    assert addresses(tab) == ["nina@a.nl", "tess@a.nl", "omar@b.nl"]
    assert "domain" not in tab.query_params


def test_the_keys_that_the_list_of_keys_names_work_on_the_page(app: App) -> None:
    tab = opened()
    keys = {button.proto.shortcut: button.key for button in tab.button if button.proto.shortcut}
    assert [keys[key] for key in ("n", "i", "s", "h")] == ["new", "to_import", "search-focus", "keys-open"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"domain": "a.nl"}, ["nina@a.nl", "tess@a.nl"]),
        ({"client": "1"}, ["omar@b.nl"]),
        ({"q": "nina"}, ["nina@a.nl"]),
        ({"sort": "used"}, ["omar@b.nl", "nina@a.nl", "tess@a.nl"]),
        ({"state": "over_quota"}, ["omar@b.nl"]),
        ({"state": "no_recovery_email", "domain": "b.nl"}, ["omar@b.nl"]),
        ({"client": "77", "domain": "gone.nl", "state": "what"}, ["nina@a.nl", "tess@a.nl", "omar@b.nl"]),
    ],
)
def test_a_filter_in_the_address_is_applied(app: App, query: dict[str, str], found: list[str]) -> None:
    assert addresses(opened(**query)) == found


def test_a_filter_that_is_chosen_is_written_into_the_address(app: App) -> None:
    tab = opened()
    tab.multiselect(key="domains").set_value(["b.nl"]).run()
    tab.session_state["states"] = [MailboxState.OVER_QUOTA]
    tab.run()
    tab.text_input(key="search").set_value("omar").run()
    tab.selectbox(key="sort").set_value(MailboxOrder.FULLEST).run()
    assert addresses(tab) == ["omar@b.nl"]
    assert {name: tab.query_params[name] for name in ("domain", "state", "q", "sort")} == {
        "sort": "fullest",
        "domain": "b.nl",
        "state": "over_quota",
        "q": "omar",
    }


def test_a_selection_of_two_domains_offers_what_is_allowed_in_both(app: App) -> None:
    tab = opened()
    tab.session_state["selected"] = {"addresses": {"nina@a.nl", "omar@b.nl"}, "turn": 1}
    tab.run()
    tab.button(key="do_quota").click().run()
    tab.text_input(key="change_quota").set_value("4096").run()
    assert "2 mailboxes" in tab.button(key="change_go").label


def test_the_service_asks_for_the_permission_in_each_domain_of_a_selection(app: App) -> None:
    one = Caller("kim", domains={"a.nl": frozenset(Permission)})
    with pytest.raises(Forbidden, match=r"b\.nl"):
        app.services.changes.plan(one, ["nina@a.nl", "omar@b.nl"], NewQuota(4096))


def test_a_view_is_exported_with_its_use_and_without_a_password_column(app: App) -> None:
    page = sent(opened(state="over_quota"))
    assert ".usage.xlsx" in page
    file = app.services.exports.some_file(LOCAL, ["omar@b.nl"], USAGE)
    sheet = reader.read(file.content, file.name)
    assert file.name.startswith("mailboxes-bakker-b.nl-selection-usage-")
    assert sheet.table.row(0)[:3] == ["omar@b.nl", "", "99999"]
    assert not [name for name in sheet.header if "password" in name.lower()]
    assert ("export", "b.nl") in [(what, on) for what, on, _ in support.trail(app)]


def test_a_new_mailbox_asks_for_its_domain_where_several_are_in_view(app: App) -> None:
    tab = opened()
    tab.button(key="new").click().run()
    assert list(tab.selectbox(key="new_domain").options) == ["a.nl", "b.nl", "c.nl"]


def test_a_view_is_saved_opened_renamed_and_deleted(app: App) -> None:
    tab = opened(sort="used", domain="b.nl")
    tab.menu_button(key="saved-views").click("save").run()
    tab.text_input(key="view-name").set_value("Largest of Bakker").run()
    tab.button(key="view-save").click().run()
    assert "View Largest of Bakker saved." in [each.value for each in tab.success]
    assert tab.menu_button(key="saved-views").label == "Largest of Bakker"
    again = opened()
    assert again.menu_button(key="saved-views").label == "Views"
    again.menu_button(key="saved-views").click("view-largest of bakker").run()
    assert addresses(again) == ["omar@b.nl"]
    assert {name: again.query_params[name] for name in ("domain", "sort")} == {"domain": "b.nl", "sort": "used"}
    again.menu_button(key="saved-views").click("all").run()
    assert addresses(again) == ["nina@a.nl", "tess@a.nl", "omar@b.nl"]
    again.menu_button(key="saved-views").click("edit").run()
    again.text_input(key="view-new-name-largest of bakker").set_value("Largest").run()
    again.button(key="view-rename").click().run()
    again.menu_button(key="saved-views").click("edit").run()
    assert again.selectbox(key="view-chosen").value == "Largest"
    again.button(key="view-delete").click().run()
    assert app.services.saved_views.list_own(LOCAL) == ()


def test_saving_under_a_name_that_exists_is_called_replace(app: App) -> None:
    tab = opened(domain="b.nl")
    app.services.saved_views.save(LOCAL, "Bakker", MailboxFilter())
    tab.menu_button(key="saved-views").click("save").run()
    assert tab.button(key="view-save").label == "Save"
    tab.text_input(key="view-name").set_value("bakker").run()
    assert tab.button(key="view-save").label == "Replace"
    tab.button(key="view-save").click().run()
    assert [view.filter.domains for view in app.services.saved_views.list_own(LOCAL)] == [("b.nl",)]


def test_the_table_names_the_client_of_each_mailbox_while_domains_differ(app: App) -> None:
    assert list(opened().dataframe[0].value["client"]) == ["", "", "Bakker"]
    assert "client" not in opened(domain="b.nl").dataframe[0].value


def test_mailboxes_that_were_created_outside_are_a_filter(app: App) -> None:
    app.services.mailboxes.create(LOCAL, "a.nl", {"username": "own", "password": "Geheim.2026x"})
    assert addresses(opened(state="made_elsewhere")) == ["nina@a.nl", "tess@a.nl", "omar@b.nl"]


def test_coming_back_to_the_page_keeps_the_filters_of_its_address(app: App) -> None:
    tab = opened(client="1", sort="used")
    kept = dict(tab.query_params)
    visit(tab, "jobs")
    tab.query_params.clear()
    tab.query_params.update(kept)
    assert addresses(visit(tab, "email_accounts")) == ["omar@b.nl"]
    assert tab.query_params["client"] == kept["client"]


def test_a_new_mailbox_form_that_was_left_comes_back_without_its_password(app: App) -> None:
    tab = opened(domain="a.nl")
    tab.button(key="new").click().run()
    tab.text_input(key="new_username").set_value("eva.jansen").run()
    tab.text_input(key="new_password").set_value("Geheim.2026x").run()
    visit(visit(tab, "jobs"), "email_accounts")
    tab.button(key="new").click().run()
    assert [tab.text_input(key=f"new_{name}").value for name in ("username", "password")] == ["eva.jansen", ""]
    tab.button(key="new_cancel").click().run()
    tab.button(key="new").click().run()
    assert tab.text_input(key="new_username").value == ""


def test_a_new_password_is_not_closed_by_a_click_outside(app: App) -> None:
    tab = opened(domain="a.nl")
    tab.button(key="new").click().run()
    assert dismissible(tab)
    tab.text_input(key="new_username").set_value("eva.jansen").run()
    tab.text_input(key="new_password").set_value("Geheim.2026x").run()
    tab.button(key="new_go").click().run()
    assert "Geheim.2026x" in [code.value for code in tab.code]
    assert not dismissible(tab)
    tab.button(key="new_done").click().run()
    assert "Geheim.2026x" not in [code.value for code in tab.code]


def dismissible(tab: AppTest) -> bool:
    """Return whether Escape closes the open dialog."""
    (dialog,) = tab.get("dialog")
    return bool(dialog.proto.dialog.dismissible)
