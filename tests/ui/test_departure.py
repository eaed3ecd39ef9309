"""The dialogs when a user leaves: unfinished runs and drafts, and the passwords that they could have read."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Permission
from mxlib.core.plans.changes import LaterDeletion, NewPassword
from mxlib.services.drafts import DraftContent
from mxlib.store import journal
from tests.support.app import GOOD, App, opened, trail
from tests.support.pages import ENTRY, PAGES, plain
from tests.support.sign_in import brisk

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")
SIGN_IN = "vier zaken 88 lopen"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Boss is an admin, kim and lee may import; kim reset the passwords of two mailboxes."""
    with opened(tmp_path) as made:
        users = made.services.users
        users.add(LOCAL, "boss", SIGN_IN, admin=True)
        for name in ("kim", "lee"):
            users.add(LOCAL, name, SIGN_IN, permissions={EVERY_DOMAIN: {Permission.IMPORT}})
        made.have("ann@a.nl", "bob@a.nl")
        yield made


def number(app: App) -> int:
    found = app.services.users.find("kim")
    assert found is not None
    return found.id


def reset(app: App) -> int:
    run = app.services.changes.start(app.services.users.caller("kim"), ["ann@a.nl", "bob@a.nl"], NewPassword()).run
    app.ended(run)
    return run


def drafted(app: App) -> str:
    file = f"username,password\r\nfay,{GOOD}\r\n".encode()
    made = app.services.drafts.new()
    work = DraftContent(app.services.files.batch_from_file(file, "staff.csv", "a.nl"), file)
    app.services.drafts.keep(app.services.users.caller("kim"), made, work)
    return made


def card(app: App) -> AppTest:
    """Return Team and API of boss, with the card of kim."""
    tab = AppTest.from_file(str(ENTRY), default_timeout=30)
    tab.user = {"email": "boss"}  # type: ignore[attr-defined]
    tab.session_state["people-picked"] = number(app)
    tab.run()
    tab.switch_page(str(PAGES / "access.py")).run()
    assert not tab.exception
    return tab


def test_disabling_shows_what_they_could_have_read_and_then_resets_it(app: App) -> None:
    run = reset(app)
    tab = card(app)
    tab.button(key="disable").click().run()
    assert "**2 passwords** that they could have read are unchanged:" in [text.value for text in tab.markdown]
    shown = tab.dataframe[-1].value
    assert (list(shown["Mailbox"]), list(shown["By"])) == (["ann@a.nl", "bob@a.nl"], [f"run {run}"] * 2)
    assert "unfinished" not in [radio.key for radio in tab.radio]
    tab.button(key="disable-now").click().run()
    assert not tab.exception
    assert tab.button(key="reset-known").label == "Reset these 2 passwords"
    tab.button(key="reset-known").click().run()
    assert not tab.exception
    app.ended(run + 1)
    assert ("run.start", f"run {run + 1}", "boss") in trail(app)
    with app.services.store.read() as tx:
        assert [row.address for row in journal.rows(tx, run + 1)] == ["ann@a.nl", "bob@a.nl"]


def test_disabling_lists_their_dated_deletions(app: App) -> None:
    app.services.users.change(LOCAL, number(app), permissions={EVERY_DOMAIN: {Permission.IMPORT, Permission.DELETE}})
    change = LaterDeletion(app.services.clock.now() + 5 * 86_400)
    kim = app.services.users.caller("kim")
    app.ended(app.services.changes.start(kim, ["ann@a.nl"], change, confirm=1).run)
    tab = card(app)
    tab.button(key="disable").click().run()
    assert "**1 deletion** that they asked for has a date:" in [text.value for text in tab.markdown]
    assert list(tab.dataframe[-1].value["Mailbox"]) == ["ann@a.nl"]


def test_the_card_of_a_disabled_user_offers_the_passwords_later(app: App) -> None:
    reset(app)
    app.services.users.disable(LOCAL, number(app))
    tab = card(app)
    tab.button(key="known-passwords").click().run()
    assert tab.button(key="reset-known").label == "Reset these 2 passwords"
    app.services.mailboxes.update(LOCAL, "a.nl", "ann", {"password": GOOD})
    app.services.mailboxes.update(LOCAL, "a.nl", "bob", {"password": GOOD})
    tab.button(key="reset-known").click().run()
    assert "Look again" in plain(tab.error[0].value)
    tab.run()
    assert "MXM knows of no unchanged password that **kim** could have read." in [text.value for text in tab.markdown]


def test_open_work_goes_to_the_one_who_is_chosen(app: App) -> None:
    draft = drafted(app)
    tab = card(app)
    tab.button(key="disable").click().run()
    assert "Unfinished: the draft staff.csv." in [plain(text.value) for text in tab.markdown]
    assert tab.selectbox(key="successor").value == "boss"
    tab.selectbox(key="successor").select("lee").run()
    tab.button(key="disable-now").click().run()
    assert not tab.exception
    assert [each.id for each in app.services.drafts.offered(app.services.users.caller("lee"))] == [draft]
    assert ("draft.take_over", "staff.csv", "boss") in trail(app)


def test_open_work_ends_when_that_is_chosen(app: App) -> None:
    drafted(app)
    tab = card(app)
    tab.button(key="disable").click().run()
    tab.radio(key="unfinished").set_value("Stop the runs, discard the drafts").run()
    tab.button(key="disable-now").click().run()
    assert not tab.exception
    assert app.services.drafts.offered(LOCAL) == ()
    assert ("draft.discard", "staff.csv", "boss") in trail(app)
