"""Locks as pages show them: the card, the table, and selected mailboxes."""

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.mailbox_filter import MailboxState
from mxlib.core.text import locks
from mxlib.services import Services
from mxlib.ui.mailboxes import selection
from tests.ui.test_manage_pages import opened, said

INFO, OFFICE = "info@clienta.nl", "administratie@clienta.nl"


def names(tab: object, prefix: str) -> set[str]:
    """Return the actions whose buttons the page shows."""
    keys = (str(button.key) for button in tab.button)  # type: ignore[attr-defined]
    return {key.removeprefix(prefix) for key in keys if key.startswith(prefix)}


def test_the_card_locks_says_what_a_lock_leaves_and_unlocks(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    assert "unlock" not in names(tab, "card_")
    tab.button(key="card_lock").click().run()
    assert locks.LIMITS in said(tab)
    tab.text_input(key="change_reason").set_value("left us").run()
    assert "Lock info@clienta.nl? Its password becomes one that nobody knows." in said(tab)
    tab.button(key="change_go").click().run()
    assert not tab.exception
    assert "info@clienta.nl is locked." in said(tab)
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    assert f"by {LOCAL.name}: left us" in said(tab)
    assert locks.LIMITS in said(tab)
    assert {"unlock"} == names(tab, "card_") & {"lock", "unlock", "password"}
    assert "Locked" in list(tab.dataframe[0].value["What"])
    tab.button(key="card_unlock").click().run()
    tab.button(key="change_go").click().run()
    assert "Password changed." in said(tab)
    assert 16 in [len(code.value) for code in tab.code]
    lock, unlocked = "card_lock", services.mailboxes.read(LOCAL, "clienta.nl", "info")
    assert unlocked.lock is None
    tab.button(key="change_done").click().run()
    assert tab.button(key=lock)


def test_a_typed_password_unlocks_and_is_not_shown(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    services.mailboxes.lock(LOCAL, "clienta.nl", "info")
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    tab.button(key="card_unlock").click().run()
    tab.text_input(key="change_unlock").set_value("weak").run()
    tab.button(key="change_go").click().run()
    assert services.mailboxes.read(LOCAL, "clienta.nl", "info").lock
    assert tab.error
    tab.text_input(key="change_unlock").set_value("Geheim.2026x").run()
    tab.button(key="change_go").click().run()
    assert "is unlocked, and has a new password" in said(tab)
    assert services.mailboxes.read(LOCAL, "clienta.nl", "info").lock is None


def test_a_host_that_is_down_is_one_sentence_in_the_dialog(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    tab = opened("mailbox", domain="clienta.nl", address=INFO)
    tab.button(key="card_lock").click().run()
    assert services.sandbox
    services.sandbox.stop()
    tab.button(key="change_go").click().run()
    (error,) = tab.error
    assert error.value
    assert services.lists.cached_frame("clienta.nl")["is_locked"].sum() == 0


def test_the_table_shows_and_filters_what_is_locked(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    tab = opened()
    assert "locked" not in tab.dataframe[0].value
    services.mailboxes.lock(LOCAL, "clienta.nl", "info", "left us")
    tab = opened()
    states = tab.dataframe[0].value.set_index("address")["locked"]
    assert states[INFO].endswith(f"by {LOCAL.name}: left us")
    assert set(states.drop(INFO)) == {""}
    tab.session_state["states"] = [MailboxState.LOCKED]
    tab.run()
    assert list(tab.dataframe[0].value["address"]) == [INFO]


def test_selected_mailboxes_are_locked_by_a_run(services: Services) -> None:
    services.lists.mailboxes(LOCAL, "clienta.nl")
    services.mailboxes.lock(LOCAL, "clienta.nl", "info")
    tab = opened()
    held = {"domain": "clienta.nl", "addresses": {INFO, OFFICE}, "turn": 1}
    tab.session_state[selection._SELECTED] = held
    tab.run()
    assert {"lock", "unlock", "password"} <= names(tab, "do_")
    tab.button(key="do_lock").click().run()
    assert "Lock 2 mailboxes? 1 is locked already. Its password becomes one that nobody knows." in said(tab)
    tab.button(key="change_go").click().run()
    (run,) = services.runs.all(LOCAL)
    assert run.title.startswith("Lock mailboxes")
