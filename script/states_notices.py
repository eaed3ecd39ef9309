"""States of the page *Notices*: what is open and happened, when notices go out, and channels."""

from playwright.sync_api import Page, expect

from script.looks import WIDE, Look, guarded, state
from script.states_guarded import sign_in
from tests.browser import steps
from tests.browser.driver import Grid, idle

#: High enough for a table with the card below it.
HIGH = Look(1280, 1000)


@state(HIGH, WIDE)
def notices(page: Page) -> None:
    """Notices: what is open, and the card of an event."""
    _open(page, "Open")
    Grid(page, "notices-open").mark(0)


@state(HIGH)
def notices_history(page: Page) -> None:
    """Events of the past, with their filters."""
    _open(page, "What happened")


@state(HIGH, WIDE)
def notices_times(page: Page) -> None:
    """Quiet hours, the hour of the digest, and severities."""
    _open(page, "When notices go out")
    page.locator(".st-key-severities").get_by_text("Severities").click()
    idle(page)


@state(HIGH)
def channel_secret(page: Page) -> None:
    """A new webhook, whose secret is shown once."""
    _open(page, "Channels")
    _add(page, "Webhook", "Helpdesk", "https://hook.agency.example/mxm")
    expect(page.locator(".st-key-channel-secret-card")).to_be_visible()


@state(HIGH, WIDE)
def channels(page: Page) -> None:
    """The channels with what each gets, the card of one, and the log of deliveries."""
    _open(page, "Channels")
    if not page.locator(".st-key-channels").count():
        _add(page, "Webhook", "Helpdesk", "https://hook.agency.example/mxm")
        steps.press(page, "I have copied it")
    _add(page, "Mail", "On call", "on-call@agency.example, kim@agency.example")
    _open(page, "Channels")  # the form is folded up again
    Grid(page, "channels").mark(0)
    steps.press(page, "Send a test")
    page.get_by_text("Deliveries (1 entry)").click()
    idle(page)


@state(HIGH, WIDE)
def channel_new(page: Page) -> None:
    """A new channel: where it leads, and what it gets."""
    _open(page, "Channels")
    if page.locator(".st-key-channels").count():
        page.get_by_text("Add a channel", exact=True).click()
        idle(page)


@guarded(HIGH)
def notice_mails(page: Page) -> None:
    """The mails that a person gets about notices."""
    sign_in(page)
    idle(page, 60)
    _open(page, "Mails to me")


def _open(page: Page, tab: str) -> None:
    steps.visit(page, "/notices")
    page.get_by_role("tab", name=tab, exact=True).click()
    idle(page)


def _add(page: Page, kind: str, name: str, address: str) -> None:
    if page.locator(".st-key-channels").count():
        page.get_by_text("Add a channel", exact=True).click()
        idle(page)
    page.locator(".st-key-channel-new-kind").get_by_text(kind).click()
    idle(page)
    for field, text in (("name", name), ("address", address)):
        page.locator(f".st-key-channel-new-{field}").get_by_role("textbox").fill(text)
    page.locator(".st-key-channel-add").get_by_role("button").click()
    idle(page)
