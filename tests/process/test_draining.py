"""A server that is asked to stop: it turns new work away, ends what is in flight, and the next one goes on."""

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from mxlib.auth.permissions import LOCAL
from mxlib.auth.refusals import Refusals
from mxlib.auth.tokens import Tokens
from mxlib.clock import SystemClock
from mxlib.store import FILE, Store, journal
from tests.browser import driver
from tests.browser.driver import Server
from tests.support.server_processes import DOMAINS, Host, hosting

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

ADMIN = {"MXM_ADMIN_USER": "kim", "MXM_ADMIN_PASSWORD": "correct horse battery", "MXM_SECOND_FACTOR": "off"}
ACCOUNT = {"MX_SERVER": "mail.example", "MX_USER": "agency", "MX_API_KEY": "key-of-a-test", "MXM_TIMEOUT": "30"}
ROWS = 14


@contextmanager
def store(server: Server) -> Iterator[Store]:
    opened = Store.open(server.data / FILE, SystemClock())
    try:
        yield opened
    finally:
        opened.close()


def token(server: Server) -> str:
    with store(server) as opened:
        clock = SystemClock()
        return Tokens(opened, clock, Refusals(opened, clock)).create(LOCAL, "a test", admin=True, domains={}, days=1)


def outcomes(server: Server) -> list[str]:
    with store(server) as opened, opened.read() as tx:
        return [each.outcome for each in journal.rows(tx, 1)]


def ask(server: Server, path: str, body: Any = None, key: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} if key else {}
    asked = Request(f"{server.url}{path}", json.dumps(body).encode() if body is not None else None, headers)
    try:
        with urlopen(asked, timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def live_connection(server: Server) -> ClientConnection:
    """Return the live connection of a page, of a person who signed in."""
    here = urlsplit(server.url).netloc
    with closing(HTTPConnection(here, timeout=10)) as line:
        form = urlencode({"name": ADMIN["MXM_ADMIN_USER"], "password": ADMIN["MXM_ADMIN_PASSWORD"]})
        headers = {"Origin": server.url, "Content-Type": "application/x-www-form-urlencoded"}
        line.request("POST", "/sign-in", form, headers)
        answer = line.getresponse()
        answer.read()
        cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    headers = {"Cookie": cookie, "Origin": server.url}
    return connect(f"ws://{here}/_stcore/stream", additional_headers=headers, subprotocols=["streamlit"])  # type: ignore[list-item]


def closing_code(page: ClientConnection) -> int | None:
    """Wait until the server closes a connection, and return the code that it gives."""
    try:
        while True:
            page.recv(timeout=30)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def comes(true: Any, seconds: float = 60.0) -> None:
    latest = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < latest, "It never came."
        time.sleep(0.02)


@contextmanager
def serving(folder: Path, host: Host) -> Iterator[Server]:
    with driver.serving_warm(folder, settings=ACCOUNT | ADMIN | {"MXROUTE_API_URL": host.url}) as server:
        yield server


def begun(server: Server, key: str) -> None:
    """Start a run of ROWS rows, and wait until its first requests are on their way."""
    rows = [{"username": f"new{number}", "domain": DOMAINS[number % len(DOMAINS)]} for number in range(ROWS)]
    status, said = ask(server, "/api/imports", {"rows": rows, "generate_passwords": True}, key)
    assert status in (200, 201, 202), said
    comes(lambda: "sending" in outcomes(server))


def test_sigterm_ends_what_is_in_flight_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with hosting("--window", "60", "--writes", "300", "--latency", "6") as host:
        with serving(tmp_path, host) as server:
            key = token(server)
            begun(server, key)
            assert ask(server, "/ready") == (200, {"status": "ok"})
            with live_connection(server) as page:
                asked_at = time.monotonic()
                server.process.terminate()
                comes(lambda: ask(server, "/ready") == (503, {"status": "stopping"}), 5.0)
                assert ask(server, "/live") == (200, {"status": "ok"})
                status, said = ask(server, "/api/imports", {"rows": []}, key)
                assert (status, said["error"]["code"]) == (503, "STOPPING")
                assert closing_code(page) == 1012
            server.process.wait(30)
            assert time.monotonic() - asked_at < 30
            left = outcomes(server)
            made = host.ask("log")["made"]
            assert set(left) == {"created", "waiting"}
            assert left.count("created") == len(made) == host.writes() < ROWS
            assert "Traceback" not in server.output()
        with serving(tmp_path, host) as server:
            comes(lambda: outcomes(server) == ["created"] * ROWS, 180)
            assert set(host.ask("log")["made"].values()) == {1}
            assert host.writes() == ROWS


def test_a_host_that_never_answers_does_not_keep_a_server_from_stopping(tmp_path: Path) -> None:
    stuck = json.dumps([{"fault": "stalled", "first": 1, "count": ROWS}])
    with hosting("--window", "60", "--writes", "300", "--faults", stuck) as host, serving(tmp_path, host) as server:
        begun(server, token(server))
        asked_at = time.monotonic()
        server.process.terminate()
        server.process.wait(45)
        assert 15 < time.monotonic() - asked_at < 30
        assert set(outcomes(server)) == {"sending", "waiting"}
