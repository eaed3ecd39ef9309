"""Every page opens, narrow and wide, light and dark, with nothing wrong on it and nothing wider than the window."""

import re
from itertools import cycle

from playwright.sync_api import Page, Route, expect

from tests.browser.driver import idle
from tests.browser.steps import LOOKS, PAGES, assert_fits_in_every_look, choose, open_preview, press, settle, visit


def test_every_page_opens(page: Page) -> None:
    for (title, path), look in zip(PAGES.items(), cycle(LOOKS), strict=False):
        page.set_viewport_size(look["viewport"])
        page.emulate_media(color_scheme=look["color_scheme"])
        visit(page, path)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        expect(page.get_by_role("link", name=title)).to_be_visible()
        expect(page.get_by_text("SANDBOX").first).to_be_visible()
        ground = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (look["color_scheme"] == "light")
        assert_fits_in_every_look(page)


def test_each_page_keeps_its_own_domain_in_the_address(page: Page) -> None:
    visit(page, "/email-accounts")
    expect(page).to_have_url(re.compile(r"/email-accounts$"))
    page.get_by_role("link", name="Jobs").click()
    expect(page).to_have_url(re.compile(r"/jobs$"))
    visit(page, "/import", domain="clientb.nl")
    expect(page.get_by_role("combobox", name="Default domain")).to_have_value("clientb.nl")
    choose(page, "Default domain", "clienta.nl")
    expect(page).to_have_url(re.compile(r"/import\?domain=clienta\.nl$"))
    open_preview(page)
    choose(page, "Default domain", "clientb.nl")
    expect(page).to_have_url(re.compile(r"/import\?domain=clientb\.nl$"))
    visit(page, "/email-accounts", domain="clientb.nl")
    press(page, "Import CSV")
    expect(page).to_have_url(re.compile(r"/import\?domain=clientb\.nl$"))


def test_the_addresses_of_earlier_releases_lead_to_the_pages_of_today(page: Page) -> None:
    for old, new in (("/runs?run=3", r"/jobs\?run=3$"), ("/audit", r"/audit-log$"), ("/access", r"/team$")):
        page.goto(old)
        idle(page)
        expect(page).to_have_url(re.compile(new))
    visit(page, "/", domain="clientb.nl")
    expect(page).to_have_url(re.compile(r"/email-accounts\?domain=clientb\.nl$"))


def test_what_is_typed_after_ctrl_k_is_searched_even_an_h(page: Page) -> None:
    visit(page, "/")
    page.keyboard.press("Control+k")
    field = page.get_by_role("dialog").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("khan")
    expect(page.get_by_role("dialog").get_by_role("button", name="khan").first).to_be_visible()
    expect(field).to_have_value("khan")


def test_enter_opens_the_first_hit_of_what_was_typed(page: Page) -> None:
    visit(page, "/jobs")
    page.keyboard.press("Control+k")
    field = page.get_by_role("dialog").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("audit log")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/audit-log$"))


def test_a_search_field_that_is_drawn_late_gets_the_focus_and_keeps_it(page: Page) -> None:
    visit(page, "/jobs")
    arrived = []

    def arrive_late(route: Route) -> None:
        page.wait_for_timeout(1_500)
        arrived.append(route.request.url)
        route.continue_()

    page.route("**/TextInput.*.js", arrive_late)
    page.keyboard.press("Control+k")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Jobs")).to_be_visible()
    field = dialog.get_by_role("searchbox")
    expect(field).to_be_focused()
    assert len(arrived) == 1, "The field was there already: this test shows nothing."
    page.keyboard.type("audit")
    expect(field).to_have_value("audit")
    page.keyboard.press("Tab")
    expect(field).not_to_be_focused()
    page.wait_for_timeout(200)
    expect(field).not_to_be_focused()


def test_a_page_cannot_be_framed_by_another_site(page: Page) -> None:
    answer = page.goto("/")
    assert answer is not None
    assert answer.headers["x-frame-options"] == "DENY"


def test_each_key_does_what_the_list_of_keys_says_and_nothing_while_a_field_has_the_focus(page: Page) -> None:
    visit(page, "/email-accounts", domain="clienta.nl")
    dialog = page.get_by_role("dialog")
    page.keyboard.press("h")
    expect(dialog.get_by_role("table")).to_contain_text("New mailbox, on Email accounts")
    leave(page)
    page.keyboard.press("s")
    field = page.get_by_role("searchbox", name="Search")
    expect(field).to_be_focused()
    page.keyboard.type("nish")
    expect(field).to_have_value("nish")
    expect(dialog).to_have_count(0)
    field.fill("")
    page.get_by_role("heading", name="Email accounts").click()
    settle(page)
    page.keyboard.press("Control+k")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    leave(page)
    page.keyboard.press("n")
    expect(dialog.get_by_role("textbox", name=re.compile("Username"))).to_be_visible()
    leave(page)
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile(r"/import\?domain=clienta\.nl$"))


def test_the_key_of_the_search_works_again_right_after_it_was_left(page: Page) -> None:
    visit(page, "/email-accounts", domain="clienta.nl")
    field = page.get_by_role("searchbox", name="Search")
    for _ in range(2):
        page.get_by_role("heading", name="Email accounts").click()
        expect(field).not_to_be_focused()
        page.keyboard.press("s")
        expect(field).to_be_focused()


def test_on_a_mac_the_command_key_opens_the_search(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'platform', {get: () => 'MacIntel'})")
    visit(page, "/jobs")
    page.keyboard.press("Meta+k")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()


def leave(page: Page) -> None:
    """Close the open dialog."""
    settle(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)
