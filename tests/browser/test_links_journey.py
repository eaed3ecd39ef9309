"""Links in Chromium: an import whose people set their own passwords on a phone, and one of them resets theirs."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from mxlib.clock import SystemClock
from mxlib.core.links import REMIND_AFTER_S
from mxlib.core.text.portal import WORDS
from mxlib.mail.message import Parts, read_parts
from mxlib.sandbox import Sandbox, believable
from mxlib.store import FILE, Store, outbox
from tests.browser import driver
from tests.browser.driver import BRISK, Server, idle
from tests.browser.steps import confirm_run, finished, open_preview, press, settle, visit
from tests.support.links import age_mails

ENGLISH = WORDS["en"]
DOMAIN = "clienta.nl"
#: The last two share the address of their manager, and so one mail.
RECOVERY = [f"home{at:02}@mail.example" for at in range(18)] + ["manager@mail.example"] * 2
FILE_OF_20 = "username,name,recovery_email\r\n" + "".join(
    f"links{at:02},Person {at:02},{email}\r\n" for at, email in enumerate(RECOVERY)
)
GOOD = "Violet-canoe-7-harbour"
AFTER_RESET = "Copper-meadow-4-lantern"
TOKEN = re.compile(r"http://\S+/password/[\w-]+")


def address(at: int) -> str:
    return f"links{at:02}@{DOMAIN}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose public pages have a host of their own, which mails name and so is known before the start."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = BRISK | {"MXM_PORTAL_URL": f"http://localhost:{port}"}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), "--server.port", port, settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    """The server's own store, with the mails that the sandbox caught."""
    with closing(Store.open(Path(server.data) / FILE, SystemClock())) as opened:
        yield opened


@pytest.fixture
def phone(contexts: Callable[[dict[str, Any]], BrowserContext], server: Server) -> Iterator[Page]:
    """A phone without any cookie, as people open their mails on."""
    context = contexts({"viewport": {"width": 390, "height": 844}, "locale": "en-GB"})
    yield context.new_page()
    assert context.cookies() == []


def host(server: Server) -> Sandbox:
    """What the sandbox behind that server holds, read from its own records."""
    return believable(state_file=server.data / "sandbox.jsonl")


def mails(store: Store, to: str) -> list[Parts]:
    """Return the mails to an address that the sandbox caught, oldest first."""
    with store.read() as tx:
        found = [mail for mail in outbox.newest(tx, 100) if mail.recipient == to]
    contents = [outbox.content(store.key, mail) for mail in sorted(found, key=lambda mail: mail.id)]
    return [read_parts(content) for content in contents if content is not None]


def links_in(parts: Parts) -> list[str]:
    return TOKEN.findall(parts.text)


def newest_link(store: Store, to: str, page: Page, after: int) -> str:
    """Wait for a mail with a link beyond the first `after` to that address; return its link."""
    deadline = time.monotonic() + 90
    while not (found := [link for each in mails(store, to)[after:] for link in links_in(each)]):
        assert time.monotonic() < deadline, f"No mail came to {to}."
        page.wait_for_timeout(100)
    return found[-1]


def set_password(phone: Page, link: str, password: str) -> None:
    phone.goto(link)
    phone.get_by_label(ENGLISH.new_password).fill(password)
    phone.get_by_label(ENGLISH.again).fill(password)
    phone.get_by_role("button", name=ENGLISH.set_password).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(ENGLISH.done_title)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def ask_for_reset(phone: Page, portal: str, of: str) -> None:
    phone.goto(f"{portal}/reset")
    phone.get_by_label(ENGLISH.address).fill(of)
    phone.get_by_role("button", name=ENGLISH.reset_button).click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(ENGLISH.reset_done_title)


def turn_resets_on(page: Page) -> None:
    page.get_by_role("link", name="Clients").click()
    idle(page)
    press(page, "Domains without a client")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill(DOMAIN)
    page.get_by_role("option", name=DOMAIN, exact=True).click()
    page.keyboard.press("Escape")
    settle(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()


def lock(page: Page, at: int) -> None:
    visit(page, "/mailbox", domain=DOMAIN, address=address(at))
    page.locator(".st-key-card_lock").get_by_role("button").click()
    settle(page)
    page.get_by_role("textbox", name="Reason").fill("left us")
    page.keyboard.press("Tab")
    settle(page)
    page.locator(".st-key-change_go").get_by_role("button").click()
    expect(page.get_by_text(re.compile("by .*: left us")).first).to_be_visible()


def test_people_of_an_import_set_their_own_passwords_and_one_resets_theirs(
    page: Page, phone: Page, store: Store, server: Server
) -> None:
    visit(page, "/import", domain=DOMAIN)
    open_preview(page, FILE_OF_20.encode())
    press(page, "Create 20")
    page.get_by_text("People set their own password").click()
    settle(page)
    confirm_run(page)
    finished(page)
    expect(page.get_by_text("Nobody knows the first passwords of 20 new mailboxes")).to_be_visible()

    press(page, "Send links")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("20 people get a link, in 19 mails")).to_be_visible()
    footer = page.get_by_test_id("stLayoutWrapper").filter(has=page.locator(":scope > .st-key-links-footer"))
    page.emulate_media(color_scheme="dark")
    expect(footer).to_have_css("background-color", "rgb(16, 24, 26)")
    page.emulate_media(color_scheme="light")
    dialog.get_by_role("button", name="Send 20 links").click()
    board = page.locator(".st-key-link-board")
    expect(board.get_by_text("0 set theirs, 20 not yet")).to_be_visible()
    expect(board.get_by_role("button", name="Remind", exact=True)).to_be_disabled(timeout=60_000)  # mailed just now
    for to in RECOVERY:
        newest_link(store, to, page, 0)
    run = re.sub(r"^https?://[^/]+", "", page.url)

    ((first,),) = map(links_in, mails(store, RECOVERY[0]))
    ((locked,),) = map(links_in, mails(store, RECOVERY[5]))
    ((one, other),) = map(links_in, mails(store, RECOVERY[19]))
    for at, link in ((0, first), (18, one), (19, other)):
        set_password(phone, link, f"{GOOD}{at}")
    assert [host(server).password_is(address(at), f"{GOOD}{at}") for at in (0, 18, 19)] == [True] * 3

    turn_resets_on(page)
    lock(page, 5)
    held = host(server).mailbox(address(5))
    phone.goto(locked)
    expect(phone.get_by_role("heading", level=1)).to_have_text(ENGLISH.ended_title)

    portal = locked.partition("/password/")[0]
    ask_for_reset(phone, portal, address(5))
    ask_for_reset(phone, portal, address(0))
    before = 2  # the link, and the note that the password was changed
    set_password(phone, newest_link(store, RECOVERY[0], page, before), AFTER_RESET)
    sandbox = host(server)
    assert [sandbox.password_is(address(0), each) for each in (AFTER_RESET, f"{GOOD}0")] == [True, False]
    assert sandbox.mailbox(address(5)) == held
    assert len(mails(store, RECOVERY[5])) == 1  # that of the time before

    age_mails(store, REMIND_AFTER_S)
    visit(page, run)
    expect(board.get_by_text("3 set theirs, 17 not yet")).to_be_visible()
    expect(board.get_by_role("button", name="whose link has ended")).to_have_count(0)  # it is locked
    press(page, "Remind 16 people")
    expect(page.get_by_text("16 people are reminded.")).to_be_visible()
    newest_link(store, RECOVERY[17], page, 1)
    assert [len(mails(store, RECOVERY[at])) for at in (5, 19)] == [1, 3]  # with notes of two changes
    visit(page, "/mailbox", domain=DOMAIN, address=address(5))
    expect(page.get_by_text(re.compile("Reset requested .*: locked"))).to_be_visible()
    said = server.output()
    assert not [each for each in (first, locked, GOOD, AFTER_RESET) if each.rpartition("/")[2] in said]
