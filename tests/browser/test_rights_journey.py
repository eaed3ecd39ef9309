"""Open tabs in Chromium while the rights of who sits at them change: drawn again at once, with all that was typed."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from mxlib.auth.permissions import LOCAL, Permission
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store
from tests.browser import driver
from tests.browser.driver import Server
from tests.browser.steps import PASSWORD, own_passwords, press, settle, sign_in

HERE = "clienta.nl"
FULL = (Permission.VIEW, Permission.IMPORT, Permission.EXPORT)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving_warm(tmp_path_factory.mktemp("server")) as served:
        with people(served) as users:
            users.add(LOCAL, "boss", PASSWORD, admin=True)
            users.add(LOCAL, "kim", PASSWORD, permissions={HERE: FULL})
        own_passwords(served)
        yield served
    assert "Traceback" not in served.output(), served.output()


@contextmanager
def people(server: Server) -> Iterator[Users]:
    """The server's users, as another process than the server changes them."""
    store = Store.open(server.data / FILE, SystemClock())
    yield Users(store, SystemClock())
    store.close()


def allow(server: Server, *rights: Permission) -> None:
    """Let kim do just this."""
    with people(server) as users:
        kim = users.find("kim")
        assert kim
        users.change(LOCAL, kim.id, permissions={HERE: rights})


@contextmanager
def tab(chromium: Browser, server: Server, path: str = "/email-accounts") -> Iterator[Page]:
    context = chromium.new_context(base_url=server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    sign_in(page, "kim", PASSWORD, path)
    yield page
    context.close()


def test_a_dialog_keeps_its_text_when_the_permissions_change(chromium: Browser, server: Server) -> None:
    with tab(chromium, server) as page:
        press(page, "New mailbox")
        dialog = page.get_by_role("dialog")
        name = dialog.get_by_role("textbox", name="Username")
        name.fill("nina.berg")
        dialog.get_by_role("textbox", name="Recovery email").click()
        settle(page)
        allow(server, Permission.VIEW)
        expect(dialog.get_by_text(f"You have no permission to import into {HERE}.")).to_be_visible()
        expect(page.get_by_text("Import CSV")).to_have_count(0)
        expect(name).to_have_value("nina.berg")
        allow(server, *FULL)
        expect(dialog.get_by_text("You have no permission")).to_have_count(0)
        expect(page.get_by_text("Import CSV")).to_have_count(1)
        expect(name).to_have_value("nina.berg")


def test_a_form_keeps_text_that_was_not_sent_yet(chromium: Browser, server: Server) -> None:
    with tab(chromium, server, "/team") as page:
        page.get_by_label("Current password").fill("only half of")
        allow(server, Permission.VIEW)
        expect(page.get_by_text(f"Viewer in {HERE}.")).to_be_visible()
        expect(page.get_by_label("Current password")).to_have_value("only half of")
        allow(server, *FULL)
        page.goto("/import")
        page.get_by_label("Or paste from Excel or Outlook").fill("username\nnina.berg")
        allow(server, Permission.VIEW)
        expect(page.get_by_text("You have no permission to import into any domain.")).to_be_visible()
        expect(page.get_by_label("Or paste from Excel or Outlook")).to_have_value("username\nnina.berg")
        allow(server, *FULL)


def test_a_disabled_user_is_led_to_the_sign_in_without_a_click(chromium: Browser, server: Server) -> None:
    with tab(chromium, server) as page:
        expect(page.get_by_text("Import CSV")).to_be_visible()
        with people(server) as users:
            kim = users.find("kim")
            assert kim
            users.disable(LOCAL, kim.id)
        expect(page.get_by_label("Name or email address")).to_be_visible()
        with people(server) as users:
            users.enable(LOCAL, kim.id)
