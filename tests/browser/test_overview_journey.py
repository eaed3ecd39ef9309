"""The Overview of an agency with 40 domains and 900 mailboxes: each figure leads to a table of just that many rows."""

import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from tests.browser import driver
from tests.browser.accessibility import faults
from tests.browser.driver import BRISK, Grid, Server, download, idle
from tests.browser.steps import assert_fits_in_every_look, visit

AGENCY = {"MXM_SANDBOX_DOMAINS": "35", "MXM_SANDBOX_DAYS": "60", "MXM_SANDBOX_READS": "1000"}
FIGURES = ("mailboxes", "storage", "over_quota", "full_soon", "near_send_limit")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of an agency, with sixty days of history."""
    with driver.serving(tmp_path_factory.mktemp("agency"), settings=BRISK | AGENCY) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


def overview(page: Page) -> None:
    """Open the Overview, once all lists have been read in the background."""
    visit(page)
    for _ in range(60):
        if page.get_by_text(re.compile(r"Totals of 40 domains;.* old\.$")).count():
            return
        page.wait_for_timeout(500)
        page.reload()
        idle(page)
    raise AssertionError(page.locator("body").inner_text())


def test_each_figure_leads_to_just_that_many_mailboxes(page: Page) -> None:
    overview(page)
    shown = {name: page.locator(f".st-key-total-{name}").inner_text() for name in FIGURES}
    numbers = {name: int(found[1].replace(",", "")) for name in FIGURES
               if (found := re.search(r"Show ([\d,]+)", shown[name]))}  # fmt: skip
    assert numbers["mailboxes"] == numbers["storage"] > 900
    assert 0 < numbers["full_soon"] < numbers["mailboxes"]
    for name, number in numbers.items():
        visit(page)
        page.locator(f".st-key-total-{name}").get_by_role("link").click()
        expect(page).to_have_url(re.compile("/email-accounts"))
        idle(page)
        assert Grid(page, "mailboxes").rows == number, name
    visit(page)
    further = page.locator(".st-key-further").get_by_role("link")
    for at, text in enumerate(further.all_inner_texts()):
        number = int(text.rpartition(": ")[2].replace(",", ""))
        further.nth(at).click()
        expect(page).to_have_url(re.compile(r"/email-accounts\?state="))
        idle(page)
        assert Grid(page, "mailboxes").rows == number, text
        visit(page)


def test_the_figures_with_their_charts_have_no_fault_that_axe_finds(page: Page) -> None:
    overview(page)
    expect(page.get_by_test_id("stMetricChart")).to_have_count(len(FIGURES))
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    idle(page)
    assert faults(page, colours_only=True) == []


def test_a_mailbox_that_is_full_soon_opens_with_its_trend(page: Page) -> None:
    overview(page)
    soon = Grid(page, "full-soon-table")
    assert soon.rows > 10
    address, left = soon.read(0, "Address"), soon.read(0, "Full in")
    assert re.fullmatch(r"\d+ days?|full now", left)
    soon.press_last(0)
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text(address)
    expect(drawer).to_contain_text(f"in {left}" if "day" in left else "Full:")
    drawer.get_by_text("90 days").click()
    idle(page)
    expect(drawer.get_by_role("heading", name="Trend")).to_be_visible()


def test_a_bar_opens_the_mailboxes_of_its_client(page: Page) -> None:
    overview(page)
    bar = page.locator(".st-key-clients-chart canvas, .st-key-clients-chart svg").first
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + 20)
    expect(page).to_have_url(re.compile(r"/email-accounts\?domain="))


def test_a_month_of_all_clients_leaves_as_excel(page: Page) -> None:
    overview(page)
    page.get_by_role("button", name="Export").click()
    idle(page)
    name, content = download(page, page.get_by_test_id("export-month-xlsx").click)
    assert re.fullmatch(r"usage-\d{4}-\d\d\.xlsx", name)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Clients").to_python()
    assert len(rows) > 35
    name, content = download(page, page.get_by_test_id("export-full-soon-csv").click)
    assert content.decode("utf-8-sig").startswith("Address,Full in,")


def test_the_page_fits_in_every_look(page: Page) -> None:
    overview(page)
    assert_fits_in_every_look(page)
