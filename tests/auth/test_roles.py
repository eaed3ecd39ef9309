"""Roles: their permissions, grants for a client, and what people of a client do not see."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from mxlib.auth import roles
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Forbidden, Permission, with_included
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.plans.changes import NewQuota
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.store import FILE, Store, audit
from tests.support.app import GOOD, App, opened
from tests.support.sign_in import brisk
from tests.support.simulation import plan, rows

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")

SCHEMA = Path(__file__).parents[1] / "files" / "schemas" / "0024.sql"
MANAGES = PERMISSIONS[Role.CLIENT_ADMIN]
LONG = "correct horse battery"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Client 1 has a.nl, client 2 has c.nl."""
    with opened(tmp_path) as made:
        made.have("kim@a.nl", "lee@a.nl", "far@b.nl")
        made.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",), terms=Terms(max_quota=4096)))
        made.services.clients.add(LOCAL, ClientDetails("Client C", ("c.nl",)))
        made.services.users.add(LOCAL, "boss", LONG, admin=True)
        yield made


def add(app: App, name: str, given: roles.Given, *external: str) -> Caller:
    app.services.users.add(LOCAL, name, LONG, permissions=dict(given), client_admin=external)
    return app.services.users.caller(name)


def test_a_role_is_known_by_its_permissions_alone() -> None:
    for role in (Role.VIEWER, Role.HELPDESK, Role.MANAGER):
        assert roles.role_of("a.nl", PERMISSIONS[role]) is role
    assert roles.role_of("a.nl", MANAGES, ["a.nl"]) is Role.CLIENT_ADMIN
    assert roles.role_of("a.nl", {Permission.VIEW}, ["a.nl"]) is None
    others = [
        given
        for size in range(1, len(Permission) + 1)
        for given in combinations(Permission, size)
        if with_included(given) not in PERMISSIONS.values()
    ]
    assert {roles.role_of("a.nl", given) for given in others} == {None}


@pytest.mark.parametrize(
    ("given", "external", "text"),
    [
        ({}, (), "Nothing yet"),
        ({"*": ["view"]}, (), "Viewer in every domain"),
        (
            {"client:1": ["view", "support"], "b.nl": ["view"]},
            (),
            "Helpdesk in the domains of Client A; viewer in b.nl",
        ),
        ({"client:1": sorted(MANAGES)}, ("client:1",), "Client admin in the domains of Client A"),
        ({"client:1": ["view"]}, ("client:1",), "Client admin with view in the domains of Client A"),
        ({"client:9": ["view", "export"]}, (), "View, export in the domains of client 9"),
    ],
)
def test_rights_are_described_in_words(given: roles.Given, external: tuple[str, ...], text: str) -> None:
    assert roles.describe(False, given, external, {1: "Client A"}) == text


def test_a_grant_for_a_client_follows_its_domains(app: App) -> None:
    who = add(app, "helper", {"client:1": PERMISSIONS[Role.HELPDESK], "b.nl": ["view"]})
    assert who.domains == {"a.nl": PERMISSIONS[Role.HELPDESK], "b.nl": {Permission.VIEW}}
    app.services.clients.change(LOCAL, 1, lambda client: replace(client, domains=("a.nl", "b.nl")))
    assert app.services.users.caller("helper").domains["b.nl"] == PERMISSIONS[Role.HELPDESK]
    app.services.clients.delete(LOCAL, 1)
    assert app.services.users.caller("helper").domains == {"b.nl": {Permission.VIEW}}


def test_a_grant_needs_a_client_that_exists(app: App) -> None:
    with pytest.raises(InvalidPassword, match=r"There is no client 7\. Open Clients"):
        add(app, "helper", {"client:7": ["view"]})


def test_a_token_of_a_client_follows_its_domains(app: App) -> None:
    token = app.services.tokens.create(
        Caller("boss", admin=True), "sync", domains={"client:1": frozenset({Permission.VIEW})}
    )
    assert app.services.tokens.caller(token).domains == {"a.nl": {Permission.VIEW}}
    app.services.users.add(LOCAL, "chief", LONG, admin=True)
    app.services.users.change(LOCAL, 1, admin=False, permissions={"client:2": MANAGES}, client_admin=["client:2"])
    assert app.services.tokens.caller(token).domains == {}
    assert app.services.tokens.caller(token).external


def test_a_change_of_rights_is_audited_with_old_and_new(app: App) -> None:
    add(app, "helper", {"b.nl": ["view"]})
    app.services.users.change(LOCAL, 2, permissions={"client:1": MANAGES}, client_admin=["client:1"])
    with app.services.store.read() as tx:
        entry = audit.find(tx, audit.AuditFilter(what=AuditAction.USER_CHANGE), most=1)[0]
    now = "client 1 (Client A) as client admin: view, import, export, delete"
    assert entry.outcome == now
    assert entry.detail == {"before": "b.nl: view", "after": now}


def test_people_are_of_a_client_only_where_every_grant_is(app: App) -> None:
    assert add(app, "anna", {"client:1": MANAGES}, "client:1").external
    assert not add(app, "berta", {"client:1": MANAGES, "b.nl": ["view"]}, "client:1").external
    assert add(app, "carla", {"client:1": ["view"]}, "client:1").external
    assert not add(app, "dora", {EVERY_DOMAIN: MANAGES}, EVERY_DOMAIN).external
    app.services.clients.delete(LOCAL, 1)
    assert app.services.users.caller("anna").external


def test_a_client_admin_who_may_less_still_belongs_to_the_client(app: App) -> None:
    users = app.services.users
    add(app, "anna", {"client:1": MANAGES}, "client:1")
    users.change(LOCAL, 2, permissions={"client:1": MANAGES - {Permission.DELETE}})
    who = users.caller("anna")
    assert who.external
    assert app.services.storage.latest(who) is None
    users.change(LOCAL, 2, permissions={"client:1": MANAGES})
    assert users.caller("anna").external
    users.change(LOCAL, 2, client_admin=[])
    assert not users.caller("anna").external


def test_people_of_a_client_see_nothing_of_the_agency(app: App) -> None:
    services, who = app.services, add(app, "anna", {"client:1": MANAGES}, "client:1")
    boss = services.users.caller("boss")
    others = services.runs.start(
        boss, services.changes.plan(boss, ["kim@a.nl", "lee@a.nl"], NewQuota(2048)).plan, days=7
    )
    app.ended(others)
    assert services.storage.latest(who) is None
    with pytest.raises(Forbidden, match=r"to the agency only\. Ask an admin"):
        services.storage.read(who)
    assert [client.details.name for client in services.clients.list_all(who)] == ["Client A"]
    with pytest.raises(NotFound):
        services.clients.get(who, 2)
    assert services.runs.get(who, others) is None
    assert services.runs.all(who) == ()
    assert services.runs.ahead(who) == 0
    with pytest.raises(Forbidden):
        services.undo.look(who, others)
    own = services.changes.carry_out(who, services.changes.plan(who, ["kim@a.nl", "lee@a.nl"], NewQuota(1024)), days=7)
    assert own.run is not None
    assert [run.id for run in services.runs.all(who)] == [own.run]
    app.ended(own.run)


def test_people_of_a_client_are_shown_no_number_of_a_run_that_does_the_same(app: App) -> None:
    services, who = app.services, add(app, "anna", {"client:1": MANAGES}, "client:1")
    boss, addresses, content = services.users.caller("boss"), ["kim@a.nl", "lee@a.nl"], plan(*rows(2))
    proposed = services.changes.plan(boss, addresses, NewQuota(2048)).plan
    app.host.down = True
    change = services.runs.start(boss, proposed, days=7)
    services.run_manager.pause(change)
    services.run_manager.pause(services.runs.start(boss, content, days=7, allowed=()))
    app.host.down = False
    other = plan(*(replace(row, password=f"Other-{row.position}-word") for row in rows(2)))
    for start in (
        lambda: services.changes.carry_out(who, services.changes.plan(who, addresses, NewQuota(2048)), days=7),
        lambda: services.changes.start(who, addresses, NewQuota(2048)),
        lambda: services.runs.start(who, content, days=7, allowed=()),
        lambda: services.runs.start(who, other, days=7, allowed=()),
    ):
        with pytest.raises(InvalidState, match=r"^Another run does this already\. Wait for it, or ask an admin\.$"):
            start()
    assert services.runs.start(boss, content, days=7) == change + 1


def test_people_of_a_client_create_mailboxes_within_its_caps(app: App) -> None:
    who = add(app, "anna", {"client:1": MANAGES}, "client:1")
    mailboxes = app.services.mailboxes
    assert mailboxes.create(who, "a.nl", {"username": "new", "password": GOOD, "quota": 4096}).box.quota == 4096
    with pytest.raises(Exception, match="Client A"):
        mailboxes.create(who, "a.nl", {"username": "big", "password": GOOD, "quota": 5000})
    with pytest.raises(Forbidden, match="Ask an admin"):
        mailboxes.create(who, "b.nl", {"username": "new", "password": GOOD})


def test_rights_of_the_schema_before_roles_are_the_same_after(tmp_path: Path) -> None:
    """Every mix of permissions of an earlier release allows exactly what it did."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.executescript(SCHEMA.read_text())
        before = {
            name: {domain: frozenset(may) for domain, may in json.loads(given).items()}
            for name, given in connection.execute("SELECT name, permissions FROM \"user\" WHERE name LIKE 'mix-%'")
        }
    assert len(before) == 11
    store = Store.open(tmp_path / FILE, SystemClock(), "key of the schema fixtures")
    users = Users(store, SystemClock())
    for name, domains in before.items():
        caller = users.caller(name)
        assert caller.domains == domains
        assert not caller.external
        for right in ("view", "import", "export", "delete"):
            may = any(right in domains.get(on, ()) for on in ("a.nl", EVERY_DOMAIN))
            assert caller.may(Permission(right), "a.nl") is may
    store.close()
