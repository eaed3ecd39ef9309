"""The states of the dashboard that docs/ shows: each is a function that brings a page into it.

To show another one, write a function here with `@state`, then run `script/screenshots <name>`: the picture bears its
name, and what the docstring says stands above it in docs/screens.md. Every state begins in a browser that has never
been here, on a server that the states before it have used.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.driver import Grid, idle, upload


@dataclass(frozen=True, slots=True)
class Look:
    """How a browser looks at a page."""

    width: int
    height: int
    scheme: str = "light"
    scale: int = 1

    @property
    def name(self) -> str:
        """What a picture's name ends in."""
        return f"{self.scheme}-{self.width * self.scale}" + (f"-at-{self.scale}00" if self.scale > 1 else "")


NARROW, WIDE = Look(1280, 800), Look(1920, 1080, "dark")
#: A window of 1280 at 200 %.
ZOOMED = Look(640, 450, scale=2)

STATES: dict[str, tuple[Callable[[Page], None], tuple[Look, ...]]] = {}
#: States of a server that people sign in to, with the people of `script.screenshots`.
GUARDED: set[str] = set()

BOSS, PASSWORD = "kim@agency.example", "four words in a row"

#: A row of every verdict, and what a spreadsheet leaves behind.
STAFF = (
    b"username,password,quota,limit,recovery_email,Department\r\n"
    b"Nina.Berg ,Geheim.2026x,2048,,nina.berg@example.org,Sales\r\n"
    b"tess.groen,,1024,500,tess@example.org,Sales\r\n"
    b"jan jansen,Geheim.2026x,1024,,jan@example.org,Planning\r\n"
    b"omar.haddad,geheim,lots,,omar@example.org,Planning\r\n"
    b"nina.berg,Geheim.2026x,,,,Board\r\n"
    b"anna.bakker,,5120,,anna@example.org,Board\r\n"
    b"front.desk,Geheim.2026x,0,9600,,\r\n"
)
NAMES = (
    "Voornaam;Tussenvoegsel;Achternaam;Afdeling\r\n"
    "Jan;van der;Berg;Planning\r\n"
    "J\u00f6rg;;M\u00fcller;Verkoop\r\n"
    "Jan;van der;Berg;Directie\r\n"
).encode()
#: New figures of mailboxes that the sandbox has, and a limit that it will not take.
UPDATE = b"username,quota,limit,recovery_email\r\ninfo,8192,,owner@example.org\r\nsales,4096,500,\r\nanna.bakker,,,\r\n"
UNKNOWN = b"wie,mail extern,wat\r\nnina.berg,nina@example.org,directie\r\ntess.groen,tess@example.org,verkoop\r\n"


def state(*looks: Look) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """Show the state that the function below brings about, in `looks`; narrow and light unless told otherwise."""

    def kept(reach: Callable[[Page], None]) -> Callable[[Page], None]:
        STATES[reach.__name__.replace("_", "-")] = (reach, looks or (NARROW,))
        return reach

    return kept


def guarded(*looks: Look) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """A state, as above, where people sign in."""

    def kept(reach: Callable[[Page], None]) -> Callable[[Page], None]:
        state(*looks)(reach)
        GUARDED.add(reach.__name__.replace("_", "-"))
        return reach

    return kept


def sign_in(page: Page, password: str = PASSWORD) -> None:
    """Fill in the sign-in page as the admin."""
    page.goto("/sign-in")
    page.get_by_label("Name or email address").fill(BOSS)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def access_page(page: Page, tab: str = "People") -> None:
    """A tab of the *Access* page, signed in."""
    sign_in(page)
    idle(page)
    steps.visit(page, "/access")
    page.get_by_role("tab", name=tab).click()
    idle(page)


def preview(page: Page, content: bytes = STAFF, name: str = "staff.csv", *, generate: bool = False) -> Grid:
    """The preview of a file, without the rows of another."""
    steps.visit(page, "/import", domain="clienta.nl")
    return steps.open_preview(page, content, name, generate=generate)


@state(NARROW, WIDE)
def accounts(page: Page) -> None:
    """The mailboxes of a domain."""
    steps.visit(page, "/", domain="clienta.nl")


@state(NARROW)
def upload_empty(page: Page) -> None:
    """A file is chosen, or rows are pasted; what a file should look like."""
    steps.visit(page, "/import", domain="clienta.nl")


@state()
def upload_refused(page: Page) -> None:
    """A file that is no table is refused in one sentence."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, b"\x89PNG\r\n\x1a\n" + bytes(200), "photo.csv")
    steps.press(page, "Preview import")


@state()
def mapping(page: Page) -> None:
    """Columns that nobody knows are asked for, with their first values and a guess for each."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, UNKNOWN, "people.csv")
    steps.press(page, "Preview import")


@state()
def mapping_names(page: Page) -> None:
    """A file with names only: usernames by a pattern."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, NAMES, "names.csv")
    steps.press(page, "Preview import")


@state()
def reading(page: Page) -> None:
    """What was taken (encoding, delimiter, header) can be overridden over a live sample."""
    preview(page)
    steps.press(page, "Change how the file is read")
    page.locator(".st-key-mapping-sample").scroll_into_view_if_needed()
    idle(page)


@state(NARROW, WIDE)
def import_preview(page: Page) -> None:
    """The preview: every row with its verdict and what to fix."""
    preview(page)


@state(ZOOMED)
def import_zoomed(page: Page) -> None:
    """The same at 200 % zoom: what to fix stays beside the cell that is mended."""
    grid = preview(page)
    page.get_by_text("What to fix, as a list").scroll_into_view_if_needed()
    grid.select(2, "Password")


@state()
def import_filtered(page: Page) -> None:
    """A row mended under a filter stays in view until the filter is applied again."""
    preview(page)
    steps.press(page, "Invalid")
    Grid(page, "preview-grid").edit(0, "Username", "jan.jansen")


@state()
def import_search(page: Page) -> None:
    """A search, over addresses, names, recovery emails and reasons."""
    preview(page)
    page.get_by_role("textbox", name="Search").fill("berg")
    page.keyboard.press("Enter")
    idle(page)


@state()
def import_bulk(page: Page) -> None:
    """The bulk tools, about the rows in view or those of them that are ticked."""
    preview(page)
    steps.press(page, "Bulk edit")
    box = page.get_by_role("combobox", name="Change")
    box.click()
    box.fill("Leave out")
    page.get_by_role("option", name="Leave out rows").click()
    idle(page)


@state(Look(1920, 1080))
def import_changes(page: Page) -> None:
    """What changed from the file, and the mended file."""
    grid = preview(page)
    grid.edit(2, "Username", "jan.jansen")
    page.get_by_text("Show changes").click()
    idle(page)
    page.get_by_text("What changed from the file").click()
    idle(page)


@state()
def import_paste(page: Page) -> None:
    """Further rows pasted into an open preview."""
    preview(page)
    steps.press(page, "Paste rows")
    page.get_by_label("Further rows").fill("username\tquota\nkim.visser\t2048\nlou.bos\t1 GB")


@state()
def import_problems(page: Page) -> None:
    """What to fix as a list, with a form to mend a row by keyboard alone."""
    preview(page)
    page.get_by_text("What to fix, as a list").click()
    idle(page)
    page.get_by_role("button", name="Delete it").scroll_into_view_if_needed()


@state()
def import_update(page: Page) -> None:
    """Existing mailboxes are updated; what changes is told."""
    preview(page)
    page.get_by_role("button", name="update", exact=True).or_(page.get_by_role("radio", name="update")).click()
    idle(page)


@state()
def draft_offered(page: Page) -> None:
    """A draft that was left is offered again."""
    preview(page).edit(2, "Username", "jan.jansen")
    page.reload()
    idle(page)


@state(NARROW, WIDE)
def confirm(page: Page) -> None:
    """What is confirmed before anything is sent."""
    preview(page, generate=True)
    steps.press(page, "Create ")


@state(NARROW, WIDE)
def run(page: Page) -> None:
    """A run at its end."""
    preview(page, generate=True)
    steps.start(page)
    steps.finished(page)


@state()
def imported_before(page: Page) -> None:
    """The same file again is said, and ticked, before it starts."""
    again = STAFF.replace(b"front.desk", b"back.office")
    preview(page, again)
    steps.start(page)
    steps.finished(page)
    preview(page, again).edit(2, "Username", "jan.jansen")
    steps.press(page, "Create ")
    expect(page.get_by_role("dialog")).to_be_visible()


@state(NARROW, WIDE)
def update_results(page: Page) -> None:
    """An update at its end: what was asked, what came of it, and what was there before."""
    _update(page, UPDATE, "Update 2 mailboxes")
    page.get_by_text("All rows (").click()
    idle(page)


@state(NARROW, WIDE)
def undo(page: Page) -> None:
    """Taking a run back: what would go, what comes back, and the number to type."""
    _update(page, UPDATE.replace(b"8192", b"6144") + b"tim.visser,2048,,\r\nyara.boer,2048,,\r\n", "Create 2 mailboxes")
    steps.press(page, "Undo this import")
    page.get_by_text("Leave all as it is").scroll_into_view_if_needed()


@state(NARROW, WIDE)
def picked(page: Page) -> None:
    """Mailboxes that are picked, and what can be done to them."""
    _pick(page, 2, 4, 5)


@state(NARROW, WIDE)
def set_quota(page: Page) -> None:
    """A quota for several; below what is used it wants a tick."""
    _pick(page, 2, 4, 5)
    _do(page, "quota")
    _fill(page, "Quota in MB", "300")


@state(ZOOMED)
def set_quota_zoomed(page: Page) -> None:
    """The same at 200 % zoom."""
    page.set_viewport_size({"width": 1280, "height": 900})  # rows are ticked where they are seen
    _pick(page, 2, 4, 5)
    page.set_viewport_size({"width": ZOOMED.width, "height": ZOOMED.height})
    idle(page)
    _do(page, "quota")
    _fill(page, "Quota in MB", "300")


@state()
def reset_password(page: Page) -> None:
    """A new password for one mailbox; it is shown once, after this."""
    _pick(page, 2)
    _do(page, "password")


@state()
def set_recovery(page: Page) -> None:
    """Recovery emails of several, each by itself or all cleared."""
    _pick(page, 2, 4, 5)
    _do(page, "recovery")


@state(NARROW, WIDE)
def delete(page: Page) -> None:
    """What goes, with how much mail, and the number to type."""
    _pick(page, 2, 4, 5)
    _do(page, "delete")


@state(NARROW, WIDE)
def new_mailbox(page: Page) -> None:
    """One form for one mailbox, judged cell by cell."""
    steps.visit(page, "/", domain="clienta.nl")
    steps.press(page, "New mailbox")
    page.get_by_role("dialog").get_by_role("button", name="Generate").click()
    page.wait_for_timeout(500)
    _fill(page, "Quota", "5")
    _fill(page, "Username", "eva jansen")


@state(NARROW, WIDE)
def found(page: Page) -> None:
    """What was found in all domains."""
    steps.visit(page, "/", domain="clienta.nl")
    page.get_by_role("searchbox", name="Find a mailbox").fill("info")
    page.wait_for_timeout(300)
    idle(page)
    if (read := page.get_by_role("button", name="Read them")).count():
        read.click()
        page.wait_for_timeout(300)
        idle(page)


@state(NARROW, WIDE)
def mailbox_card(page: Page) -> None:
    """The card of a mailbox: its figures, its past, and what can be done to it."""
    steps.visit(page, "/mailbox", address="info@clienta.nl")
    page.get_by_text("History").last.scroll_into_view_if_needed()


def _update(page: Page, content: bytes, go: str) -> None:
    steps.visit(page, "/import", domain="clienta.nl")
    steps.open_preview(page, content, "quotas.csv")
    page.get_by_role("button", name="update", exact=True).or_(page.get_by_role("radio", name="update")).click()
    idle(page)
    steps.press(page, go)
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    steps.finished(page)


def _pick(page: Page, *rows: int) -> None:
    steps.visit(page, "/", domain="clienta.nl")
    for row in rows:
        Grid(page, "mailboxes").mark(row)
        idle(page)


def _do(page: Page, action: str) -> None:
    page.locator(f".st-key-do_{action}").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(500)  # a dialog is a fragment: its run begins a moment after it was opened
    idle(page)


def _fill(page: Page, label: str, text: str) -> None:
    page.get_by_role("dialog").get_by_role("textbox", name=re.compile(label)).fill(text)
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    idle(page)


@guarded(NARROW, WIDE)
def sign_in_page(page: Page) -> None:
    """Signing in; with a provider set, its button stands below, or alone where nobody has a password."""
    page.goto("/runs")


@guarded()
def sign_in_refused(page: Page) -> None:
    """A sign-in that was refused says no more than it must."""
    sign_in(page, "not the password")


@guarded(NARROW, WIDE)
def access(page: Page) -> None:
    """Who may sign in, and what each may do; whoever is picked can be changed."""
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
    """Tokens for scripts: what each may do, how long, and when it was used last."""
    access_page(page, "Tokens")
    Grid(page, "tokens").mark(0)


@guarded()
def access_you(page: Page) -> None:
    """Everybody's own part: what one may do, one's password, one's browsers."""
    access_page(page, "You")


@guarded(NARROW, WIDE)
def audit(page: Page, content: bytes = STAFF) -> None:
    """Who did what, on what, when, in which run and from where."""
    sign_in(page)
    idle(page)
    preview(page, content, generate=True)
    steps.start(page)
    steps.finished(page)
    steps.visit(page, "/audit")


@guarded()
def audit_filtered(page: Page) -> None:
    """The same for one address, to be taken away as CSV or JSONL."""
    audit(page, STAFF.replace(b"front.desk", b"help.desk"))
    page.get_by_label("Address", exact=True).fill("nina.berg@")
    page.keyboard.press("Enter")
    idle(page)


def forget(page: Page) -> None:
    """Discard what a state left behind, so that the next one is not offered it."""
    steps.visit(page, "/import")
    while page.get_by_role("button", name="Discard").count():
        steps.press(page, "Discard")
