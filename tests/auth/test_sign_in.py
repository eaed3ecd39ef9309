"""Sign-in: what is public, how a session begins, and how it ends."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from mxlib.auth.middleware import CONTENT_SECURITY_POLICY
from mxlib.auth.page_script import SCRIPT
from mxlib.auth.sign_in import WRONG
from mxlib.auth.sign_in_pages import ENDED, PUBLIC, local
from mxlib.auth.websocket import CLOSED, OVER
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, LIVE, ORIGIN, OTHER, SignInApp, closed, sign_in

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HTML = {"Accept": "text/html,*/*"}
PUBLIC_URL = "https://mxm.agency.example"


def sentence(answer: Any) -> str:
    """Return the notice of the page, or the message of the envelope."""
    found = re.search(r'role="(?:alert|status)">([^<]*)<', answer.text)
    return found[1] if found else str(answer.json()["error"]["message"])


# Without a session.


@pytest.mark.parametrize("path", ["/", "/import", "/runs?run=3", "/export/a.nl.csv", "/static/x.js", "/media/x.csv",
                                  "/_stcore/health", "/_stcore/host-config", "/template.csv", "/healthy", "/health/",
                                  "/live/", "/ready/x", "/sign-in/x", "/apix", "/API/me"])  # fmt: skip
def test_every_path_is_refused_without_a_session(app: SignInApp, path: str) -> None:
    answer = app.browser().get(path)
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "error": {"code": "SIGNED_OUT", "message": OVER}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_every_change_is_refused_without_a_session(app: SignInApp, method: str) -> None:
    answer = app.browser().request(method, "/_stcore/upload_file/a/b", headers=ORIGIN | HTML)
    assert answer.status_code == 401


def test_a_websocket_without_a_session_is_refused(app: SignInApp) -> None:
    for headers in ({}, {"Cookie": "mxm-session=forged"}, {"X-Mx-User": "kim"}):
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            app.browser().websocket_connect(LIVE, headers=headers),
        ):
            pass
        assert refused.value.status_code == 401


def test_the_api_ignores_sessions_and_has_no_websocket(app: SignInApp) -> None:
    assert app.browser().get("/api/me").json()["x-mx-user"] is None
    assert app.signed_in().get("/api/me").json()["x-mx-user"] is None, "the API must not know whose cookie it is"
    with pytest.raises(WebSocketDenialResponse), app.browser().websocket_connect("ws://127.0.0.1:8501/api/live"):
        pass


def test_only_health_probes_and_the_sign_in_page_with_its_files_are_public(app: SignInApp) -> None:
    browser = app.browser()
    for path in ("/health", "/live", "/ready"):
        assert browser.get(path).status_code == 200
    page = browser.get("/sign-in", headers=HTML)
    assert page.status_code == 200
    needed = set(re.findall(r'(?:href|src)="([^"]+)"', page.text))
    assert needed == {"/sign-in/style.css", "/sign-in/mxm.svg"}
    assert needed < PUBLIC
    for path in needed | {"/sign-in/watch.js"}:
        assert browser.get(path).status_code == 200
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert page.headers["cache-control"] == "no-store"


def test_a_page_redirects_to_the_sign_in_and_back(app: SignInApp) -> None:
    browser = app.browser()
    answer = browser.get("/runs?run=3&domain=a.nl", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fruns%3Frun%3D3%26domain%3Da.nl"
    page = browser.get(answer.headers["location"], headers=HTML)
    assert 'name="next" value="/runs?run=3&amp;domain=a.nl"' in page.text
    answer = sign_in(browser, "kim", GOOD, "/runs?run=3&domain=a.nl")
    assert answer.headers["location"] == "/runs?run=3&domain=a.nl"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/runs",
        "/runs?run=3&domain=a.nl",
        "/a/b?c=%2F%2Fevil.example",
        "/?next=https://evil.example",
        "/%2f%2fevil",
    ],
)
def test_a_local_path_is_accepted_as_next_page(path: str) -> None:
    assert local(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
        "https://evil.example", "http:evil.example", "javascript:alert(1)", "//evil.example\\@here",
        "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/a\r\nSet-Cookie: x=y", " //evil.example",
        "/ /evil.example", "evil.example", "", "/\x00", "/é", "//[evil", "/sign-in", "/sign-in?next=/", "/sign-out",
        "/" + "a" * 3000, "?a", "#a", "/\u2028/evil",
    ],
)  # fmt: skip
def test_sign_in_never_redirects_to_another_site_or_to_itself(app: SignInApp, path: str) -> None:
    assert local(path) == "/"
    browser = app.browser()
    assert sign_in(browser, "kim", GOOD, path).headers["location"] == "/"
    page = app.browser().get("/sign-in", params={"next": path}, headers=HTML)
    assert 'name="next" value="/"' in page.text


# Signing in.


def test_a_signed_in_user_is_known_by_name_and_address(app: SignInApp) -> None:
    browser = app.signed_in("KIM")
    assert browser.get("/seen").json() == {"x-mx-user": "kim", "x-mx-address": "127.0.0.1"}
    with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"


def test_identity_and_address_headers_of_a_client_are_ignored(app: SignInApp) -> None:
    claims = {"X-Mx-User": "boss", "x-mx-address": "1.2.3.4", "X-Forwarded-For": "1.2.3.4"}
    assert app.signed_in().get("/seen", headers=claims).json() == {
        "x-mx-user": "kim", "x-mx-address": "127.0.0.1"
    }  # fmt: skip
    assert app.browser().get("/seen", headers=claims).status_code == 401


def test_the_cookie_is_httponly_and_samesite(app: SignInApp) -> None:
    cookie = sign_in(app.browser(), "kim", GOOD).headers["set-cookie"]
    assert cookie.startswith("mxm-session=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly", "max-age=86400", "path=/", "samesite=lax"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "address", "headers"),
    [
        ({}, PUBLIC_URL, {}),
        ({"trusted_proxies": "127.0.0.1"}, PUBLIC_URL.replace("https", "http"), {"X-Forwarded-Proto": "https"}),
        ({}, PUBLIC_URL.replace("https", "http"), {}),
    ],
    ids=["https", "proxy", "proxy that was not named"],
)
def test_with_public_https_the_cookie_is_secure_and_limited_to_the_host(
    tmp_path: Path, settings: dict[str, str], address: str, headers: dict[str, str]
) -> None:
    with people.opened(tmp_path, "kim", public_url=PUBLIC_URL, **settings) as app:
        browser = app.browser(address, **headers)
        answer = sign_in(browser, "kim", GOOD, Origin=PUBLIC_URL)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-mxm-session=")
        assert "; Secure" in cookie
        session_id = cookie.split("=")[1].split(";")[0]
        seen = {name: browser.get("/seen", headers={"Cookie": f"{name}={session_id}"} | headers).status_code
                for name in ("__Host-mxm-session", "mxm-session")}  # fmt: skip
        assert seen == {"__Host-mxm-session": 200, "mxm-session": 401}


def test_a_trusted_proxy_gives_the_address_of_the_client(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", trusted_proxies="127.0.0.1") as app:
        browser = app.signed_in(**{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
        assert browser.get("/seen").json()["x-mx-address"] == "203.0.113.9"


@pytest.mark.parametrize("name", ["kim", "nobody", "<script>alert(1)</script>", '" onfocus="x'])
def test_a_wrong_password_gives_the_same_sentence_for_any_name(app: SignInApp, name: str) -> None:
    answer = sign_in(app.browser(), name, "wrong all over")
    assert answer.status_code == 401
    assert sentence(answer) == "The name or the password is not right."
    assert "set-cookie" not in answer.headers
    assert "<script>" not in answer.text
    assert ' onfocus="x' not in answer.text
    assert "wrong all over" not in answer.text


def test_a_disabled_user_gets_the_sentence_of_a_wrong_password(app: SignInApp) -> None:
    app.users.disable(BOSS, app.users.add(BOSS, "jo", GOOD))
    assert sentence(sign_in(app.browser(), "jo", GOOD)) == "The name or the password is not right."


def test_too_many_tries_are_refused_with_the_wait(app: SignInApp) -> None:
    browser = app.browser()
    for _ in range(10):
        sign_in(browser, "kim", "wrong all over")
    answer = sign_in(browser, "kim", GOOD)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert sentence(answer) == "Too many tries. Wait 1 s."


@pytest.mark.parametrize("form", [b"", b"name=kim", b"\xff\xfe", b"a" * 20_000, b"&" * 500])
def test_an_invalid_form_is_refused(app: SignInApp, form: bytes) -> None:
    answer = app.browser().post("/sign-in", content=form, headers=ORIGIN)
    assert answer.status_code == 400
    assert sentence(answer) == "Type your name and your password."


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:9999"])
def test_posts_from_another_site_are_refused(app: SignInApp, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    form = {"name": "kim", "password": GOOD}
    assert app.browser().post("/sign-in", data=form, headers=headers).status_code == 403
    browser = app.signed_in()
    for path in ("/sign-out", "/sign-out/everywhere", "/seen"):
        assert browser.post(path, headers=headers).status_code == 403
    assert browser.get("/seen").status_code == 200


def test_a_signed_in_user_is_redirected_from_the_sign_in_page(app: SignInApp) -> None:
    answer = app.signed_in().get("/sign-in?next=/runs", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")


def test_signing_in_as_another_user_ends_the_first_session(app: SignInApp) -> None:
    app.add_user("jo", OTHER, permissions={"a.nl": ["view"]})
    browser = app.signed_in()  # as in another tab, while the form is open in this one
    first = browser.cookies["mxm-session"]
    assert sentence(sign_in(browser, "jo", GOOD)) == WRONG
    assert browser.get("/seen").json()["x-mx-user"] == "kim"
    assert sign_in(browser, "jo", OTHER, "/runs").headers["location"] == "/runs"
    assert browser.get("/seen").json()["x-mx-user"] == "jo"
    assert app.browser().get("/seen", headers={"Cookie": f"mxm-session={first}"}).status_code == 401


def test_an_ended_session_is_explained_on_the_sign_in_page(app: SignInApp) -> None:
    browser = app.signed_in()
    app.clock.at += 9 * 3600
    assert browser.get("/runs", headers=HTML).headers["location"] == "/sign-in?next=%2Fruns"
    assert sentence(browser.get("/sign-in?next=/runs", headers=HTML)) == ENDED
    assert ENDED not in app.browser().get("/sign-in", headers=HTML).text
    assert sentence(sign_in(browser, "kim", OTHER)) == WRONG


def test_sign_in_is_required_from_the_first_user_on(tmp_path: Path) -> None:
    with people.opened(tmp_path) as app:
        browser = app.browser()
        assert browser.get("/seen").json()["x-mx-user"] is None
        assert browser.get("/sign-in", headers=HTML).headers["location"] == "/"
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "nobody"
            app.users.add(BOSS, "kim", GOOD, admin=True)
            assert closed(socket) == CLOSED
        assert browser.get("/seen").status_code == 401


def test_with_a_provider_sign_in_is_required_and_the_page_links_to_it(tmp_path: Path) -> None:
    with people.opened(tmp_path, **people.PROVIDER) as app:
        assert app.browser().get("/seen").status_code == 401
        page = app.browser().get("/sign-in?next=/runs", headers=HTML).text
        assert '<a class="provider" href="/sign-in/oidc?next=%2Fruns">Sign in with id.example</a>' in page


def test_the_page_has_no_password_field_while_no_user_has_a_password(tmp_path: Path) -> None:
    def asks() -> bool:
        return 'type="password"' in app.browser().get("/sign-in", headers=HTML).text

    with people.opened(tmp_path, **people.PROVIDER) as app:
        app.users.add(BOSS, "ann@agency.example", admin=True)
        page = app.browser().get("/sign-in", headers=HTML).text
        assert not asks()
        assert ">or<" not in page
        app.users.add(BOSS, "kim", GOOD, admin=True)
        assert asks()
        kim = app.users.find("kim")
        assert kim
        app.users.disable(BOSS, kim.id)
        assert not asks()


# Ends of a session.


def test_signing_out_closes_the_connections_of_this_browser_only(app: SignInApp) -> None:
    browser, other = app.signed_in(), app.signed_in()
    with (
        browser.websocket_connect(LIVE, headers=ORIGIN) as socket,
        other.websocket_connect(LIVE, headers=ORIGIN) as stays,
    ):
        assert (socket.receive_text(), stays.receive_text()) == ("kim", "kim")
        session_id = browser.cookies["mxm-session"]
        answer = browser.post("/sign-out", headers=ORIGIN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?out")
        assert 'mxm-session=""' in answer.headers["set-cookie"]
        assert closed(socket) == CLOSED
        stays.send_text("still here")
        assert stays.receive_text() == "still here"
    again = app.browser()
    assert again.get("/seen", headers={"Cookie": f"mxm-session={session_id}"}).status_code == 401
    assert sentence(again.get("/sign-in?out", headers=HTML)) == "You are signed out."


def test_signing_out_everywhere_closes_the_connections_of_every_browser(app: SignInApp) -> None:
    browser, other = app.signed_in(), app.signed_in()
    with browser.websocket_connect(LIVE, headers=ORIGIN) as one, other.websocket_connect(LIVE, headers=ORIGIN) as two:
        browser.post("/sign-out/everywhere", headers=ORIGIN)
        assert (closed(one), closed(two)) == (CLOSED, CLOSED)
    assert other.get("/seen").status_code == 401


def test_disabling_a_user_closes_their_connections(app: SignInApp) -> None:
    jo = app.add_user("jo")
    browser = app.signed_in("jo")
    with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
        app.users.disable(BOSS, jo)
        assert closed(socket) == CLOSED


def test_an_expired_session_closes_an_idle_connection(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app:
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            app.clock.at += 2
            assert closed(socket) == CLOSED


def test_messages_on_an_open_connection_count_as_use(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app:
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            for word in "abcd":
                app.clock.at += 0.5
                socket.send_text(word)
                assert socket.receive_text() == word
                wait_until_noted(app)
            assert browser.get("/seen").status_code == 200


def wait_until_noted(app: SignInApp) -> None:
    """Wait until the connection has stored the use of its session."""
    give_up = time.monotonic() + 60
    while True:
        with app.store.read() as tx:
            if tx.exec_driver_sql("SELECT seen_at FROM session").scalar() == app.clock.at:
                return
        assert time.monotonic() < give_up


def test_a_session_ended_by_another_process_closes_its_connections(tmp_path: Path) -> None:
    with (
        people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app,
        people.opened(tmp_path, clock=app.clock) as other,
    ):
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            other.users.set_password(BOSS, 1, OTHER)
            assert closed(socket) == CLOSED


def test_the_sign_out_page_asks_first_and_a_link_to_it_ends_nothing(app: SignInApp) -> None:
    browser = app.signed_in()
    page = browser.get("/sign-out", headers=HTML)
    assert "You are signed in as <strong>kim</strong>" in page.text
    assert browser.get("/seen").status_code == 200
    assert app.browser().get("/sign-out", headers=HTML).headers["location"] == "/sign-in"


# Answers, uploads and records.


def test_a_page_has_the_script_that_watches_its_session(app: SignInApp) -> None:
    page = app.signed_in().get("/page", headers=HTML | {"Range": "bytes=0-3", "If-None-Match": '"x"'})
    assert page.text.startswith("<html><head>")
    assert SCRIPT.decode() in page.text
    assert page.headers["content-length"] == str(len(page.content))
    assert "etag" not in page.headers
    assert SCRIPT.decode() not in app.signed_in().get("/page").text


def test_an_upload_over_the_limit_is_refused(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", max_file_mb=1) as app:
        browser = app.signed_in()
        path = "/_stcore/upload_file/a/b"
        assert browser.put(path, content=b"x" * 1_000_000, headers=ORIGIN).status_code == 200
        answer = browser.put(path, content=b"x" * 1_100_000, headers=ORIGIN)
        assert answer.status_code == 413
        assert sentence(answer) == "1.1 MB; the limit is 1 MB."
        unknown = browser.put(path, content=iter([b"x"]), headers=ORIGIN)
        assert unknown.status_code == 411
        assert app.browser().put(path, content=b"x" * 1_100_000, headers=ORIGIN).status_code == 413


def test_no_password_and_no_session_id_is_stored_in_clear(app: SignInApp) -> None:
    browser = app.signed_in()
    sign_in(app.browser(), "kim", OTHER)
    for secret in (GOOD, OTHER, browser.cookies["mxm-session"]):
        assert secret.encode() not in app.kept()


def test_the_audit_log_has_sign_ins_and_refusals(app: SignInApp) -> None:
    browser: TestClient = app.browser()
    sign_in(browser, "my password by mistake", "x")
    sign_in(browser, "kim", "wrong all over")
    sign_in(browser, "kim", GOOD)
    browser.post("/sign-out", headers=ORIGIN)
    assert app.trail()[1:] == [
        ("sign_in.refused", "somebody", "", "unknown name"),
        ("sign_in.refused", "kim", "kim", "wrong password"),
        ("sign_in", "kim", "kim", "by password"),
        ("sign_out", "kim", "kim", ""),
    ]
