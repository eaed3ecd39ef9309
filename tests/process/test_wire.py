"""The real server as its clients meet it on the wire: kept connections, and requests that end too early."""

import http.client
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.browser import driver
from tests.browser.driver import Server
from tests.support.threaded_runs import until

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


NAME, PASSWORD = "kim", "correct horse battery"
PUBLIC = {
    "MXM_ADMIN_USER": NAME, "MXM_ADMIN_PASSWORD": PASSWORD, "MXM_TRUSTED_PROXIES": "127.0.0.1",
}  # fmt: skip


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that asks for sign-in, behind a proxy that says where people are."""
    with driver.serving_warm(tmp_path_factory.mktemp("guarded"), settings=PUBLIC) as served:
        yield served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on the sandbox, open to everybody on this machine."""
    with driver.serving_warm(tmp_path_factory.mktemp("wire")) as served:
        yield served


def connected(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=60)


def seconds(connection: http.client.HTTPConnection, path: str) -> float:
    """How long an answer takes on a connection that is kept."""
    began = time.perf_counter()
    connection.request("GET", path)
    connection.getresponse().read()
    return time.perf_counter() - began


def test_an_answer_on_a_kept_connection_has_no_delayed_acknowledgement(server: Server) -> None:
    with closing(connected(server)) as connection:
        times = [seconds(connection, "/health") for _ in range(60)]
    assert statistics.quantiles(times[20:], n=4)[0] < 0.02  # a delayed acknowledgement takes 0.04 s, each time


def sign_in(server: Server, address: str, name: str = NAME, password: str = PASSWORD) -> tuple[int, float]:
    """The status of a sign-in from that address, and the seconds that it took."""
    headers = {"Origin": server.url, "X-Forwarded-For": address, "Content-Type": "application/x-www-form-urlencoded"}
    began = time.perf_counter()
    with closing(connected(server)) as connection:
        connection.request("POST", "/sign-in", urlencode({"name": name, "password": password}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - began


def test_a_hundred_guessing_clients_do_not_delay_an_honest_sign_in(guarded: Server) -> None:
    home, ended = "192.0.2.7", threading.Event()
    assert sign_in(guarded, home)[0] == 303
    alone = max(sign_in(guarded, home)[1] for _ in range(3))
    heard: list[int] = []

    def guess(number: int) -> None:
        while not ended.is_set():
            heard.append(sign_in(guarded, f"198.51.100.{number}", f"name{number}", "wrong all over")[0])
            ended.wait(0.3)

    strangers = [threading.Thread(target=guess, args=(number,)) for number in range(100)]
    for stranger in strangers:
        stranger.start()
    until(lambda: 503 in heard)
    try:
        honest = [sign_in(guarded, home) for _ in range(5)]
        newcomer = any(sign_in(guarded, "203.0.113.9")[0] == 303 for _ in range(5))
    finally:
        ended.set()
        for stranger in strangers:
            stranger.join()
    assert newcomer
    assert {status for status, _ in honest} == {303}
    assert statistics.median(seconds for _, seconds in honest) < 1.0 + 4 * alone
    assert set(heard) <= {401, 429, 503}


def exchanged(server: Server, request: str, *, hang_up: bool = False) -> bytes:
    """What a raw request is answered with until the server closes, or falls silent; nothing for who hangs up."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=3) as line:
        line.sendall(request.format(host=f"{host}:{port}", url=server.url).replace("\n", "\r\n").encode("latin-1"))
        if hang_up:
            return b""
        answer = b""
        while part := line.recv(65_536):
            answer += part
        return answer


def test_a_request_with_two_lengths_is_refused_in_the_envelope_and_ends_the_connection(guarded: Server) -> None:
    smuggled = "GET /api/me HTTP/1.1\nHost: {host}\n\n"
    for folded in ("", "\n"):
        lengths = f"Content-Length: 5\nTransfer-Encoding:{folded} chunked\n"
        answer = exchanged(guarded, f"POST /api/imports HTTP/1.1\nHost: {{host}}\n{lengths}\n0\n\n{smuggled}")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b'{"success":false,"error":{"code":"VALIDATION_ERROR"' in answer


@pytest.mark.parametrize("path", ["/_stcore/stream", "/api/me"])
def test_a_websocket_that_begins_with_a_body_gets_an_answer(server: Server, path: str) -> None:
    upgrade = (
        "Connection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSA=\n"
    )
    head = f"GET {path} HTTP/1.1\nHost: {{host}}\n{upgrade}"
    assert exchanged(server, f"{head}Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n").startswith(
        b"HTTP/1.1 400 "
    )
    answer = exchanged(server, f"{head}Content-Length: 5\n\nhelloGET / HTTP/1.0\n\n")
    assert answer.startswith(b"HTTP/1.1 ")
    assert b"HTTP/1.1 101 " not in answer


ABORTED = {
    "sign-in": "POST /sign-in HTTP/1.1\nHost: {host}\nOrigin: {url}\nContent-Length: 500\n\nname=k",
    "sign-in, trickling": "POST /sign-in HTTP/1.1\nHost: {host}\nOrigin: {url}\nContent-Length: 500\n\n",
    "sign-out": "POST /sign-out HTTP/1.1\nHost: {host}\nOrigin: {url}\nContent-Length: 500\n\nname=k",
    "a provider's answer": "POST /sign-in/oidc/callback HTTP/1.1\nHost: {host}\nOrigin: {url}\nContent-Length: 9\n\nx",
    "the API": "POST /api/imports HTTP/1.1\nHost: {host}\nContent-Type: application/json\nContent-Length: 500\n\n{{",
    "the API, in chunks": "POST /api/imports HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n\n5\nhel",
    "chunks of rubbish": "POST /api/imports HTTP/1.1\nHost: {host}\nTransfer-Encoding: chunked\n\nzz\nhel",
    "an upload": (
        "PUT /_stcore/upload_file/a/b HTTP/1.1\nHost: {host}\nOrigin: {url}\nContent-Length: 500\n"
        'Content-Type: multipart/form-data; boundary=x\n\n--x\nContent-Disposition: form-data; name="f"\n\nabc'
    ),
    "a page": "GET / HTTP/1.1\nHost: {host}\nAccept: text/html\nContent-Length: 500\n\nx",
    "a live connection": (
        "GET /_stcore/stream HTTP/1.1\nHost: {host}\nOrigin: {url}\nConnection: Upgrade\nUpgrade: websocket\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n\x82\x83\x00\x00\x00\x00abc\xff\xff"
    ),
    "no request": "\x16\x03\x01\x02\n\n",
}


@pytest.mark.parametrize("served", ["server", "guarded"])
def test_a_client_that_hangs_up_leaves_no_traceback_and_few_lines(served: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(served)
    before = len(server.output())
    for _ in range(10):
        for aborted in ABORTED.values():
            exchanged(server, aborted, hang_up=True)
    with closing(connected(server)) as connection:
        for _ in range(20):
            seconds(connection, "/health")
    written = server.output()[before:]
    assert "Traceback" not in written, written[-2_000:]
    assert len(written.splitlines()) <= 15, written[-2_000:]


def test_a_message_larger_than_any_of_a_page_is_refused(server: Server) -> None:
    with pytest.raises(ConnectionClosed):
        _say(server, b"\0" * 26_000_000)
    with urlopen(f"{server.url}/health") as answer:
        assert answer.status == 200


def _say(server: Server, message: bytes) -> None:
    """Send a message from a new page, and hear what comes of it."""
    with connect(
        f"{server.url.replace('http', 'ws', 1)}/_stcore/stream",
        origin=server.url,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=None,
    ) as page:
        page.send(message)
        page.recv(timeout=20)
