"""States of a server that people sign in to, with the people of `script.screenshots`."""

from playwright.sync_api import Page, expect

from script.looks import NARROW, WIDE, ZOOMED, guarded
from script.states import STAFF, preview
from tests.browser import steps
from tests.browser.driver import Grid, idle

BOSS, PASSWORD = "kim@agency.example", "four words in a row"


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the sign-in page as the admin."""
    page.goto("/sign-in")
    page.get_by_label("Name or email address").fill(BOSS)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def access_page(page: Page, tab: str = "People") -> None:
    """Open a tab of the *Access* page, signed in."""
    sign_in(page)
    idle(page)
    steps.visit(page, "/team")
    page.get_by_role("tab", name=tab).click()
    idle(page)


@guarded(NARROW, WIDE)
def sign_in_page(page: Page) -> None:
    """The sign-in page, with the provider's button if there is one."""
    page.goto("/jobs")


@guarded()
def sign_in_refused(page: Page) -> None:
    """A refused sign-in gives no reason that helps an attacker."""
    sign_in(page, "not the password")


@guarded(NARROW, WIDE)
def access(page: Page) -> None:
    """Users and their permissions; a selected user can be changed."""
    access_page(page)
    Grid(page, "people").mark(0)


@guarded(NARROW, WIDE)
def access_permissions(page: Page) -> None:
    """Permissions, in every domain or domain by domain."""
    access(page)
    steps.press(page, "Change permissions")
    expect(page.get_by_role("dialog")).to_be_visible()
    idle(page)


@guarded(ZOOMED)
def access_zoomed(page: Page) -> None:
    """The same at 200 % zoom."""
    access_permissions(page)


@guarded()
def access_tokens(page: Page) -> None:
    """Tokens for scripts: permissions, end and last use."""
    access_page(page, "Tokens")
    Grid(page, "tokens").mark(0)


@guarded()
def access_you(page: Page) -> None:
    """Your own permissions, password and browsers."""
    access_page(page, "You")


@guarded(NARROW, WIDE)
def audit(page: Page, content: bytes = STAFF) -> None:
    """The audit log: who did what, to what, when, in which run and from where."""
    sign_in(page)
    idle(page)
    preview(page, content, generate=True)
    steps.start(page)
    steps.finished(page)
    steps.visit(page, "/audit-log")


@guarded()
def audit_filtered(page: Page) -> None:
    """The same for one address, with downloads as CSV and JSONL."""
    audit(page, STAFF.replace(b"front.desk", b"help.desk"))
    page.get_by_label("Address", exact=True).fill("nina.berg@")
    page.keyboard.press("Enter")
    idle(page)
