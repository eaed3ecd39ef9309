"""Markdown makes a link of every address; none on the pages can be followed, by pointer or by keyboard."""

from playwright.sync_api import Page, expect

from tests.browser.driver import idle, upload
from tests.browser.steps import search, visit

LURE = "pay@evil.example"

#: Of each link that leads away: its address, and whether a click or a key would follow it.
LINKS = """() => [...document.querySelectorAll('a[href]')]
    .filter(link => link.protocol === 'mailto:' || link.hostname !== location.hostname)
    .map(link => {
        link.focus();
        const reached = document.activeElement === link || getComputedStyle(link).pointerEvents !== 'none';
        link.blur();
        return [link.getAttribute('href'), reached];
    })"""


def followed(page: Page) -> list[str]:
    """The links away from a page that can be followed."""
    return [href for href, reached in page.evaluate(LINKS) if reached]


def test_no_foreign_address_is_a_link_that_can_be_followed(page: Page) -> None:
    visit(page, "/mailbox", domain="clienta.nl", address="info@clienta.nl")
    expect(page.get_by_role("heading", name="info@clienta.nl")).to_be_visible()
    assert followed(page) == []
    page.locator(".st-key-card_recovery").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(LURE)
    page.keyboard.press("Tab")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    idle(page)
    expect(page.get_by_text(LURE).first).to_be_visible()
    assert followed(page) == []
    search(page, LURE)
    page.get_by_role("dialog").get_by_role("button", name="info@clienta.nl").hover()
    assert followed(page) == []
    visit(page, "/import", domain="clienta.nl")
    upload(page, b"username\r\nnina.berg\r\n", f"{LURE}.csv")
    expect(page.get_by_text(LURE).first).to_be_visible()
    assert followed(page) == []
