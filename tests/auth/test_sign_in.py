"""The guard asks who it is: what passes without a session, what one gets for it, and when that ends."""

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
    """What the page says in place, or the message of the envelope."""
    found = re.search(r'role="(?:alert|status)">([^<]*)<', answer.text)
    return found[1] if found else str(answer.json()["error"]["message"])


# Without a session.


@pytest.mark.parametrize("path", ["/", "/import", "/runs?run=3", "/export/a.nl.csv", "/static/x.js", "/media/x.csv",
                                  "/_stcore/health", "/_stcore/host-config", "/template.csv", "/healthy", "/health/",
                                  "/sign-in/x", "/apix", "/API/me"])  # fmt: skip
def test_nothing_is_had_without_a_session(app: SignInApp, path: str) -> None:
    answer = app.browser().get(path)
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "error": {"code": "SIGNED_OUT", "message": OVER}}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_is_done_without_a_session(app: SignInApp, method: str) -> None:
    answer = app.browser().request(method, "/_stcore/upload_file/a/b", headers=ORIGIN | HTML)
    assert answer.status_code == 401


def test_a_websocket_without_a_session_never_opens(app: SignInApp) -> None:
    for headers in ({}, {"Cookie": "mxm-session=forged"}, {"X-Mx-User": "kim"}):
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            app.browser().websocket_connect(LIVE, headers=headers),
        ):
            pass
        assert refused.value.status_code == 401


def test_the_api_and_a_websocket_below_it(app: SignInApp) -> None:
    assert app.browser().get("/api/me").json()["x-mx-user"] is None
    assert app.signed_in().get("/api/me").json()["x-mx-user"] is None, "the API must not know whose cookie it is"
    with pytest.raises(WebSocketDenialResponse), app.browser().websocket_connect("ws://127.0.0.1:8501/api/live"):
        pass


def test_health_and_the_sign_in_page_with_what_it_needs_are_public_and_nothing_else(app: SignInApp) -> None:
    browser = app.browser()
    assert browser.get("/health").status_code == 200
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


def test_a_page_leads_to_the_sign_in_and_from_there_back_to_itself(app: SignInApp) -> None:
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
def test_one_comes_back_to_a_page_of_this_server(path: str) -> None:
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
def test_nobody_is_sent_to_another_site_or_round_in_circles(app: SignInApp, path: str) -> None:
    assert local(path) == "/"
    browser = app.browser()
    assert sign_in(browser, "kim", GOOD, path).headers["location"] == "/"
    page = app.browser().get("/sign-in", params={"next": path}, headers=HTML)
    assert 'name="next" value="/"' in page.text


# Signing in.


def test_whoever_signs_in_is_known_by_name_and_by_address(app: SignInApp) -> None:
    browser = app.signed_in("KIM")
    assert browser.get("/seen").json() == {"x-mx-user": "kim", "x-mx-address": "127.0.0.1"}
    with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"


def test_no_browser_can_say_who_or_where_it_is(app: SignInApp) -> None:
    claims = {"X-Mx-User": "boss", "x-mx-address": "1.2.3.4", "X-Forwarded-For": "1.2.3.4"}
    assert app.signed_in().get("/seen", headers=claims).json() == {
        "x-mx-user": "kim", "x-mx-address": "127.0.0.1"
    }  # fmt: skip
    assert app.browser().get("/seen", headers=claims).status_code == 401


def test_the_cookie_can_be_read_by_no_script_and_is_sent_by_no_other_site(app: SignInApp) -> None:
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
def test_behind_https_the_cookie_is_for_this_host_and_https_alone(
    tmp_path: Path, settings: dict[str, str], address: str, headers: dict[str, str]
) -> None:
    with people.opened(tmp_path, "kim", public_url=PUBLIC_URL, **settings) as app:
        browser = app.browser(address, **headers)
        answer = sign_in(browser, "kim", GOOD, Origin=PUBLIC_URL)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-mxm-session=")
        assert "; Secure" in cookie
        told = cookie.split("=")[1].split(";")[0]
        seen = {name: browser.get("/seen", headers={"Cookie": f"{name}={told}"} | headers).status_code
                for name in ("__Host-mxm-session", "mxm-session")}  # fmt: skip
        assert seen == {"__Host-mxm-session": 200, "mxm-session": 401}


def test_a_proxy_that_is_trusted_tells_where_people_are(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", trusted_proxies="127.0.0.1") as app:
        browser = app.signed_in(**{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
        assert browser.get("/seen").json()["x-mx-address"] == "203.0.113.9"


@pytest.mark.parametrize("name", ["kim", "nobody", "<script>alert(1)</script>", '" onfocus="x'])
def test_a_wrong_password_is_told_in_place_in_the_same_words_whoever_it_is(app: SignInApp, name: str) -> None:
    answer = sign_in(app.browser(), name, "wrong all over")
    assert answer.status_code == 401
    assert sentence(answer) == "The name or the password is not right."
    assert "set-cookie" not in answer.headers
    assert "<script>" not in answer.text
    assert ' onfocus="x' not in answer.text
    assert "wrong all over" not in answer.text


def test_a_disabled_user_is_told_no_more_than_a_stranger(app: SignInApp) -> None:
    app.users.disable(BOSS, app.users.add(BOSS, "jo", GOOD))
    assert sentence(sign_in(app.browser(), "jo", GOOD)) == "The name or the password is not right."


def test_too_many_tries_are_told_with_how_long_to_wait(app: SignInApp) -> None:
    browser = app.browser()
    for _ in range(10):
        sign_in(browser, "kim", "wrong all over")
    answer = sign_in(browser, "kim", GOOD)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert sentence(answer) == "Too many tries. Wait 1 s."


@pytest.mark.parametrize("form", [b"", b"name=kim", b"\xff\xfe", b"a" * 20_000, b"&" * 500])
def test_a_form_that_is_none_signs_nobody_in(app: SignInApp, form: bytes) -> None:
    answer = app.browser().post("/sign-in", content=form, headers=ORIGIN)
    assert answer.status_code == 400
    assert sentence(answer) == "Type your name and your password."


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:9999"])
def test_no_other_site_signs_somebody_in_or_out_or_does_anything(app: SignInApp, origin: str | None) -> None:
    headers = {"Origin": origin} if origin else {}
    form = {"name": "kim", "password": GOOD}
    assert app.browser().post("/sign-in", data=form, headers=headers).status_code == 403
    browser = app.signed_in()
    for path in ("/sign-out", "/sign-out/everywhere", "/seen"):
        assert browser.post(path, headers=headers).status_code == 403
    assert browser.get("/seen").status_code == 200


def test_who_is_signed_in_already_goes_on(app: SignInApp) -> None:
    answer = app.signed_in().get("/sign-in?next=/runs", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")


def test_who_signs_in_as_somebody_else_is_that_person_and_the_first_session_is_over(app: SignInApp) -> None:
    app.users.add(BOSS, "jo", OTHER, permissions={"a.nl": ["view"]})
    browser = app.signed_in()  # in another tab, while the form was open in this one
    first = browser.cookies["mxm-session"]
    assert sentence(sign_in(browser, "jo", GOOD)) == WRONG
    assert browser.get("/seen").json()["x-mx-user"] == "kim"
    assert sign_in(browser, "jo", OTHER, "/runs").headers["location"] == "/runs"
    assert browser.get("/seen").json()["x-mx-user"] == "jo"
    assert app.browser().get("/seen", headers={"Cookie": f"mxm-session={first}"}).status_code == 401


def test_whoever_comes_with_a_session_that_is_over_is_told_so(app: SignInApp) -> None:
    browser = app.signed_in()
    app.clock.at += 9 * 3600
    assert browser.get("/runs", headers=HTML).headers["location"] == "/sign-in?next=%2Fruns"
    assert sentence(browser.get("/sign-in?next=/runs", headers=HTML)) == ENDED
    assert ENDED not in app.browser().get("/sign-in", headers=HTML).text
    assert sentence(sign_in(browser, "kim", OTHER)) == WRONG


def test_while_there_is_nobody_no_sign_in_is_asked_for_and_from_the_first_user_on_it_is(tmp_path: Path) -> None:
    with people.opened(tmp_path) as app:
        browser = app.browser()
        assert browser.get("/seen").json()["x-mx-user"] is None
        assert browser.get("/sign-in", headers=HTML).headers["location"] == "/"
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "nobody"
            app.users.add(BOSS, "kim", GOOD, admin=True)
            assert closed(socket) == CLOSED
        assert browser.get("/seen").status_code == 401


def test_a_provider_has_its_own_way_in_on_the_page_and_asks_everybody(tmp_path: Path) -> None:
    with people.opened(tmp_path, **people.PROVIDER) as app:
        assert app.browser().get("/seen").status_code == 401
        page = app.browser().get("/sign-in?next=/runs", headers=HTML).text
        assert '<a class="provider" href="/sign-in/oidc?next=%2Fruns">Sign in with id.example</a>' in page


def test_nobody_is_asked_for_a_password_where_nobody_has_one(tmp_path: Path) -> None:
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


# What a session ends with.


def test_signing_out_closes_what_is_open_in_this_browser_and_nothing_else(app: SignInApp) -> None:
    browser, other = app.signed_in(), app.signed_in()
    with (
        browser.websocket_connect(LIVE, headers=ORIGIN) as socket,
        other.websocket_connect(LIVE, headers=ORIGIN) as stays,
    ):
        assert (socket.receive_text(), stays.receive_text()) == ("kim", "kim")
        told = browser.cookies["mxm-session"]
        answer = browser.post("/sign-out", headers=ORIGIN)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?out")
        assert 'mxm-session=""' in answer.headers["set-cookie"]
        assert closed(socket) == CLOSED
        stays.send_text("still here")
        assert stays.receive_text() == "still here"
    again = app.browser()
    assert again.get("/seen", headers={"Cookie": f"mxm-session={told}"}).status_code == 401
    assert sentence(again.get("/sign-in?out", headers=HTML)) == "You are signed out."


def test_signing_out_everywhere_closes_what_is_open_in_every_browser(app: SignInApp) -> None:
    browser, other = app.signed_in(), app.signed_in()
    with browser.websocket_connect(LIVE, headers=ORIGIN) as one, other.websocket_connect(LIVE, headers=ORIGIN) as two:
        browser.post("/sign-out/everywhere", headers=ORIGIN)
        assert (closed(one), closed(two)) == (CLOSED, CLOSED)
    assert other.get("/seen").status_code == 401


def test_being_disabled_closes_what_is_open(app: SignInApp) -> None:
    jo = app.users.add(BOSS, "jo", GOOD)
    browser = app.signed_in("jo")
    with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
        app.users.disable(BOSS, jo)
        assert closed(socket) == CLOSED


def test_a_session_that_runs_out_closes_what_is_open_even_when_nothing_moves(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app:
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            app.clock.at += 2
            assert closed(socket) == CLOSED


def test_what_comes_in_on_an_open_line_is_use(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app:
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            for word in "abcd":
                app.clock.at += 0.5
                socket.send_text(word)
                assert socket.receive_text() == word
                noted(app)
            assert browser.get("/seen").status_code == 200


def noted(app: SignInApp) -> None:
    """Wait until the line has noted the use of its session."""
    give_up = time.monotonic() + 5
    while True:
        with app.store.read() as tx:
            if tx.exec_driver_sql("SELECT seen_at FROM session").scalar() == app.clock.at:
                return
        assert time.monotonic() < give_up


def test_a_session_that_another_process_ended_closes_what_is_open(tmp_path: Path) -> None:
    with (
        people.opened(tmp_path, "kim", session_idle_hours=1 / 3600) as app,
        people.opened(tmp_path, clock=app.clock) as other,
    ):
        browser = app.signed_in()
        with browser.websocket_connect(LIVE, headers=ORIGIN) as socket:
            assert socket.receive_text() == "kim"
            other.users.set_password(BOSS, 1, OTHER)
            assert closed(socket) == CLOSED


def test_the_way_out_asks_first_and_a_link_to_it_ends_nothing(app: SignInApp) -> None:
    browser = app.signed_in()
    page = browser.get("/sign-out", headers=HTML)
    assert "You are signed in as <strong>kim</strong>" in page.text
    assert browser.get("/seen").status_code == 200
    assert app.browser().get("/sign-out", headers=HTML).headers["location"] == "/sign-in"


# What goes through.


def test_a_page_watches_whether_its_session_is_over(app: SignInApp) -> None:
    page = app.signed_in().get("/page", headers=HTML | {"Range": "bytes=0-3", "If-None-Match": '"x"'})
    assert page.text.startswith("<html><head>")
    assert SCRIPT.decode() in page.text
    assert page.headers["content-length"] == str(len(page.content))
    assert "etag" not in page.headers
    assert SCRIPT.decode() not in app.signed_in().get("/page").text


def test_an_upload_over_the_limit_never_gets_in(tmp_path: Path) -> None:
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


def test_nothing_that_was_typed_or_given_is_kept_as_it_is(app: SignInApp) -> None:
    browser = app.signed_in()
    sign_in(app.browser(), "kim", OTHER)
    for secret in (GOOD, OTHER, browser.cookies["mxm-session"]):
        assert secret.encode() not in app.kept()


def test_the_trail_tells_who_came_and_who_was_refused(app: SignInApp) -> None:
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
