"""A mailbox is locked in Chromium, refuses a reset, and is unlocked."""

import re

from playwright.sync_api import Page, expect

from tests.browser.driver import Grid, idle
from tests.browser.steps import press, visit

ADDRESS = "info@clienta.nl"


def settle(page: Page) -> None:
    """A dialog is a fragment: its run begins a moment after what was done."""
    page.wait_for_timeout(300)
    idle(page)


def on_card(page: Page, action: str) -> None:
    """Press an action on the card of the mailbox."""
    page.locator(f".st-key-card_{action}").get_by_role("button").click()
    settle(page)


def confirm(page: Page) -> None:
    """Press the button of the open dialog."""
    page.locator(".st-key-change_go").get_by_role("button").click()
    settle(page)


def test_a_locked_mailbox_refuses_a_reset_until_it_is_unlocked(page: Page) -> None:
    visit(page, "/mailbox", domain="clienta.nl", address=ADDRESS)
    on_card(page, "lock")
    page.get_by_role("textbox", name="Reason").fill("left us")
    page.keyboard.press("Tab")
    settle(page)
    confirm(page)
    expect(page.get_by_text(re.compile("by .*: left us")).first).to_be_visible()
    expect(page.get_by_text("A lock stops no session").first).to_be_visible()
    expect(page.locator(".st-key-card_password")).to_have_count(0)
    visit(page, "/email-accounts", domain="clienta.nl")
    grid = Grid(page, "mailboxes")
    for row in (row for row in range(grid.rows) if grid.read(row, "Address") in {ADDRESS, "administratie@clienta.nl"}):
        grid.mark(row)
    page.locator(".st-key-do_password").get_by_role("button").click()
    settle(page)
    expect(page.get_by_text("1 is locked and stays so.")).to_be_visible()
    press(page, "Cancel")
    visit(page, "/mailbox", domain="clienta.nl", address=ADDRESS)
    on_card(page, "unlock")
    confirm(page)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Password changed.")).to_be_visible()
    shown = dialog.locator("code").first.inner_text()
    assert len(shown) == 16
    press(page, "Done")
    expect(page.locator(".st-key-card_password")).to_be_visible()
