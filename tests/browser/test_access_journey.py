"""People, permissions, tokens and the audit log in Chromium: from no sign-in to everybody seeing their part."""

import csv
import io
import json
import re
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import Grid, Server, download, idle
from tests.browser.steps import PASSWORD, choose_password, press, send_sign_in, settle, sign_in, visit

BOSS, KIM, CHOSEN = "boss", "kim", "lantern under seven hills"


@pytest.fixture
def tabs(chromium: Browser, server: Server) -> Iterator[list[Page]]:
    """A tab in each of two browsers that have never been here; 401 and 403 are what these are about."""
    looks = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
    contexts = [chromium.new_context(base_url=server.url, **looks) for _ in range(2)]  # type: ignore[arg-type]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def me(server: Server, token: str) -> tuple[int, dict[str, object]]:
    try:
        with urlopen(
            Request(f"{server.url}/api/me", headers={"Authorization": f"Bearer {token}"}), timeout=10
        ) as answer:
            return answer.status, json.load(answer)["data"]
    except HTTPError as refusal:
        return refusal.code, {}


def test_users_tokens_and_audit_log_from_the_first_admin_on(tabs: list[Page], server: Server) -> None:
    page, fresh = tabs
    # Nobody signs in yet; the first user changes that for every open tab.
    visit(page, "/team")
    expect(page.get_by_text("No sign-in on this machine's sandbox")).to_be_visible()
    press(page, "Add a user")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(BOSS)
    dialog.get_by_role("textbox", name="Password").fill(PASSWORD)
    dialog.get_by_label("Once more").fill(PASSWORD)
    dialog.get_by_role("button", name="Add").click()
    expect(page.get_by_label("Name or email address")).to_be_visible()
    sign_in(page, BOSS, PASSWORD, "/team")
    expect(page.get_by_text("No sign-in on this machine's sandbox")).to_have_count(0)

    # The admin adds a user who may view one domain; the password is shown once.
    press(page, "Add a user")
    dialog.get_by_label("Name").fill(KIM)
    page.keyboard.press("Tab")
    settle(page)
    dialog.get_by_placeholder("Find a client or domain").fill("clienta")
    settle(page)
    press(page, "Viewer: all")
    settle(page)
    dialog.get_by_role("button", name="Add").click()
    password = dialog.get_by_test_id("stCode").locator("code").inner_text()
    press(page, "Done")
    expect(page.get_by_text(password)).to_have_count(0)
    settle(page)
    assert Grid(page, "people").read(1, "May") == "Viewer in clienta.nl"

    # That one sees this domain, and only what may be done with it.
    send_sign_in(fresh, KIM, password)
    choose_password(fresh, CHOSEN)
    idle(fresh)
    expect(fresh.get_by_role("heading", name="Email accounts")).to_be_visible()
    assert Grid(fresh, "mailboxes").rows > 10
    expect(fresh.get_by_role("button", name="Import CSV")).to_have_count(0)
    expect(fresh.get_by_text("Export CSV")).to_have_count(0)
    visit(fresh, "/email-accounts", domain="clientb.nl")
    expect(fresh).not_to_have_url(re.compile("clientb"))
    assert Grid(fresh, "mailboxes").read(0, "Address").endswith("@clienta.nl")
    assert fresh.request.get("/export/clienta.nl.csv").status == 403
    visit(fresh, "/team")
    expect(fresh.get_by_text("Viewer in clienta.nl")).to_be_visible()
    expect(fresh.get_by_role("tab")).to_have_count(0)

    # A token made on the page works until it is revoked there.
    page.get_by_role("tab", name="Tokens").click()
    press(page, "Create token")
    dialog.get_by_label("What it is for").fill("nightly import")
    page.keyboard.press("Tab")
    settle(page)
    dialog.get_by_test_id("stButtonGroup").get_by_text("View", exact=True).click()
    settle(page)
    dialog.get_by_role("button", name="Make the token").click()
    token = dialog.get_by_test_id("stCode").locator("code").inner_text()
    press(page, "Done")
    settle(page)
    assert me(server, token) == (
        200, {"name": "nightly import (token 1)", "admin": False, "permissions": {"*": ["view"]}},
    )  # fmt: skip
    page.get_by_role("tab", name="Tokens").click()
    Grid(page, "tokens").mark(0)
    press(page, "Revoke…")
    press(page, "Revoke it now")
    Grid(page, "tokens").expect(0, "State", "Revoked")
    assert me(server, token)[0] == 401

    # The audit log has it all, finds it and exports it; kim sees no entries of others.
    visit(page, "/audit-log")
    grid = Grid(page, "audit-table")
    assert [grid.read(row, "What") for row in range(3)] == ["Token refused", "Revoked a token", "Made a token"]
    page.get_by_label("Address", exact=True).fill(KIM)
    page.keyboard.press("Enter")
    idle(page)
    grid = Grid(page, "audit-table")
    assert {grid.read(row, "Target") for row in range(grid.rows)} == {KIM}
    name, content = download(page, lambda: page.get_by_text("Download CSV").click())
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert re.fullmatch(r"audit-\d{4}-\d\d-\d\d\.csv", name)
    assert [(row["what"], row["who"]) for row in reversed(rows)] == [
        ("user.add", BOSS), ("password.set", KIM), ("sign_in", KIM), ("permission.refused", KIM),
    ]  # fmt: skip
    everything = page.request.get("/audit.jsonl").text()
    assert password not in everything
    assert CHOSEN not in everything
    assert PASSWORD not in everything
    assert token not in everything
    visit(fresh, "/audit-log")
    grid = Grid(fresh, "audit-table")
    assert {grid.read(row, "Who") for row in range(grid.rows)} == {KIM}

    # Permissions hold from the next click, and who is disabled is out at once.
    visit(page, "/team")
    Grid(page, "people").mark(1)
    press(page, "Change permissions")
    dialog.get_by_placeholder("Find a client or domain").fill("clienta")
    settle(page)
    press(page, "Manager: all")
    settle(page)
    press(page, "Save")
    settle(page)
    visit(fresh, "/email-accounts")
    expect(fresh.get_by_text("Export CSV")).to_be_visible()
    press(page, "Disable")
    dialog.get_by_role("button", name="Disable").click()
    expect(fresh.get_by_label("Name or email address")).to_be_visible()
