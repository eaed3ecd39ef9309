"""The round trip in Chromium: export, edit the file, import it as an update, and export the edited file again."""

import csv
import io
import re

import pytest
from playwright.sync_api import Page, expect

from mxlib.sandbox import Sandbox, believable
from tests.browser.driver import Grid, Server, download, idle
from tests.browser.steps import confirm_run, finished, open_preview, press, visit

DOMAIN = "clientb.nl"


def exported(page: Page) -> list[dict[str, str]]:
    visit(page, "/email-accounts", domain=DOMAIN)
    content = download(page, lambda: page.get_by_test_id("export-csv").click())[1]
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def written(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, rows[0].keys())
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def host(server: Server) -> Sandbox:
    """What the sandbox behind that server holds, read from its own records."""
    return believable(state_file=server.data / "sandbox.jsonl")


def choose_update(page: Page) -> None:
    page.get_by_text("Update existing", exact=True).click()
    idle(page)


def test_the_next_export_equals_the_edited_and_imported_one(page: Page, server: Server) -> None:
    rows = exported(page)
    assert len(rows) > 6
    before = host(server).mailboxes()
    rows[0]["quota"], rows[1]["quota"] = "4321", "0" if rows[1]["quota"] != "0" else "5000"
    rows[2]["recovery_email"] = "new.home@example.org"

    press(page, "Import CSV")
    grid = open_preview(page, written(rows), "clientb.csv")
    grid.expect(0, "Status", "Already exists")
    choose_update(page)
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Status", "Update")
    grid.expect(0, "Changes", re.compile(r"quota (\d+|unlimited) → 4321"))
    grid.expect(2, "Changes", "recovery email set")
    grid.expect(3, "Status", "No change")
    expect(page.locator(".st-key-rows_filter")).to_contain_text(f"No change {len(rows) - 3}")

    press(page, "Update 3 mailboxes")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Update 3 mailboxes?")
    expect(dialog).to_contain_text(f"Nothing to change: {len(rows) - 3} rows")
    confirm_run(page)
    expect(page).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
    finished(page)
    expect(page.get_by_text(f"3 mailboxes updated. {len(rows) - 3} mailboxes unchanged.").first).to_be_visible()

    assert exported(page) == rows
    after = host(server).mailboxes()
    changed = {address for address, box in after.items() if box.quota != before[address].quota}
    assert after.keys() == before.keys()
    assert changed == {f"{row['username']}@{DOMAIN}" for row in rows[:2]}


def test_an_update_is_fixed_in_the_grid_and_a_dash_removes_the_recovery_email(page: Page) -> None:
    rows = exported(page)
    mine = [rows[3] | {"quota": "lots"}, rows[2] | {"recovery_email": "-"}]
    press(page, "Import CSV")
    open_preview(page, written(mine), "two.csv")
    choose_update(page)
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Status", "Error")
    grid.edit(0, "Quota (MB)", "2 GB" if rows[3]["quota"] != "2048" else "3 GB")
    grid.expect(0, "Status", "Update")
    press(page, "Update 2 mailboxes")
    confirm_run(page)
    expect(page).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
    finished(page)
    after = exported(page)
    assert after[2]["recovery_email"] == ""
    assert after[3]["quota"] in ("2048", "3072")


@pytest.mark.parametrize("look", [{"viewport": {"width": 1280, "height": 900}}])
def test_the_choice_is_still_there_after_a_refresh(page: Page) -> None:
    rows = exported(page)
    press(page, "Import CSV")
    open_preview(page, written(rows), "again.csv")
    choose_update(page)
    page.reload()
    idle(page)
    press(page, "Continue")
    Grid(page, "preview-grid").expect(0, "Status", "No change")


def test_the_choice_survives_a_visit_to_the_reading_options(page: Page) -> None:
    rows = exported(page)
    press(page, "Import CSV")
    open_preview(page, written(rows), "looked.csv")
    choose_update(page)
    for _ in range(2):
        press(page, "File settings")
        press(page, "Back to the preview")
        Grid(page, "preview-grid").expect(0, "Status", "No change")
    press(page, "Choose another file")
    expect(page.get_by_text("File format")).to_be_visible()
