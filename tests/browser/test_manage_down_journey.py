"""MXroute goes down while mailboxes are managed and in the middle of a run: pages say so, and nothing is lost."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import driver
from tests.browser.driver import ROOT, Grid, Server, idle
from tests.browser.steps import finished, open_preview, search, start, visit

ADMIN = {"MXM_ADMIN_USER": "kim@agency.example", "MXM_ADMIN_PASSWORD": "correct horse battery"}


class Host:
    """A stand-in of the host in a process of its own, which can stop answering."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answers(self, *, well: bool) -> None:
        rules = [] if well else [{"fault": "error_before", "on": "any", "count": None}]
        asked = urllib.request.Request(f"{self.url}/_sandbox/faults", json.dumps(rules).encode(), method="POST")
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.status == 200


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Host]:
    command = [sys.executable, "-m", "mxlib.sandbox", "--control", "--window", "1", "--writes", "50", "--reads", "200"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=driver.foreign_to_us(os.environ)
    ) as process:
        assert process.stdout is not None
        yield Host(process.stdout.readline().strip())
        process.terminate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, stand_in: Host) -> Iterator[Server]:
    """A server on an account of that host, whose people sign in."""
    account = {"MX_SERVER": "eagle.mxlogin.example", "MX_USER": "agency", "MX_API_KEY": "key", "MXM_TIMEOUT": "3"}
    account["MXM_SECOND_FACTOR"] = "off"
    settings = account | ADMIN | {"MXROUTE_API_URL": stand_in.url}
    with driver.serving_warm(tmp_path_factory.mktemp("server"), settings=settings) as served:
        yield served


@pytest.fixture
def signed_in(page: Page, stand_in: Host) -> Page:
    stand_in.answers(well=True)
    page.goto("/")
    page.get_by_label("Name or email address").fill(ADMIN["MXM_ADMIN_USER"])
    page.get_by_label("Password").fill(ADMIN["MXM_ADMIN_PASSWORD"])
    page.get_by_role("button", name="Sign in").click()
    idle(page)
    visit(page, "/email-accounts", domain="clienta.nl")
    return page


def settle(page: Page) -> None:
    page.wait_for_timeout(300)
    idle(page)


def test_a_new_mailbox_waits_in_its_form_until_the_host_is_back(signed_in: Page, stand_in: Host) -> None:
    page = signed_in
    page.locator(".st-key-new").get_by_role("button").click()
    settle(page)
    form = page.get_by_role("dialog")
    form.get_by_role("textbox", name=re.compile("Username")).fill("wait.forme")
    form.get_by_role("button", name="Generate").click()
    settle(page)
    password = form.get_by_role("textbox", name="Password").input_value()
    stand_in.answers(well=False)
    form.get_by_role("button", name="Create mailbox").click()
    settle(page)
    expect(form.locator("[data-testid='stAlert']")).to_contain_text(re.compile("again"))
    expect(form.get_by_role("textbox", name=re.compile("Username"))).to_have_value("wait.forme")
    expect(form.get_by_role("textbox", name="Password")).to_have_value(password)
    stand_in.answers(well=True)
    form.get_by_role("button", name="Create mailbox").click()
    settle(page)
    expect(form).to_contain_text("Copy the password now")
    expect(form).to_contain_text("eagle.mxlogin.example")
    assert form.locator("[data-testid='stCode']").first.inner_text().strip() == password


@pytest.mark.parametrize("action", ["quota", "password", "delete"])
def test_a_change_says_that_the_host_is_down_and_can_be_sent_again(
    signed_in: Page, stand_in: Host, action: str
) -> None:
    page = signed_in
    grid = Grid(page, "mailboxes")
    grid.mark(row := {"quota": 2, "password": 3, "delete": 4}[action])
    address = grid.read(row, "Address")
    page.locator(f".st-key-do_{action}").get_by_role("button").click()
    settle(page)
    dialog = page.get_by_role("dialog")
    if action == "quota":
        dialog.get_by_role("textbox", name="Quota in MB").fill("50 GB")
    if action == "delete":
        dialog.get_by_role("textbox", name="Type the address to confirm").fill(address)
    page.keyboard.press("Tab")
    settle(page)
    stand_in.answers(well=False)
    go = page.locator(".st-key-change_go").get_by_role("button")
    go.click()
    settle(page)
    expect(dialog.locator("[data-testid='stAlert']")).to_contain_text(re.compile("again"))
    stand_in.answers(well=True)
    go.click()
    settle(page)
    expect(
        page.get_by_text(
            re.compile({"quota": "quota 51,200 MB", "password": "Copy the password", "delete": "are deleted"}[action])
        )
    ).to_be_visible()


def test_lists_and_search_use_stored_lists_and_say_so(signed_in: Page, stand_in: Host) -> None:
    page = signed_in
    stand_in.answers(well=False)
    page.locator(".st-key-refresh").get_by_role("button").click()
    settle(page)
    expect(page.get_by_text(re.compile("This is the list of"))).to_be_visible()
    search(page, "info@clienta.nl")
    page.get_by_role("button", name="info@clienta.nl").click()
    settle(page)
    expect(page.get_by_role("heading", name="info@clienta.nl")).to_be_visible()
    expect(page.locator(".st-key-storage")).to_contain_text("GB of 250.0 GB")


ROWS = 250
STAFF = ("username\r\n" + "".join(f"outage{at:03}\r\n" for at in range(ROWS))).encode()


def test_an_outage_in_the_middle_of_a_run_is_seen_from_another_page(signed_in: Page, stand_in: Host) -> None:
    page = signed_in
    visit(page, "/import", domain="clientb.nl")
    open_preview(page, STAFF)
    start(page)
    run = page.url.rpartition("run=")[2]
    pages, line = page.get_by_test_id("stSidebarNav"), page.locator(".st-key-host-status")
    pages.get_by_role("link", name="Email accounts").click()
    expect(line).to_contain_text(re.compile(rf"Run {run}: [1-9]\d* of {ROWS} rows"))
    expect(page).to_have_title(re.compile(rf"^\d+/{ROWS} · Email accounts · MXM$"))

    stand_in.answers(well=False)
    expect(line).to_contain_text(re.compile(r"No answer since \d\d:\d\d · \d+ rows waiting"))
    line.get_by_role("link").click()
    expect(page).to_have_url(re.compile(rf"/jobs\?run={run}$"))
    expect(page.get_by_text(re.compile("MXroute is not answering"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"(min|s) left"))).to_have_count(0)

    pages.get_by_role("link", name="Audit log").click()
    expect(line).to_contain_text("No answer since")
    stand_in.answers(well=True)
    expect(line).to_contain_text("MXroute's API answers", timeout=90_000)
    visit(page, "/jobs", run=run)
    finished(page)
    expect(page.locator(".st-key-run-result")).to_contain_text(f"{ROWS} mailboxes created")
    expect(page.get_by_text(f"0 of {ROWS} handed over.")).to_be_visible()
