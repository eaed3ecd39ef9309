"""Files in Chromium: one that is refused as it came is put right over a live sample; all domains leave in one file."""

import re
import time

from playwright.sync_api import Page, expect

from mxlib.core.files import reader
from tests.browser.driver import Grid, download, idle, upload
from tests.browser.steps import choose, press, visit

BROKEN = (
    b"username,password,note\r\n"
    + b"".join(b"person%d,Geheim.2026x,plain\r\n" % at for at in range(30))
    + b'floor.smit,Geheim.2026x,"a note that never ends\r\nnoor.vos,Geheim.2026x,b\r\n'
)


def test_a_file_with_an_open_quote_is_fixed_at_the_line_at_fault(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, BROKEN)
    expect(page.get_by_text("a quote opens in line 32 and never closes.")).to_be_visible()
    sample = Grid(page, "mapping-sample")
    assert "floor.smit" in [sample.read(row, "username") for row in range(sample.rows)]
    assert "Geheim" not in page.content()

    choose(page, "Quotes", "Stand around cells")
    expect(page.get_by_text("a quote opens in line 32 and never closes.").first).to_be_visible()
    Grid(page, "mapping-sample")
    press(page, "Preview import")
    grid = Grid(page, "preview-grid")
    grid.expect(31, "Username", "noor.vos")


def test_all_domains_are_exported_in_one_file_that_can_be_imported(page: Page) -> None:
    visit(page, "/email-accounts", domain="clienta.nl")
    press(page, "More exports")
    press(page, "Export all domains")
    dialog = page.get_by_role("dialog")
    summary = dialog.get_by_text(re.compile(r"mailboxes of \d+ domains in one file"))
    expect(summary).to_be_visible()
    mailboxes = int((re.search(r"(\d+) mailboxes", summary.inner_text()) or [0, 0])[1])
    for label, ending in (("Download CSV", "csv"), ("Download Excel", "xlsx")):
        name, content = download(page, lambda label=label: dialog.get_by_role("link", name=label).click())  # type: ignore[misc]
        assert re.fullmatch(rf"mailboxes-all-[\d-]+\.{ending}", name)
        assert len(reader.read(content, name)) == mailboxes
    idle(page)


def test_a_file_in_preview_is_stored_nowhere_else(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, b"no table")
    metrics = f"{page.url.partition('/import')[0]}/_stcore/metrics"
    assert "UploadedFileManager" in page.request.get(metrics).text()
    upload(page, b"username\r\nnina.berg\r\n")
    Grid(page, "preview-grid").expect(0, "Username", "nina.berg")
    deadline = time.monotonic() + 60  # the figures are those of some seconds ago
    while "UploadedFileManager" in page.request.get(metrics).text() and time.monotonic() < deadline:
        page.wait_for_timeout(250)
    assert "UploadedFileManager" not in page.request.get(metrics).text()
