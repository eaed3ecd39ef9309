"""Signing in and out in Chromium with open tabs, and what the real server gives to strangers."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import driver
from tests.browser.driver import BRISK, ROOT, Server, idle
from tests.browser.steps import LOOKS, PASSWORD, fill_in, open_preview, own_passwords, press, visit

ADMIN = {"MXM_ADMIN_USER": "kim@agency.example", "MXM_ADMIN_PASSWORD": PASSWORD}
KIM, JO = "kim@agency.example", "jo"
#: Pages that show nothing of the mailboxes.
FRONT = re.compile(r"/sign-in(\?|$)")

Opened = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=BRISK | ADMIN) as served:
        mxm(served, "add", JO, "--domain", "clientb.nl", "--permission", "view", "--permission", "import")
        own_passwords(served)
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def opened(chromium: Browser, server: Server) -> Iterator[Opened]:
    """Opens browsers that have never been here."""
    contexts: list[BrowserContext] = []

    def another(url: str = server.url, **look: object) -> BrowserContext:
        contexts.append(chromium.new_context(base_url=url, reduced_motion="reduce", **look))  # type: ignore[arg-type]
        return contexts[-1]

    yield another
    for context in contexts:
        context.close()


def mxm(server: Server, *words: str) -> None:
    """Run `script/mxm user …` beside the server, as its operator would."""
    subprocess.run(
        [sys.executable, "-m", "mxlib.cli", "user", *words],
        cwd=ROOT, env=driver.foreign_to_us(os.environ) | {"MXM_DATA_DIR": str(server.data)}, input=f"{PASSWORD}\n",
        text=True, check=True, capture_output=True,
    )  # fmt: skip


def signed_in(context: BrowserContext, name: str = KIM, path: str = "/email-accounts") -> Page:
    page = context.new_page()
    page.goto(path)
    fill_in(page, name)
    idle(page)
    return page


def test_a_link_leads_through_the_sign_in_to_its_page(opened: Opened) -> None:
    page = opened().new_page()
    page.goto("/import?domain=clientb.nl")
    expect(page).to_have_url(FRONT)
    expect(page.get_by_text("SANDBOX")).to_be_visible()
    fill_in(page, KIM, "not my password")
    expect(page.get_by_role("alert")).to_have_text("The name or the password is not right.")
    expect(page.get_by_label("Name or email address")).to_have_value(KIM)
    expect(page.get_by_label("Password")).to_have_value("")
    fill_in(page, KIM)
    idle(page)
    expect(page).to_have_url(re.compile(r"/import\?domain=clientb\.nl"))
    expect(page.get_by_text(f"Signed in as {KIM}")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look['viewport']['width']}-{look['color_scheme']}")
def test_the_sign_in_page_looks_like_the_pages_behind_it(opened: Opened, look: dict[str, object]) -> None:
    page = opened(**look).new_page()
    faults: list[str] = []
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in to MXM")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    button = page.evaluate("getComputedStyle(document.querySelector('button')).backgroundColor")
    assert button == ("rgb(11, 110, 99)" if look["color_scheme"] == "light" else "rgb(69, 199, 181)")
    assert not faults


def test_signing_in_and_out_works_without_javascript(opened: Opened) -> None:
    page = opened(java_script_enabled=False).new_page()
    page.goto("/jobs")
    fill_in(page, KIM)
    expect(page).to_have_url(re.compile(r"/jobs$"))
    page.goto("/sign-out")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto("/jobs")
    expect(page).to_have_url(FRONT)


def test_signing_out_ends_an_open_tab_at_once_and_what_it_showed_is_gone(opened: Opened) -> None:
    context = opened()
    tab, other = signed_in(context), context.new_page()
    expect(tab.get_by_text("Active mailboxes")).to_be_visible()
    other.goto("/")
    idle(other)
    other.get_by_role("link", name="Sign out").click()
    expect(other.get_by_text(f"You are signed in as {KIM}")).to_be_visible()
    other.get_by_role("button", name="Sign out", exact=True).click()
    expect(other.get_by_role("status")).to_have_text("You are signed out.")
    expect(tab).to_have_url(FRONT, timeout=3000)
    expect(tab.get_by_text("Active mailboxes")).to_have_count(0)
    fill_in(tab, KIM)
    idle(tab)
    expect(tab.get_by_text("Active mailboxes")).to_be_visible()


def test_signing_out_everywhere_ends_the_tabs_of_other_browsers_too(opened: Opened) -> None:
    here, there = signed_in(opened()), signed_in(opened())
    here.goto("/sign-out")
    here.get_by_role("button", name="Sign out in every browser").click()
    expect(here).to_have_url(FRONT)
    expect(there).to_have_url(FRONT, timeout=3000)


def test_being_disabled_from_the_command_line_ends_an_open_tab_within_seconds(opened: Opened, server: Server) -> None:
    tab = signed_in(opened(), JO)
    mxm(server, "disable", JO)
    try:
        expect(tab).to_have_url(FRONT)
        fill_in(tab, JO)
        expect(tab.get_by_role("alert")).to_have_text("The name or the password is not right.")
    finally:
        mxm(server, "enable", JO)


def test_another_user_of_the_browser_cannot_use_a_tab_left_open(opened: Opened) -> None:
    context = opened()
    # Without its watch script the tab stays as it is, and connects again once any user signs in.
    context.route("**/sign-in/watch.js", lambda route: route.abort())
    tab = signed_in(context, path="/import?domain=clienta.nl")
    open_preview(tab, b"username,password\r\nnobody.elses,Geheim.2026x\r\n", "private.csv")
    expect(tab.get_by_text("private.csv").first).to_be_visible()
    other = context.new_page()
    other.goto("/sign-out")
    other.get_by_role("button", name="Sign out", exact=True).click()
    expect(tab.get_by_text("You are signed out. Reload this page to sign in.")).to_be_visible()
    fill_in(other, JO)
    idle(other)
    idle(tab, patience=60)
    # The status line looks again by itself, and the page follows who is signed in now.
    expect(tab.get_by_text(f"Signed in as {JO}")).to_be_visible(timeout=60_000)
    expect(tab.get_by_role("button", name="Create 1 mailbox")).to_have_count(0)
    expect(tab.get_by_text("private.csv")).to_have_count(0)
    visit(other, "/import", domain="clientb.nl")
    expect(other.get_by_text("private.csv")).to_have_count(0)


def test_an_expired_session_ends_an_idle_open_tab(opened: Opened, tmp_path: Path) -> None:
    with driver.serving_warm(tmp_path, settings=BRISK | ADMIN | {"MXM_SESSION_IDLE_HOURS": "0.003"}) as brief:
        tab = signed_in(opened(brief.url))
        expect(tab).to_have_url(FRONT, timeout=60_000)


def test_a_page_that_is_worked_on_stays_open(opened: Opened, tmp_path: Path) -> None:
    with driver.serving_warm(tmp_path, settings=BRISK | ADMIN | {"MXM_SESSION_IDLE_HOURS": "0.006"}) as brief:
        tab = signed_in(opened(brief.url))
        for _ in range(4):
            tab.wait_for_timeout(6_000)
            press(tab, "Refresh")
        expect(tab.get_by_text("Active mailboxes")).to_be_visible()


# Without a session.


def ask(server: Server, method: str, path: str, **headers: str) -> tuple[int, str]:
    """Status and body that the real server answers to a request without a cookie."""
    at = urlsplit(server.url)
    line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=10)
    body = b"x" if method in ("PUT", "POST") else None
    line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = line.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        line.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/_stcore/health"), ("GET", "/_stcore/host-config"), ("GET", "/_stcore/metrics"),
        ("GET", "/media/1234.csv"), ("GET", "/static/js/index.js"), ("GET", "/component/x/index.html"),
        ("PUT", "/_stcore/upload_file/session/file"), ("GET", "/export/clienta.nl.csv"),
        ("GET", "/runs/1/results.csv"), ("GET", "/_stcore/agent/openapi.json"),
    ],
)  # fmt: skip
def test_the_server_answers_nothing_without_a_session(server: Server, method: str, path: str) -> None:
    for forged in ({}, {"X_Mx_User": KIM, "Cookie": "mxm-session=forged"}):
        status, body = ask(server, method, path, Accept="*/*", Origin=server.url, **forged)
        assert (status, "SIGNED_OUT" in body) == (401, True)


def test_a_websocket_without_a_session_is_refused(server: Server) -> None:
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": server.url,
    }  # fmt: skip
    for forged in ({}, {"X_Mx_User": KIM, "Cookie": "mxm-session=forged; _streamlit_user=x"}):
        assert ask(server, "GET", "/_stcore/stream", **upgrade, **forged)[0] == 401


def test_the_stream_of_a_signed_in_browser_cannot_claim_another_user(opened: Opened) -> None:
    context = opened(extra_http_headers={"X-Mx-User": KIM})
    expect(signed_in(context, JO).get_by_text(f"Signed in as {JO}")).to_be_visible()
