"""The whole server with the sandbox in process: services, tokens and API, without network or waiting."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib import services
from mxlib.api.app import routes
from mxlib.auth.permissions import LOCAL, Permission
from mxlib.clock import Clock, SystemClock
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import RateLimitWait, Unreachable
from mxlib.mxroute.protocol import Request, Response
from mxlib.mxroute.request_counts import RequestCounts
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.state import Account
from mxlib.services import Services
from mxlib.services.container import assemble
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from mxlib.store.database import KEY_FILE
from tests.support.audit_entries import audit_entries
from tests.support.simulation import HEADERS, FreeRateLimiter

GOOD = "Geheim.2026x"


class StandIn:
    """The sandbox with the interface of the client. `busy`: seconds that its limit makes every write wait."""

    def __init__(self) -> None:
        self.sandbox = Sandbox(
            Account.of("a.nl", "b.nl", "c.nl"), Limits(writes=10**6, reads=10**6), remember_passwords=True
        )
        self.sent: list[Request] = []
        self.busy = 0.0
        self.down = False
        self.counts = RequestCounts()
        #: The host's clock.
        self.time: Callable[[], float] = time.time
        #: Called while a request waits for its slot.
        self.waits: Callable[[Request], object] = lambda _request: None

    def send(
        self,
        request: Request,
        *,
        urgent: bool = False,
        patience: float | None = None,
        gated: bool = True,
        before: Callable[[], object] | None = None,
        may_leave: Callable[[], bool] | None = None,
    ) -> Response:
        self.waits(request)
        if request.kind == "write" and patience is not None and self.busy > patience:
            raise RateLimitWait(self.busy)
        if self.down:
            raise Unreachable("MXroute does not answer.", sent=False)
        if before is not None:
            before()
        if may_leave is not None and not may_leave():
            raise Unreachable("The request was held up here and has not left.", sent=False)
        self.sent.append(request)
        body = json.dumps(request.body).encode() if request.body is not None else b""
        reply = self.sandbox.handle(request.method, request.path, HEADERS, body, self.time())
        if reply.dropped:
            raise Unreachable("MXroute does not answer.")
        return protocol.parse_response(request, reply.status, reply.headers, reply.body, self.time())

    def wait_seconds(self, kind: str) -> float:
        return 0.0

    def close(self) -> None:
        pass

    def goes_wrong(
        self, fault: str, on: Literal["write", "read", "any"] = "write", first: int = 1, count: int | None = 1
    ) -> None:
        """Let requests fail in this way from now on."""
        self.sandbox.schedule = Schedule.of(Rule(NAMED[fault], on=on, first=first, count=count))

    def has(self, address: str) -> bool:
        """Return whether the host has this mailbox."""
        username, _, domain = address.partition("@")
        return username in self.sandbox.account.domains[domain]

    def writes(self) -> int:
        """Return how many writes reached the host."""
        return sum(request.kind == "write" for request in self.sent)


class App:
    """A server in a test: its services, its host, and ways to ask its API."""

    def __init__(self, services: Services, host: StandIn) -> None:
        self.services, self.host = services, host
        self.client = TestClient(Starlette(routes=routes), base_url="http://127.0.0.1", raise_server_exceptions=True)
        self.admin = self.token(admin=True)

    def token(self, *, admin: bool = False, days: float | None = None, **domains: str) -> str:
        """Return a new token; domains by keyword, `a_nl="view import"`."""
        rights = {
            name.replace("_", "."): {Permission(right) for right in words.split()} for name, words in domains.items()
        }
        return self.services.tokens.create(LOCAL, "test", admin=admin, domains=rights, days=days)

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = "", **more: Any) -> Any:
        """Return a response of the API: as an admin by default, without a token if `token` is None."""
        headers: Mapping[str, str] = {"Authorization": f"Bearer {token or self.admin}"} if token is not None else {}
        if body is not None:
            more["json"] = body
        return self.client.request(method, f"/api{path}", headers={**headers, **more.pop("headers", {})}, **more)

    def have(self, *addresses: str) -> None:
        """Create these mailboxes at the host."""
        for address in addresses:
            username, _, domain = address.partition("@")
            self.host.send(protocol.create_mailbox(domain, username, GOOD))

    def ended(self, run: int) -> Any:
        """Wait for the end of a run, and return it as the API shows it."""
        give_up = time.monotonic() + 120.0
        while True:
            shown = self.ask("GET", f"/imports/{run}").json()["data"]
            if shown["status"] in ("finished", "stopped"):
                return shown
            assert time.monotonic() < give_up, shown
            time.sleep(0.01)  # each request costs as much


def empty_store() -> dict[str, bytes]:
    """Return a database with empty tables, and its key: migrating one for every test takes too long.

    Return nothing where stores are opened on PostgreSQL.
    """
    return _empty_store(Store.open.__func__)  # type: ignore[attr-defined]


@cache
def _empty_store(_opened: object) -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / FILE, SystemClock())
        store.scrub()
        store.close()
        if not store.is_file:
            return {}
        return {name: (Path(folder) / name).read_bytes() for name in (FILE, KEY_FILE)}


@contextmanager
def opened(folder: Path, clock: Clock | None = None, **settings: Any) -> Iterator[App]:
    """Yield a server whose data is in `folder`."""
    clock, host = clock or SystemClock(), StandIn()
    for name, content in empty_store().items():
        (folder / name).write_bytes(content)
    store = Store.open(folder / FILE, clock)
    app = assemble(Settings(data_dir=folder, **settings), clock, store, host, FreeRateLimiter())  # type: ignore[arg-type]
    services.install(app)
    app.run_manager.recover()
    try:
        yield App(app, host)
    finally:
        services.install(None)
        app.close()


def refused(answer: Any, status: int, message: str, field: str = "") -> None:
    """Assert that the response is an error in the envelope with this status, message and field."""
    assert (answer.status_code, answer.json()["success"]) == (status, False), answer.text
    error = answer.json()["error"]
    assert message in error["message"]
    assert error.get("field", "") == field
    assert error.keys() <= {"code", "message", "field"}


def data(answer: Any, status: int = 200) -> Any:
    """Return the data in the envelope of a successful response."""
    assert (answer.status_code, answer.json().get("success")) == (status, True), answer.text
    return answer.json()["data"]


def trail(app: App) -> list[tuple[str, str, str]]:
    """Return the audit log, oldest first, as action, subject and actor."""
    with app.services.store.read() as tx:
        return [(str(e["what"]), str(e["on"]), str(e["who"])) for e in reversed(audit_entries(tx))]
