"""The real server as its operator starts and stops it."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.browser import driver
from tests.browser.driver import BRISK, Server

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

KEY = "Zq7-not-to-be-seen"
ACCOUNT = {"MX_SERVER": "mail.example", "MX_USER": "agency", "MX_API_KEY": KEY}
ADMIN = {"MXM_ADMIN_USER": "kim", "MXM_ADMIN_PASSWORD": "correct horse battery"}
#: Nobody listens there, so an account that is no account harms nobody.
NOWHERE = {"MXROUTE_API_URL": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with driver.serving(tmp_path_factory.mktemp("process")) as served:
        yield served


def refusal(folder: Path, *arguments: str, settings: dict[str, str], begin: driver.Begin = driver.begin_warm) -> str:
    """What a server says that does not start."""
    server = driver.start(folder, *arguments, settings=settings, begin=begin)
    try:
        assert server.process.wait(90) != 0
    finally:
        server.process.kill()
    return server.output()


def test_health_answers_in_json(server: Server) -> None:
    with urlopen(f"{server.url}/health", timeout=5) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        health = json.load(answer)
    assert health == {"status": "ok"}


def test_every_page_has_the_security_headers(server: Server) -> None:
    for path in ("/", "/import", "/static/none.js", "/health", "/template.csv"):
        with urlopen(f"{server.url}{path}", timeout=5) as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path


def test_every_cookie_of_every_path_is_secure_behind_a_proxy_that_terminates_tls(tmp_path: Path) -> None:
    public = "mxm.agency.example"
    with driver.serving_warm(tmp_path, settings=BRISK | ADMIN | {"MXM_PUBLIC_URL": f"https://{public}"}) as server:

        def ask(path: str, cookie: str = "", form: dict[str, str] | None = None) -> list[str]:
            headers = {"Host": public, "Cookie": cookie, "Origin": f"https://{public}", "Accept": "text/html"}
            with closing(HTTPConnection(urlsplit(server.url).netloc, timeout=10)) as line:
                if form is None:
                    line.request("GET", path, headers=headers)
                else:
                    headers["Content-Type"] = "application/x-www-form-urlencoded"
                    line.request("POST", path, urlencode(form), headers)
                answer = line.getresponse()
                answer.read()
                assert answer.status < 500, path
                return answer.headers.get_all("Set-Cookie") or []

        who = {"name": ADMIN["MXM_ADMIN_USER"], "password": ADMIN["MXM_ADMIN_PASSWORD"]}
        cookies = ask("/sign-in", form=who)
        session = cookies[0].partition(";")[0]
        pages = ("/", "/import", "/jobs", "/audit-log", "/team", "/mailbox", "/sign-in", "/sign-out", "/health")
        files = (
            "/template.csv",
            "/audit.csv",
            "/audit.jsonl",
            "/export/clienta.nl.csv",
            "/api/me",
            "/api/openapi.json",
        )
        of_streamlit = (
            "health",
            "host-config",
            "script-health-check",
            "metrics",
            "stream",
            "upload_file/a/b",
            "bidi/a",
        )
        for path in (
            *pages,
            *files,
            *(f"/_stcore/{name}" for name in of_streamlit),
            "/_stcore/none",
            "/static/none.js",
        ):
            cookies += ask(path, session)
        cookies += ask("/sign-out", session, {})
    assert {cookie.partition("=")[0] for cookie in cookies} >= {"__Host-mxm-session", "_streamlit_xsrf"}
    assert not [cookie for cookie in cookies if "; secure" not in cookie.lower()]


def test_the_server_ends_in_time_on_sigterm(tmp_path: Path) -> None:
    with driver.serving(tmp_path) as server:
        asked_at = time.monotonic()
        server.stop()
        assert time.monotonic() - asked_at < 10
        assert "Traceback" not in server.output()


@pytest.mark.parametrize(
    ("address", "settings"), [("0.0.0.0", BRISK), ("::", ACCOUNT | NOWHERE)], ids=["sandbox", "account"]
)
def test_the_server_does_not_start_on_a_reachable_address(
    tmp_path: Path, address: str, settings: dict[str, str]
) -> None:
    said = refusal(tmp_path, "--server.address", address, settings=settings, begin=driver.begin_cold)
    assert "Set MXM_ADMIN_USER and MXM_ADMIN_PASSWORD" in said
    assert f"MXM does not start: It would serve {'a real' if settings != BRISK else 'the sandbox'}" in said
    assert "--server.address 127.0.0.1" in said
    assert "Traceback" not in said
    assert KEY not in said


def test_a_real_account_is_not_served_without_sign_in(tmp_path: Path) -> None:
    said = refusal(tmp_path, settings=ACCOUNT | NOWHERE)
    assert "MXM does not start: It would serve a real MXroute account, and nobody could sign in." in said
    assert "script/mxm user add NAME --admin" in said
    assert KEY not in said


def test_a_weak_password_of_the_first_admin_is_refused_and_not_printed(tmp_path: Path) -> None:
    said = refusal(tmp_path, settings=ADMIN | {"MXM_ADMIN_PASSWORD": "Secr3t"})
    assert "MXM does not start: MXM_ADMIN_USER, MXM_ADMIN_PASSWORD: The password has 6 characters; 12" in said
    assert "Traceback" not in said
    assert "Secr3t" not in said


def test_an_incomplete_account_is_refused_with_the_missing_setting(tmp_path: Path) -> None:
    said = refusal(tmp_path, settings={"MX_API_KEY": KEY})
    assert "MX_SERVER and MX_USER" in said
    assert "Traceback" not in said
    assert KEY not in said


@pytest.mark.parametrize(
    ("name", "value"), [("MXM_MAX_ROWS", "many"), ("MXM_RETENTION_DAYS", "0"), ("MXM_DATA_DIR", "/dev/null/data")]
)
def test_an_invalid_setting_is_named_in_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    begin = driver.begin_cold if name == "MXM_DATA_DIR" else driver.begin_warm  # that needs a folder
    said = refusal(tmp_path, settings={name: value}, begin=begin)
    assert f"MXM does not start: {name}: " in said
    assert "Traceback" not in said


def test_a_real_account_is_served_on_loopback_and_its_key_is_not_printed(tmp_path: Path) -> None:
    with driver.serving(tmp_path, settings=ACCOUNT | NOWHERE | ADMIN) as server:
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{server.url}/", timeout=5)
        with urlopen(f"{server.url}/health", timeout=5) as answer:
            health = answer.read().decode()
        assert json.loads(health) == {"status": "ok"}
        server.stop()
        assert KEY not in health + server.output()
        assert ADMIN["MXM_ADMIN_PASSWORD"] not in health + server.output()
    secrets = KEY.encode(), ADMIN["MXM_ADMIN_PASSWORD"].encode()
    kept = [path.read_bytes() for path in server.data.rglob("*") if path.is_file()]
    assert not [each for each in kept for secret in secrets if secret in each]


@pytest.mark.parametrize(("trusted", "address"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.9")])
def test_only_a_trusted_proxy_on_this_machine_sets_the_client_address(
    tmp_path: Path, trusted: str, address: str
) -> None:
    with driver.serving_warm(tmp_path, settings=BRISK | ADMIN | {"MXM_TRUSTED_PROXIES": trusted}) as server:
        headers = {"Origin": server.url, "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        form = b"name=kim&password=wrong+all+over"
        # Behind a proxy the public address would be known; here the origin is what the guard hears.
        with pytest.raises(HTTPError, match="401"):
            urlopen(Request(f"{server.url}/sign-in", form, headers), timeout=5)
        server.stop()
        with closing(sqlite3.connect(server.data / "mxm.sqlite3")) as store:
            seen = store.execute("SELECT address FROM audit WHERE what = 'sign_in.refused'").fetchall()
    assert seen == [(address,)]


def test_the_data_folder_is_private(server: Server) -> None:
    assert server.data.stat().st_mode & 0o077 == 0
    assert not [path.name for path in server.data.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
