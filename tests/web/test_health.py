"""The health route, with and without credentials; and permissions for domains elsewhere."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mxlib import __version__
from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.auth.sign_in import ClientInfo
from mxlib.runs import messages
from mxlib.store import Store
from mxlib.web import health
from tests.support import app as support
from tests.support.app import App, data, refused
from tests.support.sign_in import brisk
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import until

__all__ = ["brisk"]

PASSWORD = "correct horse battery"


@pytest.fixture
def app(tmp_path: Path, brisk: None) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(app: App) -> TestClient:
    """Return a client of the health route behind the access middleware."""
    middleware = Middleware(
        AccessMiddleware, settings=app.services.settings, authenticator=lambda: app.services.authenticator
    )
    return TestClient(Starlette(routes=health.routes, middleware=[middleware]), base_url="http://127.0.0.1")


def session(app: App, name: str = "kim") -> dict[str, str]:
    if app.services.users.find(name) is None:
        app.services.users.add(LOCAL, name, PASSWORD, admin=True)
    return {"mxm-session": app.services.authenticator.sign_in_with_password(name, PASSWORD, ClientInfo("127.0.0.1"))}


def test_the_version_is_written_in_one_place() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"] == {"path": "mxlib/__init__.py"}


def test_without_credentials_health_shows_only_that_the_server_runs(app: App, client: TestClient) -> None:
    app.host.down = True
    assert data(app.ask("GET", "/me"))
    assert app.ask("GET", "/domains").status_code == 503
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer mxm_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic a2ltOmtpbQ=="},
        {"X-MX-User": "kim"},
        {"Cookie": "mxm-session=wrong"},
    ],
)
def test_invalid_credentials_do_not_extend_the_health(app: App, client: TestClient, headers: dict[str, str]) -> None:
    session(app)
    assert client.get("/health", headers=headers).json() == {"status": "ok"}


def test_a_revoked_token_and_an_ended_session_do_not_extend_the_health(app: App, client: TestClient) -> None:
    token, cookies = app.token(a_nl="view"), session(app)
    for record in app.services.tokens.list_all(LOCAL):
        app.services.tokens.revoke(LOCAL, record.id)
    found = app.services.authenticator.sessions.find(cookies["mxm-session"])
    assert found is not None
    app.services.authenticator.sign_out(found, "")
    assert client.get("/health", headers={"Authorization": f"Bearer {token}"}).json() == {"status": "ok"}
    client.cookies = cookies  # type: ignore[assignment]
    assert client.get("/health").json() == {"status": "ok"}


def test_users_and_tokens_see_version_host_and_stuck_runs(app: App, client: TestClient) -> None:
    app.host.down = True
    app.ask("GET", "/domains")
    with_token = client.get("/health", headers={"Authorization": f"Bearer {app.admin}"}).json()
    client.cookies = session(app)  # type: ignore[assignment]
    for health_of_caller in (with_token, client.get("/health").json()):
        assert health_of_caller["version"] == __version__
        assert health_of_caller["mxroute"] == "trouble"
        assert health_of_caller["unwell"]
        assert health_of_caller["stuck_runs"] == []


def test_stuck_runs_and_troubles_are_limited_to_the_domains_of_the_token(app: App, client: TestClient) -> None:
    rows = [{"email": f"u{at}@b.nl", "password": support.GOOD} for at in range(3)]
    assert app.ask("GET", "/domains").status_code == 200
    app.host.goes_wrong("unauthorized", count=None)
    run = data(app.ask("POST", "/imports", {"rows": rows}), 202)["id"]
    until(lambda: data(app.ask("GET", f"/imports/{run}"))["status"] == "paused")
    app.host.goes_wrong("unauthorized", on="any", count=None)
    assert app.ask("GET", "/domains/b.nl/email-accounts?refresh=true").json()["problem"]
    admin = client.get("/health", headers={"Authorization": f"Bearer {app.admin}"}).json()
    other = client.get("/health", headers={"Authorization": f"Bearer {app.token(a_nl='view import')}"}).json()
    assert [stuck["run"] for stuck in admin["stuck_runs"]] == [run]
    assert admin["stuck_runs"][0]["why"]
    assert other["stuck_runs"] == []
    assert (len(admin["unwell"]), other["unwell"]) == (1, [])


def test_a_problem_of_a_run_is_shown_to_those_who_may_see_the_run(app: App) -> None:
    here = app.services
    assert app.ask("GET", "/domains").status_code == 200
    app.host.down = True
    run = here.runs.start(LOCAL, plan(*rows(1, "b.nl")), days=7)
    here.run_manager.pause(run)
    app.host.down = False
    problem, state = messages.none_listed("b.nl"), here.run_manager._worker.engine.states[run]
    state.trouble = problem
    manages = PERMISSIONS[Role.CLIENT_ADMIN]
    here_too, elsewhere = (Caller("kim", domains={domain: manages}) for domain in ("b.nl", "a.nl"))
    external = replace(here_too, external=True)
    for _ in range(2):
        assert [problem in here.unwell(who) for who in (LOCAL, here_too, elsewhere, external)] == [
            True, True, False, False,
        ]  # fmt: skip
        state.broken, problem = True, messages.broken(run)


def test_health_is_503_when_the_database_cannot_be_read(
    app: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "is_responsive", lambda _store: False)
    answer = client.get("/health", headers={"Authorization": f"Bearer {app.admin}"})
    assert (answer.status_code, answer.json()) == (503, {"status": "down"})


def test_a_store_without_its_schema_is_not_responsive(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with support.opened(tmp_path / "x") as opened:
        assert opened.services.store.is_responsive()
        with opened.services.store.write() as tx:
            tx.exec_driver_sql("ALTER TABLE alembic_version RENAME TO gone")
        assert not opened.services.store.is_responsive()
        with opened.services.store.write() as tx:
            tx.exec_driver_sql("ALTER TABLE gone RENAME TO alembic_version")


# Permissions for domains that are not on this account.


def test_storage_is_refused_with_permissions_only_for_domains_elsewhere(app: App) -> None:
    elsewhere = app.token(lost_nl="view import export delete")
    refused(app.ask("GET", "/quota", token=elsewhere), 403, "You may view no domain of this account.")
    assert app.services.storage.latest(Caller("x", domains={"lost.nl": frozenset(Permission)})) is None
    assert data(app.ask("GET", "/quota", token=app.token(a_nl="view")))["used"] is not None


def test_storage_is_refused_while_the_domains_of_the_account_are_unknown(app: App) -> None:
    data(app.ask("GET", "/quota"))  # the figures are cached
    with app.services.store.write() as tx:
        tx.exec_driver_sql("DELETE FROM last_list")
    app.host.down = True
    assert app.ask("GET", "/quota", token=app.token(lost_nl="view")).status_code == 503


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/quota", None),
        ("/domains/lost.nl/email-accounts", None),
        ("/domains/a.nl/email-accounts", None),
        ("/email-accounts.csv", None),
        ("/email-accounts/export", {"addresses": ["x@lost.nl"]}),
        ("/changes", {"addresses": ["x@a.nl"], "quota": 5, "dry_run": True}),
    ],
)
def test_a_token_for_domains_elsewhere_gets_nothing_of_this_account(app: App, path: str, body: object) -> None:
    app.have("x@a.nl")
    elsewhere = app.token(lost_nl="view import export delete")
    answer = app.ask("POST" if body else "GET", path, body, token=elsewhere)
    assert answer.status_code in (403, 404), answer.text
    assert data(app.ask("GET", "/domains", token=elsewhere)) == [] if path == "/quota" else True
    assert data(app.ask("GET", "/mailboxes?q=x", token=elsewhere))["total"] == 0
