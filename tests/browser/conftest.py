"""A real server and a real Chromium for every test in this folder; `server` is shared by the tests of a file."""

import json
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import driver
from tests.browser.driver import Faults, Server

_FAILED = pytest.StashKey[bool]()

# A machine that runs other tests meanwhile draws late; what never comes still fails.
expect.set_options(timeout=40_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, so that `-m 'not browser'` leaves it out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test failed, for the fixtures that then show more."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser for the tests of a file.

    It ends with them: while it is there, an event loop runs in this thread, and other tests need one of their own.
    """
    if driver.chromium_path() is None:
        missing = "Chromium is not installed (Debian, Ubuntu: apt-get install chromium)."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = driver.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server on a brisk sandbox; it may not have printed a traceback when its tests are done."""
    with driver.serving_warm(tmp_path_factory.mktemp("server")) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture
def look() -> dict[str, Any]:
    """Options of the browser's context; a test that needs others parametrizes `look`."""
    return {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="module")
def contexts(chromium: Browser, server: Server) -> Iterator[Callable[[dict[str, Any]], BrowserContext]]:
    """Browser contexts by their options, shared by the tests of a file: each fetches and compiles the script once."""
    opened: dict[str, BrowserContext] = {}

    def context(look: dict[str, Any]) -> BrowserContext:
        key = json.dumps(look, sort_keys=True)
        if key not in opened:
            opened[key] = chromium.new_context(base_url=server.url, reduced_motion="reduce", **look)
            opened[key].new_page()  # stays blank, and keeps the process with its compiled scripts
        return opened[key]

    yield context
    for each in opened.values():
        each.close()


@pytest.fixture
def page(
    request: pytest.FixtureRequest,
    contexts: Callable[[dict[str, Any]], BrowserContext],
    server: Server,
    look: dict[str, Any],
    tmp_path: Path,
) -> Iterator[Page]:
    """A tab of a browser without cookies and storage; nothing may have gone wrong in it when the test is done."""
    faults, context = Faults(server.url), contexts(look)
    faults.watch(context)
    tab = context.new_page()
    yield tab
    if request.node.stash.get(_FAILED, False):
        tab.screenshot(path=tmp_path / "failed.png", full_page=True)
        print(f"Screenshot: {tmp_path / 'failed.png'}\nThe server said:\n{server.output()}")
    for each in context.pages[1:]:
        if each.url.startswith(server.url):  # a blank page has no storage
            each.evaluate("localStorage.clear()")
        each.close()
    context.clear_cookies()
    faults.unwatch(context)
    assert not faults.found, "\n".join(faults.found)
