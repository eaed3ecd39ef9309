"""The access middleware, and the refusal to start a reachable server without sign-in."""

import base64
import hashlib
import json
import re
from pathlib import Path

import anyio
import pytest
import streamlit
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from mxlib.auth.middleware import CONTENT_SECURITY_POLICY, SECURITY_HEADERS, AccessMiddleware, Origin
from mxlib.auth.startup_checks import check_exposure, ensure_first_admin, is_loopback
from mxlib.clock import SystemClock
from mxlib.settings import Settings, SettingsError
from tests.support import sign_in as people

brisk = people.brisk

LOCAL = "http://127.0.0.1:8501"
LIVE = "ws://127.0.0.1:8501/live"
PUBLIC = "https://mxm.agency.example"


async def _seen(request: Request) -> Response:
    return JSONResponse({"user": request.headers.get("x-mx-user")}, headers={"Referrer-Policy": "no-referrer"})


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.headers.get("x-mx-user", "nobody"))
    await socket.close()


def client(public_url: str = "", address: str = LOCAL) -> TestClient:
    """Return a browser at `address`, on a server behind the middleware that needs no sign-in."""
    methods, settings = ["GET", "POST", "PUT", "PATCH", "DELETE"], Settings(public_url=public_url)
    app = Starlette(
        routes=[Route("/seen", _seen, methods=methods), WebSocketRoute("/live", _echo)],
        middleware=[
            Middleware(AccessMiddleware, settings=settings, authenticator=lambda: people.open_entrance(settings))
        ],
    )
    return TestClient(app, base_url=address)


@pytest.mark.parametrize("path", ["/api/domains/%00", "/api/..%2f..%2fx", "/api/a%5c..%5cb"])
def test_an_api_path_with_traversal_or_nul_is_refused_in_the_envelope(path: str) -> None:
    answer = client().get(path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.0.0.1"])
def test_every_name_of_this_machine_is_accepted_as_host(host: str) -> None:
    assert client().get("/seen", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8501",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "a@localhost",
        "x:port",
    ],
)
def test_an_unknown_host_name_is_misdirected(host: str) -> None:
    answer = client().get("/seen", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["error"]["code"] == "MISDIRECTED"
    assert "MXM_PUBLIC_URL" in answer.json()["error"]["message"]


def test_only_the_public_address_is_accepted_as_host() -> None:
    assert client(PUBLIC, PUBLIC).get("/seen").status_code == 200
    assert client(PUBLIC, "https://other.agency.example").get("/seen").status_code == 421
    assert client("", PUBLIC).get("/seen").status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8501", "http://localhost:8501", "x"],
)
def test_a_change_sent_by_another_sites_page_is_refused(method: str, origin: str) -> None:
    answer = client().request(method, "/seen", headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "FOREIGN_ORIGIN"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"Origin": LOCAL}])
def test_a_change_from_our_own_page_or_a_script_is_accepted(method: str, headers: dict[str, str]) -> None:
    assert client().request(method, "/seen", headers=headers).status_code == 200


def test_a_link_from_another_site_may_be_followed() -> None:
    assert client().get("/seen", headers={"Origin": "https://evil.example"}).status_code == 200


def test_behind_a_proxy_the_public_origin_is_accepted_and_plain_http_is_not() -> None:
    behind = client(PUBLIC, "http://mxm.agency.example")
    assert behind.post("/seen", headers={"Origin": PUBLIC}).status_code == 200
    assert behind.post("/seen", headers={"Origin": "http://mxm.agency.example"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)]
)
def test_a_websocket_of_another_origin_is_refused(headers: dict[str, str], status: int) -> None:
    with pytest.raises(WebSocketDenialResponse) as refused, client().websocket_connect(LIVE, headers=headers):
        pass
    assert refused.value.status_code == status
    assert refused.value.headers["X-Content-Type-Options"] == "nosniff"


def test_a_websocket_of_our_own_page_opens() -> None:
    with client().websocket_connect(LIVE, headers={"Origin": LOCAL}) as socket:
        assert socket.receive_text() == "nobody"


def test_identity_headers_of_a_client_are_ignored() -> None:
    headers = {"X-Mx-User": "admin", "x-mx-user": "admin"}
    assert client().get("/seen", headers=headers).json() == {"user": None}
    with client().websocket_connect(LIVE, headers=headers) as socket:
        assert socket.receive_text() == "nobody"


@pytest.mark.parametrize(("path", "headers"), [("/seen", {}), ("/none", {}), ("/seen", {"Host": "evil.example"})])
def test_every_answer_has_the_security_headers(path: str, headers: dict[str, str]) -> None:
    answer = client().get(path, headers=headers)
    assert SECURITY_HEADERS.keys() <= {name.title() for name in answer.headers} | {"X-Content-Type-Options"}
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("public_url", "address", "expected"),
    [
        (PUBLIC, "https://mxm.agency.example", True),
        (PUBLIC, "http://mxm.agency.example", True),  # as a proxy forwards it
        (PUBLIC, LOCAL, False),
        (PUBLIC, "https://evil.example", False),
        ("http://mxm.agency.example", "http://mxm.agency.example", False),
        ("https://localhost:8501", "https://localhost:8501", False),
        ("", LOCAL, False),
    ],
)
def test_hsts_is_sent_for_a_public_https_address_only(public_url: str, address: str, expected: bool) -> None:
    header = client(public_url, address).get("/seen").headers.get("Strict-Transport-Security")
    assert header == ("max-age=31536000" if expected else None)


def test_a_route_may_set_a_header_of_its_own() -> None:
    assert client().get("/seen").headers.get_list("Referrer-Policy") == ["no-referrer"]


def test_the_content_security_policy_allows_streamlits_inline_script_and_no_host() -> None:
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    assert digests
    assert all(f"'sha256-{digest}'" in CONTENT_SECURITY_POLICY for digest in digests)
    assert "unsafe-eval" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY


def test_origins_are_compared_as_browsers_do() -> None:
    assert Origin.parse("https://A.example") == Origin.parse("https://a.example:443")
    assert Origin.parse("http://a.example") != Origin.parse("https://a.example")
    assert Origin.parse("http://a.example:80") != Origin.parse("http://a.example:8080")
    assert Origin.parse("null") is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "::1"])
def test_loopback_addresses_are_recognised(host: str) -> None:
    assert is_loopback(host)


ACCOUNT = {"server": "s", "user": "u", "api_key": SecretStr("k3y-of-the-host")}


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "192.168.1.4", "mxm.agency.example"])
@pytest.mark.parametrize("account", [{}, ACCOUNT], ids=["sandbox", "account"])
def test_a_reachable_server_does_not_start_without_sign_in(address: str | None, account: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        check_exposure(Settings(**account), address, way_in=False)
    for way in ("MXM_ADMIN_USER and MXM_ADMIN_PASSWORD", "script/mxm user add", "--server.address 127.0.0.1"):
        assert way in str(refused.value)
    assert ("real" in str(refused.value)) == bool(account)
    assert "k3y" not in str(refused.value)


def test_a_real_account_does_not_start_without_sign_in_even_on_loopback() -> None:
    with pytest.raises(SettingsError, match="nobody could sign in"):
        check_exposure(Settings(**ACCOUNT), "127.0.0.1", way_in=False)
    check_exposure(Settings(**ACCOUNT), "127.0.0.1", way_in=True)


def test_a_server_with_a_public_address_does_not_start_without_sign_in() -> None:
    with pytest.raises(SettingsError, match="unset MXM_PUBLIC_URL"):
        check_exposure(Settings(public_url=PUBLIC), "127.0.0.1", way_in=False)
    check_exposure(Settings(public_url=PUBLIC), "127.0.0.1", way_in=True)


@pytest.mark.parametrize("public_url", ["mxm.agency.example", "ftp://mxm.agency.example", "https://", "http://[x"])
def test_an_invalid_public_address_is_refused(public_url: str) -> None:
    with pytest.raises(SettingsError, match="MXM_PUBLIC_URL has to be an address"):
        check_exposure(Settings(public_url=public_url), "127.0.0.1", way_in=True)


def test_a_reachable_server_needs_its_public_address() -> None:
    with pytest.raises(SettingsError, match="Set MXM_PUBLIC_URL"):
        check_exposure(Settings(), "0.0.0.0", way_in=True)
    check_exposure(Settings(public_url=PUBLIC), "0.0.0.0", way_in=True)


def test_a_reachable_real_account_needs_https() -> None:
    in_clear = PUBLIC.replace("https", "http")
    with pytest.raises(SettingsError, match="passwords would travel in clear"):
        check_exposure(Settings(public_url=in_clear, **ACCOUNT), "0.0.0.0", way_in=True)
    check_exposure(Settings(public_url=in_clear), "0.0.0.0", way_in=True)
    check_exposure(Settings(public_url=PUBLIC, **ACCOUNT), "0.0.0.0", way_in=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_the_sandbox_starts_on_loopback_without_sign_in(address: str) -> None:
    check_exposure(Settings(), address, way_in=False)
    check_exposure(Settings(public_url="http://localhost:8600"), address, way_in=False)


@pytest.mark.usefixtures("brisk")
def test_the_first_admin_is_created_once_and_not_changed_later(tmp_path: Path) -> None:
    def start(password: str) -> bool:
        return ensure_first_admin(
            Settings(data_dir=tmp_path, admin_user="Kim", admin_password=SecretStr(password)), SystemClock()
        )

    assert not ensure_first_admin(Settings(data_dir=tmp_path), SystemClock())
    assert start(people.GOOD)
    assert start(people.OTHER)
    assert start("Summer2026!!")  # it is not theirs, and changes nothing
    with people.opened(tmp_path) as app:
        assert app.users.verify("kim", people.GOOD)
        assert app.users.caller("kim").admin
        assert app.trail() == [("user.add", "MXM", "kim", "admin")]
    assert ensure_first_admin(Settings(data_dir=tmp_path), SystemClock())


@pytest.mark.parametrize(
    ("name", "password", "message"),
    [
        ("kim", "short", "MXM_ADMIN_PASSWORD: The password has 5 characters; 12 are needed"),
        ("kim", "Summer2026!!", "MXM_ADMIN_PASSWORD: The password is easy to guess: it holds a common password"),
        ("kim", "", "MXM_ADMIN_PASSWORD is not set"),
        ("", people.GOOD, "MXM_ADMIN_USER is not set"),
        ("kim kim", people.GOOD, "A name has letters"),
    ],
)
def test_an_invalid_first_admin_is_refused_with_a_sentence(
    tmp_path: Path, name: str, password: str, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        ensure_first_admin(
            Settings(data_dir=tmp_path, admin_user=name, admin_password=SecretStr(password)), SystemClock()
        )


def test_an_admin_of_a_removed_provider_does_not_count_as_sign_in(tmp_path: Path) -> None:
    with people.opened(tmp_path, **people.PROVIDER) as app:
        app.users.add(people.BOSS, "kim", admin=True)
    assert ensure_first_admin(Settings(data_dir=tmp_path, **people.PROVIDER), SystemClock())
    assert not ensure_first_admin(Settings(data_dir=tmp_path), SystemClock())


@pytest.mark.parametrize("path", ["/api/me", "/health", "/ready", "/sign-in", "/", "/_stcore/upload_file/a/b"])
@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([("Content-Length", "5"), ("Transfer-Encoding", "chunked")], "both Content-Length and Transfer-Encoding"),
        ([("Transfer-Encoding", "x, chunked"), ("Content-Length", "0")], "both Content-Length and Transfer-Encoding"),
        ([("Content-Length", "5"), ("Content-Length", "5")], "more than one Content-Length"),
        ([("Content-Length", "5, 5")], "more than one Content-Length"),
    ],
)
def test_an_ambiguous_body_length_is_refused_and_the_connection_closed(
    path: str, lengths: list[tuple[str, str]], expected: str
) -> None:
    reached: list[str] = []
    headers = [(name.lower().encode(), value.encode()) for name, value in [("Host", "127.0.0.1:8501"), *lengths]]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "scheme": "http", "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8501),
        "http_version": "1.1",
    }  # fmt: skip
    sent: list[Message] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        reached.append(scope["path"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"hello", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    settings = Settings()
    anyio.run(AccessMiddleware(app, settings, lambda: people.open_entrance(settings)), scope, receive, send)
    start, body = sent
    assert (start["status"], dict(start["headers"])[b"connection"], reached) == (400, b"close", [])
    envelope = json.loads(body["body"])
    assert (envelope["success"], envelope["error"]["code"]) == (False, "VALIDATION_ERROR")
    assert expected in envelope["error"]["message"]
