"""Handing over in Chromium: letters are taken, twelve people marked, and after a restart the marks are still there."""

import re
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver
from tests.browser.driver import Grid, download, idle
from tests.browser.steps import finished, open_preview, press, start, visit

PEOPLE = [f"person{at:02}@clienta.nl" for at in range(60)]
FILE = "username,name\r\n" + "".join(f"person{at:02},Person {at:02}\r\n" for at in range(60))


def opened(chromium: Browser, url: str) -> Page:
    return chromium.new_context(
        base_url=url, reduced_motion="reduce", viewport={"width": 1280, "height": 900}
    ).new_page()


def select(page: Page, first: int, last: int) -> None:
    """Select rows of the table of people by the boxes before them."""
    grid = Grid(page, "handover").scroller
    grid.scroll_into_view_if_needed()
    for row, keys in [(first, []), *([(last, ["Shift"])] if last > first else [])]:
        grid.click(position={"x": 18, "y": 33 * row + 50}, modifiers=keys)
        expect(page.get_by_text(f"{row - first + 1} selected.", exact=True)).to_be_visible()
        idle(page)


def test_letters_are_taken_people_marked_and_the_marks_outlive_a_restart(chromium: Browser, tmp_path: Path) -> None:
    with driver.serving_warm(tmp_path) as server:
        page = opened(chromium, server.url)
        visit(page, "/import", domain="clienta.nl")
        open_preview(page, FILE.encode())
        start(page)
        finished(page)
        section = page.locator(".st-key-handover")
        expect(section.get_by_text("0 of 60 handed over.")).to_be_visible()

        _, pdf = download(page, lambda: page.get_by_test_id("letters-A4").click())
        printed = [each.get_textpage().get_text_range() for each in pypdfium2.PdfDocument(pdf)]
        assert [address in text for address, text in zip(PEOPLE, printed, strict=True)] == [True] * 60
        # The page learns of the download by itself, and marks nobody.
        expect(section.get_by_role("button", name="Mark 60 as handed over")).to_be_visible()
        expect(section.get_by_text("0 of 60 handed over.")).to_be_visible()

        select(page, 0, 11)
        press(page, "Mark as handed over")
        expect(section.get_by_text("12 of 60 handed over.")).to_be_visible()

        select(page, 13, 13)
        press(page, "Copy message")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text(PEOPLE[13]).first).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog.get_by_role("button", name="Copy message").or_(dialog.locator("code")).first).to_be_visible()
        press(page, "Close")
        expect(dialog).to_be_hidden()
        address = re.sub(r"^https?://[^/]+", "", page.url)
        page.context.close()

    with driver.serving_warm(tmp_path) as server:
        page = opened(chromium, server.url)
        visit(page, "/jobs")
        expect(page.get_by_text(re.compile(r"12 of 60 handed over\. MXM's copy is kept for"))).to_be_visible()
        visit(page, address)
        expect(page.locator(".st-key-handover").get_by_text("12 of 60 handed over.")).to_be_visible()
        press(page, "Erase MXM's copy of the passwords…")
        page.locator(".st-key-forget button").click()
        idle(page)
        expect(page.locator(".st-key-run-result").get_by_text("MXM's copy of the passwords is erased.")).to_be_visible()
        section = page.locator(".st-key-handover")
        expect(section.get_by_text("12 of 60 handed over. MXM's copy of the passwords is erased.")).to_be_visible()
        expect(section.get_by_test_id("letters-A4")).to_have_count(0)
        page.context.close()
    assert "Traceback" not in server.output()
