"""Raw requests without a session to a real server process, which client libraries would correct."""

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from tests.browser import driver
from tests.browser.driver import BRISK, Server

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]

NAME, PASSWORD = "boss", "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = BRISK | {"MXM_ADMIN_USER": NAME, "MXM_ADMIN_PASSWORD": PASSWORD}
    with driver.serving_warm(tmp_path_factory.mktemp("strangers"), settings=settings) as served:
        yield served
    assert "Traceback" not in served.output(), served.output()


class Answer:
    """What came back, taken apart no further than needed."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(self.head.split()[1])

    def header(self, name: str) -> str:
        found = re.search(rf"(?im)^{name}: (.*?)\r?$", self.head)
        return found[1] if found else ""


def ask(server: Server, target: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer:
    """Send exactly this and read to the end; `Host` is the server's unless it is among the headers."""
    here = urlsplit(server.url)
    lines = [
        f"{method} {target} HTTP/1.1",
        *([] if any(one.startswith("Host:") for one in headers) else [f"Host: {here.netloc}"]),
    ]
    lines += [*headers, f"Content-Length: {len(body)}"] if body else headers
    if not any(one.startswith("Upgrade:") for one in headers):
        lines.append("Connection: close")
    with socket.create_connection(("127.0.0.1", here.port or 0), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        return Answer(b"".join(iter(lambda: line.recv(65536), b"")))


@pytest.mark.parametrize(
    "target",
    [
        "/", "//", "/%2f", "/%2e%2e/", "/./", "/;/", "*", "/index.html", "/import", "/template.csv",
        "/runs/1/results.csv", "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/import/_stcore/health",
        "/media/x", "/static/x", "/sign-in/", "/sign-in%2f", "/sign-in/../", "/sign-in/..%2f_stcore/host-config",
        "/sign-in/style.css/..", "/sign-in/%2e%2e/_stcore/host-config", "/sign-in/style.css/../../_stcore/host-config",
        "/sign-in/style.css%00", "/api", "/api?x", "/apix", "/API/me", "//api/me", "/api/../_stcore/host-config",
        "/api/..%2f_stcore/host-config", "/api/%2e%2e/index.html", "/api/%0a", "/api/a%0ab",
        "/api/%0d%0a/../index.html", "/api/", "/api/me", "/api//me", "/health/", "/health/x", "/health;x", "/health%00",
        "/HEALTH", "//health", "/./health", "/x/../health", "/health/../_stcore/host-config",
        "/health%2f..%2f_stcore%2fhost-config", "http://127.0.0.1/_stcore/host-config",
        "http://127.0.0.1/health/../index.html",
    ],
)  # fmt: skip
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_no_spelling_of_a_path_bypasses_the_sign_in(server: Server, target: str, accept: str) -> None:
    answer = ask(server, target, f"Accept: {accept}")
    assert answer.status in (303, 400, 401), answer.head
    if answer.status == 303:
        assert re.fullmatch(r"/sign-in(\?next=%2F.*)?", answer.header("location"))
        assert not re.search(r"next=(%2F|/){2}", answer.header("location"))
    assert b"Streamlit" not in answer.body


@pytest.mark.parametrize(
    "method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "X"]
)
@pytest.mark.parametrize("target", ["/", "/_stcore/upload_file/a/b", "/_stcore/host-config", "/api", "/api/me"])
def test_no_method_bypasses_the_sign_in(server: Server, method: str, target: str) -> None:
    assert ask(server, target, f"Origin: {server.url}", method=method).status in (400, 401)


@pytest.mark.parametrize(
    "target",
    ["/_stcore/stream", "/health", "/sign-in", "/api/me", "/api/_stcore/stream", "/sign-in/../_stcore/stream", "/x"],
)
@pytest.mark.parametrize(
    "claim", ["X-A: b", f"X-Mx-User: {NAME}", f"Cookie: mxm-session={NAME}", "Cookie: mxm-session="]
)
def test_a_websocket_without_a_session_is_refused(server: Server, target: str, claim: str) -> None:
    upgrade = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="
    assert ask(server, target, *upgrade, key, f"Origin: {server.url}", claim).status == 401


def sign_in(server: Server, *headers: str) -> Answer:
    """Send the form of the sign-in page with these headers."""
    body = f"name={NAME}&password={PASSWORD.replace(' ', '+')}&next=/".encode()
    return ask(
        server, "/sign-in", "Content-Type: application/x-www-form-urlencoded", *headers, method="POST", body=body
    )


def test_forwarded_headers_of_untrusted_clients_are_ignored(server: Server) -> None:
    claims = ("X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")
    answer = sign_in(
        server, f"Origin: {server.url}", *claims, "Forwarded: for=198.51.100.7;proto=https;host=evil.example"
    )
    assert answer.status == 303
    assert (answer.header("location"), "secure" in answer.header("set-cookie").lower()) == ("/", False)
    with closing(sqlite3.connect(server.data / "mxm.sqlite3")) as store:
        assert store.execute("SELECT DISTINCT address FROM audit WHERE what = 'sign_in'").fetchall() == [("127.0.0.1",)]


@pytest.mark.parametrize(
    "origins", [(), ("Origin: null",), ("Origin: https://evil.example",), ("Origin: http://127.0.0.1:1",)]
)
def test_the_sign_in_form_of_another_site_is_refused(server: Server, origins: tuple[str, ...]) -> None:
    answer = sign_in(server, *origins)
    assert (answer.status, answer.header("set-cookie")) == (403, "")


def test_two_origin_headers_are_refused(server: Server) -> None:
    assert sign_in(server, f"Origin: {server.url}", "Origin: https://evil.example").status == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "a@127.0.0.1", ""])
def test_an_unknown_host_name_is_refused(server: Server, host: str) -> None:
    assert ask(server, "/sign-in", f"Host: {host}").status in (400, 421)
    assert ask(server, "http://127.0.0.1/sign-in", f"Host: {host}").status in (400, 421)
    assert ask(server, "/health", f"Host: {urlsplit(server.url).netloc}", f"Host: {host}").status in (400, 421)


def test_a_body_without_a_known_length_is_refused(server: Server) -> None:
    chunked = (f"Origin: {server.url}", "Transfer-Encoding: chunked")
    assert ask(server, "/sign-in", *chunked, method="POST").status == 411
