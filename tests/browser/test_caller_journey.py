"""A person calls: from the search to a larger mailbox, a new password or a lock, in few clicks."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from mxlib.sandbox.serve import Served
from tests.browser import driver, steps
from tests.browser.driver import Server, idle
from tests.browser.steps import PASSWORD, fill_in, settle
from tests.support.crowded_host import FORGETS, FULL, LEAVES, crowded

#: Clicks after the search.
MOST_CLICKS = 4
ADMIN = "kim@agency.example"


@pytest.fixture(scope="module")
def host() -> Iterator[Served]:
    with crowded() as served:
        yield served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, host: Served) -> Iterator[Server]:
    account = {
        "MX_SERVER": "eagle.mxlogin.example",
        "MX_USER": "agency",
        "MX_API_KEY": "key",
        "MXM_SECOND_FACTOR": "off",
    }
    people = {"MXM_ADMIN_USER": ADMIN, "MXM_ADMIN_PASSWORD": PASSWORD}
    settings = account | people | {"MXROUTE_API_URL": host.url}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def clicks(page: Page) -> Callable[[Locator], None]:
    """A click that is counted; one too many fails."""
    made: list[Locator] = []

    def click(place: Locator) -> None:
        made.append(place)
        assert len(made) <= MOST_CLICKS, made
        place.click()
        settle(page)

    return click


def search(page: Page, text: str) -> None:
    """Sign in if needed, and type into the search."""
    page.goto("/jobs")
    if page.get_by_role("heading", name="Sign in to MXM").count():
        fill_in(page, ADMIN)
    idle(page)
    steps.search(page, text)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=re.compile(rf"(^|\s){re.escape(name)}"))


def drawer(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_a_full_mailbox_gets_a_gigabyte_more(page: Page, host: Served, clicks: Callable[[Locator], None]) -> None:
    search(page, "vogel emma")
    clicks(button(page, FULL))
    expect(drawer(page)).to_contain_text("2.1 GB of 2 GB")
    expect(drawer(page)).to_contain_text("104 % of the quota: no new mail comes in.")
    clicks(button(page, "Add 1 GB"))
    expect(drawer(page)).to_contain_text("Raise the quota from 2 GB to 3 GB?")
    clicks(drawer(page).get_by_role("button", name="Add 1 GB", exact=True))
    expect(drawer(page)).to_contain_text("2.1 GB of 3 GB")
    box = host.sandbox.mailbox(FULL)
    assert box is not None
    assert box.quota == 3072


def test_a_forgotten_password_is_reset_and_its_message_outlives_a_click_outside(
    page: Page, host: Served, clicks: Callable[[Locator], None]
) -> None:
    search(page, "jan.bos")
    clicks(button(page, FORGETS))
    expect(drawer(page)).to_contain_text("616 MB of 2 GB")
    clicks(button(page, "Reset password"))
    clicks(drawer(page).get_by_role("button", name="Reset password", exact=True))
    message = drawer(page).locator('[data-testid="stCode"]').filter(has_text="Password: ").first
    expect(message).to_contain_text(f"Email address: {FORGETS}")
    password = re.search(r"Password: (\S+)", message.inner_text())
    assert password
    assert host.sandbox.password_is(FORGETS, password[1])
    page.keyboard.press("Escape")
    page.mouse.click(20, 500)
    settle(page)
    expect(message).to_contain_text(password[1])
    clicks(button(page, "Done"))
    expect(drawer(page)).to_contain_text("616 MB of 2 GB")
    assert password[1] not in page.content()
    page.keyboard.press("Escape")
    expect(drawer(page)).to_have_count(0)


def test_a_person_who_left_is_locked_and_deleted_later(
    page: Page, host: Served, clicks: Callable[[Locator], None]
) -> None:
    search(page, "berg nina")
    clicks(button(page, LEAVES))
    clicks(button(page, "More"))
    later = "Lock now, delete later"
    clicks(page.get_by_role("menuitem", name=later).or_(page.get_by_role("option", name=later)))
    page.get_by_label("Type the address to confirm.").fill(LEAVES)
    page.keyboard.press("Tab")
    settle(page)
    clicks(drawer(page).get_by_role("button", name="Lock", exact=True))
    expect(page).to_have_url(re.compile(r"run=\d+"))
