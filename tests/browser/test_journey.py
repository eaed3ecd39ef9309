"""The whole journey in Chromium: drop a file, fix it, run it, download the results, compare with the host."""

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from mxlib.sandbox import Sandbox, believable
from tests.browser.driver import Grid, Server, download, idle
from tests.browser.steps import finished, open_preview, press, start, visit

HERE = Path(__file__).parents[1] / "files"


def table(content: bytes) -> dict[str, dict[str, str]]:
    """A results or export file, by address."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return {row.get("address") or f"{row['username']}@{row['domain']}": row for row in rows}


def host(server: Server) -> Sandbox:
    """What the sandbox behind that server holds, read from its own records."""
    return believable(state_file=server.data / "sandbox.jsonl")


def save(page: Page, link: str) -> bytes:
    return download(page, lambda: page.get_by_test_id(link).click())[1]


def fix(page: Page, content: bytes) -> Grid:
    """Preview a file of six rows, fix two cells and delete the duplicate row."""
    visit(page, "/email-accounts", domain="clienta.nl")
    press(page, "Import CSV")
    grid = open_preview(page, content)
    grid.edit(2, "Username", "jan.jansen")
    grid.expect(2, "Status", "Ready")
    grid.edit(3, "Quota (MB)", "4096")
    grid.press_last(4)
    assert Grid(page, "preview-grid").rows == 5
    return grid


def rows_of(tag: str) -> bytes:
    return (
        "username,password,quota,limit,recovery_email\r\n"
        f"nina.{tag},Geheim.2026x,2048,,nina@example.org\r\n"
        f"tess.{tag},,1024,500,tess@example.org\r\n"
        "jan jansen,Geheim.2026x,1024,,jan@example.org\r\n"
        f"omar.{tag},Geheim.2026x,,,omar@example.org\r\n"
        f"nina.{tag},Geheim.2026x,,,\r\n"
        f"front.{tag},Geheim.2026x,0,9600,\r\n"
    ).encode()


def test_a_file_is_fixed_run_and_downloaded_and_the_host_has_just_its_rows(page: Page, server: Server) -> None:
    fix(page, rows_of("een"))
    start(page)
    finished(page)

    results = table(save(page, "results-csv"))
    made = {address: row for address, row in results.items() if row["outcome"] == "created"}
    assert set(made) == {
        f"{name}@clienta.nl" for name in ("nina.een", "tess.een", "jan.jansen", "omar.een", "front.een")
    }
    there = host(server)
    assert all(there.password_is(address, row["password"]) for address, row in made.items())
    assert there.mailboxes()["omar.een@clienta.nl"].quota == 4096
    assert there.mailboxes()["front.een@clienta.nl"].quota == 0
    assert {there.made[address] for address in made} <= {0, 1}

    visit(page, "/email-accounts", domain="clienta.nl")
    listed = table(save(page, "export-csv"))
    assert listed["tess.een@clienta.nl"]["recovery_email"] == "tess@example.org"
    assert {row["password"] for row in listed.values()} == {""}
    assert set(listed) == {address for address in there.mailboxes() if address.endswith("@clienta.nl")}


def test_a_run_goes_on_while_the_page_is_refreshed_closed_and_opened_elsewhere(page: Page, server: Server) -> None:
    many = "username,quota\r\n" + "".join(f"rij{number:03d},512\r\n" for number in range(110))
    visit(page, "/import", domain="clientb.nl")
    open_preview(page, many.encode())
    start(page)
    page.reload()
    idle(page)
    expect(page.get_by_text(re.compile(r"\d+ of 110:"))).to_be_visible()
    other = page.context.new_page()
    address = page.url
    page.goto("about:blank")
    other.goto(address)
    idle(other)
    finished(other)
    results = table(save(other, "results-csv"))
    there = host(server)
    assert [row["outcome"] for row in results.values()] == ["created"] * 110
    assert all(there.password_is(address, row["password"]) for address, row in results.items())


def test_only_ticked_ready_rows_are_sent(page: Page, server: Server) -> None:
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, b"username,password\r\nkeep.me,Geheim.2026x\r\nleave.me,Geheim.2026x\r\nno good,x\r\n")
    grid.tick(1, "Include")
    grid.expect(1, "Status", "Excluded")
    start(page)
    finished(page)
    there = host(server).mailboxes()
    assert "keep.me@clienta.nl" in there
    assert "leave.me@clienta.nl" not in there


def test_clicking_create_with_an_open_cell_includes_that_edit(page: Page, server: Server) -> None:
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, b"username,password,quota\r\nopen.cell,Geheim.2026x,100\r\n")
    grid.type_into(0, "Quota (MB)", "777", enter=False)
    start(page)
    finished(page)
    assert host(server).mailboxes()["open.cell@clienta.nl"].quota == 777


def test_the_same_file_again_says_so_and_creates_only_what_is_missing(page: Page) -> None:
    content = b"username,password\r\ntwice.one,Geheim.2026x\r\ntwice.two,Geheim.2026x\r\n"
    visit(page, "/import", domain="clienta.nl")
    open_preview(page, content, "twice.csv")
    start(page)
    finished(page)
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, content + b"twice.three,Geheim.2026x\r\n", "twice.csv")
    grid.expect(0, "Status", "Already exists")
    grid.expect(2, "Status", "Ready")
    start(page)
    finished(page)
    results = table(save(page, "results-csv"))
    assert [row["outcome"] for row in results.values()] == ["skipped", "skipped", "created"]


def test_a_typed_edit_is_kept_with_its_scroll_position_deep_in_a_long_table(page: Page) -> None:
    many = "username,password\r\n" + "".join(f"diep{number:04d},Geheim.2026x\r\n" for number in range(1500))
    visit(page, "/import", domain="clienta.nl")
    grid = open_preview(page, many.encode())
    grid.edit(900, "Username", "has space")
    top = grid.scroller.evaluate("e => e.scrollTop")
    grid.expect(900, "Status", "Error")
    assert top > 10_000
    assert grid.scroller.evaluate("e => e.scrollTop") == top
    grid.edit(902, "Username", "another one")
    grid.expect(900, "Status", "Error")
    grid.expect(902, "Status", "Error")
    expect(page.locator(".st-key-rows_filter")).to_contain_text("Errors 2")
