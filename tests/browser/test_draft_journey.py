"""A preview outlives a refresh and a change of page."""

import re

from playwright.sync_api import Page, expect

from tests.browser.driver import Grid, idle
from tests.browser.steps import finished, open_preview, press, start, visit


def test_a_refresh_while_editing_loses_nothing(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, b"username,password\r\nfresh one,Geheim.2026x\r\nfresh.two,Geheim.2026x\r\n", "fresh.csv")
    grid.edit(0, "Username", "fresh.one")
    grid.expect(0, "Status", "Ready")  # the server has it
    page.reload()
    idle(page)
    expect(page.get_by_text(re.compile("fresh.csv: 2 rows"))).to_be_visible()
    press(page, "Continue")
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Username", "fresh.one")
    grid.expect(0, "Status", "Ready")
    start(page)
    finished(page)
    visit(page, "/import", domain="clienta.nl")
    expect(page.get_by_text("Unfinished import")).to_have_count(0)


def test_undo_in_the_browser_brings_back_what_a_bulk_tool_changed(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, b"username,password,quota\r\nbulk.one,Geheim.2026x,100\r\nbulk.two,Geheim.2026x,200\r\n")
    press(page, "Bulk edit")
    page.locator(".st-key-bulk_value input").fill("4096")
    page.keyboard.press("Enter")
    idle(page)
    page.get_by_role("button", name="Apply").click()
    idle(page)
    Grid(page, "preview-grid").expect(0, "Quota (MB)", "4096")
    page.keyboard.press("Escape")
    press(page, "Undo")
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Quota (MB)", "100")
    grid.expect(1, "Quota (MB)", "200")
