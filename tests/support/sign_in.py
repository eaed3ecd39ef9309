"""A server with sign-in, and browsers that use it, on a clock that a test moves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from mxlib.auth import passwords
from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.permissions import Caller
from mxlib.auth.sessions import Sessions
from mxlib.auth.sign_in import Authenticator
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.settings import Settings
from mxlib.store import FILE, Store, users
from tests.support.audit_entries import audit_entries

HERE = "http://127.0.0.1:8501"
BOSS = Caller("boss", admin=True, address="127.0.0.1")
GOOD = "correct horse battery"
OTHER = "staple of another sort"

#: Cookies that the path /cookies sets.
COOKIES = ("_streamlit_xsrf=2|a|b; Path=/; SameSite=Lax", "plain=secure", "marked=1; secure")

#: A provider that no test asks.
PROVIDER = {
    "oidc_issuer": "https://id.example",
    "oidc_client_id": "mxm",
    "oidc_client_secret": SecretStr("of-no-use"),
}


class ManualClock(SystemClock):
    """A clock that a test moves."""

    at = 1_800_000_000.0

    def now(self) -> float:
        return self.at


class SignInApp:
    """A store with users, and a server that asks them to sign in."""

    def __init__(self, folder: Path, clock: ManualClock | None = None, **settings: Any) -> None:
        self.clock = clock or ManualClock()
        self.settings = Settings(data_dir=folder, **settings)
        self.redrawn: list[str] = []
        self.busy = False
        self.store = Store.open(folder / FILE, self.clock)
        self.sessions = Sessions(self.store, self.clock, self.settings)
        self.users = Users(
            self.store, self.clock, provider=bool(self.settings.oidc_issuer), woken=self.sessions.wake
        )  # fmt: skip
        self.entrance = Authenticator(
            self.store, self.clock, self.settings, self.users, self.sessions, sandbox=self.settings.sandbox
        )  # fmt: skip

    def add_user(self, name: str, password: str = GOOD, **more: Any) -> int:
        """Add a user who chose this password."""
        return own_password(self.users.add(BOSS, name, password, **more), self.store)

    def redraw(self, tab: str) -> bool:
        """Record that a tab is to be drawn again; while `busy`, none can be."""
        self.redrawn.append(tab)
        return not self.busy

    def browser(self, address: str = HERE, peer: str = "127.0.0.1", **headers: str) -> TestClient:
        """Return a new browser at `peer` that shows `address`."""
        asgi = Starlette(
            routes=[
                WebSocketRoute("/live", _live),
                Route("/page", _page),
                Route("/cookies", _cookies),
                Route("/{path:path}", _seen, methods=["GET", "POST", "PUT", "DELETE"]),
            ],
            middleware=[
                Middleware(
                    AccessMiddleware, settings=self.settings, authenticator=lambda: self.entrance, redraw=self.redraw
                )
            ],
        )
        return TestClient(
            asgi, base_url=address, client=(peer, 50_000), follow_redirects=False, headers={"Accept": "*/*", **headers}
        )

    def signed_in(self, name: str = "kim", password: str = GOOD, **where: Any) -> TestClient:
        """Return a browser in which a user has just signed in."""
        browser = self.browser(**where)
        answer = sign_in(browser, name, password)
        assert answer.status_code == 303, answer.text
        return browser

    def trail(self) -> list[tuple[str, str, str, str]]:
        """Return the audit log, oldest first, as action, actor, subject and outcome."""
        with self.store.read() as tx:
            return [(e["what"], e["who"], e["on"], e["outcome"]) for e in reversed(audit_entries(tx))]

    def kept(self) -> bytes:
        """Return every byte in the data folder."""
        return b"".join(path.read_bytes() for path in self.settings.data_dir.rglob("*") if path.is_file())


def own_password(number: int, store: Store) -> int:
    """Let a user have chosen the password that the test made for them; return the number."""
    with store.write() as tx:
        users.change(tx, number, password_ends_at=None)
    return number


@contextmanager
def opened(folder: Path, *names: str, **more: Any) -> Iterator[SignInApp]:
    """Yield a server with these users, all admins with the same password."""
    made = SignInApp(folder, **more)
    try:
        for name in names:
            made.add_user(name, admin=True)
        yield made
    finally:
        made.store.close()


def open_entrance(settings: Settings) -> Authenticator:
    """Return an authenticator that admits every request, since there are no users."""
    store, clock = _empty_store(), ManualClock()
    sessions = Sessions(store, clock, settings)
    return Authenticator(store, clock, settings, Users(store, clock), sessions, sandbox=True)


@cache
def _empty_store() -> Store:
    return Store.open(":memory:", ManualClock())


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with almost no cost."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def sign_in(browser: TestClient, name: str, password: str, wanted: str = "/", **headers: str) -> Any:
    """Send the form of the sign-in page."""
    origin = {"Origin": str(browser.base_url)} | headers
    return browser.post("/sign-in", data={"name": name, "password": password, "next": wanted}, headers=origin)


async def _seen(request: Request) -> Response:
    return JSONResponse({name: request.headers.get(name) for name in ("x-mx-user", "x-mx-address")})


async def _page(_request: Request) -> Response:
    return HTMLResponse("<html><head><title>Page</title></head></html>", headers={"ETag": '"x"'})


async def _cookies(_request: Request) -> Response:
    """Set cookies as code does that knows nothing of a proxy in front."""
    answer = Response()
    for cookie in COOKIES:
        answer.raw_headers.append((b"set-cookie", cookie.encode()))
    return answer


async def _live(socket: WebSocket) -> None:
    """Send the name of the caller, then echo every message."""
    await socket.accept()
    await socket.send_text(socket.headers.get("x-mx-user", "nobody"))
    if socket.query_params.get("tell") == "tab":
        await socket.send_text(socket.headers["x-mx-tab"])
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        return


LIVE = "ws://127.0.0.1:8501/live"


ORIGIN = {"Origin": HERE}


def closed(socket: Any, patience: float = 5.0) -> int:
    """Return the code with which the server closes a websocket by itself."""
    ended: list[int] = []

    def listen() -> None:
        try:
            while True:
                socket.receive_text()
        except WebSocketDisconnect as error:
            ended.append(error.code)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    listener.join(patience)
    assert ended, "It stayed open."
    return ended[0]
