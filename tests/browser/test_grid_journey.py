"""Editing in Chromium: typing, pasting ranges, deleting, filtering, pages; invalid text is shown and kept."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.driver import Grid, download, idle
from tests.browser.steps import choose_filter, finished, menu, open_preview, press, start, visit

MASK = "••••••••"
ROWS = b"username,password,quota,recovery_email\r\n" + b"".join(
    b"p%d,Geheim.2026x,%d,\r\n" % (number, 100 + number) for number in range(6)
)
#: Notes every text that a canvas is given to draw.
DRAWN = """
window.drawn = [];
const fill = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text) {
  window.drawn.push(text);
  return fill.apply(this, arguments);
};
"""
CLIPBOARD = {"viewport": {"width": 1600, "height": 900}, "permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def look() -> dict[str, Any]:
    """A window in which every column is seen, and a clipboard."""
    return CLIPBOARD


def copied(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def paste(page: Page, grid: Grid, row: int, title: str, *lines: str) -> Grid:
    """Paste lines of a spreadsheet, cells between tabs, with that cell selected."""
    page.evaluate("text => navigator.clipboard.writeText(text)", "\n".join(lines))
    grid.select(row, title)
    page.keyboard.press("Control+V")
    idle(page)
    grid = Grid(page, "preview-grid")
    grid.see_edits()
    return grid


def opened(page: Page, content: bytes = ROWS, **more: Any) -> Grid:
    visit(page, "/import", domain="clienta.nl")
    return open_preview(page, content, **more)


def with_every_column(page: Page, _: Grid) -> Grid:
    """Show the columns without a value, too."""
    menu(page, "Show empty columns")
    return Grid(page, "preview-grid")


def keys(sent: list[bytes]) -> set[str]:
    """Return the keys of the elements and containers in messages to a browser."""
    found = set()
    for delta in (ForwardMsg.FromString(data).delta for data in sent):
        element, kind = delta.new_element, delta.new_element.WhichOneof("type")
        ids = delta.add_block.id, getattr(getattr(element, kind), "id", "") if kind else ""
        found |= {known[1] for each in ids if (known := re.search(r"ID-[0-9a-f]+-(.+)", each))}
    return found


def sent_to(page: Page) -> list[bytes]:
    """Return the messages to the next sessions of a tab, which grow as they arrive."""
    sent: list[bytes] = []

    def receive(data: str | bytes) -> None:
        if isinstance(data, bytes):
            sent.append(data)

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", receive)

    page.on("websocket", listen)
    return sent


def test_a_tick_sends_the_actions_and_not_the_table_again(page: Page) -> None:
    sent = sent_to(page)
    visit(page, "/email-accounts", domain="clienta.nl")
    grid = Grid(page, "mailboxes")
    rows = grid.rows
    assert any(key.startswith("mailboxes-") for key in keys(sent))
    sent.clear()
    grid.mark(1)
    bar = page.locator(".st-key-selection")
    expect(bar).to_contain_text("1 selected")
    grid.mark(2)
    expect(bar).to_contain_text("2 selected")
    idle(page)
    assert "select_none" in keys(sent)
    assert not any(key.startswith("mailboxes-") for key in keys(sent))

    page.get_by_text("Selected only").click()
    idle(page)
    assert Grid(page, "mailboxes").rows == 2
    page.locator(".st-key-select_none button").click()
    idle(page)
    assert Grid(page, "mailboxes").rows == rows
    expect(bar).to_contain_text("Select mailboxes to")


def test_an_edit_sends_what_it_changes_and_nothing_else(page: Page) -> None:
    sent = sent_to(page)
    grid = opened(page)
    assert {"rows_filter", "create", "search", "undo", "bulk_tool", "changes"} <= keys(sent)
    grid.type_into(0, "Username", "not good")  # from now on there is something to undo
    idle(page)
    expect(page.locator(".st-key-undo button")).to_be_enabled()
    sent.clear()
    grid.type_into(1, "Username", "nor this")
    grid.expect(1, "Status", "Error")
    idle(page)
    expect(page.locator(".st-key-rows_filter")).to_contain_text("Errors 2")
    assert {"rows_filter", "create"} <= keys(sent)
    assert not {"search", "undo", "bulk_tool", "redo", "problems", "changes"} & keys(sent)


def test_a_range_is_pasted_over_the_edge_of_the_table(page: Page) -> None:
    grid = with_every_column(page, opened(page))
    paste(page, grid, 1, "Username", "kim\tclientb.nl", "lou doe\tclientb.nl", "max\tclientb.nl")
    grid.expect(1, "Username", "kim")
    grid.expect(3, "Domain", "clientb.nl")
    grid.expect(2, "Status", "Error")
    grid.expect(4, "Username", "p4")

    paste(page, grid, 5, "Daily send limit", "lots\tx\ty\tz", "1\t2\t3\t4")
    grid.expect(5, "Daily send limit", "lots")
    grid.expect(5, "Recovery email", "x")
    assert grid.rows == 6
    expect(page.locator(".st-key-rows_filter")).to_contain_text("All 6")


def test_each_paste_into_one_cell_arrives(page: Page) -> None:
    grid = opened(page)
    for text in ("ann", "bob", "cas", "dirk"):
        grid = paste(page, grid, 0, "Username", text)
        grid.expect(0, "Username", text, patience=3.0)


def test_a_range_pasted_into_a_filtered_view_goes_to_the_rows_in_view(page: Page) -> None:
    grid = opened(page, ROWS.replace(b"p1,", b"p 1,").replace(b"p4,", b"p 4,"))
    choose_filter(page, "Errors")
    grid = Grid(page, "preview-grid")
    assert grid.rows == 2
    paste(page, grid, 0, "Username", "p.1", "p.4", "too.much")
    grid.expect(1, "Status", "Ready")
    press(page, "Show all rows")
    grid = Grid(page, "preview-grid")
    assert [grid.read(row, "Username") for row in range(6)] == ["p0", "p.1", "p2", "p3", "p.4", "p5"]


def test_delete_clears_a_range_and_a_cleared_tick_leaves_the_row_out(page: Page) -> None:
    grid = opened(page, generate=False)
    grid.select(1, "Password")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Delete")
    idle(page)
    for row in (1, 2):
        grid.expect(row, "Status", "Needs password")
        assert grid.read(row, "Quota (MB)") == ""
    grid.select(4, "Include")
    page.keyboard.press("Delete")
    idle(page)
    grid.expect(4, "Status", "Excluded")


def test_a_mask_that_is_copied_is_never_a_password_of_another_row(page: Page) -> None:
    grid = opened(page, ROWS + b"bare,,,\r\n", generate=False)
    grid.select(0, "Password")
    page.keyboard.press("Control+C")
    page.wait_for_function("async mask => await navigator.clipboard.readText() === mask", arg=MASK)
    grid = paste(page, grid, 6, "Password", copied(page))
    expect(page.get_by_text("A mask is no password")).to_be_visible()
    grid.expect(6, "Status", "Needs password")
    assert grid.read(6, "Password") == ""
    menu(page, "Show passwords")
    Grid(page, "preview-grid").expect(0, "Password", "Geheim.2026x")


def test_invalid_text_is_kept_and_shown_with_what_to_fix(page: Page) -> None:
    grid = with_every_column(page, opened(page))
    for row, (title, text) in enumerate(
        [
            ("Quota (MB)", "lots 😀"),
            ("Daily send limit", "1e5"),
            ("Username", "x" * 300),
            ("Username", "tab\tin"),
            ("Recovery email", "no address"),
        ]
    ):
        grid.edit(row, title, text)
        grid.expect(row, "Status", "Error")
        assert grid.read(row, title) == text
        assert grid.read(row, "Problem")
    page.reload()
    idle(page)
    press(page, "Continue")
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Quota (MB)", "lots 😀")
    grid.expect(2, "Username", "x" * 300)


def test_no_table_offers_a_download_of_its_own(page: Page) -> None:
    grid = opened(page)
    offered(page, grid)
    assert not page.locator('.st-key-preview-grid [data-testid="stElementToolbar"]').is_visible()
    visit(page, "/email-accounts", domain="clienta.nl")
    offered(page, Grid(page, "mailboxes"))
    page.locator('.st-key-mailboxes [data-testid="stElementToolbar"]').wait_for()


def offered(page: Page, grid: Grid) -> None:
    """Look what a table offers under the mouse: search, but no file."""
    grid.scroller.hover()
    expect(
        grid.root.locator("xpath=ancestor-or-self::*[@data-testid='stFullScreenFrame'][1]").get_by_label("Search")
    ).to_have_count(1)
    assert not page.locator('button[aria-label*="ownload"]').count()


def test_numbers_are_drawn_as_they_are(page: Page) -> None:
    """A canvas has no text to read, so that what is drawn on it is written down."""
    page.add_init_script(DRAWN)
    grid = opened(page, b"username,quota\r\n" + b"\r\n" * 204 + b"nina,2000\r\ntim,1996\r\n", generate=True)
    assert grid.read(0, "Line") == "206"
    assert "206" in page.evaluate("drawn")
    start(page)
    finished(page)
    page.get_by_text("All rows (2)").click()
    idle(page)
    rows = Grid(page, "rows-open")
    rows.column("Actual quota (MB)")
    drawn = page.evaluate("drawn")
    assert {"206", "207", "2000", "1996"} <= set(drawn)
    assert not [text for text in drawn if re.fullmatch(r"\d+\.\d{5,}|0{3,}|\d{1,3},\d{3}", text)]


def test_a_row_is_left_out_and_deleted_by_keyboard_alone(page: Page) -> None:
    grid = opened(page)
    grid.tick(0, "Include")
    grid.expect(0, "Status", "Excluded")
    page.get_by_role("button", name="Bulk edit").focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("combobox", name="Change")
    box.focus()
    box.fill("Delete rows")
    page.keyboard.press("Enter")
    idle(page)
    page.get_by_role("button", name="Apply").focus()
    page.keyboard.press("Enter")
    idle(page)
    grid = Grid(page, "preview-grid")
    assert grid.rows == 5
    expect(page.get_by_text("1 row deleted.")).to_be_visible()


def test_problems_are_fixed_one_after_the_other_from_the_list(page: Page) -> None:
    opened(page, ROWS.replace(b"p1,", b"p 1,").replace(b"p4,", b"p 4,"))
    page.get_by_text("Problems, as a list").click()
    idle(page)
    expect(page.get_by_text("Line 3, p 1: Error.")).to_be_visible()
    page.get_by_label("Username", exact=True).fill("p.one")
    page.keyboard.press("Enter")
    idle(page)
    expect(page.get_by_text("1 row to look at.")).to_be_visible()
    expect(page.get_by_role("combobox", name="Fix a row here")).to_have_value(re.compile("Line 6, p 4"))
    press(page, "Delete it")
    expect(page.get_by_text("as a list")).to_have_count(0)
    grid = Grid(page, "preview-grid")
    assert [grid.read(row, "Username") for row in range(5)] == ["p0", "p.one", "p2", "p3", "p5"]


def test_the_corrected_file_is_downloaded_and_imported_unchanged(page: Page) -> None:
    grid = opened(page, b"username,password,Phone\r\nAlice ,Geheim.2026x,020\r\nbob,,030\r\n", name="staff.csv")
    grid.edit(1, "Username", "bo")
    page.get_by_text("Changes and corrected file").click()
    idle(page)
    expect(page.get_by_text("Username 'Alice ' → 'alice'.")).to_be_visible()
    expect(page.get_by_text("Username 'bob' → 'bo'. Password generated.")).to_be_visible()
    name, content = download(page, lambda: page.get_by_test_id("corrected-csv").click())
    assert name == "staff-corrected.csv"
    lines = content.decode("utf-8-sig").splitlines()
    assert lines[0] == "username,password,quota,limit,recovery_email,domain,name,Phone"
    assert lines[1] == "alice,Geheim.2026x,,,,,,020"
    assert re.fullmatch(r"bo,[^,]{16,},,,,,,030", lines[2])


def test_an_edit_on_one_page_of_a_long_table_is_there_after_turning_to_another(page: Page) -> None:
    many = "username,password\r\n" + "".join(f"p{number:04d},Geheim.2026x\r\n" for number in range(2_200))
    grid = opened(page, many.encode())
    assert grid.rows == 1_000
    grid.edit(3, "Username", "not good")
    page.locator(".st-key-page").get_by_text("3", exact=True).click()
    idle(page)
    expect(page.get_by_text("Rows 2,001 to 2,200 of 2,200.")).to_be_visible()
    grid = Grid(page, "preview-grid")
    assert (grid.rows, grid.read(0, "Username")) == (200, "p2000")
    grid.edit(0, "Username", "not good either")
    choose_filter(page, "Errors")
    grid = Grid(page, "preview-grid")
    assert [grid.read(row, "Line") for row in range(grid.rows)] == ["5", "2002"]


@pytest.mark.parametrize("look", [{"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2}])
def test_at_200_percent_what_to_fix_stays_next_to_the_edited_cell(page: Page, look: dict[str, Any]) -> None:
    grid = opened(page, b"username,recovery_email\r\njan jansen,x\r\n")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    grid.root.scroll_into_view_if_needed()
    grid.select(0, "Recovery email")
    shown = grid.root.locator('[role="columnheader"]').all_text_contents()
    assert "Problem" in shown
    assert "Recovery email" in shown
