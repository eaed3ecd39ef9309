"""The mapping step and pasting in Chromium, with the mouse, from a file nobody knows to mailboxes that are there."""

from playwright.sync_api import Locator, Page, expect

from mxlib.sandbox import believable
from tests.browser.driver import Grid, Server, idle, upload
from tests.browser.steps import assert_fits_in_every_look, choose, finished, press, start, visit

NAMES = (
    "Voornaam;Tussenvoegsel;Achternaam;Wachtwoord\r\n"
    "Gerrit;van der;Zwaluw;Geheim.2026x\r\n"
    "Jörg;;Müller;Geheim.2026y\r\n"
    "Gerrit;van der;Zwaluw;Geheim.2026z\r\n"
).encode()


def sampled(page: Page, header: str) -> Locator:
    """A column of the live sample."""
    return page.locator('.st-key-mapping-sample [role="columnheader"]').filter(has_text=header)


def test_the_step_fits_the_window_in_every_look(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, NAMES)
    expect(page.get_by_text("How should usernames look?")).to_be_visible()
    page.get_by_text("File settings").click()
    expect(Grid(page, "mapping-sample").root).to_be_visible()
    assert_fits_in_every_look(page)


def test_a_file_of_names_becomes_mailboxes_and_is_recognised_next_time(page: Page, server: Server) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, NAMES)
    choose(page, "Pattern", "flast")
    page.get_by_role("radio", name="jan.berg").click()
    idle(page)
    expect(page.get_by_text("gzwaluw2")).to_be_visible()
    press(page, "Preview import")
    grid = Grid(page, "preview-grid")
    assert [grid.read(row, "Username") for row in range(3)] == ["gzwaluw", "jmuller", "gzwaluw2"]
    start(page)
    finished(page)
    there = believable(state_file=server.data / "sandbox.jsonl")
    assert there.password_is("gzwaluw2@clienta.nl", "Geheim.2026z")

    visit(page, "/import", domain="clienta.nl")
    upload(page, NAMES)
    expect(page.get_by_text("Columns read as answered on")).to_be_visible()
    Grid(page, "preview-grid").expect(0, "Status", "Already exists")

    press(page, "File settings")
    page.get_by_role("combobox", name="of these mailboxes exist already").click()
    option = page.get_by_role("option", name="gzwaluw@clienta.nl")
    if not option.is_visible():  # the sample below was still being drawn, and closed the list
        page.keyboard.press("ArrowDown")
    option.click()
    page.keyboard.press("Escape")
    idle(page)
    press(page, "Preview import")
    Grid(page, "preview-grid").expect(0, "Username", "gzwaluw3")


STAFF = (
    "Personalnummer;Vorname;Nachname;E-Mail (Büro);E-Mail (privat);Speicher (MB);Startcode\r\n"
    "1001;Ida;Maas;ida.maas@clienta.nl;ida@web.example;2 GB;Kroket-2026a\r\n"
    "1002;Otto;Berg;otto.berg@clienta.nl;otto@post.example;1 GB;Stoomboot-77x\r\n"
).encode()


def test_a_staff_list_takes_one_answer_and_one_press_to_its_rows(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, STAFF)
    page.get_by_role("radio", name="E-Mail (Büro)").click(force=True)
    idle(page)
    expect(page.get_by_role("combobox", name="Column for Recovery email")).to_have_value("E-Mail (privat)")
    expect(page.get_by_text("Proposed: holds email addresses")).to_be_visible()
    press(page, "Use as password")
    expect(page.get_by_role("combobox", name="Column for Password")).to_have_value("Startcode")
    expect(page.get_by_role("button", name="Preview import")).to_be_in_viewport()
    press(page, "Preview import")
    grid = Grid(page, "preview-grid")
    grid.expect(0, "Status", "Ready")
    grid.expect(1, "Recovery email", "otto@post.example")


def test_rows_copied_from_a_spreadsheet_are_pasted_and_previewed_with_one_click(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    page.get_by_label("Or paste from Excel").fill("username\tquota\npasted.one\t1,024\npasted.two\t2 GB\n")
    page.get_by_role("button", name="Read pasted rows").click()
    grid = Grid(page, "preview-grid")
    grid.expect(1, "Username", "pasted.two")
    grid.expect(0, "Status", "Ready")


def test_a_wrong_delimiter_is_corrected_with_a_live_sample(page: Page) -> None:
    visit(page, "/import", domain="clienta.nl")
    upload(page, b"wie;en, of\r\nfloor.smit;x, y\r\n")
    page.get_by_text("File settings").click()
    # Read by the wrong delimiter, what follows a name looks like a password, and is masked.
    expect(sampled(page, "wie;••••••••")).to_be_attached()
    Grid(page, "mapping-sample").expect(0, "wie;••••••••", "floor.smit;••••••••")
    choose(page, "Delimiter", "Semicolons")
    expect(sampled(page, "en, of")).to_be_attached()
    choose(page, "Column for Username or address", "wie")
    press(page, "Preview import")
    Grid(page, "preview-grid").expect(0, "Username", "floor.smit")
