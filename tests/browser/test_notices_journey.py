"""A full mailbox, from the webhook that an admin adds to the notice that it gets, and the snooze."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mxlib.outgoing import webhook
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.serve import Served, serve
from mxlib.sandbox.state import Account, Mailbox
from tests.browser import driver
from tests.browser.driver import Grid, Server, idle
from tests.browser.steps import PASSWORD, press, sign_in, visit
from tests.support.http_host import HttpHost, http_host

ADMIN = "kim@agency.example"
DOMAIN = "client.example"
EMMA = f"emma.vogel@{DOMAIN}"


def mailbox(usage: float) -> Mailbox:
    """Return the mailbox of Emma, which uses so many of its 2,048 MB."""
    return Mailbox("emma.vogel", 2048, usage, 9600, 3)


@pytest.fixture(scope="module")
def host() -> Iterator[Served]:
    account = Account.of(DOMAIN)
    account.domains[DOMAIN]["emma.vogel"] = mailbox(600.0)
    served = serve(Sandbox(account, Limits(window=1.0, writes=50, reads=200)))
    yield served
    served.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, host: Served) -> Iterator[Server]:
    account = {
        "MX_SERVER": "eagle.mxlogin.example", "MX_USER": "agency", "MX_API_KEY": "key", "MXM_SECOND_FACTOR": "off",
    }  # fmt: skip
    people = {"MXM_ADMIN_USER": ADMIN, "MXM_ADMIN_PASSWORD": PASSWORD}
    settings = account | people | {"MXROUTE_API_URL": host.url, "MXM_NOTIFY_HOSTS": "127.0.0.1"}
    with driver.serving_warm(tmp_path_factory.mktemp("notices"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


def test_a_full_mailbox_reaches_a_webhook_and_is_snoozed(page: Page, host: Served) -> None:
    sign_in(page, ADMIN, PASSWORD, f"/email-accounts?domain={DOMAIN}")
    with http_host() as hook:
        notify_at_any_hour(page)
        secret = add_webhook(page, hook.url("/hook"))
        Grid(page, "channels").mark(0)
        idle(page)
        press(page, "Send a test")
        expect(page.get_by_text("The test of Helpdesk was accepted.")).to_be_visible()
        assert received(hook, secret, '"test"')["type"] == "test"
        host.sandbox.account.domains[DOMAIN]["emma.vogel"] = mailbox(2148.0)
        visit(page, "/email-accounts", domain=DOMAIN)
        page.get_by_role("button", name="Refresh").click()
        idle(page)
        data = received(hook, secret, EMMA)["data"]
    assert data["title"] == f"MXM: Mailbox full, {EMMA}"
    assert [each["code"] for each in data["events"]] == ["mailbox_full"]
    visit(page, "/notices")
    opened = Grid(page, "notices-open")
    events = [opened.read(row, "Event") for row in range(opened.rows)]  # the invented server has no mail ports, either
    mine = next(row for row, text in enumerate(events) if EMMA in text)
    assert events[mine].startswith(f"{EMMA} is full: 2.1 GB of 2 GB, 104 %.")
    opened.mark(mine)
    card = page.locator(".st-key-notices-open-card")
    expect(card).to_contain_text("Helpdesk (1 event of it): Accepted")
    idle(page)
    card.get_by_role("button", name="Snooze").click()
    expect(page.get_by_text(re.compile(rf"Snoozed until .*: Mailbox storage, {EMMA}"))).to_be_visible()
    idle(page)
    page.get_by_role("tab", name="Snoozed").click()
    expect(page.locator(".st-key-snoozes")).to_contain_text(EMMA)


def notify_at_any_hour(page: Page) -> None:
    """Choose no quiet hours, whatever the time is."""
    visit(page, "/notices")
    page.get_by_role("tab", name="When notices go out").click()
    page.get_by_role("combobox", name="Quiet from").click()
    page.get_by_role("option", name="No quiet hours").click()
    idle(page)
    page.locator(".st-key-save-preferences").get_by_role("button").click()
    expect(page.get_by_text("It holds for events from now on.")).to_be_visible()


def add_webhook(page: Page, url: str) -> str:
    """Add a webhook; return the secret that is shown once."""
    page.get_by_role("tab", name="Channels").click()
    page.locator(".st-key-channel-new-kind").get_by_text("Webhook").click()
    idle(page)
    page.locator(".st-key-channel-new-name").get_by_role("textbox").fill("Helpdesk")
    page.locator(".st-key-channel-new-address").get_by_role("textbox").fill(url)
    page.locator(".st-key-channel-add").get_by_role("button").click()
    shown = page.locator(".st-key-channel-secret-card")
    expect(shown).to_be_visible()
    idle(page)
    secret = shown.locator("code").inner_text().strip()
    press(page, "I have copied it")
    expect(shown).to_have_count(0)
    assert secret not in page.content()
    return secret


def received(hook: HttpHost, secret: str, part: str) -> dict[str, Any]:
    """Wait for a request with this part; return what it says, once its signature was checked."""
    give_up = time.monotonic() + 60
    while not (found := [each for each in hook.received if part.encode() in each.body]):
        assert time.monotonic() < give_up, hook.received
        time.sleep(0.05)
    request = found[0]
    name, moment = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
    assert request.headers["webhook-signature"] == webhook.signature(secret, name, moment, request.body)
    body: dict[str, Any] = json.loads(request.body)
    return body
