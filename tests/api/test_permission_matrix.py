"""Every route of the API with every kind of token: who gets an answer, and who is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib import services
from mxlib.api.app import build
from mxlib.auth.permissions import LOCAL
from mxlib.store import dated_deletions, manual_writes
from mxlib.store.dated_deletions import DatedDeletion
from tests.support.app import GOOD, App, opened

BOXES = "/domains/a.nl/email-accounts"
ROWS = {"default_domain": "a.nl", "rows": [{"username": "kim", "password": GOOD}]}

#: Method, path, body, and the permission for a.nl that the route needs; blank: any token will do.
ROUTES: list[tuple[str, str, Any, str]] = [
    ("GET", "/me", None, ""),
    ("GET", "/domains", None, ""),
    ("GET", "/clients", None, ""),
    ("POST", "/clients", {"name": "Other", "domains": ["c.nl"]}, "admin"),
    ("GET", "/clients/1", None, "view"),
    ("PATCH", "/clients/1", {"notes": "Pays late."}, "admin"),
    ("DELETE", "/clients/1", None, "admin"),
    ("GET", BOXES, None, "view"),
    ("GET", f"{BOXES}.csv", None, "view export"),
    ("GET", f"{BOXES}.xlsx", None, "view export"),
    ("GET", "/email-accounts.csv", None, "export somewhere"),
    ("GET", "/email-accounts.xlsx", None, "export somewhere"),
    ("GET", "/mailboxes", None, ""),
    ("GET", "/quota", None, ""),
    ("GET", f"{BOXES}/nina/history", None, "view"),
    ("POST", BOXES, {"username": "new", "password": GOOD}, "import"),
    ("GET", f"{BOXES}/nina", None, "view"),
    ("PATCH", f"{BOXES}/nina", {"quota": 2048}, "support"),
    ("DELETE", f"{BOXES}/nina", None, "delete"),
    ("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "n@x.org"}, "support"),
    ("POST", f"{BOXES}/nina/lock", {"reason": "left"}, "support"),
    ("POST", f"{BOXES}/nina/unlock", {}, "support"),
    ("GET", "/deletions", None, ""),
    ("DELETE", f"{BOXES}/nina/deletion", None, "delete"),
    ("POST", "/email-accounts/import/preview", ROWS, ""),
    ("POST", "/imports", ROWS, "import"),
    ("GET", "/imports", None, ""),
    ("GET", "/imports/1", None, "import"),
    ("GET", "/imports/1/results", None, "import"),
    ("GET", "/imports/1/results.xlsx", None, "owner"),
    ("GET", "/imports/1/results.csv", None, "owner"),
    ("GET", "/imports/1/letters.pdf", None, "owner"),
    ("GET", "/imports/1/mail-merge.xlsx", None, "owner"),
    ("GET", "/imports/1/clients.zip", None, "owner"),
    ("GET", "/imports/1/bitwarden.csv", None, "owner"),
    ("GET", "/imports/1/1password.csv", None, "owner"),
    ("GET", "/imports/1/marks", None, "owner"),
    ("POST", "/imports/1/marks", {"addresses": ["max@a.nl"]}, "owner"),
    ("POST", "/imports/1/pause", None, "import"),
    ("POST", "/imports/1/resume", None, "import"),
    ("POST", "/imports/1/stop", None, "import"),
    ("POST", "/imports/1/handed-over", None, "owner"),
    ("POST", "/imports/1/retry", None, "import"),
    ("GET", "/imports/1/undo", None, "delete"),
    ("POST", "/imports/1/undo", {"confirm": 1}, "delete"),
    ("POST", "/imports/1/take-over", None, "import"),
    ("POST", "/changes", {"addresses": ["nina@a.nl"], "quota": 2048}, "support"),
    ("POST", "/email-accounts/export", {"addresses": ["nina@a.nl"]}, "export"),
    ("POST", "/links", {"emails": ["max@a.nl"]}, "support"),
    ("GET", "/links", None, ""),
    ("POST", "/links/1/resend", None, "support"),
    ("POST", "/links/1/revoke", None, "support"),
    ("GET", "/unconfirmed", None, ""),
    ("POST", "/unconfirmed/1/password", None, "its own"),
    ("POST", "/unconfirmed/1/forget", None, "its own"),
    ("GET", "/usage", None, ""),
    ("GET", "/events", None, ""),
    ("GET", "/audit", None, ""),
]
WITHOUT_ACCESS = ("no token", "a bad one", "a revoked one", "an expired one")
WITH_ACCESS = ("of another domain", "that may only view", "of an admin")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with a mailbox nina@a.nl, and an ended run of an admin."""
    with opened(tmp_path) as made:
        set_up(made)
        yield made


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with opened(tmp_path_factory.mktemp("unchanged")) as made:
        set_up(made)
        yield made


@pytest.fixture
def unchanged(shared_app: App) -> App:
    """Return one server for all tests that change nothing there.

    It is installed again here, since other tests uninstall theirs.
    """
    services.install(shared_app.services)
    return shared_app


def set_up(made: App) -> None:
    """Create the mailbox, the run, and a password reset without an answer."""
    made.have("nina@a.nl")
    row = {"username": "max", "password": GOOD, "recovery_email": "max@mail.example"}
    run = made.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [row]})
    made.ended(run.json()["data"]["id"])
    unanswered_reset(made)
    made.ask("POST", f"{BOXES}/nina/lock")
    with made.services.store.write() as tx:
        dated_deletions.put(tx, DatedDeletion("a.nl", "nina", 4e9, 0.0, "kim", "operator", "", {}, ""))
    made.ask("POST", "/clients", {"name": "Client A", "domains": ["a.nl"]})
    made.ask("POST", "/links", {"emails": ["max@a.nl"]})


def unanswered_reset(made: App) -> None:
    """Store a password reset of an operator whose read back got no answer either."""
    with made.services.store.write() as tx:
        number = manual_writes.add(
            tx, made.services.store.key, GOOD, at=0.0, who="kim", kind="operator", address="", action="update",
            domain="a.nl", username="nina", asked={}, recovery_email="", settle_at=0.0, passwords_until=4e9,
        )  # fmt: skip
        manual_writes.change(tx, number, status="kept", outcome="not known")


def token(app: App, whose: str) -> str | None:
    """Return a token of that kind."""
    match whose:
        case "no token":
            return None
        case "a bad one":
            return "mxm_" + "A" * 43
        case "a revoked one":
            revoked = app.token(admin=True)
            app.services.tokens.revoke(LOCAL, max(each.id for each in app.services.tokens.list_all(LOCAL)))
            return revoked
        case "an expired one":
            return app.token(admin=True, days=1e-9)
        case "of another domain":
            return app.token(b_nl="view import export delete")
        case "that may only view":
            return app.token(a_nl="view")
        case _:
            return app.admin


def named(value: object) -> str | None:
    return " ".join(map(str, value[:2])) if isinstance(value, tuple) else None


def test_the_matrix_lists_every_route() -> None:
    paths = {"{domain}": "a.nl", "{user}": "nina", "{run}": "1", "{number}": "1", "{client}": "1", "{link}": "1"}
    there = set()
    for path, operations in build().openapi()["paths"].items():
        for name, value in paths.items():
            path = path.replace(name, value)
        there |= {(method.upper(), path) for method in operations}
    assert there == {(method, path) for method, path, _, _ in ROUTES}


@pytest.mark.parametrize("whose", WITHOUT_ACCESS)
def test_every_route_is_refused_without_a_valid_token(unchanged: App, whose: str) -> None:
    app = unchanged
    shown, before = token(app, whose), app.host.writes()
    for method, path, body, _ in ROUTES:
        answer = app.ask(method, path, body, token=shown)
        assert answer.status_code == 401, (method, path)
        assert answer.json()["error"]["code"] == "UNAUTHORIZED"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert app.host.writes() == before


def is_allowed(whose: str, needs: str) -> bool:
    """Return whether a token has the permission that a route needs."""
    enough = {"that may only view": "view", "of another domain": "export somewhere"}
    return whose == "of an admin" or not needs or needs == enough.get(whose)


def changes(method: str, path: str) -> bool:
    """Return whether a route changes anything, and so needs a server of its own."""
    return method != "GET" and not path.endswith(("/preview", "/export"))


def refused_by_state(path: str) -> bool:
    """Return whether a route is refused for every token.

    No row of the run failed or waits.
    """
    return path.endswith(("/retry", "/pause", "/resume", "/stop"))


@pytest.mark.parametrize("whose", WITH_ACCESS)
def test_every_token_reads_what_its_permissions_allow(unchanged: App, whose: str) -> None:
    shown = token(unchanged, whose)
    statuses = {
        (method, path): unchanged.ask(method, path, body, token=shown).status_code
        for method, path, body, needs in ROUTES
        if is_allowed(whose, needs) and not changes(method, path)
    }
    assert statuses
    assert set(statuses.values()) == {200}, statuses


@pytest.mark.parametrize("route", [route for route in ROUTES if changes(*route[:2])], ids=named)
def test_an_admin_may_do_everything(app: App, route: tuple[str, str, Any, str]) -> None:
    method, path, body, _ = route
    answer = app.ask(method, path, body)
    assert answer.status_code in ((409,) if refused_by_state(path) else (200, 201, 202)), answer.text


@pytest.mark.parametrize("whose", WITH_ACCESS[:-1])
def test_every_route_is_refused_without_its_permission(unchanged: App, whose: str) -> None:
    shown, before = token(unchanged, whose), unchanged.host.writes()
    for method, path, body, needs in ROUTES:
        if is_allowed(whose, needs):
            assert not changes(method, path)
            continue
        answer = unchanged.ask(method, path, body, token=shown)
        hidden = path.startswith(
            ("/imports/1", "/unconfirmed/1", "/links/1")
        )  # a run is not found without permission to see it
        hidden |= (method, path) == ("GET", "/clients/1")
        assert answer.status_code == (404 if hidden else 403), (method, path, answer.text)
        assert answer.json()["success"] is False
    assert unchanged.host.writes() == before


def test_routes_without_a_permission_show_nothing_of_other_domains(app: App) -> None:
    other = token(app, "of another domain")
    assert app.ask("GET", "/domains", token=other).json()["data"] == ["b.nl"]
    assert app.ask("GET", "/imports", token=other).json()["data"] == []
    row = app.ask("POST", "/email-accounts/import/preview", ROWS | {"rows": [{"username": "nina"}]}, token=other)
    previewed = row.json()["data"]["rows"][0]
    assert (previewed["verdict"], previewed["already_exists"]) == ("invalid", False)
    assert previewed["errors"][0] == "You have no permission to import into a.nl. Ask an admin for it."
