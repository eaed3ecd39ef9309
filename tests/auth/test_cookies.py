"""Cookies: over https alone where https is used, and deleted with the rest at sign-out."""

from pathlib import Path
from typing import Any

import pytest

from tests.support import sign_in as people
from tests.support.sign_in import COOKIES, GOOD, HERE, ORIGIN, SignInApp, sign_in

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

PUBLIC_URL = "https://mxm.agency.example"
PLAIN_URL = PUBLIC_URL.replace("https", "http")


def set_cookies(answer: Any) -> list[str]:
    """Return the cookies that a response sets, with their attributes."""
    return list(answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    ("settings", "address", "headers"),
    [
        ({"public_url": PUBLIC_URL}, PUBLIC_URL, {}),
        ({"public_url": PUBLIC_URL}, PLAIN_URL, {}),
        ({"trusted_proxies": "127.0.0.1"}, HERE, {"X-Forwarded-Proto": "https"}),
        ({"trusted_proxies": "127.0.0.1", "public_url": PLAIN_URL}, PLAIN_URL, {"X-Forwarded-Proto": "https"}),
    ],
    ids=["https", "public https behind an unknown proxy", "https to a trusted proxy", "https in spite of the setting"],
)
def test_every_cookie_is_secure_behind_https(
    tmp_path: Path, settings: dict[str, str], address: str, headers: dict[str, str]
) -> None:
    with people.opened(tmp_path, "kim", **settings) as app:
        browser = app.browser(address, **headers)
        origin = settings.get("public_url", HERE)
        answers = [sign_in(browser, "kim", GOOD, Origin=origin)]
        session = set_cookies(answers[0])[0].partition(";")[0]
        for method, path in (("GET", "/cookies"), ("GET", "/sign-in"), ("POST", "/sign-out")):
            answers.append(browser.request(method, path, headers={"Cookie": session, "Origin": origin}))
        cookies = [cookie for answer in answers for cookie in set_cookies(answer)]
    assert len(cookies) == 1 + len(COOKIES) + 1
    for cookie in cookies:
        attributes = [part.strip().lower() for part in cookie.split(";")[1:]]
        assert attributes.count("secure") == 1, cookie


@pytest.mark.parametrize("headers", [{}, {"X-Forwarded-Proto": "https"}], ids=["http", "no trusted proxy"])
def test_without_https_cookies_stay_as_they_are(app: SignInApp, headers: dict[str, str]) -> None:
    assert set_cookies(app.signed_in(**headers).get("/cookies")) == list(COOKIES)


@pytest.mark.parametrize("path", ["/sign-out", "/sign-out/everywhere"])
def test_signing_out_deletes_what_the_browser_keeps_of_this_server_and_nothing_of_others(
    app: SignInApp, path: str
) -> None:
    browser = app.signed_in()
    for name in ("_streamlit_xsrf", "mxm-pending", "theme", "mxm-strange name"):
        browser.cookies.set(name, "1")
    answer = browser.post(path, headers=ORIGIN)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?out")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    deleted = {cookie.partition("=")[0]: "Max-Age=0" in cookie for cookie in set_cookies(answer)}
    assert deleted == {"mxm-session": True, "_streamlit_xsrf": True, "mxm-pending": True}


def test_nothing_is_deleted_by_a_link_to_the_sign_out_page(app: SignInApp) -> None:
    answer = app.signed_in().get("/sign-out")
    assert "Clear-Site-Data" not in answer.headers
    assert not set_cookies(answer)
