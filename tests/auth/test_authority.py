"""Services act with the permissions of this moment, although a page or request may hold an old caller."""

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth import authority
from mxlib.auth.authority import has_caller_parameter, resolves, resolves_callers
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.sign_in import OVER
from mxlib.auth.tokens import InvalidToken
from mxlib.core.plans.changes import NewQuota
from mxlib.services import Services
from mxlib.services.audit_log import AuditFilter
from tests.support import app as support
from tests.support import sign_in as people
from tests.support.app import App, refused

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
GOOD = people.GOOD


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        opened.services.users.add(LOCAL, "boss", GOOD, admin=True)
        yield opened


def methods(app: Services) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield the name and the function of every public method of the services."""
    for field in fields(app):
        service = getattr(app, field.name)
        for name, method in vars(type(service)).items():
            if not name.startswith("_") and inspect.isfunction(method):
                yield f"{field.name}.{name}", method


def test_every_service_method_that_takes_a_caller_resolves_it_again(app: App) -> None:
    takers = {name: resolves(method) for name, method in methods(app.services) if has_caller_parameter(method)}
    assert len(takers) > 70
    assert not [name for name, does in takers.items() if not does]


def test_a_demoted_admin_cannot_use_the_old_permissions(app: App) -> None:
    services = app.services
    number = services.users.add(LOCAL, "kim", GOOD, admin=True)
    other = services.users.add(LOCAL, "jo", GOOD)
    kim = services.users.caller("kim")
    services.users.change(LOCAL, number, admin=False)
    assert kim.admin
    for act in (
        lambda: services.access.disable(kim, other),
        lambda: services.access.new_password(kim, other),
        lambda: services.users.disable(kim, number=other),
        lambda: services.tokens.create(kim, "ci", admin=True),
        lambda: services.mailboxes.create(kim, "a.nl", {"username": "nina", "password": support.GOOD}),
        lambda: services.exports.domain_file(kim, "a.nl", "csv"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert services.users.find("jo").disabled_at is None  # type: ignore[union-attr]
    assert not app.host.has("nina@a.nl")
    assert services.lists.domains(kim).names == ()


def test_a_caller_gets_permissions_added_since(app: App) -> None:
    number = app.services.users.add(LOCAL, "kim", GOOD)
    kim = app.services.users.caller("kim")
    app.services.users.change(LOCAL, number, permissions={"a.nl": [Permission.VIEW]})
    assert app.services.lists.domains(kim).names == ("a.nl",)


def test_a_caller_disabled_since_is_refused(app: App) -> None:
    number = app.services.users.add(LOCAL, "kim", GOOD, admin=True)
    kim = app.services.users.caller("kim")
    app.services.users.disable(LOCAL, number)
    with pytest.raises(Forbidden, match="The user kim is disabled"):
        app.services.lists.domains(kim)


def test_a_caller_of_an_ended_session_is_refused(app: App) -> None:
    authenticator = app.services.authenticator
    user = app.services.users.add(LOCAL, "kim", GOOD, admin=True)
    with app.services.store.write() as tx:
        session_id = authenticator.sessions.start(tx, user, "10.0.0.1", "a browser")
    session = authenticator.sessions.find(session_id)
    assert session
    kim = authenticator.caller("kim", "10.0.0.1", session.known_as)
    assert app.services.runs.all(kim) == ()
    authenticator.sign_out(session, "10.0.0.1")
    for act in (
        lambda: app.services.runs.all(kim),
        lambda: authenticator.caller("kim", "10.0.0.1", session.known_as),
    ):
        with pytest.raises(Forbidden, match=OVER):
            act()


def test_the_local_operator_is_refused_once_users_sign_in(tmp_path: Path) -> None:
    with support.opened(tmp_path, sandbox=True) as app:
        local = app.services.authenticator.caller(None, "")
        assert local == LOCAL
        if not app.services.authenticator.sign_in_required():
            assert app.services.access.people(local) == ()
        app.services.users.add(LOCAL, "boss", GOOD, admin=True)
        with pytest.raises(Forbidden, match="Sign in again"):
            app.services.access.people(local)


def test_a_token_revoked_after_its_request_arrived_is_refused(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    token = app.token(admin=True)
    caller = app.services.tokens.caller(token)
    number = app.services.tokens.list_all(LOCAL)[0].id
    app.services.tokens.revoke(LOCAL, number)
    with pytest.raises(InvalidToken, match="revoked"):
        app.services.mailboxes.create(caller, "a.nl", {"username": "nina", "password": support.GOOD})
    monkeypatch.setattr(app.services.tokens, "caller", lambda *_: caller)
    refused(app.ask("GET", "/domains", token=token), 401, "revoked")


def test_nested_service_calls_resolve_the_caller_once_until_one_waits() -> None:
    asked: list[str] = []

    def source() -> Caller:
        asked.append("the store")
        return Caller("kim", source=source)

    @resolves_callers
    class Inner:
        def act(self, caller: Caller) -> Caller:
            return caller

    @resolves_callers
    class Outer:
        def act(self, caller: Caller, *, waits: bool) -> None:
            inner = Inner()
            assert inner.act(caller) is inner.act(caller) is caller
            if waits:
                caller = authority.current(caller)
                assert inner.act(caller) is caller

    Outer().act(source(), waits=False)
    assert len(asked) == 2
    Outer().act(source(), waits=True)
    assert len(asked) == 5


def test_a_long_download_ends_when_its_caller_is_disabled(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxlib.services.audit_log.CHUNK", 1)
    number = app.services.users.add(LOCAL, "kim", GOOD, admin=True)
    pieces = iter(app.services.audit_log.csv(app.services.users.caller("kim"), AuditFilter()).pieces)
    assert len([next(pieces), next(pieces)]) == 2
    app.services.users.disable(LOCAL, number)
    with pytest.raises(Forbidden):
        next(pieces)


#: Acts of `kim` that first wait for an answer of the host.
WAITING_ACTS = {
    "read a list": lambda services, kim: services.lists.mailboxes(kim, "a.nl", refresh=True),
    "read the domains": lambda services, kim: services.lists.domains(kim, refresh=True).names,
    "read a mailbox": lambda services, kim: services.mailboxes.read(kim, "a.nl", "nina"),
    "export a domain": lambda services, kim: services.exports.domain_file(kim, "a.nl", "csv"),
    "export all": lambda services, kim: services.exports.all_file(kim, "xlsx"),
    "export some": lambda services, kim: services.exports.some_file(kim, ["nina@a.nl"], "csv"),
    "create": lambda services, kim: services.mailboxes.create(kim, "a.nl", {"username": "x", "password": support.GOOD}),
    "update": lambda services, kim: services.mailboxes.update(kim, "a.nl", "nina", {"quota": 7}),
    "delete": lambda services, kim: services.mailboxes.delete(kim, "a.nl", "nina"),
    "set a recovery email": lambda services, kim: services.mailboxes.set_stored(
        kim, "a.nl", "nina", "recovery_email", "x@b.example"
    ),
    "import": lambda services, kim: services.imports.start(
        kim, services.files.batch_from_file(f"username,password\nx,{support.GOOD}\n".encode(), "x.csv", "a.nl")
    ),
    "change": lambda services, kim: services.changes.start(kim, ["nina@a.nl"], NewQuota(7)),
    "undo": lambda services, kim: services.undo.start(kim, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("how", ["demoted", "disabled", "kept"])
@pytest.mark.parametrize("act", WAITING_ACTS)
def test_permissions_lost_while_waiting_for_mxroute_stop_the_act(
    app: App, monkeypatch: pytest.MonkeyPatch, act: str, how: str
) -> None:
    services, clock = app.services, app.services.clock
    app.have("nina@a.nl", "jo@b.nl")
    number = services.users.add(LOCAL, "kim", GOOD, admin=True)
    kim = services.users.caller("kim")
    if act == "undo":
        file = f"username,password\nof.run,{support.GOOD}\n".encode()
        app.ended(services.imports.start(kim, services.files.batch_from_file(file, "x.csv", "a.nl")))
    writes, runs = app.host.writes(), len(services.runs.all(LOCAL))
    monkeypatch.setattr(clock, "now", lambda: time.time() + 3_600)  # so that every kept list is read again
    send = app.host.send

    def send_and_change_rights(request: Any, **kwargs: Any) -> Any:
        answer = send(request, **kwargs)
        if how == "demoted":
            services.users.change(LOCAL, number, admin=False)
        elif how == "disabled":
            services.users.disable(LOCAL, number)
        return answer

    monkeypatch.setattr(app.host, "send", send_and_change_rights)
    if how == "kept":
        assert WAITING_ACTS[act](services, kim) is not None
        return
    with suppress(Forbidden):
        assert WAITING_ACTS[act](services, kim) == ()
    assert (app.host.writes(), len(services.runs.all(LOCAL))) == (writes, runs)
    assert not services.audit_log.entries(LOCAL, AuditFilter(who="kim", what="export")).entries


def test_the_caller_is_found_as_positional_or_keyword_argument() -> None:
    @resolves_callers
    class Service:
        def act(self, what: str, caller: Caller, *, why: str = "") -> tuple[str, str, str]:
            return what, caller.name, why

        def _own(self, caller: Caller) -> str:
            return caller.name

    old = Caller("old", source=lambda: Caller("new"))
    assert Service().act("it", old, why="so") == ("it", "new", "so")
    assert Service().act("it", caller=old) == ("it", "new", "")
    assert Service()._own(old) == "old"
