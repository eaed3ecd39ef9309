"""The probes of service managers and proxies, and a server that is about to stop."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from mxlib import services
from mxlib.auth.middleware import AccessMiddleware
from mxlib.core.text.store_problems import STOPPING, STOPPING_PAGE
from mxlib.mxroute.protocol import Request as MXrouteRequest
from mxlib.store import Store, StoreUnavailable, manual_writes
from mxlib.web import probes
from mxlib.web.stopping import StoppingServer
from tests.support import app as support
from tests.support.app import App
from tests.support.sign_in import brisk
from tests.support.threaded_runs import until

__all__ = ["brisk"]

PROBES = ("/live", "/ready")


@pytest.fixture
def app(tmp_path: Path, brisk: None) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        services.install(opened.services)
        yield opened
        services.install(None)


async def change(_request: Request) -> JSONResponse:
    return JSONResponse({"done": True})


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.close()


@pytest.fixture
def client(app: App) -> TestClient:
    """Return a client of the probes, a change and a live connection behind the middleware of the server."""
    access = Middleware(
        AccessMiddleware, settings=app.services.settings, authenticator=lambda: app.services.authenticator
    )
    others = [
        Route("/api/change", change, methods=["GET", "POST", "DELETE"]),
        Route("/_stcore/health", change),
        WebSocketRoute("/_stcore/stream", talk),
    ]
    served = Starlette(routes=[*probes.routes, *others], middleware=[access, Middleware(StoppingServer)])
    return TestClient(served, base_url="http://127.0.0.1")


@pytest.mark.parametrize("path", PROBES)
@pytest.mark.parametrize(
    "headers", [{}, {"Host": "10.0.0.7:8501"}, {"Host": "mxm"}, {"Authorization": "Bearer wrong"}, {"Cookie": "a=b"}]
)
def test_probes_answer_a_status_alone_to_anyone_by_any_name(
    client: TestClient, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_probes_can_only_be_read(client: TestClient, method: str) -> None:
    assert {client.request(method, path).status_code for path in PROBES} == {405}


def test_a_probe_shows_the_status_alone_to_a_token_of_an_admin_too(client: TestClient, app: App) -> None:
    for path in PROBES:
        answer = client.get(path, headers={"Authorization": f"Bearer {app.admin}"})
        assert answer.json() == {"status": "ok"}


def test_only_live_answers_without_a_database(client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_store: Store) -> None:
        raise StoreUnavailable("The disk is gone.")

    monkeypatch.setattr(Store, "read", fail)
    assert client.get("/live").status_code == 200
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "down"})


def test_a_server_on_a_schema_that_it_does_not_know_is_not_ready(client: TestClient, app: App) -> None:
    with closing(sqlite3.connect(app.services.store.path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9998'")
        database.execute("UPDATE meta SET value = '9998' WHERE name = 'schema_min'")
    assert client.get("/live").status_code == 200
    assert client.get("/ready").status_code == 503


def test_before_the_services_are_open_and_after_they_are_closed_a_server_is_not_ready(
    client: TestClient, app: App
) -> None:
    services.install(None)
    assert client.get("/live").status_code == 200
    assert client.get("/ready").json() == {"status": "stopping"}
    assert services.opened() is None, "A probe opened the services."


def test_a_server_that_drains_is_live_and_not_ready(client: TestClient, app: App) -> None:
    assert app.services.drain(5.0)
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()) == (503, {"status": "stopping"})
    assert client.get("/live").status_code == 200


def test_a_server_that_drains_refuses_changes_and_connections_and_still_answers_reads(
    client: TestClient, app: App
) -> None:
    with client.websocket_connect("ws://127.0.0.1/_stcore/stream"):
        pass
    assert client.post("/api/change").status_code == 200
    app.services.drain(5.0)
    assert client.get("/api/change").json() == {"done": True}
    for answer in (client.post("/api/change"), client.delete("/api/change")):
        assert answer.status_code == 503
        assert answer.json() == {"success": False, "error": {"code": "STOPPING", "message": STOPPING}}
        assert answer.headers["retry-after"] == "10"
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("ws://127.0.0.1/_stcore/stream"):
        pass
    assert refused.value.status_code == 503


def test_a_page_that_is_opened_while_the_server_drains_says_so(client: TestClient, app: App) -> None:
    html = {"Accept": "text/html"}
    assert client.get("/import", headers=html).status_code == 404, "There is no page in this server, only the rest."
    app.services.drain(5.0)
    for answer in (client.get("/import", headers=html), client.get("/", headers=html), client.get("/_stcore/health")):
        assert (answer.status_code, answer.text) == (503, STOPPING_PAGE)
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["retry-after"] == "10"
    assert max(map(len, STOPPING_PAGE.splitlines())) < 50
    assert client.get("/runs/1/results.csv", headers=html).status_code == 404, "A download was refused."


@pytest.mark.parametrize("method", ["DELETE", "PATCH"])
def test_a_write_by_hand_that_reaches_a_server_that_drains_sends_nothing(app: App, method: str) -> None:
    app.have("nina@a.nl")
    before = app.host.writes()
    app.services.drain(5.0)
    answer = app.ask(method, "/domains/a.nl/email-accounts/nina", {"quota": 2_000} if method == "PATCH" else None)
    assert answer.status_code == 503
    assert answer.json()["error"] == {"code": "STOPPING", "message": f"Nothing was sent to MXroute. {STOPPING}"}
    assert app.host.writes() == before
    with app.services.store.read() as tx:
        assert manual_writes.find_open(tx) == []


def test_draining_waits_for_a_write_by_hand_and_its_outcome_is_stored(app: App) -> None:
    app.have("nina@a.nl")
    drained: list[bool] = []

    def drain(_request: MXrouteRequest) -> None:
        thread = threading.Thread(target=lambda: drained.append(app.services.drain(20.0)))
        thread.start()
        threads.append(thread)
        until(lambda: app.services.is_draining)

    threads: list[threading.Thread] = []
    app.host.waits = lambda request: drain(request) if request.kind == "write" and not threads else None
    answer = app.ask("DELETE", "/domains/a.nl/email-accounts/nina")
    threads[0].join(20.0)
    assert answer.status_code == 200
    assert drained == [True]
    with app.services.store.read() as tx:
        assert manual_writes.find_open(tx) == []
    assert not app.host.has("nina@a.nl")


def test_draining_does_not_wait_for_ever(app: App) -> None:
    app.have("nina@a.nl")
    drained: list[bool] = []
    app.host.waits = lambda request: drained.append(app.services.drain(0.2)) if request.kind == "write" else None
    app.ask("DELETE", "/domains/a.nl/email-accounts/nina")
    assert drained == [False]
