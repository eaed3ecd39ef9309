"""Helpdesk, a client admin and a viewer in Chromium: what is not theirs is not there, and refusals say whom to ask."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.core.clients import ClientDetails, Terms
from mxlib.store import FILE, Store, clients
from tests.browser import driver
from tests.browser.driver import Server
from tests.browser.steps import PASSWORD, own_passwords, press, settle, sign_in, visit

HERE, ELSEWHERE = "clienta.nl", "clientb.nl"
ADDRESS = f"info@{HERE}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving_warm(tmp_path_factory.mktemp("server")) as served:
        store = Store.open(served.data / FILE, SystemClock())
        with store.write() as tx:
            terms = Terms(max_quota=4096)
            clients.add(tx, ClientDetails("Client A", (HERE,), terms=terms, notes="Pays late."), by="boss", at=0.0)
        users = Users(store, SystemClock())
        users.add(LOCAL, "boss", PASSWORD, admin=True)
        users.add(LOCAL, "help", PASSWORD, permissions={EVERY_DOMAIN: PERMISSIONS[Role.HELPDESK]})
        own = {"client:1": PERMISSIONS[Role.CLIENT_ADMIN]}
        users.add(LOCAL, "anna", PASSWORD, permissions=own, client_admin=["client:1"])
        users.add(LOCAL, "vera", PASSWORD, permissions={HERE: PERMISSIONS[Role.VIEWER]})
        store.close()
        own_passwords(served)
        yield served
    assert "Traceback" not in served.output(), served.output()


@contextmanager
def tab(chromium: Browser, server: Server, name: str) -> Iterator[Page]:
    """Yield the card of a mailbox, as this person sees it."""
    context = chromium.new_context(
        base_url=server.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    sign_in(page, name, PASSWORD, f"/mailbox?domain={HERE}&address={ADDRESS}")
    expect(page.get_by_text(ADDRESS).first).to_be_visible()
    yield page
    context.close()


def actions(page: Page) -> set[str]:
    """Return the actions that a card offers."""
    found = page.locator('[class*="st-key-card_"]').evaluate_all("all => all.map(each => each.className)")
    return {name for each in found for name in re.findall(r"st-key-card_(\w+)", each)}


def refuses_import(page: Page) -> None:
    visit(page, "/import")
    expect(page.get_by_text("You have no permission to import into any domain. Ask an admin for it.")).to_be_visible()


def refuses_clients(page: Page) -> None:
    visit(page, "/clients")
    expect(page.get_by_text("Only admins manage clients. Ask an admin.")).to_be_visible()
    expect(page.get_by_text("Pays late.")).to_have_count(0)


def test_the_helpdesk_resets_and_locks_and_creates_nothing(chromium: Browser, server: Server) -> None:
    with tab(chromium, server, "help") as page:
        assert {"password", "lock"} <= actions(page)
        assert "delete" not in actions(page)
        page.locator(".st-key-card_password").get_by_role("button").click()
        settle(page)
        page.locator(".st-key-change_go").get_by_role("button").click()
        settle(page)
        expect(page.get_by_role("dialog").get_by_text("Password changed.")).to_be_visible()
        press(page, "Done")
        page.locator(".st-key-card_lock").get_by_role("button").click()
        settle(page)
        page.locator(".st-key-change_go").get_by_role("button").click()
        settle(page)
        expect(page.get_by_text(re.compile("Locked .* by help")).first).to_be_visible()
        visit(page, "/email-accounts", domain=HERE)
        expect(page.get_by_role("button", name="New mailbox")).to_have_count(0)
        expect(page.get_by_text(re.compile("Download|Export"))).to_have_count(0)
        refuses_import(page)
        refuses_clients(page)


def test_a_client_admin_sees_only_the_client_and_keeps_to_its_caps(chromium: Browser, server: Server) -> None:
    with tab(chromium, server, "anna") as page:
        visit(page, "/email-accounts", domain=HERE)
        expect(page.get_by_text(ELSEWHERE)).to_have_count(0)
        expect(page.get_by_text("Account storage")).to_have_count(0)
        press(page, "New mailbox")
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Username").fill("nina.berg")
        dialog.get_by_role("textbox", name="Quota").fill("9999")
        press(page, "Generate")
        settle(page)
        expect(dialog.get_by_text(re.compile("may have up to 4,096 MB.*ask an admin")).first).to_be_visible()
        page.keyboard.press("Escape")
        visit(page, "/email-accounts", domain=ELSEWHERE)
        expect(page.get_by_text(f"info@{ELSEWHERE}")).to_have_count(0)
        visit(page, "/jobs")
        expect(page.get_by_text("boss")).to_have_count(0)
        refuses_clients(page)


def test_a_viewer_finds_nothing_to_change(chromium: Browser, server: Server) -> None:
    with tab(chromium, server, "vera") as page:
        assert not {"password", "lock", "unlock", "quota", "delete", "recovery", "name"} & actions(page)
        visit(page, "/email-accounts", domain=HERE)
        expect(page.get_by_role("button", name="New mailbox")).to_have_count(0)
        expect(page.get_by_text(ELSEWHERE)).to_have_count(0)
        refuses_import(page)
        refuses_clients(page)
