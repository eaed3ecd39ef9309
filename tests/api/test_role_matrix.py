"""Every route of the API with every role: nobody gets further than the table of their role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib import services
from mxlib.auth.permissions import LOCAL, Caller, Permission, with_implied, with_included
from mxlib.auth.roles import PERMISSIONS, Role
from tests.api.test_permission_matrix import ROUTES, changes, set_up
from tests.support.app import App, opened
from tests.support.sign_in import brisk

__all__ = ["brisk"]

LONG = "correct horse battery"

#: Routes of one's own things, or of the whole account, that not every role reaches: those who do.
AGENCY_ONLY = {"/quota"}
#: Routes that need the runs of others, which people of a client do not see.
OF_A_RUN = "/imports/1"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield a server where client 1 has a.nl with a largest quota, and a token of a client admin can be made."""
    with opened(tmp_path_factory.mktemp("roles")) as made:
        set_up(made)
        assert made.ask("PATCH", "/clients/1", {"caps": {"quota": 4096}}).status_code == 200
        yield made


def token(app: App, role: Role) -> str:
    """Return a new token of a role in the domains of client 1."""
    if role is not Role.CLIENT_ADMIN:
        return app.services.tokens.create(LOCAL, str(role), domains={"client:1": PERMISSIONS[role]})
    # Only admins make tokens: this one became a client admin afterwards.
    users = app.services.users
    if users.find("chief") is None:
        users.add(LOCAL, "chief", LONG, admin=True)
    number = users.add(LOCAL, "anna", LONG, admin=True)
    made = app.services.tokens.create(Caller("anna", admin=True), "own", domains={"client:1": PERMISSIONS[role]})
    users.change(LOCAL, number, admin=False, permissions={"client:1": PERMISSIONS[role]}, client_admin=["client:1"])
    return made


def reaches(rights: frozenset[Permission], path: str, needs: str, *, external: bool = False) -> bool:
    """Return whether these permissions in a.nl are enough for a route."""
    if external and (path in AGENCY_ONLY or path.startswith(OF_A_RUN)):
        return False
    may = with_implied(with_included(rights))
    match needs:
        case "":
            return path not in AGENCY_ONLY or Permission.VIEW in may
        case "export somewhere" | "view export":
            return {Permission.VIEW, Permission.EXPORT} <= may
        case "admin" | "owner" | "its own":
            return False
        case "delete" if "undo" in path:
            return {Permission.VIEW, Permission.DELETE} <= may
        case "import" if path == OF_A_RUN or path.startswith(f"{OF_A_RUN}/results"):
            # Who may undo a run sees it.
            return Permission.IMPORT in may or {Permission.VIEW, Permission.DELETE} <= may
        case "export":
            return {Permission.VIEW, Permission.EXPORT} <= may
        case _:
            return Permission(needs) in may


def refused(app: App, shown: str, route: tuple[str, str, Any, str]) -> None:
    method, path, body, _ = route
    before = app.host.writes()
    answer = app.ask(method, path, body, token=shown)
    assert answer.status_code in (403, 404), (method, path, answer.text)
    assert app.host.writes() == before
    if answer.status_code == 403:
        assert "admin" in answer.json()["error"]["message"], (method, path, answer.text)


@pytest.mark.usefixtures("brisk")
@pytest.mark.parametrize("role", Role)
def test_a_role_reads_what_its_table_says_and_is_refused_the_rest(app: App, role: Role) -> None:
    services.install(app.services)
    shown, external = token(app, role), role is Role.CLIENT_ADMIN
    for route in ROUTES:
        method, path, body, needs = route
        if not reaches(PERMISSIONS[role], path, needs, external=external):
            refused(app, shown, route)
        elif not changes(method, path):
            assert app.ask(method, path, body, token=shown).status_code == 200, (role, method, path)


@pytest.mark.parametrize("role", [Role.HELPDESK, Role.MANAGER])
def test_a_role_changes_what_its_table_says(tmp_path: Path, role: Role) -> None:
    with opened(tmp_path) as made:
        set_up(made)
        made.ask("PATCH", "/clients/1", {"caps": {"quota": 4096}})
        shown = made.services.tokens.create(LOCAL, str(role), domains={"client:1": PERMISSIONS[role]})
        routes = [route for route in ROUTES if changes(*route[:2]) and reaches(PERMISSIONS[role], route[1], route[3])]
        assert routes
        for method, path, body, _ in sorted(routes, key=lambda route: route[0] == "DELETE"):
            answer = made.ask(method, path, body, token=shown)
            assert answer.status_code not in (401, 403), (method, path, answer.text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(rights=st.frozensets(st.sampled_from(Permission), min_size=1))
def test_no_mix_of_permissions_reaches_a_route_beyond_its_table(app: App, rights: frozenset[Permission]) -> None:
    services.install(app.services)
    shown = app.services.tokens.create(LOCAL, "mix", domains={"client:1": rights})
    for route in ROUTES:
        if not reaches(rights, route[1], route[3]):
            refused(app, shown, route)
