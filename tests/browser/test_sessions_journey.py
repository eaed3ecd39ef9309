"""A new person in Chromium: their own password at the first sign-in, and the way out of another browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import driver
from tests.browser.driver import BRISK, Server, idle
from tests.browser.steps import PASSWORD, choose_password, press, send_sign_in, settle, sign_in, visit

BOSS, JO, CHOSEN = "boss", "jo", "lantern under seven hills"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = BRISK | {"MXM_ADMIN_USER": BOSS, "MXM_ADMIN_PASSWORD": PASSWORD}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def tabs(chromium: Browser, server: Server) -> Iterator[list[Page]]:
    """A tab in each of three browsers that have never been here."""
    looks = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    contexts = [chromium.new_context(base_url=server.url, **looks) for _ in range(3)]  # type: ignore[arg-type]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def test_a_new_person_chooses_a_password_and_signs_another_browser_out(tabs: list[Page]) -> None:
    admin, here, there = tabs
    # An admin adds a person; the password is shown once.
    sign_in(admin, BOSS, PASSWORD, "/team")
    press(admin, "Add a user")
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name").fill(JO)
    admin.keyboard.press("Tab")
    settle(admin)
    dialog.get_by_placeholder("Find a client or domain").fill("clienta")
    settle(admin)
    press(admin, "Viewer: all")
    settle(admin)
    dialog.get_by_role("button", name="Add").click()
    given = dialog.get_by_test_id("stCode").locator("code").inner_text()
    press(admin, "Done")

    # It opens nothing but the page for a new one; an easy one is refused with the reason.
    send_sign_in(here, JO, given, "/team")
    expect(here.get_by_role("heading", name="Choose your password")).to_be_visible()
    choose_password(here, "Summer2026!!")
    expect(here.get_by_role("alert")).to_contain_text("easy to guess: it holds a common password")
    assert here.request.get("/export/clienta.nl.csv").status == 401
    choose_password(here, CHOSEN)
    idle(here)
    expect(here).to_have_url(re.compile(r"/team"))
    expect(here.get_by_text("Where you are signed in")).to_be_visible()
    expect(here.get_by_text("Last sign-in:")).to_have_count(0)

    # The second browser shows the first sign-in, and is in the list of the first one.
    sign_in(there, JO, CHOSEN)
    expect(there.get_by_text(re.compile(r"Last sign-in: .* from 127\.0\.0\.1"))).to_be_visible()
    visit(here, "/team")
    expect(here.get_by_text("Chrome on Linux")).to_have_count(2)
    rows = here.locator(".st-key-own-sessions")
    rows.get_by_role("button", name="Sign out", exact=True).click()
    expect(there).to_have_url(re.compile(r"/sign-in"))
    expect(here.get_by_text("Chrome on Linux")).to_have_count(1)

    # Signing out deletes what the browser keeps.
    here.evaluate("localStorage.setItem('left', 'behind')")
    here.goto("/sign-out")
    here.get_by_role("button", name="Sign out", exact=True).click()
    expect(here.get_by_role("status")).to_have_text("You are signed out.")
    assert here.evaluate("localStorage.getItem('left')") is None
    assert here.context.cookies() == []
