"""The steps of the journey, as an operator takes them in the browser."""

import re
import sqlite3
import time
from contextlib import closing

from playwright.sync_api import Page, expect

from mxlib.store import FILE
from tests.browser.driver import Grid, Server, idle, upload

PAGES = {
    "Overview": "/",
    "Email accounts": "/email-accounts",
    "Import": "/import",
    "Jobs": "/jobs",
    "Audit log": "/audit-log",
    "Background tasks": "/background-tasks",
    "Team and API": "/team",
}
#: Six rows: two to send as they are, one without a password, one twice, one with a space.
STAFF = (
    b"username,password,quota,limit,recovery_email\r\n"
    b"nina.berg,Geheim.2026x,2048,,nina.berg@example.org\r\n"
    b"tess.groen,,1024,500,tess@example.org\r\n"
    b"jan jansen,Geheim.2026x,1024,,jan@example.org\r\n"
    b"omar.haddad,Geheim.2026x,,,omar@example.org\r\n"
    b"nina.berg,Geheim.2026x,,,\r\n"
    b"front.desk,Geheim.2026x,0,9600,\r\n"
)


def visit(page: Page, path: str = "/", **query: str) -> None:
    """Open a page by its address and wait until it is drawn."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    page.goto(f"{path}?{asked}" if asked else path)
    idle(page)


def press(page: Page, label: str) -> None:
    """Press the button whose words begin with `label`; icons come first in a button's text."""
    page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(label)}")).first.click()
    idle(page)


def open_preview(page: Page, content: bytes = STAFF, name: str = "staff.csv", *, generate: bool = True) -> Grid:
    """From the import page to the rows of a file."""
    box = page.get_by_role("checkbox", name="Generate secure passwords")
    if box.is_checked() != generate:
        page.get_by_text("Generate secure passwords", exact=True).click()
        idle(page)
    upload(page, content, name)
    return Grid(page, "preview-grid")


def menu(page: Page, label: str) -> None:
    """Choose from the menu behind the toolbar of a preview."""
    press(page, "More")
    page.locator('[data-testid="stPopoverBody"]').get_by_text(label).click()
    idle(page)
    page.keyboard.press("Escape")


def choose_filter(page: Page, label: str) -> None:
    """Choose which rows of a preview are in view: `Errors`."""
    page.locator(".st-key-rows_filter").get_by_text(label).click()
    idle(page)


def confirm_run(page: Page) -> None:
    """Press the button of the open question."""
    page.locator(".st-key-start button").click()


def start(page: Page) -> None:
    """Confirm what the preview shows, and land on the run."""
    press(page, "Create ")
    confirm_run(page)
    expect(page).to_have_url(re.compile(r"/jobs\?.*run=\d+"))
    idle(page)


def finished(page: Page, patience: float = 60.0) -> None:
    """Wait until the run on the page is at its end."""
    expect(page.locator(".st-key-run-result")).to_be_visible(timeout=patience * 1000)
    idle(page)


LOOKS = [
    {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    for width in (1280, 1920)
    for scheme in ("light", "dark")
]


def assert_fits_in_every_look(page: Page) -> None:
    """Show the page that is open in each look: it follows, and nothing is wider than the window."""
    for look in LOOKS:
        page.set_viewport_size(look["viewport"])
        page.emulate_media(color_scheme=look["color_scheme"])
        ground = expect(page.locator('[data-testid="stApp"]'))
        is_as_asked = ground.to_have_css if look["color_scheme"] == "light" else ground.not_to_have_css
        is_as_asked("background-color", "rgb(255, 255, 255)")
        idle(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look


PASSWORD = "correct horse battery"


def sign_in(page: Page, name: str, password: str, path: str = "/email-accounts") -> None:
    send_sign_in(page, name, password, path)
    idle(page)


def send_sign_in(page: Page, name: str, password: str, path: str = "/email-accounts") -> None:
    """Send name and password; a step may come before the page."""
    page.goto(path)
    fill_in(page, name, password)


def fill_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in page that is open, and send it."""
    page.get_by_label("Name or email address").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def long_ago(server: Server) -> None:
    """Let every sign-in and confirmation have been half an hour ago."""
    with closing(sqlite3.connect(server.data / FILE)) as database, database:
        database.execute("UPDATE session SET proved_at = ?", (time.time() - 1800,))


def choose_password(page: Page, password: str) -> None:
    """Replace the password that another person made, on the way in."""
    page.get_by_label("New password").fill(password)
    page.get_by_label("Once more").fill(password)
    page.get_by_role("button", name="Change password and sign in").click()


def own_passwords(server: Server) -> None:
    """Let every user have chosen the password that the test made for them."""
    with closing(sqlite3.connect(server.data / FILE)) as database, database:
        database.execute("UPDATE user SET password_ends_at = NULL")


def settle(page: Page) -> None:
    """A dialog is a fragment: its run begins a moment after what was done."""
    page.wait_for_timeout(300)
    idle(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a box by its label, as the keyboard does."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    idle(page)


def search(page: Page, text: str) -> None:
    """Type into the search of all pages; lists that were never read are loaded first."""
    page.keyboard.press("Control+k")
    found = page.get_by_role("dialog")
    found.get_by_role("searchbox").fill(text)
    settle(page)
    if (load := found.get_by_role("button", name="Load them")).count():
        load.click()
        settle(page)
