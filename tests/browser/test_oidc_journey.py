"""Signing in at a provider, from the first click to signing out, in Chromium against a real server and provider."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mxlib.auth import oidc_client, sign_in_pages
from tests.browser import driver
from tests.browser.driver import BRISK, Faults, Server, idle
from tests.browser.steps import long_ago, press, settle
from tests.support.oidc_provider import Provider, one_provider, provider

__all__ = ["one_provider", "provider"]

BOSS = "boss@agency.example"


class OurFaults(Faults):
    """Return what went wrong at our own address, not on the provider's page."""

    def _asked(self, url: str) -> None:
        if self.visited(url):
            super()._asked(url)

    def _answered(self, status: int, url: str) -> None:
        # A refused sign-in is a page with that status; a tab that was signed out asks once more.
        if self.visited(url) and not url.startswith(f"{self.url}{sign_in_pages.PROVIDER}") and status != 401:
            super()._answered(status, url)

    def visited(self, url: str) -> bool:
        return url.startswith((self.url, self.url.replace("http", "ws", 1)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, one_provider: Provider) -> Iterator[Server]:
    settings = BRISK | one_provider.environment | {"MXM_OIDC_ADMINS": BOSS}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def context(chromium: Browser, server: Server, provider: Provider, look: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser that has never been here; the provider's style sheet, from elsewhere, is left out."""
    provider.configure(redirects=[server.url + sign_in_pages.RETURN])
    provider.knows("boss", email=BOSS, email_verified=True)
    faults = OurFaults(server.url)
    context = chromium.new_context(base_url=server.url, reduced_motion="reduce", **look)
    context.route(re.compile("jsdelivr"), lambda route: route.fulfill(body=""))
    faults.watch(context)
    yield context
    context.close()
    assert not faults.found, "\n".join(faults.found)


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    return context.new_page()


def agree(tab: Page, subject: str) -> None:
    """Say yes at the provider's page."""
    tab.get_by_placeholder("sub").fill(subject)
    tab.get_by_role("button", name="Authorize").click()


def sign_in(tab: Page, path: str = "/", subject: str = "boss") -> None:
    """From a page that was asked for, over the provider, to that page."""
    tab.goto(path)
    tab.get_by_role("link", name="Sign in with").click()
    agree(tab, subject)
    idle(tab)


def test_signing_in_at_the_provider_leads_to_the_requested_page(tab: Page, server: Server) -> None:
    sign_in(tab, "/import?domain=clienta.nl")
    expect(tab).to_have_url(re.compile(re.escape(server.url) + r"/import\?domain=clienta\.nl$"))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Import mailboxes")
    expect(tab.get_by_text(BOSS).first).to_be_visible()
    cookies = {one["name"]: one for one in tab.context.cookies(server.url)}  # type: ignore[typeddict-item]
    session = cookies[sign_in_pages.cookie_name(False)]
    assert (session["httpOnly"], session["sameSite"], session["path"]) == (True, "Lax", "/")


def test_after_signing_out_nothing_is_shown_in_any_open_tab(tab: Page) -> None:
    sign_in(tab)
    other = tab.context.new_page()
    other.goto(sign_in_pages.SIGN_OUT)
    other.get_by_role("button", name="Sign out", exact=True).click()
    expect(other.get_by_text(sign_in_pages.SIGNED_OUT)).to_be_visible()
    expect(tab.get_by_role("heading", name="Sign in to MXM")).to_be_visible()
    other.goto("/jobs")
    expect(other.get_by_role("link", name="Sign in with")).to_be_visible()
    other.close()


def test_an_unknown_user_reads_whom_to_ask(tab: Page, provider: Provider) -> None:
    provider.knows("eve", email="eve@elsewhere.example", email_verified=True)
    tab.goto("/jobs")
    tab.get_by_role("link", name="Sign in with").click()
    agree(tab, "eve")
    expect(tab.get_by_role("alert")).to_have_text(
        "eve@elsewhere.example is not known here: ask an admin of this MXM to add you on Team and API."
    )
    tab.goto("/jobs")
    expect(tab.get_by_role("heading", name="Sign in to MXM")).to_be_visible()


def test_a_cancelled_sign_in_leads_back_and_can_be_repeated(tab: Page) -> None:
    tab.goto("/import")
    tab.get_by_role("link", name="Sign in with").click()
    tab.get_by_role("button", name="Deny").click()
    expect(tab.get_by_role("alert")).to_have_text(oidc_client.CANCELLED)
    tab.get_by_role("link", name="Sign in with").click()
    agree(tab, "boss")
    idle(tab)
    expect(tab).to_have_url(re.compile(r"/import"))


def test_the_sign_in_page_works_while_the_provider_is_down(tab: Page, provider: Provider, server: Server) -> None:
    provider.configure(fault="token_down")
    tab.goto("/")
    tab.get_by_role("link", name="Sign in with").click()
    agree(tab, "boss")
    expect(tab.get_by_role("alert")).to_have_text(oidc_client.SILENT)
    expect(tab.get_by_role("link", name="Sign in with")).to_be_visible()
    expect(tab.get_by_label("Password")).to_have_count(0)  # nobody has one here
    assert not [secret for secret in provider.secrets() if secret in server.output()]


def test_a_dialog_asks_the_provider_again_and_keeps_what_was_typed(
    tab: Page, context: BrowserContext, server: Server, provider: Provider
) -> None:
    sign_in(tab, "/team")
    long_ago(server)
    provider.configure(fault="asked_again")
    tab.get_by_role("tab", name="Tokens").click()
    press(tab, "Create token")
    dialog = tab.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("nightly import")
    tab.keyboard.press("Tab")
    settle(tab)
    dialog.get_by_text("Admin: everything").click()
    settle(tab)
    dialog.get_by_role("button", name="Make the token").click()
    with context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in at the provider once more").click()
    other = opened.value
    other.get_by_role("link", name="Sign in with").click()
    agree(other, "boss")
    expect(other.get_by_text("Close this tab")).to_be_visible()
    other.close()
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_text(re.compile("^mxm_"))).to_be_visible()
