"""Mailboxes are managed in Chromium: made, selected, changed, deleted, found and taken away, one and several."""

import csv
import io
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from mxlib.sandbox import Sandbox, believable
from tests.browser.driver import Grid, Server, download, idle
from tests.browser.steps import finished, press, search, visit


@pytest.fixture
def look() -> dict[str, object]:
    """High enough for every row that is ticked here."""
    return {"viewport": {"width": 1280, "height": 1400}}


def host(server: Server) -> Sandbox:
    """What the sandbox behind that server holds, read from its own records."""
    return believable(state_file=server.data / "sandbox.jsonl")


def quota(server: Server, address: str) -> int:
    box = host(server).mailbox(address)
    assert box is not None
    return box.quota


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def settle(page: Page) -> None:
    """A dialog is a fragment: its run begins a moment after what was done."""
    page.wait_for_timeout(300)
    idle(page)


def accounts(page: Page, domain: str = "clienta.nl") -> Grid:
    visit(page, "/email-accounts", domain=domain)
    return Grid(page, "mailboxes")


def row_of(grid: Grid, address: str) -> int:
    return next(row for row in range(grid.rows) if grid.read(row, "Address") == address)


def tick(page: Page, *addresses: str) -> None:
    """Tick mailboxes in the table, as it shows them now."""
    for address in addresses:
        grid = Grid(page, "mailboxes")
        grid.mark(row_of(grid, address))


def act(page: Page, action: str, where: str = "do") -> None:
    """Press an action on what is selected, or on the card."""
    page.locator(f".st-key-{where}_{action}").get_by_role("button").click()
    settle(page)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def confirm(page: Page, label: str) -> None:
    dialog(page).get_by_role("button", name=re.compile(rf"^{re.escape(label)}")).click()
    settle(page)


def fill(page: Page, label: str, text: str) -> None:
    dialog(page).get_by_role("textbox", name=re.compile(re.escape(label))).fill(text)
    page.keyboard.press("Tab")
    settle(page)


def code(page: Page, where: str = "") -> str:
    """The first value with a copy button, in the dialog."""
    return dialog(page).locator(f"{where} [data-testid='stCode']").first.inner_text().strip()


# New mailboxes.


def test_a_mailbox_is_made_in_one_form_that_keeps_what_was_typed(page: Page, server: Server) -> None:
    accounts(page)
    press(page, "New mailbox")
    confirm(page, "Create mailbox")
    expect(dialog(page)).to_contain_text("No username: type one.")
    expect(dialog(page)).to_contain_text("Type one, or press Generate.")
    fill(page, "Username", "eva jansen")
    expect(dialog(page)).to_contain_text("'eva jansen' has a space; try eva.jansen.")
    fill(page, "Quota", "5")
    fill(page, "Recovery email", "eva@home.nl")
    confirm(page, "Generate")
    fill(page, "Username", "eva.jansen")
    expect(dialog(page)).to_contain_text("5 MB: did you mean 5 GB?")
    fill(page, "Quota", "512")
    confirm(page, "Create mailbox")
    expect(dialog(page)).to_contain_text("Copy the password now")
    password = code(page)
    assert host(server).password_is("eva.jansen@clienta.nl", password)
    assert quota(server, "eva.jansen@clienta.nl") == 512
    setup = dialog(page).locator('[class*="st-key-client-setup"]')
    for value in ("eva.jansen@clienta.nl", "sandbox.local", "993", "465", "995"):
        expect(setup).to_contain_text(value)
    confirm(page, "Done")
    assert password not in page.content()
    grid = Grid(page, "mailboxes")
    assert grid.read(row_of(grid, "eva.jansen@clienta.nl"), "Recovery email") == "eva@home.nl"


def test_a_taken_name_is_reported_and_the_form_stays(page: Page) -> None:
    accounts(page)
    press(page, "New mailbox")
    fill(page, "Username", "info")
    confirm(page, "Generate")
    confirm(page, "Create mailbox")
    expect(dialog(page)).to_contain_text("info@clienta.nl already exists.")
    expect(dialog(page).get_by_role("textbox", name=re.compile("Username"))).to_have_value("info")


def test_the_password_has_a_copy_button_and_is_not_in_the_text_for_its_owner(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    accounts(page)
    press(page, "New mailbox")
    fill(page, "Username", "copy.me")
    confirm(page, "Generate")
    confirm(page, "Create mailbox")
    password = code(page)
    shown = dialog(page).locator("[data-testid='stCode']").first
    shown.hover()
    shown.get_by_role("button").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == password
    text = dialog(page).locator("[data-testid='stCode']").last
    expect(text).to_contain_text("Server: sandbox.local")
    expect(text).to_contain_text(f"Password: {password}")


# Changes of one mailbox.


def test_the_quota_of_one_is_set_at_once_and_below_usage_needs_a_tick(page: Page, server: Server) -> None:
    accounts(page)
    tick(page, "carlijn.costa@clienta.nl")
    act(page, "quota")
    fill(page, "Quota in MB", "much")
    expect(dialog(page)).to_contain_text("Write a quota as 2048, 2 GB or unlimited")
    fill(page, "Quota in MB", "100")
    expect(dialog(page)).to_contain_text("1 mailbox would be over quota")
    expect(dialog(page).get_by_role("button", name="Set quota")).to_be_disabled()
    dialog(page).get_by_text("Set anyway").click()
    settle(page)
    confirm(page, "Set quota")
    expect(page.get_by_text("carlijn.costa@clienta.nl: quota 100 MB.")).to_be_visible()
    assert quota(server, "carlijn.costa@clienta.nl") == 100


def test_a_new_password_of_one_is_shown_once_and_works(page: Page, server: Server) -> None:
    accounts(page)
    tick(page, "cas.moen@clienta.nl")
    act(page, "password")
    confirm(page, "Reset password")
    expect(dialog(page)).to_contain_text("Copy the password now")
    password = code(page)
    assert host(server).password_is("cas.moen@clienta.nl", password)
    page.keyboard.press("Escape")
    page.mouse.click(5, 5)
    settle(page)
    assert code(page) == password, "neither Escape nor a click outside loses it"
    confirm(page, "Done")
    act(page, "password")
    assert password not in page.content()
    expect(dialog(page)).to_contain_text("Give cas.moen@clienta.nl a new password?")


# Changes of several mailboxes.


def test_ticks_stay_with_their_mailboxes_through_a_search_and_several_get_a_run(page: Page, server: Server) -> None:
    accounts(page)
    before = {a: quota(server, a) for a in ("aisha.virtanen@clienta.nl", "boaz.okafor@clienta.nl")}
    tick(page, "aisha.virtanen@clienta.nl")
    page.get_by_placeholder("Address, name or recovery email").fill("boaz")
    settle(page)
    tick(page, "boaz.okafor@clienta.nl")
    page.get_by_placeholder("Address, name or recovery email").fill("")
    settle(page)
    expect(page.locator(".st-key-selection")).to_contain_text("2 selected")
    page.get_by_text("Selected only").click()
    settle(page)
    assert Grid(page, "mailboxes").rows == 2
    act(page, "quota")
    fill(page, "Quota in MB", "× 2")
    confirm(page, "Set quota: 2 mailboxes")
    finished(page)
    expect(page.get_by_text("2 mailboxes updated.")).to_be_visible()
    assert {a: quota(server, a) for a in before} == {a: 2 * had for a, had in before.items()}


def test_new_passwords_of_several_are_in_the_results_of_the_run(page: Page, server: Server) -> None:
    accounts(page)
    tick(page, "eva.willems@clienta.nl", "fatima.ali@clienta.nl")
    act(page, "password")
    confirm(page, "Reset password: 2 mailboxes")
    finished(page)
    rows = table(download(page, lambda: page.get_by_test_id("results-csv").click())[1])
    there = host(server)
    assert {row["address"] for row in rows} == {"eva.willems@clienta.nl", "fatima.ali@clienta.nl"}
    assert all(there.password_is(row["address"], row["password"]) for row in rows)


def test_recovery_emails_of_several_are_edited_each_and_cleared_together(page: Page) -> None:
    both = ("guus.fuchs@clienta.nl", "hanna.dijkstra@clienta.nl")
    accounts(page)
    tick(page, *both)
    act(page, "recovery")
    grid = Grid(page, "change_recovery_each")
    grid.edit(0, "Recovery email", "nonsense")
    settle(page)
    expect(dialog(page)).to_contain_text("'nonsense' is no address")
    Grid(page, "change_recovery_each").edit(0, "Recovery email", "guus@home.nl")
    Grid(page, "change_recovery_each").edit(1, "Recovery email", "hanna@home.nl")
    settle(page)
    confirm(page, "Save: 2 mailboxes")
    finished(page)
    grid = accounts(page)
    assert [grid.read(row_of(grid, a), "Recovery email") for a in both] == ["guus@home.nl", "hanna@home.nl"]
    tick(page, *both)
    act(page, "recovery")
    dialog(page).get_by_text("Clear all").click()
    settle(page)
    confirm(page, "Clear: 2 mailboxes")
    finished(page)
    grid = accounts(page)
    assert [grid.read(row_of(grid, a), "Recovery email") for a in both] == ["", ""]


def test_several_are_deleted_once_their_number_is_typed(page: Page, server: Server) -> None:
    there = host(server).mailboxes()
    both = [address for address in there if address.endswith("@clientb.nl")][2:4]
    mail = sum(there[a].usage for a in both)
    accounts(page, "clientb.nl")
    tick(page, *both)
    act(page, "delete")
    lost = f"{mail / 1024:,.1f} GB" if mail >= 1024 else f"{mail:,.0f} MB"
    expect(dialog(page)).to_contain_text(f"Delete 2 mailboxes with {lost} of mail? This can't be undone. Type 2.")
    fill(page, "Type 2 to confirm", "1")
    expect(dialog(page).get_by_role("button", name="Delete: 2 mailboxes")).to_be_disabled()
    fill(page, "Type 2 to confirm", "2")
    confirm(page, "Delete: 2 mailboxes")
    finished(page)
    assert not set(both) & set(host(server).mailboxes())
    accounts(page, "clientb.nl")
    expect(page.locator(".st-key-selection")).to_contain_text("Select mailboxes")


def test_a_pasted_list_selects_reports_what_is_missing_and_is_exported(page: Page) -> None:
    accounts(page)
    press(page, "Select from a list")
    fill(page, "Addresses", "Info <INFO@clienta.nl>; sales@clienta.nl\nnobody@clienta.nl, x@clientb.nl\nadministratie")
    expect(dialog(page)).to_contain_text("3 mailboxes of clienta.nl found. 2 not found; they are left out:")
    expect(dialog(page)).to_contain_text("nobody@clienta.nl")
    confirm(page, "Select 3 mailboxes")
    if dialog(page).count():  # what was not found was seen only now
        expect(dialog(page)).to_contain_text("Press the button again to continue without these.")
        confirm(page, "Select 3 mailboxes")
    expect(page.locator(".st-key-selection")).to_contain_text("3 selected")
    page.locator(".st-key-do_export").get_by_role("button").click()
    name, content = download(page, lambda: page.get_by_test_id("selection-csv").click())
    assert re.fullmatch(r"mailboxes-clienta\.nl-selection-[\d-]+\.csv", name)
    assert {row["username"] for row in table(content)} == {"info", "sales", "administratie"}
    page.locator(".st-key-select_none").get_by_role("button").click()
    settle(page)
    expect(page.locator(".st-key-selection")).to_contain_text("Select mailboxes")


# Search and card.


def test_a_mailbox_is_found_in_all_domains_and_its_card_shows_its_history(page: Page, server: Server) -> None:
    accounts(page)
    search(page, "studio-noord")
    address = next(a for a in host(server).mailboxes() if a.endswith("@studio-noord.example"))
    page.get_by_role("button", name=address).click()
    settle(page)
    expect(dialog(page)).to_contain_text(address)
    expect(dialog(page)).to_contain_text("Created outside MXM")
    act(page, "edit_recovery", "drawer")
    fill(page, "Recovery email", "owner@home.nl")
    confirm(page, "Save")
    expect(page.get_by_text(f"{address}: recovery email saved.")).to_be_visible()
    history = Grid(page, "drawer-history")
    assert history.read(0, "What") == "Recovery email set"
    assert history.read(0, "From") == "Manually"
    confirm(page, "More")
    delete = {"name": "Delete", "exact": True}
    page.get_by_role("menuitem", **delete).or_(page.get_by_role("option", **delete)).click()
    settle(page)
    fill(page, "Type the address to confirm", address)
    confirm(page, "Delete")
    expect(page.get_by_text(f"There is no mailbox {address}")).to_be_visible()
    assert address not in host(server).mailboxes()
    assert Grid(page, "drawer-history").read(0, "What") == "Deleted"


def test_the_card_opens_by_its_address_alone_and_shows_the_run_that_made_it(page: Page) -> None:
    visit(page, "/mailbox", address="info@clientb.nl")
    expect(page.get_by_role("heading", name="info@clientb.nl")).to_be_visible()
    visit(page, "/mailbox", address="nonsense")
    expect(page.get_by_role("heading", name="Email accounts")).to_be_visible()


def test_the_storage_of_the_account_is_in_the_sidebar(page: Page) -> None:
    accounts(page)
    expect(page.locator(".st-key-storage")).to_contain_text(re.compile(r"[\d.]+ GB of 250\.0 GB"))
