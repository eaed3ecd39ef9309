"""Deletions that have a date, as pages show them."""

from datetime import datetime, timedelta

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.auth.sign_in import Authenticator
from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.plans.changes import LaterDeletion
from mxlib.services import Services
from mxlib.store import dated_deletions
from tests.support.threaded_runs import until
from tests.ui.test_manage_pages import opened, said

INFO = "info@clienta.nl"


def test_delete_offers_a_later_day_and_the_card_calls_it_off(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    tab.button(key="card_delete").click().run()
    now, later = tab.segmented_control(key="change_when").options
    assert now == "Delete now"
    assert later.startswith("Lock now, delete on ")
    tab.segmented_control(key="change_when").set_value(later).run()
    assert "Lock info@clienta.nl now, and delete it on" in said(tab)
    chosen = datetime.fromtimestamp(services.clock.now()).date() + timedelta(days=9)
    tab.date_input(key="change_day").set_value(chosen).run()
    assert f"delete it on {chosen.day} {chosen:%b} {chosen.year}" in said(tab)
    tab.text_input(key="change_typed").set_value(INFO).run()
    tab.button(key="change_go").click().run()
    assert not tab.exception
    (stored,) = services.dated_deletions.every(LOCAL)
    assert (stored.mailbox, datetime.fromtimestamp(stored.due_at).date()) == (INFO, chosen)
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    assert "info@clienta.nl will be deleted on" in said(tab)
    until(lambda: services.lists.cached_frame("clienta.nl")["is_locked"].any())
    tab.button(key=f"dated-off-card-{INFO}").click().run()
    assert "It stays locked: Unlock sets a new password." in said(tab)
    assert services.dated_deletions.every(LOCAL) == ()


def test_the_runs_page_lists_what_asks_first(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    change = LaterDeletion(services.clock.now() + 86_400)
    services.changes.start(LOCAL, [INFO, "administratie@clienta.nl"], change, confirm=2)
    with services.store.write() as tx:
        asked = dated_deletions.get(tx, "clienta.nl", "info")
        assert asked is not None
        dated_deletions.ask(tx, asked, AskReason(AskCode.UNLOCKED), services.clock.now())
    tab = opened("jobs")
    text = said(tab)
    assert "Nothing was done: it was unlocked since." in text
    assert "administratie@clienta.nl will be deleted on" in text
    tab.button(key=f"dated-delete-list-{INFO}").click().run()
    assert "This can't be undone." in said(tab)


def test_only_those_who_may_delete_see_buttons_where_it_asks(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    services.changes.start(LOCAL, [INFO], LaterDeletion(services.clock.now() + 86_400), confirm=1)
    with services.store.write() as tx:
        asked = dated_deletions.get(tx, "clienta.nl", "info")
        assert asked is not None
        dated_deletions.ask(tx, asked, AskReason(AskCode.UNLOCKED), services.clock.now())
    reader = Caller("kim", domains={"clienta.nl": frozenset({Permission.VIEW, Permission.SUPPORT})})
    monkeypatch.setattr(Authenticator, "caller", lambda *_, **__: reader)
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    assert "Nothing was done: it was unlocked since." in said(tab)
    assert not {f"dated-delete-list-{INFO}", f"dated-off-list-{INFO}"} & {button.key for button in tab.button}
