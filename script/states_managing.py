"""States of managing mailboxes: an update, an undo, actions on selected mailboxes, the card."""

import re

from playwright.sync_api import Page, expect

from script.looks import NARROW, WIDE, ZOOMED, state
from tests.browser import steps
from tests.browser.driver import Grid, idle

#: New figures of mailboxes that the sandbox has, and a limit that it will not accept.
UPDATE = b"username,quota,limit,recovery_email\r\ninfo,8192,,owner@example.org\r\nsales,4096,500,\r\nanna.bakker,,,\r\n"


@state(NARROW, WIDE)
def update_results(page: Page) -> None:
    """An update at its end: requested values, outcomes and old values."""
    _update(page, UPDATE, "Update 2 mailboxes")
    page.get_by_text("All rows (").click()
    idle(page)


@state(NARROW, WIDE)
def undo(page: Page) -> None:
    """An undo: what it deletes, what it restores, and the number to type."""
    _update(page, UPDATE.replace(b"8192", b"6144") + b"tim.visser,2048,,\r\nyara.boer,2048,,\r\n", "Create 2 mailboxes")
    steps.press(page, "More")
    steps.press(page, "Undo this import")
    page.get_by_role("button", name="Cancel").scroll_into_view_if_needed()


@state(NARROW, WIDE)
def selected(page: Page) -> None:
    """Selected mailboxes and the actions on them."""
    _select(page, 2, 4, 5)


@state(NARROW, WIDE)
def set_quota(page: Page) -> None:
    """A quota for several mailboxes; below current use it needs a tick."""
    _select(page, 2, 4, 5)
    _do(page, "quota")
    _fill(page, "Quota in MB", "300")


@state(ZOOMED)
def set_quota_zoomed(page: Page) -> None:
    """The same at 200 % zoom."""
    page.set_viewport_size({"width": 1280, "height": 900})  # rows are ticked where they are visible
    _select(page, 2, 4, 5)
    page.set_viewport_size({"width": ZOOMED.width, "height": ZOOMED.height})
    idle(page)
    _do(page, "quota")
    _fill(page, "Quota in MB", "300")


@state()
def reset_password(page: Page) -> None:
    """A new password for one mailbox; it is shown once, after this dialog."""
    _select(page, 2)
    _do(page, "password")


@state()
def set_recovery(page: Page) -> None:
    """Recovery emails of several mailboxes: edit each, or clear all."""
    _select(page, 2, 4, 5)
    _do(page, "recovery")


@state(NARROW, WIDE)
def delete(page: Page) -> None:
    """A deletion: the mailboxes, how much mail is lost, and the number to type."""
    _select(page, 2, 4, 5)
    _do(page, "delete")


@state(NARROW, WIDE)
def new_mailbox(page: Page) -> None:
    """One form for one mailbox, validated cell by cell."""
    steps.visit(page, "/email-accounts", domain="clienta.nl")
    steps.press(page, "New mailbox")
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()
    page.wait_for_timeout(500)
    _fill(page, "Quota", "5")
    _fill(page, "Username", "eva jansen")


@state(NARROW, WIDE)
def found(page: Page) -> None:
    """Search results from all domains."""
    steps.visit(page, "/email-accounts", domain="clienta.nl")
    steps.search(page, "info")


@state(NARROW, WIDE)
def mailbox_card(page: Page) -> None:
    """The card of a mailbox: figures, history and actions."""
    steps.visit(page, "/mailbox", address="info@clienta.nl")
    page.get_by_text("History").last.scroll_into_view_if_needed()


def _update(page: Page, content: bytes, go: str) -> None:
    steps.visit(page, "/import", domain="clienta.nl")
    steps.open_preview(page, content, "quotas.csv")
    page.get_by_text("Update existing", exact=True).click()
    idle(page)
    steps.press(page, go)
    steps.confirm_run(page)
    steps.finished(page)


def _select(page: Page, *rows: int) -> None:
    steps.visit(page, "/email-accounts", domain="clienta.nl")
    for row in rows:
        Grid(page, "mailboxes").mark(row)
        idle(page)


def _do(page: Page, action: str) -> None:
    page.locator(f".st-key-do_{action}").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(500)  # a dialog is a fragment: its run begins a moment after it was opened
    idle(page)


def _fill(page: Page, label: str, text: str) -> None:
    page.get_by_role("dialog").get_by_role("textbox", name=re.compile(label)).fill(text)
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    idle(page)
