"""Pages and their dialogs have no fault that axe finds, in the light theme and in the dark one."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import driver
from tests.browser.accessibility import faults
from tests.browser.driver import BRISK, Faults, Grid, Server, idle
from tests.browser.steps import PASSWORD, choose, confirm_run, finished, press, search, settle, sign_in

ADMIN = "kim@agency.example"
PEOPLE = b"username,name,recovery_email\r\neva.jansen,Eva Jansen,eva@mail.example\r\nbram.mulder,Bram Mulder,\r\n"
FAULTY = PEOPLE + b"jan jansen,Jan,nowhere\r\neva.jansen,Twice,\r\n"
UNKNOWN = b"wie,mail extern,wat\r\nnina.berg,nina@example.org,directie\r\ntess.groen,tess@example.org,verkoop\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with sign-in, whose public pages are on its own address."""
    settings = BRISK | {"MXM_ADMIN_USER": ADMIN, "MXM_ADMIN_PASSWORD": PASSWORD, "MXM_SECOND_FACTOR": "off"}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture(scope="module")
def page(contexts: Callable[[dict[str, Any]], BrowserContext], server: Server) -> Iterator[Page]:
    """One tab for all tests, signed in as an admin: opening a page takes longer than looking at it."""
    found, context = Faults(server.url), contexts({"viewport": {"width": 1280, "height": 1000}})
    found.watch(context)
    tab = context.new_page()
    sign_in(tab, ADMIN, PASSWORD, "/jobs")
    yield tab
    found.unwatch(context)
    assert not found.found, "\n".join(found.found)


class Looks:
    """What axe found, by what was looked at."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: list[str] = []

    def at(self, what: str) -> None:
        """Look at the page as it is in both themes, which differ by their colours alone."""
        self.found += [f"{what}: {each}" for each in faults(self.page)]
        self.page.emulate_media(color_scheme="dark")
        idle(self.page)
        self.found += [f"{what}, dark: {each}" for each in faults(self.page, colours_only=True)]
        self.page.emulate_media(color_scheme="light")
        idle(self.page)


@contextmanager
def looking(page: Page) -> Iterator[Looks]:
    """Collect the faults of all looks, and fail with them at the end."""
    looks = Looks(page)
    yield looks
    assert not looks.found, "\n".join(looks.found)


def go(page: Page, title: str) -> None:
    """Change to another page, as by a click into the navigation."""
    if page.get_by_role("dialog").count():
        page.keyboard.press("Escape")
        settle(page)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
    idle(page)


def ask(page: Page, label: str) -> None:
    """Press a button that opens a dialog."""
    press(page, label)
    expect(page.get_by_role("dialog")).to_be_visible()
    settle(page)


def test_pages_of_mailboxes(page: Page) -> None:
    with looking(page) as looks:
        go(page, "Overview")
        looks.at("overview")
        go(page, "Email accounts")
        looks.at("mailboxes")
        ask(page, "New mailbox")
        looks.at("new mailbox")
        go(page, "Email accounts")
        Grid(page, "mailboxes").mark(2)
        page.locator(".st-key-do_quota").get_by_role("button").click()
        settle(page)
        looks.at("quota")
        page.keyboard.press("Escape")
        settle(page)
        page.locator(".st-key-do_delete").get_by_role("button").click()
        settle(page)
        looks.at("deletion")
        go(page, "Jobs")
        ask(page, "Keys")
        looks.at("keys")
        page.keyboard.press("Escape")
        settle(page)
        search(page, "info")
        looks.at("search")
        page.get_by_role("dialog").get_by_role("button", name="info@clienta.nl").click()
        settle(page)
        looks.at("drawer")
        press(page, "Open as a page")
        expect(page).to_have_url(re.compile("/mailbox"))
        idle(page)
        looks.at("card")


def test_pages_of_imports_and_runs(page: Page) -> None:
    with looking(page) as looks:
        go(page, "Import")
        choose(page, "Default domain", "clienta.nl")
        looks.at("import")
        driver.upload(page, UNKNOWN, "people.csv")
        looks.at("columns")
        press(page, "Choose another file")
        driver.upload(page, FAULTY, "staff.csv")
        press(page, "Bulk edit")
        looks.at("rows")
        press(page, "Create ")
        looks.at("question")
        confirm_run(page)
        expect(page).to_have_url(re.compile(r"run=\d+"))
        finished(page)
        looks.at("hand-over")
        press(page, "Erase MXM's copy of the passwords…")
        looks.at("erasing")
        page.keyboard.press("Escape")
        grid = Grid(page, "handover").scroller
        grid.scroll_into_view_if_needed()
        grid.click(position={"x": 18, "y": 50})
        idle(page)
        ask(page, "Copy message")
        looks.at("message")
        press(page, "Close")
        settle(page)
        ask(page, "Send links")
        looks.at("links")
        go(page, "Jobs")
        looks.at("jobs")


def test_pages_of_admins(page: Page) -> None:
    with looking(page) as looks:
        go(page, "Clients")
        ask(page, "Add a client")
        looks.at("client")
        go(page, "Texts")
        looks.at("texts")
        choose(page, "Kind", "Mail")
        page.get_by_label("Text", exact=True).fill("{addr} {")
        page.keyboard.press("Tab")
        settle(page)
        looks.at("faulty text")
        go(page, "Outbox")
        page.get_by_label("Send a test mail to").fill(ADMIN)
        press(page, "Send a test mail")
        Grid(page, "outbox").mark(0)
        looks.at("outbox")
        go(page, "Audit log")
        looks.at("audit log")
        go(page, "Background tasks")
        looks.at("background tasks")
        go(page, "Team and API")
        Grid(page, "people").mark(0)
        looks.at("people")
        ask(page, "Change permissions")
        looks.at("permissions")
        page.keyboard.press("Escape")
        settle(page)
        ask(page, "Add a user")
        looks.at("user")
        page.keyboard.press("Escape")
        settle(page)
        page.get_by_role("tab", name="Tokens").click()
        idle(page)
        ask(page, "Create token")
        looks.at("token")
        page.keyboard.press("Escape")
        settle(page)
        page.get_by_role("tab", name="You").click()
        idle(page)
        looks.at("you")


def test_the_page_of_notices(page: Page) -> None:
    with looking(page) as looks:
        go(page, "Notices")
        looks.at("open notices")
        for tab in ("What happened", "Snoozed", "Mails to me", "When notices go out", "Channels"):
            page.get_by_role("tab", name=tab, exact=True).click()
            idle(page)
            looks.at(tab)
        page.get_by_role("radio", name="Webhook").click()
        idle(page)
        page.get_by_label("Name", exact=True).fill("Ticket system")
        page.get_by_label("Address", exact=True).fill("https://hooks.example.com/mxm")
        page.keyboard.press("Tab")
        settle(page)
        looks.at("new channel")
        press(page, "Add the channel")
        expect(page.get_by_role("button", name="I have copied it")).to_be_visible()
        looks.at("secret of a channel")
        press(page, "I have copied it")
        Grid(page, "channels").mark(0)
        looks.at("channel")


def test_pages_for_people_without_an_account(contexts: Callable[[dict[str, Any]], BrowserContext]) -> None:
    page = contexts({"viewport": {"width": 390, "height": 844}, "locale": "en-GB"}).new_page()
    for path in ("/sign-in", "/reset", "/mail-settings?address=info%40clienta.nl", "/password/no-link"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.goto(path)
            assert not faults(page), (path, scheme)


def test_a_fault_of_our_own_is_found(page: Page) -> None:
    go(page, "Jobs")
    page.evaluate(
        """() => document.querySelector('[data-testid="stMain"]').insertAdjacentHTML('beforeend',
            '<p style="color: #999; background: #fff">Faint</p><img src="data:,"><button></button>')"""
    )
    assert {each.partition(":")[0] for each in faults(page)} == {"color-contrast", "image-alt", "button-name"}
