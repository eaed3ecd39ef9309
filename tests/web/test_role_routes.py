"""Every route for people besides the pages and the API, with every role: who gets a file, and what is in it."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from mxlib.auth.middleware import IDENTITY
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.auth.sign_in import Authenticator
from mxlib.core.links import LinkOptions
from mxlib.services.drafts import DraftContent
from mxlib.web import audit_downloads, downloads, health, probes
from tests.support.app import GOOD, App, opened
from tests.support.sign_in import brisk

__all__ = ["brisk"]

LONG = "correct horse battery"
SCOPES = {"client": "client:1", "domain": "a.nl", "all": EVERY_DOMAIN}
#: Everyone by name: each role in each scope that it can have, and an admin.
PEOPLE = {
    f"{role.name.lower()}-{scope}": (role, key)
    for role in Role
    for scope, key in SCOPES.items()
    if not (role is Role.CLIENT_ADMIN and key == EVERY_DOMAIN)
}
VIEWERS = frozenset(PEOPLE) | {"chief"}
MANAGING = {Role.MANAGER, Role.CLIENT_ADMIN}
MANAGERS = frozenset(name for name, (role, _) in PEOPLE.items() if role in MANAGING) | {"chief"}
EVERYWHERE = frozenset(name for name, (_, key) in PEOPLE.items() if key == EVERY_DOMAIN) | {"chief"}
CHIEF = frozenset({"chief"})
NOBODY: frozenset[str] = frozenset()
#: People of the agency may continue the drafts of others, where they may import.
AGENCY = frozenset(name for name in MANAGERS if not name.startswith("client_admin"))

#: Each route, and the people who get its file.
TABLE = {
    "/audit.csv": VIEWERS,
    "/audit.jsonl": VIEWERS,
    "/evidence.xlsx": CHIEF,
    "/export/a.nl.csv": MANAGERS,
    "/export/a.nl.xlsx": MANAGERS,
    "/export/b.nl.csv": MANAGERS & EVERYWHERE,
    "/export/all.csv": MANAGERS,
    "/export/clients.csv": CHIEF,
    "/texts/0/en/letter.pdf": CHIEF,
    "/export/overview/full-soon.csv": MANAGERS,
    "/export/overview/clients.xlsx": MANAGERS,
    "/export/month/MONTH.xlsx": MANAGERS,
    "/export/selection/1.csv": NOBODY,
    "/drafts/DRAFT.csv": AGENCY,
    "/runs/1/results.csv": CHIEF,
    "/runs/1/results.zip": CHIEF,
    "/runs/1/failed.csv": CHIEF,
    "/runs/2/results.csv": CHIEF,
    "/runs/1/links.csv": AGENCY,
    "/runs/2/links.csv": AGENCY & EVERYWHERE,
    "/runs/1/link-letters.pdf": AGENCY,
    "/runs/2/link-letters.pdf": AGENCY & EVERYWHERE,
    "/template.csv": VIEWERS,
    "/health": VIEWERS,
    "/live": VIEWERS,
    "/ready": VIEWERS,
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield a server with two clients, a run in the domains of each, and a draft of an admin."""
    with opened(tmp_path_factory.mktemp("people")) as made:
        made.have("nina@a.nl", "zephyr@b.nl")
        made.ask("POST", "/clients", {"name": "Client A", "domains": ["a.nl"], "notes": "Pays late."})
        made.ask("POST", "/clients", {"name": "Client B", "domains": ["b.nl"]})
        for domain in ("a.nl", "b.nl"):
            rows = [{"username": "max", "password": GOOD}]
            made.ended(made.ask("POST", "/imports", {"default_domain": domain, "rows": rows}).json()["data"]["id"])
            made.ask("GET", f"/domains/{domain}/email-accounts")
        for run in (1, 2):
            plan = made.services.link_plans.plan(LOCAL, run=run, options=LinkOptions(without_mail=True))
            made.services.link_plans.start(LOCAL, plan)
        yield made


@pytest.fixture(scope="module")
def draft(app: App) -> str:
    file = f"username,password\r\nfay,{GOOD}\r\n".encode()
    number = app.services.drafts.new()
    content = DraftContent(app.services.files.batch_from_file(file, "staff.csv", "a.nl"), file)
    app.services.drafts.keep(LOCAL, number, content)
    return number


@pytest.fixture
def web(app: App, brisk: None, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    users = app.services.users
    if users.find("chief") is None:
        users.add(LOCAL, "chief", LONG, admin=True)
        for name, (role, key) in PEOPLE.items():
            own = [key] if role is Role.CLIENT_ADMIN else []
            users.add(LOCAL, name, LONG, permissions={key: PERMISSIONS[role]}, client_admin=own)

    def caller(_self: Authenticator, name: str, *_address: str) -> Caller:
        return users.caller(name)

    monkeypatch.setattr(Authenticator, "caller", caller)
    return TestClient(Starlette(routes=[*downloads.routes, *audit_downloads.routes, *health.routes, *probes.routes]))


def named(route: str, draft: str) -> str:
    """Return the address of a route, with the number of the draft and the month of now."""
    return route.replace("DRAFT", draft).replace("MONTH", f"{datetime.now(UTC):%Y-%m}")


def content(answer: Response) -> str:
    """Return the texts of a response, of a workbook as well."""
    if answer.content[:2] != b"PK":
        return str(answer.text)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as box:
        return "".join(box.read(name).decode(errors="replace") for name in box.namelist())


@pytest.mark.parametrize("name", [*PEOPLE, "chief"])
def test_each_role_gets_the_files_of_its_table(web: TestClient, draft: str, name: str) -> None:
    for route, people in TABLE.items():
        answer = web.get(named(route, draft), headers={IDENTITY.decode(): name})
        if name in people:
            assert answer.status_code == 200, (route, answer.text)
        else:
            assert answer.status_code in (403, 404), (route, answer.text)
            assert answer.status_code == 404 or "admin" in answer.text, (route, answer.text)
        if name not in EVERYWHERE and answer.status_code == 200:
            found = content(answer)
            assert not any(other in found for other in ("zephyr", "Client B", "Pays late", "max@b.nl")), route


@pytest.mark.parametrize("route", TABLE)
def test_every_route_refuses_strangers(web: TestClient, route: str) -> None:
    stranger = web.get(route, headers={IDENTITY.decode(): "nobody"})
    if route in ("/health", "/live", "/ready"):
        assert stranger.json() == {"status": "ok"}
    elif route != "/template.csv":  # it is the same for everyone
        assert stranger.status_code in (403, 404), route


def test_the_table_has_every_route() -> None:
    paths = {route.path for route in [*downloads.routes, *audit_downloads.routes, *health.routes, *probes.routes]}
    for path in paths:
        pattern = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))
        assert any(pattern.fullmatch(route) for route in TABLE), path


def test_health_shows_people_of_a_client_nothing_of_the_agency(web: TestClient) -> None:
    details = web.get("/health", headers={IDENTITY.decode(): "client_admin-client"}).json()
    assert (details["runs_active"], details["stuck_runs"], details["backup"]) == (0, [], None)
