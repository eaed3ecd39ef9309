"""The guard in front of the public pages: hosts, paths, methods, origins and bodies."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.types import Message
from starlette.websockets import WebSocketDisconnect

from mxlib.auth import body_timeouts, middleware
from mxlib.auth.startup_checks import check_exposure
from mxlib.settings import Settings, SettingsError
from tests.support import portal
from tests.support.portal import ADDRESS, DASHBOARD, GOOD, PORTAL, TOKEN, PortalApp

OURS = [
    f"/password/{TOKEN}",
    "/reset",
    "/mail-settings",
    f"/recovery/{TOKEN}",
    "/portal/style.css",
    "/password",
    "/portal",
]
THEIRS = [
    "/",
    "/health",
    "/live",
    "/ready",
    "/api/me",
    "/sign-in",
    "/_stcore/health",
    "/_stcore/stream",
    "/email-accounts",
    "/app/static/x",
]
LOCAL = "http://127.0.0.1:8501"


@pytest.fixture
def app(tmp_path: Path) -> PortalApp:
    made = portal.make(tmp_path)
    made.links.add()
    return made


def is_page(answer: Any) -> bool:
    """Return whether an answer has the look of the public pages."""
    return "/portal/style.css" in answer.text


@pytest.mark.parametrize("path", THEIRS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_under_the_host_of_the_public_pages_nothing_else_answers(app: PortalApp, path: str, method: str) -> None:
    answer = app.client().request(method, path, headers={"Origin": PORTAL})
    assert answer.status_code == 404
    assert is_page(answer) or method == "HEAD"
    assert "dashboard" not in answer.text


@pytest.mark.parametrize("path", OURS)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("host", [DASHBOARD, LOCAL])
def test_under_other_names_the_public_pages_do_not_answer(app: PortalApp, path: str, method: str, host: str) -> None:
    answer = app.client(host).request(method, path, headers={"Origin": host})
    assert answer.status_code == 404
    assert is_page(answer)
    assert app.links.opened == []
    assert app.client(host).get("/email-accounts").text == "dashboard /email-accounts"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", OURS)
def test_methods_that_no_page_sends_are_refused(app: PortalApp, method: str, path: str) -> None:
    assert app.client().request(method, path, headers={"Origin": PORTAL}).status_code == 405


def test_without_a_host_of_their_own_the_public_pages_are_at_the_dashboards(tmp_path: Path) -> None:
    app = portal.make(tmp_path, portal_url="")
    app.links.add()
    for host in (DASHBOARD, LOCAL):
        assert app.client(host).get(f"/password/{TOKEN}").status_code == 200
        assert app.client(host).get("/email-accounts").text == "dashboard /email-accounts"
    done = app.post(
        f"/password/{TOKEN}", {"password": GOOD, "password_again": GOOD}, address=DASHBOARD, origin=DASHBOARD
    )
    assert done.status_code == 303
    assert app.client("https://password.agency.example").get("/reset").status_code == 421


@pytest.mark.parametrize(
    "host", ["evil.example", "password.agency.example.evil.example", "", "a@password.agency.example"]
)
def test_a_host_name_that_is_not_ours_is_misdirected(app: PortalApp, host: str) -> None:
    answer = app.client().get("/reset", headers={"Host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "host", ["PASSWORD.agency.example", "password.agency.example:443", "password.agency.example:8501"]
)
def test_the_host_is_compared_as_browsers_do(app: PortalApp, host: str) -> None:
    assert app.client().get("/reset", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [None, "null", "https://evil.example", DASHBOARD, "http://password.agency.example", f"{PORTAL}:8443", LOCAL],
)
@pytest.mark.parametrize("path", [f"/password/{TOKEN}", "/reset", f"/recovery/{TOKEN}"])
def test_a_form_of_another_site_does_nothing(app: PortalApp, origin: str | None, path: str) -> None:
    answer = app.post(path, {"password": GOOD, "password_again": GOOD, "address": ADDRESS}, origin=origin)
    assert answer.status_code == 403
    assert is_page(answer)
    assert (app.links.passwords, app.resets) == ([], [])


def test_behind_a_proxy_that_ends_tls_the_origin_is_that_of_the_browser(app: PortalApp) -> None:
    answer = app.post("/reset", {"address": ADDRESS}, address="http://password.agency.example")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize(("size", "status"), [(3_900, 200), (4_100, 413), (10**9, 413)])
def test_a_body_has_a_few_kilobytes_at_most(app: PortalApp, size: int, status: int) -> None:
    content = b"address=" + b"a" * (min(size, 5_000) - 8)
    headers = {"Origin": PORTAL, "Content-Length": str(size), "Content-Type": "application/x-www-form-urlencoded"}
    answer = app.client().post("/reset", content=content, headers=headers)
    assert answer.status_code == status
    assert is_page(answer)


def test_a_body_without_a_length_is_refused(app: PortalApp) -> None:
    answer = app.client().post("/reset", content=iter([b"address=x"]), headers={"Origin": PORTAL})
    assert answer.status_code == 411
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/_stcore/stream", f"/password/{TOKEN}"])
def test_no_live_connection_opens_under_the_host_of_the_public_pages(app: PortalApp, path: str) -> None:
    with (
        pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)),
        app.client().websocket_connect(f"wss://password.agency.example{path}"),
    ):
        pass


def test_cookies_and_identities_that_a_request_brings_change_nothing(app: PortalApp) -> None:
    plain = app.client().get("/reset")
    headers = {"Cookie": "mxm-session=x; __Host-mxm-session=y", "X-MX-User": "kim", "Authorization": "Bearer mxm_x"}
    loaded = app.client().get("/reset", headers=headers)
    assert loaded.content == plain.content
    assert "set-cookie" not in loaded.headers


ACCOUNT = {"server": "mail.example.com", "user": "example", "api_key": "invented"}


@pytest.mark.parametrize(
    ("portal_url", "words"),
    [
        ("https://mxm.agency.example:8443", "name of their own"),
        ("https://password.agency.example/pages", "without a path"),
        ("password.agency.example", "has to be an address"),
        ("ftp://password.agency.example", "has to be an address"),
        ("http://password.agency.example", "in clear"),
    ],
)
def test_an_address_that_the_public_pages_cannot_have_is_refused_at_the_start(portal_url: str, words: str) -> None:
    settings = Settings(public_url=DASHBOARD, portal_url=portal_url, **ACCOUNT)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=words) as refused:
        check_exposure(settings, "127.0.0.1", way_in=True)
    assert "MXM_PORTAL_URL" in str(refused.value)


@pytest.mark.parametrize("public_url", ["", DASHBOARD])
def test_the_public_pages_may_be_public_where_the_dashboard_is_and_where_it_is_not(public_url: str) -> None:
    settings = Settings(public_url=public_url, portal_url=f"{PORTAL}/", **ACCOUNT)  # type: ignore[arg-type]
    check_exposure(settings, "127.0.0.1", way_in=True)
    with pytest.raises(SettingsError, match="nobody could sign in"):
        check_exposure(settings, "127.0.0.1", way_in=False)


@pytest.mark.parametrize("size", ["x", "-1", "9" * 40])
def test_a_length_that_is_no_number_of_a_form_is_refused(app: PortalApp, size: str) -> None:
    headers = {"Origin": PORTAL, "Content-Length": size, "Content-Type": "application/x-www-form-urlencoded"}
    answer = app.client().post("/reset", content=b"address=x", headers=headers)
    assert (answer.status_code, app.resets) == (413, [])


def test_a_form_with_two_origins_does_nothing(app: PortalApp) -> None:
    headers = [("Origin", PORTAL), ("Origin", "https://evil.example")]
    answer = app.client().post("/reset", data={"address": ADDRESS}, headers=headers)
    assert (answer.status_code, app.resets) == (403, [])


def test_a_path_that_only_begins_like_a_public_page_is_the_dashboards(tmp_path: Path) -> None:
    made = portal.make(tmp_path, portal_url="")
    assert made.client(DASHBOARD).get("/passwords").text == "dashboard /passwords"


def test_a_live_connection_is_closed_before_it_opens(app: PortalApp) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        app.client().websocket_connect(f"wss://password.agency.example/password/{TOKEN}"),
    ):
        pass
    assert closed.value.code == 1008


def test_a_form_that_trickles_gets_a_page_that_says_so(app: PortalApp, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = partial(body_timeouts.BodyTimeouts, grace=0.02)
    monkeypatch.setattr(middleware.body_timeouts, "BodyTimeouts", impatient)
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(30)
        raise AssertionError("nobody waited so long")

    async def send(message: Message) -> None:
        sent.append(message)

    def answer_at(host: str, path: str) -> tuple[int, bytes]:
        sent.clear()
        headers = {"host": host, "origin": f"https://{host}", "content-length": "10", "accept": "text/html"}
        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "scheme": "https", "client": ("203.0.113.7", 5), "http_version": "1.1",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        asyncio.run(app.app(scope, receive, send))
        return sent[0]["status"], b"".join(each.get("body", b"") for each in sent)

    status, body = answer_at(PORTAL.removeprefix("https://"), f"/password/{TOKEN}")
    assert (status, b"/portal/style.css" in body) == (408, True)
    status, body = answer_at(DASHBOARD.removeprefix("https://"), "/api/imports")
    assert b"/portal/style.css" not in body
