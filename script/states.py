"""States of the dashboard in docs/, each a function that opens it in a page.

To show another one, write a function here with `@state`, then run `script/screenshots <name>`: the picture has its
name, and its docstring is the caption in docs/screens.md. Every state begins in a browser without a session, on a
server that the states before it have used.
"""

from playwright.sync_api import Page, expect

from script.looks import NARROW, WIDE, ZOOMED, Look, state
from tests.browser import steps
from tests.browser.driver import Grid, idle, upload

#: A row of every verdict, and typical leftovers of a spreadsheet.
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
UNKNOWN = b"wie,mail extern,wat\r\nnina.berg,nina@example.org,directie\r\ntess.groen,tess@example.org,verkoop\r\n"


def preview(page: Page, content: bytes = STAFF, name: str = "staff.csv", *, generate: bool = False) -> Grid:
    """Return the grid of a file's preview, without the rows of another."""
    steps.visit(page, "/import", domain="clienta.nl")
    return steps.open_preview(page, content, name, generate=generate)


#: As high as the whole Overview.
HIGH = Look(1280, 1500)


@state(HIGH, WIDE)
def overview(page: Page) -> None:
    """The Overview: five figures with their last 30 days, who is full soon, and what waits."""
    steps.visit(page)
    end = page.get_by_text("Totals of 5 domains;")
    while not end.count():
        page.wait_for_timeout(500)
        page.reload()
        idle(page)
    page.wait_for_timeout(500)  # the charts are drawn by the browser


@state()
def mailbox_trend(page: Page) -> None:
    """The trend of a mailbox: its storage, what it sent, and when it is full."""
    steps.visit(page, "/mailbox", address="floris.khan@clienta.nl")
    page.wait_for_timeout(500)


@state(NARROW, WIDE)
def accounts(page: Page) -> None:
    """The mailboxes of a domain."""
    steps.visit(page, "/email-accounts", domain="clienta.nl")


@state(NARROW)
def upload_empty(page: Page) -> None:
    """The upload form, and what a file should look like."""
    steps.visit(page, "/import", domain="clienta.nl")


@state()
def upload_refused(page: Page) -> None:
    """A file that is not a table, refused with one sentence."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, b"\x89PNG\r\n\x1a\n" + bytes(200), "photo.csv")


@state()
def mapping(page: Page) -> None:
    """The columns of a mailbox, each with the column of the file that fills it."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, UNKNOWN, "people.csv")
    expect(page.get_by_text("Import as")).to_be_visible()
    idle(page)


@state()
def mapping_names(page: Page) -> None:
    """A file with names only: usernames made by a pattern."""
    steps.visit(page, "/import", domain="clienta.nl")
    upload(page, NAMES, "names.csv")
    expect(page.get_by_text("Import as")).to_be_visible()
    idle(page)


@state()
def reading(page: Page) -> None:
    """Ways to read a file (encoding, delimiter, header), with a live sample."""
    preview(page)
    steps.press(page, "File settings")
    page.locator(".st-key-mapping-sample").scroll_into_view_if_needed()
    idle(page)


@state(NARROW, WIDE)
def import_preview(page: Page) -> None:
    """The preview: every row with its status and its problem."""
    preview(page)


@state(ZOOMED)
def import_zoomed(page: Page) -> None:
    """The same at 200 % zoom: what to fix stays next to the edited cell."""
    grid = preview(page)
    page.get_by_text("Problems, as a list").scroll_into_view_if_needed()
    grid.select(2, "Password")


@state()
def import_filtered(page: Page) -> None:
    """A row fixed under a filter stays in view until the filter is applied again."""
    preview(page)
    steps.choose_filter(page, "Errors")
    Grid(page, "preview-grid").edit(0, "Username", "jan.jansen")


@state()
def import_search(page: Page) -> None:
    """A search over addresses, names, recovery emails and reasons."""
    preview(page)
    page.get_by_role("textbox", name="Search").fill("berg")
    page.keyboard.press("Enter")
    idle(page)


@state()
def import_bulk(page: Page) -> None:
    """Bulk edit of the rows in view, or of the ticked rows among them."""
    preview(page)
    steps.press(page, "Bulk edit")
    box = page.get_by_role("combobox", name="Change")
    box.click()
    box.fill("Exclude")
    page.get_by_role("option", name="Exclude rows").click()
    idle(page)


@state(Look(1920, 1080))
def import_changes(page: Page) -> None:
    """Changes from the file, and the corrected file."""
    grid = preview(page)
    grid.edit(2, "Username", "jan.jansen")
    steps.menu(page, "Show changes")
    page.get_by_text("Changes and corrected file").click()
    idle(page)


@state()
def import_paste(page: Page) -> None:
    """More rows pasted into an open preview."""
    preview(page)
    steps.press(page, "More")
    page.get_by_text("Paste rows").click()
    page.get_by_label("Further rows").fill("username\tquota\nkim.visser\t2048\nlou.bos\t1 GB")


@state()
def import_problems(page: Page) -> None:
    """Rows to fix as a list, with a form to fix one by keyboard."""
    preview(page)
    page.get_by_text("Problems, as a list").click()
    idle(page)
    page.get_by_role("button", name="Delete it").scroll_into_view_if_needed()


@state()
def import_update(page: Page) -> None:
    """Existing mailboxes are updated; the preview shows the changes."""
    preview(page)
    page.get_by_text("Update existing", exact=True).click()
    idle(page)


@state()
def draft_offered(page: Page) -> None:
    """An earlier draft is offered again."""
    preview(page).edit(2, "Username", "jan.jansen")
    page.reload()
    idle(page)


@state(NARROW, WIDE)
def confirm(page: Page) -> None:
    """The confirmation before anything is sent."""
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
    """A file that was imported before needs a tick to start again."""
    again = STAFF.replace(b"front.desk", b"back.office")
    preview(page, again)
    steps.start(page)
    steps.finished(page)
    preview(page, again).edit(2, "Username", "jan.jansen")
    steps.press(page, "Create ")
    expect(page.get_by_role("dialog")).to_be_visible()


@state(NARROW, WIDE)
def background_tasks(page: Page) -> None:
    """Background tasks, for admins: the last result, the next time, and *Run now*."""
    steps.visit(page, "/background-tasks")
    expect(page.get_by_role("button", name="Run now").first).to_be_visible()
    idle(page)


def forget(page: Page) -> None:
    """Discard what a state left behind, so that the next one is not offered it."""
    steps.visit(page, "/import")
    while page.get_by_role("button", name="Discard").count():
        steps.press(page, "Discard")


@state()
def texts(page: Page) -> None:
    """Texts of letters, messages and mails, with a preview for an invented person."""
    steps.visit(page, "/texts")
    expect(page.get_by_text("for an invented person")).to_be_visible()
    idle(page)
