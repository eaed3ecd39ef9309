"""The drawer of a mailbox: what it shows, what its actions ask, and what it says when something is gone."""

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.auth.sign_in import Authenticator
from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.plans import change_text
from mxlib.core.plans.changes import LaterDeletion, NewQuota
from mxlib.mail.message import read_parts
from mxlib.store import dated_deletions, manual_writes, outbox
from tests.support.app import App
from tests.support.pages import opened, plain, search
from tests.ui.test_manage_pages import said

KIM = "kim@a.nl"


@pytest.fixture(autouse=True)
def _there(app: App) -> None:
    app.have(KIM)
    app.services.lists.mailboxes(LOCAL, "a.nl")


def drawer(page: str = "jobs") -> AppTest:
    """Open the drawer from the search, on any page."""
    tab = search(opened(page), "kim")
    tab.button(key=f"jump-to-{KIM}").click().run()
    assert not tab.exception
    return tab


def quota(app: App) -> int:
    box = app.services.lists.cached_mailbox("a.nl", "kim")
    assert box is not None
    return box.quota


def test_a_hit_opens_the_drawer_over_the_page_that_is_open(app: App) -> None:
    tab = drawer()
    assert tab.title[0].value == "Jobs"
    assert {"drawer_more", "drawer_password", "drawer_lock"} <= {button.key for button in tab.button}
    assert "drawer_unlock" not in {button.key for button in tab.button}
    assert any("Email address: kim@a.nl" in code.value for code in tab.code)


@pytest.mark.parametrize("page", ["overview", "email_accounts", "import_mailboxes", "jobs", "mailbox"])
@pytest.mark.parametrize("asks", [False, True])
def test_the_drawer_opens_over_a_page_that_shows_the_same_of_its_mailbox(app: App, page: str, asks: bool) -> None:
    """A date, an unconfirmed change and the history stand on pages too, with buttons of their own."""
    services, now = app.services, app.services.clock.now()
    services.changes.start(LOCAL, [KIM], LaterDeletion(now + 86_400), confirm=1)
    with services.store.write() as tx:
        if asks:
            deletion = dated_deletions.get(tx, "a.nl", "kim")
            assert deletion is not None
            dated_deletions.ask(tx, deletion, AskReason(AskCode.SENT, {"messages": 3, "at": now}), now)
        number = manual_writes.add(
            tx, services.store.key, "Geheim.2026x", at=now, who=LOCAL.name, kind="operator", address="",
            action="update", domain="a.nl", username="kim", asked={}, recovery_email="", settle_at=0.0,
            passwords_until=now + 1000.0,
        )  # fmt: skip
        manual_writes.change(tx, number, status="kept", outcome="no answer came")
    tab = opened(page, **({"address": KIM} if page == "mailbox" else {}))
    search(tab, "kim").button(key=f"jump-to-{KIM}").click().run()
    assert not tab.exception
    buttons = {button.key for button in tab.button}
    assert {f"dated-off-drawer-{KIM}", f"unconfirmed_show_{number}-drawer"} <= buttons


def test_a_gigabyte_more_is_asked_with_both_quotas_and_leads_back(app: App) -> None:
    before = quota(app)
    tab = drawer()
    tab.button(key="drawer_more").click().run()
    assert f"Raise the quota from {change_text.size(before)} to {change_text.size(before + 1024)}?" in said(tab)
    tab.button(key="change_go").click().run()
    assert not tab.exception
    assert quota(app) == before + 1024
    assert "drawer_more" in {button.key for button in tab.button}
    assert [plain(note.value) for note in tab.success] == ["kim@a.nl: quota + 1,024 MB."]


def test_an_unlimited_mailbox_is_asked_for_a_size(app: App) -> None:
    services = app.services
    services.changes.carry_out(LOCAL, services.changes.plan(LOCAL, [KIM], NewQuota(0)), days=7)
    tab = drawer()
    tab.button(key="drawer_more").click().run()
    assert change_text.UNLIMITED in said(tab)
    tab.text_input(key="change_quota").set_value("3 GB").run()
    assert "Limit kim@a.nl to 3 GB?" in said(tab)
    tab.button(key="drawer_back").click().run()
    assert "drawer_more" in {button.key for button in tab.button}


def test_a_deletion_asks_for_the_address_and_the_drawer_says_that_it_is_gone(app: App) -> None:
    tab = drawer()
    tab.menu_button(key="drawer_menu").click("delete").run()
    for typed, possible in (("1", False), ("kim@b.nl", False), (" Kim@a.nl ", True)):
        tab.text_input(key="change_typed").set_value(typed).run()
        assert tab.button(key="change_go").disabled is not possible
    tab.button(key="change_go").click().run()
    assert not tab.exception
    assert app.services.lists.cached_mailbox("a.nl", "kim") is None
    assert "There is no mailbox kim@a.nl in the list of a.nl." in said(tab)


def test_the_menu_locks_now_and_deletes_later(app: App) -> None:
    tab = drawer()
    tab.menu_button(key="drawer_menu").click("later").run()
    assert tab.date_input(key="change_day").value is not None
    tab.text_input(key="change_typed").set_value(KIM).run()
    tab.button(key="change_go").click().run()
    assert not tab.exception
    with app.services.store.read() as tx:
        assert dated_deletions.get(tx, "a.nl", "kim") is not None


def test_a_password_stays_until_done_and_no_other_dialog_takes_its_place(app: App) -> None:
    tab = drawer()
    tab.button(key="drawer_password").click().run()
    tab.button(key="change_go").click().run()
    held = tab.session_state["dialog"]
    assert held.inner is not None
    assert "drawer_back" not in {button.key for button in tab.button}
    (message,) = [code.value for code in tab.code if "Password: " in code.value]
    tab.button(key="jump-open").click().run()
    assert [code.value for code in tab.code if "Password: " in code.value] == [message]
    tab.button(key="change_done").click().run()
    assert "drawer_password" in {button.key for button in tab.button}
    assert held.inner is None


def test_rights_are_asked_at_the_click(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = drawer()
    tab.button(key="drawer_more").click().run()
    viewer = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW})})
    monkeypatch.setattr(Authenticator, "caller", lambda *_, **__: viewer)
    before = quota(app)
    tab.button(key="change_go").click().run()
    assert not tab.exception
    assert quota(app) == before
    nobody = Caller("kim", domains={"b.nl": frozenset({Permission.VIEW})})
    monkeypatch.setattr(Authenticator, "caller", lambda *_, **__: nobody)
    tab.button(key="drawer_back").click().run()
    assert "You have no permission to view a.nl. Ask an admin for it." in said(tab)
    assert not any(KIM in code.value for code in tab.code)


def test_another_page_closes_the_drawer(app: App) -> None:
    tab = drawer()
    assert tab.session_state["dialog"]
    tab.button(key="drawer_page").click().run()
    assert plain(tab.title[0].value) == KIM
    assert "dialog" not in tab.session_state


def test_drawer_and_card_show_why_no_link_came_and_the_code_of_a_mail(app: App) -> None:
    services = app.services
    services.self_service.switch(LOCAL, "a.nl", on=True)
    services.self_service.request(KIM, "192.0.2.1")
    services.self_service.work()
    services.mailboxes.set_stored(LOCAL, "a.nl", "kim", "recovery_email", "kim@mail.example")
    services.self_service.request(KIM, "192.0.2.1")
    services.self_service.work()
    (mailed, _) = services.self_service.asked(LOCAL, "a.nl", "kim")
    tabs = (drawer(), opened("mailbox", address=KIM))
    for tab in tabs:
        assert not tab.exception
        assert "Requests for a reset" in [each.value for each in tab.header]
        shown = said(tab)
        assert ": no recovery email." in shown
        assert "a link was mailed, it has not left yet." in shown
        assert f"Code of this mail: {mailed.code}" in shown


def test_the_owner_of_a_mailbox_without_a_recovery_email_is_asked_for_one(app: App) -> None:
    tab = opened("mailbox", address=KIM)
    tab.button(key="card_recovery").click().run()
    assert "1 mailbox has no recovery email." in said(tab)
    tab.button(key="ask_recovery").click().run()
    assert not tab.exception
    app.services.link_maker.work()
    app.services.outbox.send_due()
    with app.services.store.read() as tx:
        (mail,) = outbox.newest(tx, 9)
        text = read_parts(outbox.content(app.services.store.key, mail) or b"").text
    assert mail.recipient == KIM
    assert "/recovery/" in text
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "kim", "recovery_email", "kim@mail.example")
    tab = opened("mailbox", address=KIM)
    tab.button(key="card_recovery").click().run()
    assert "ask_recovery" not in {button.key for button in tab.button}
