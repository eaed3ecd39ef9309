"""States of handing over: by files, by links to the people themselves, and the public pages that these open."""

import re

from playwright.sync_api import Page, expect

from script.looks import NARROW, WIDE, Look, state
from tests.browser import steps
from tests.browser.driver import Grid, idle

PHONE = Look(390, 844)

#: The last two have the address of their manager, and so one mail; the one before has none.
PEOPLE = (
    "username,name,recovery_email\r\n"
    "{at}.jansen,Eva Jansen,eva@mail.example\r\n"
    "{at}.mulder,Bram Mulder,bram@mail.example\r\n"
    "{at}.smit,Sanne Smit,\r\n"
    "{at}.visser,Daan Visser,manager@mail.example\r\n"
    "{at}.bos,Lotte Bos,manager@mail.example\r\n"
)


@state(NARROW, WIDE)
def hand_over(page: Page) -> None:
    """The passwords of a run, to hand over: files, links, and who is marked as having theirs."""
    _import(page, "hand")
    page.locator(".st-key-handover").scroll_into_view_if_needed()
    idle(page)


@state(NARROW, WIDE)
def send_links(page: Page) -> None:
    """Links before they are sent: who gets one and who does not, and the first mail."""
    _import(page, "send")
    _ask(page)


@state(NARROW, WIDE)
def link_board(page: Page) -> None:
    """The board of a run of links: each person with the state of their link."""
    _send(page, "board")


@state(PHONE)
def portal_password(page: Page) -> None:
    """The public page behind a link, on a phone."""
    _send(page, "phone")
    Grid(page).mark(0)
    steps.press(page, "Copy link")
    steps.press(page, "Show the link")
    link = page.locator(".st-key-copied-link code").inner_text()
    page.goto(re.sub(r"^https?://[^/]+", "", link.strip()))


@state(PHONE)
def portal_settings(page: Page) -> None:
    """Settings for mail programs, for any address."""
    page.goto("/mail-settings?address=eva.jansen%40clienta.nl")


@state(PHONE)
def portal_reset(page: Page) -> None:
    """The page where people ask for a link themselves."""
    steps.visit(page, "/clients")
    steps.press(page, "Domains without a client")
    page.get_by_role("dialog").get_by_role("combobox").fill("clienta.nl")
    page.get_by_role("option", name="clienta.nl", exact=True).click()
    page.keyboard.press("Escape")
    steps.settle(page)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.goto("/reset")


@state()
def saved_views(page: Page) -> None:
    """A view of *Email accounts*, saved under a name."""
    steps.visit(page, "/email-accounts", domain="clienta.nl", state="nearly_full", sort="fullest")
    steps.press(page, "Views")
    page.get_by_text("Save this view…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    steps.settle(page)
    page.get_by_role("dialog").get_by_role("textbox", name="Name").fill("Nearly full at Client A")
    steps.settle(page)


def _import(page: Page, at: str) -> None:
    steps.visit(page, "/import", domain="clienta.nl")
    steps.open_preview(page, PEOPLE.format(at=at).encode(), f"{at}.csv")
    steps.start(page)
    steps.finished(page)


def _ask(page: Page) -> None:
    steps.press(page, "Send links")
    expect(page.get_by_role("dialog").get_by_text("get a link, in")).to_be_visible()
    steps.settle(page)


def _send(page: Page, at: str) -> None:
    _import(page, at)
    _ask(page)
    page.get_by_role("dialog").get_by_role("button", name="Send 4 links").click()
    board = page.locator(".st-key-link-board")
    expect(board.get_by_role("button", name="Remind")).to_be_visible(timeout=60_000)
    idle(page)
