"""The second factor in Chromium: set up, asked for, lost and replaced; and confirming who acts."""

import re
import time
from collections.abc import Callable, Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from mxlib.auth.second_factor import STEP_S
from tests.browser import driver
from tests.browser.driver import BRISK, Server, download, idle
from tests.browser.steps import PASSWORD, fill_in, finished, long_ago, open_preview, press, settle, start, visit

KIM = "kim@agency.example"
STRICT = {"MXM_ADMIN_USER": KIM, "MXM_ADMIN_PASSWORD": PASSWORD, "MXM_SECOND_FACTOR": "required"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=BRISK | STRICT) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def opened(chromium: Browser, server: Server) -> Iterator[Callable[[], Page]]:
    """Opens browsers that have never been here."""
    contexts = []

    def another() -> Page:
        contexts.append(
            chromium.new_context(base_url=server.url, reduced_motion="reduce", viewport={"width": 1280, "height": 900})
        )
        return contexts[-1].new_page()

    yield another
    for context in contexts:
        context.close()


class Phone:
    """An authenticator app; each code of it is a new one."""

    def __init__(self, page: Page) -> None:
        """Take over the key that the page shows."""
        self.secret, self._last = page.locator(".key code").inner_text().replace(" ", ""), 0

    def code(self) -> str:
        step = max(int(time.time()) // STEP_S, self._last + 1)
        time.sleep(max(0.0, (step - 1) * STEP_S - time.time()))  # a code may be one step early
        self._last = step
        return pyotp.TOTP(self.secret).at(step * STEP_S)


def give(page: Page, code: str, button: str) -> None:
    page.get_by_role("textbox", name=re.compile("code", re.IGNORECASE)).fill(code)
    page.get_by_role("button", name=button).click()


def test_setting_it_up_losing_the_phone_and_being_asked_again(opened: Callable[[], Page], server: Server) -> None:
    # The first sign-in sets it up.
    page = opened()
    page.goto("/team")
    fill_in(page, KIM)
    expect(page.get_by_role("heading", name="Set up a second factor")).to_be_visible()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone = Phone(page)
    give(page, "000000", "Set it up")
    expect(page.get_by_role("alert")).to_contain_text("The code is not right.")
    give(page, phone.code(), "Set it up")
    codes = page.get_by_label("Recovery codes").inner_text().split()
    assert len(codes) == 10
    name, saved = download(page, page.get_by_role("button", name="Save as a text file").click)
    assert name == "mxm-recovery-codes.txt"
    assert set(codes) <= set(saved.decode().split())
    page.get_by_role("button", name="I have saved them, go on").click()
    idle(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Team and API")
    page.get_by_role("tab", name="You").click()
    expect(page.get_by_text("10 recovery codes left.")).to_be_visible()

    # The phone is lost: a recovery code signs in, and another phone is set up.
    page = opened()
    sign_in_with(page, codes[0])
    page.get_by_role("tab", name="You").click()
    expect(page.get_by_text("9 recovery codes left.")).to_be_visible()
    page.get_by_role("link", name="Set up another phone").click()
    other = Phone(page)
    assert other.secret != phone.secret
    give(page, other.code(), "Set it up")
    assert not set(page.get_by_label("Recovery codes").inner_text().split()) & set(codes)
    stranger = opened()
    stranger.goto("/")
    fill_in(stranger, KIM)
    give(stranger, codes[1], "Sign in")
    expect(stranger.get_by_role("alert")).to_contain_text("This recovery code is not right")

    # A download of passwords asks again after a while, and then comes.
    page.get_by_role("link", name="Back to MXM").click()
    idle(page)
    visit(page, "/import", domain="clienta.nl")
    open_preview(page, b"username,password\r\nof.journey,Geheim.2026x\r\n", "one.csv")
    start(page)
    finished(page)
    long_ago(server)
    page.get_by_role("link", name="Results as CSV").click()
    expect(page.get_by_role("heading", name="Confirm who you are")).to_be_visible()
    page.get_by_label("Password of").fill(PASSWORD)
    page.get_by_label(re.compile("^Code")).fill(other.code())
    name, content = download(page, page.get_by_role("button", name="Confirm").click)
    assert name.endswith(".csv")
    assert b"Geheim.2026x" in content
    page.get_by_role("link", name="Go back").click()
    idle(page)
    expect(page.get_by_text("one.csv").first).to_be_visible()

    # A dialog asks in place, and keeps what was typed.
    long_ago(server)
    visit(page, "/team")
    page.get_by_role("tab", name="Tokens").click()
    press(page, "Create token")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("nightly import")
    page.keyboard.press("Tab")
    settle(page)
    dialog.get_by_text("Admin: everything").click()
    settle(page)
    dialog.get_by_role("button", name="Make the token").click()
    expect(dialog.get_by_text("Confirm who you are")).to_be_visible()
    dialog.get_by_label("Your password").fill(PASSWORD)
    dialog.get_by_role("textbox", name="Code").fill(other.code())
    dialog.get_by_role("button", name="Confirm and go on").click()
    expect(dialog.get_by_text(re.compile("^mxm_"))).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    expect(page.get_by_text("1 token works")).to_be_visible()


def sign_in_with(page: Page, code: str) -> None:
    page.goto("/team")
    fill_in(page, KIM)
    give(page, code, "Sign in")
    idle(page)
