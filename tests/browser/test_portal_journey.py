"""The public pages in Chromium on a phone: a password is set behind a link, at a host name of its own."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from mxlib.clock import SystemClock
from mxlib.core.handover.stationery import Letterhead
from mxlib.core.links import LinkEnd, LinkPurpose
from mxlib.core.text.portal import WORDS
from mxlib.store import FILE, Store, handover_texts, links
from mxlib.store.links import NewLink
from tests.browser import driver
from tests.browser.driver import BRISK, Server

GERMAN = WORDS["de"]
PHONE = {"width": 390, "height": 844}
GOOD = "Violet-canoe-7-harbour"
DOMAIN = "clientb.nl"
HELP = Letterhead("Bureau Quillfeather", "support@quillfeather.example")

#: Texts of less contrast than 4.5 with what is behind them.
TOO_FAINT = """() => {
  const parts = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = element => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parts(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].filter(element => {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if ((!own && element.tagName !== "INPUT") || !element.getClientRects().length) return false;
    const both = [light(parts(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05) < 4.5;
  }).map(element => element.outerHTML.slice(0, 100));
}"""

#: Fields without a label, links and buttons that are too small for a thumb, and whether the page is too wide.
FAULTS = """() => [
  ...[...document.querySelectorAll("input:not([hidden])")].filter(field => !field.labels.length),
  ...[...document.querySelectorAll("button, .button, input:not([hidden])")]
    .filter(each => each.getBoundingClientRect().height < 36),
].map(each => each.outerHTML.slice(0, 100)).concat(
  document.documentElement.scrollWidth > innerWidth ? ["too wide"] : [])"""


@pytest.fixture(scope="module")
def port() -> int:
    """Return a free port: the host of the public pages has to be known before the start."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Server]:
    settings = BRISK | {"MXM_PORTAL_URL": f"http://localhost:{port}"}
    with driver.serving_warm(
        tmp_path_factory.mktemp("server"), "--server.port", str(port), settings=settings
    ) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


@pytest.fixture(scope="module")
def store(server: Server) -> Iterator[Store]:
    """The server's own store, in which a test puts links, as the background task does."""
    with closing(Store.open(Path(server.data) / FILE, SystemClock())) as opened:
        with opened.write() as tx:
            handover_texts.put_letterhead(tx, 0, handover_texts.StoredLetterhead(HELP, "en", time.time(), "kim"))
        yield opened


def link(store: Store, username: str, purpose: LinkPurpose = LinkPurpose.INVITE, *, days: float = 14.0) -> str:
    """Return the token of a new link of a mailbox."""
    now = time.time()
    new = NewLink(purpose, DOMAIN, username, "", "x@mail.example", "en", now, now - 60, now + days * 86_400)
    with store.write() as tx:
        return links.make_token(tx, store.key, links.add(tx, new, who="kim", at=now), now)


@pytest.fixture
def phone(chromium: Browser, port: int) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=f"http://localhost:{port}",
        viewport=PHONE,
        locale="de-CH",
        permissions=["clipboard-read", "clipboard-write"],
    )  # type: ignore[arg-type]
    yield context
    context.close()


def is_well(page: Page) -> None:
    """Check what everyone needs: contrast in both schemes, labels, sizes, a width that fits."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate(TOO_FAINT) == []
    assert page.evaluate(FAULTS) == []


def test_a_person_sets_their_password_on_a_phone_and_gets_the_settings(
    phone: BrowserContext, store: Store, server: Server
) -> None:
    token, page = link(store, "aschmidt"), phone.new_page()
    page.goto(f"/password/{token}")
    expect(page.get_by_role("heading", level=1)).to_have_text(GERMAN.password_title)
    expect(page.get_by_text(f"aschmidt@{DOMAIN}")).to_be_visible()
    is_well(page)
    first, again = page.get_by_label(GERMAN.new_password), page.get_by_label(GERMAN.again)
    expect(first).to_be_focused()
    first.fill("aschmidt-2026")
    again.fill("aschmidt-2027")
    page.get_by_role("button", name=GERMAN.set_password).click()
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("listitem")).to_have_count(3)
    expect(first).to_have_value("")
    expect(first).to_be_focused()
    is_well(page)
    first.fill(GOOD)
    again.fill(GOOD)
    again.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(GERMAN.done_title)
    is_well(page)
    assert GOOD not in page.content()
    page.get_by_role("button", name=f"{GERMAN.copy}: {GERMAN.user_name}").click()
    expect(page.get_by_text(GERMAN.copied, exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"aschmidt@{DOMAIN}"
    with page.expect_download() as download:
        page.get_by_role("link", name=GERMAN.apple_button).click()
    assert download.value.suggested_filename == "mail.mobileconfig"
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text(GERMAN.done_title)
    assert phone.cookies() == []
    assert token not in server.output()


def test_without_scripts_every_page_works_and_says_what_its_link_does(
    chromium: Browser, store: Store, port: int
) -> None:
    with closing(
        chromium.new_context(base_url=f"http://localhost:{port}", viewport=PHONE, java_script_enabled=False)
    ) as old:
        page = old.new_page()
        page.goto(f"/password/{link(store, 'bmaas')}")
        page.get_by_label("New password").fill(GOOD)
        page.get_by_label("The same password again").fill(GOOD)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_text("Your password is set")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)
        page.goto(f"/password/{link(store, 'dmulder', days=-1.0)}")
        expect(page.get_by_text("This link has expired")).to_be_visible()
        expect(page.get_by_role("link", name="support@quillfeather.example")).to_be_visible()
        ended = link(store, "dmulder")
        with store.write() as tx:
            links.end_all(tx, DOMAIN, "dmulder", LinkEnd.REVOKED, time.time())
        page.goto(f"/password/{ended}")
        expect(page.get_by_text("This link no longer works")).to_be_visible()


def test_the_other_pages_fit_a_phone_and_the_dashboard_is_at_its_own_name_alone(
    phone: BrowserContext, store: Store, server: Server
) -> None:
    page = phone.new_page()
    recovery = link(store, "fholm", LinkPurpose.RECOVERY_EMAIL)
    for path in ("/reset", "/mail-settings?address=kim@client.example", f"/recovery/{recovery}", "/email-accounts"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        is_well(page)
    assert GERMAN.not_found_title in page.content()
    here = page.request.get(f"{server.url.replace('localhost', '127.0.0.1')}/password/{recovery}")
    assert here.status == 404
