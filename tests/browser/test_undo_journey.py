"""Undo of an import in Chromium: later changes are kept, the rest is deleted or restored."""

import re

from playwright.sync_api import Page, expect

from mxlib.sandbox import Sandbox, believable
from tests.browser.driver import Grid, Server, idle
from tests.browser.steps import assert_fits_in_every_look, confirm_run, finished, open_preview, press, start, visit

NEW = b"username,password,quota\r\n" + b"".join(b"undo%d,Geheim.2026x,1024\r\n" % number for number in range(4))
BIGGER = b"username,quota,recovery_email\r\nundo3,2048,three@example.org\r\n"


def host(server: Server) -> Sandbox:
    """What the sandbox behind that server holds, read from its own records."""
    return believable(state_file=server.data / "sandbox.jsonl")


def run_on(page: Page) -> int:
    expect(page).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
    return int(page.url.rpartition("run=")[2])


def confirm(page: Page, number: str, label: str) -> None:
    page.get_by_label(re.compile("Type .* to confirm")).fill(number)
    press(page, label)


def test_an_import_is_undone_and_later_changes_are_kept(page: Page, server: Server) -> None:
    visit(page, "/import", domain="clienta.nl")
    open_preview(page, NEW, "new.csv")
    start(page)
    finished(page)
    first = run_on(page)

    visit(page, "/import", domain="clienta.nl")
    open_preview(page, BIGGER, "bigger.csv")
    page.get_by_text("Update existing", exact=True).click()
    idle(page)
    press(page, "Update 1 mailbox")
    confirm_run(page)
    idle(page)
    finished(page)
    second = run_on(page)

    visit(page, "/jobs", run=str(first))
    press(page, "More")
    press(page, "Undo this import")
    expect(page.get_by_text("Delete 3 unused mailboxes made from new.csv?")).to_be_in_viewport()
    expect(page.get_by_text("1 is kept: 1 was changed since.")).to_be_visible()
    assert_fits_in_every_look(page)
    confirm(page, "4", "Delete 3 mailboxes")
    expect(page.get_by_text("Type 3 to confirm.")).to_be_visible()
    confirm(page, "3", "Delete 3 mailboxes")
    expect(page.get_by_text(f"Undo of run {first}, new.csv").first).to_be_visible()
    finished(page)
    expect(page.get_by_text("3 mailboxes deleted. 1 row skipped.").first).to_be_visible()
    there = host(server).mailboxes()
    assert [f"undo{number}@clienta.nl" in there for number in range(4)] == [False, False, False, True]

    press(page, f"Takes run {first} back")
    expect(page.get_by_role("button", name=re.compile("Undone by run"))).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(r"Undo\b"))).to_have_count(0)

    visit(page, "/jobs", run=str(second))
    press(page, "More")
    press(page, "Undo this import")
    grid = Grid(page, "undo-card")
    grid.expect(0, "What happens", "quota 2048 → 1024; recovery email removed")
    confirm(page, "1", "Put 1 mailbox back")
    # The undone run has ended too: only the title of the next run shows that the undo has ended.
    expect(page.get_by_text(f"Undo of run {second}, bigger.csv").first).to_be_visible()
    finished(page)
    box = host(server).mailbox("undo3@clienta.nl")
    assert box is not None
    assert box.quota == 1024
