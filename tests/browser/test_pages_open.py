"""Every page opens, narrow and wide, light and dark, with nothing wrong on it and nothing wider than the window."""

import re
from itertools import cycle

from playwright.sync_api import Page, expect

from tests.browser.steps import LOOKS, PAGES, assert_fits_in_every_look, visit


def test_every_page_opens(page: Page) -> None:
    for (title, path), look in zip(PAGES.items(), cycle(LOOKS), strict=False):
        page.set_viewport_size(look["viewport"])
        page.emulate_media(color_scheme=look["color_scheme"])
        visit(page, path)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        expect(page.get_by_role("link", name=title)).to_be_visible()
        expect(page.get_by_text("SANDBOX").first).to_be_visible()
        ground = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (look["color_scheme"] == "light")
        assert_fits_in_every_look(page)


def test_the_domain_is_kept_across_pages_and_in_the_address(page: Page) -> None:
    visit(page, "/")
    expect(page).to_have_url(re.compile(r"\?domain=clienta\.nl$"))
    page.get_by_role("link", name="Runs").click()
    expect(page).to_have_url(re.compile(r"/runs\?.*domain=clienta\.nl"))
    visit(page, "/", domain="clientb.nl")
    page.get_by_role("link", name="Import").click()
    expect(page).to_have_url(re.compile(r"/import\?.*domain=clientb\.nl"))


def test_a_page_cannot_be_framed_by_another_site(page: Page) -> None:
    answer = page.goto("/")
    assert answer is not None
    assert answer.headers["x-frame-options"] == "DENY"
