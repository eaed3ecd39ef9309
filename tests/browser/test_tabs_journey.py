"""Two tabs at the same work, and one more than the server holds."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from websockets import Origin, Subprotocol
from websockets.sync.client import ClientConnection, connect

from mxlib.auth.tab_limit import MAX_TABS, TOO_MANY
from tests.browser import driver
from tests.browser.driver import Grid, Server, idle
from tests.browser.steps import confirm_run, open_preview, press, visit

FILE = b"username\r\ntwice.one\r\ntwice.two\r\n"


@contextmanager
def second_tab(page: Page) -> Iterator[Page]:
    """A second tab of the same browser."""
    other = page.context.new_page()
    yield other
    other.close()


def test_the_same_file_in_a_second_tab_needs_confirmation_naming_the_first_run(page: Page) -> None:
    with second_tab(page) as other:
        for tab in (page, other):
            visit(tab, "/import", domain="clienta.nl")
            open_preview(tab, FILE, "twice.csv")
            press(tab, "Create ")
        confirm_run(page)
        expect(page).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
        first = page.url.rpartition("run=")[2]
        dialog = other.get_by_role("dialog")
        confirm_run(other)
        expect(dialog.get_by_text(f"Run {first} imports the same rows.")).to_be_visible()
        expect(other.locator(".st-key-start button")).to_be_disabled()
        assert "/import" in other.url
        dialog.get_by_text("Import it again").click()
        expect(other.locator(".st-key-start button")).to_be_enabled()
        confirm_run(other)
        expect(other).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
        assert other.url.rpartition("run=")[2] != first
        idle(page)
        idle(other)


def test_both_versions_of_a_draft_are_offered_in_the_older_tab(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, b"username\r\nboth.one\r\nboth.two\r\n", "both.csv")
    grid.edit(0, "Username", "of.the.first")
    with second_tab(page) as other:
        visit(other, "/import", domain="clienta.nl")
        press(other, "Continue")
        Grid(other, "preview-grid").edit(0, "Username", "of.the.second")
        grid.edit(1, "Username", "later.in.first")
        expect(page.get_by_text(re.compile("Another tab has changed this draft"))).to_be_visible()
        press(page, "Open the other tab")
        Grid(page, "preview-grid").expect(0, "Username", "of.the.second")
        expect(page.get_by_text(re.compile("Another tab has changed this draft"))).to_have_count(0)


def test_a_tab_beyond_the_limit_opens_once_another_is_closed(chromium: Browser, tmp_path: Path) -> None:
    with driver.serving_warm(tmp_path) as server, ExitStack() as tabs:
        taken = [tabs.enter_context(_tab(server)) for _ in range(MAX_TABS)]
        context = chromium.new_context(base_url=server.url)
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_text(TOO_MANY)).to_be_visible()
        for tab in taken[:3]:
            tab.close()
        visit(page)
        expect(page.get_by_text(TOO_MANY)).to_have_count(0)
        context.close()


def _tab(server: Server) -> ClientConnection:
    url = f"{server.url.replace('http', 'ws', 1)}/_stcore/stream"
    return connect(url, origin=Origin(server.url), subprotocols=[Subprotocol("streamlit")], open_timeout=30)
