"""Permissions count at the moment of the effect, also after a wait.

Losing them while a service waits for lists, a slot or a file means no run, no write and no byte.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth import passwords
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.tokens import InvalidToken
from mxlib.core.files import writer
from mxlib.core.plans.changes import NewQuota
from mxlib.runs import results
from mxlib.services.mailbox_lists import MailboxLists
from tests.support import app as support
from tests.support import sign_in as people
from tests.support.app import App
from tests.support.audit_entries import audit_entries

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
GOOD = people.GOOD
ROWS = b"username,password\r\nnina,Geheim.2026x\r\n"

Revoke = Callable[[], None]
Wait = Callable[[App, pytest.MonkeyPatch, Revoke], None]
Act = Callable[[App, Caller], Any]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        opened.services.users.add(LOCAL, "boss", GOOD, admin=True)
        yield opened


def then(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, revoke: Revoke) -> None:
    """Let the right go once `owner.name` has done its work."""
    work = getattr(owner, name)

    def slow(*given: Any, **named: Any) -> Any:
        done = work(*given, **named)
        revoke()
        return done

    monkeypatch.setattr(owner, name, slow)


def lists_are_read(_app: App, monkeypatch: pytest.MonkeyPatch, revoke: Revoke) -> None:
    then(monkeypatch, MailboxLists, "refresh", revoke)


def one_list_is_read(app: App, _monkeypatch: pytest.MonkeyPatch, revoke: Revoke) -> None:
    app.host.waits = lambda request: revoke() if request.kind == "read" else None


def a_write_waits(app: App, _monkeypatch: pytest.MonkeyPatch, revoke: Revoke) -> None:
    app.host.waits = lambda request: revoke() if request.kind == "write" else None


def a_file_is_made(_app: App, monkeypatch: pytest.MonkeyPatch, revoke: Revoke) -> None:
    for owner, name in (
        (writer, "mailboxes_csv"), (results, "results_file"), (results, "results_zip"), (results, "all_rows"),
    ):  # fmt: skip
        then(monkeypatch, owner, name, revoke)


def a_password_is_hashed(_app: App, monkeypatch: pytest.MonkeyPatch, revoke: Revoke) -> None:
    then(monkeypatch, passwords, "hash_password", revoke)


def a_run(app: App, caller: Caller) -> int:
    """A run of this caller's at its end."""
    table = app.services.files.batch_from_file(ROWS, "staff.csv", "a.nl")
    run = app.services.imports.start(caller, table)
    app.ended(run)
    return run


def imported(app: App, caller: Caller) -> object:
    return app.services.imports.start(caller, app.services.files.batch_from_file(ROWS, "new.csv", "a.nl"), again=True)


def changed(app: App, caller: Caller) -> object:
    return app.services.changes.plan(caller, ["info@a.nl"], NewQuota(2048))


def ordered(app: App, caller: Caller) -> object:
    return app.services.changes.start(caller, ("info@a.nl", "post@a.nl"), NewQuota(2048), below_use=True)


def undone(app: App, caller: Caller) -> object:
    return app.services.undo.start(caller, app.services.runs.all(caller)[0].id, "1")


def looked(app: App, caller: Caller) -> object:
    return app.services.undo.look(caller, app.services.runs.all(caller)[0].id)


def run_file(kind: str) -> Act:
    return lambda app, caller: app.services.exports.run_file(caller, app.services.runs.all(caller)[0].id, kind)


def results_as_json(app: App, caller: Caller) -> object:
    return app.services.runs.results(caller, app.services.runs.all(caller)[0].id)


def made(app: App, caller: Caller) -> Any:
    return app.services.mailboxes.create(caller, "a.nl", {"username": "new", "password": support.GOOD})


ACTS: dict[str, tuple[Wait, Act]] = {
    "start an import": (lists_are_read, imported),
    "plan a change": (lists_are_read, changed),
    "start a change": (lists_are_read, ordered),
    "start an undo": (lists_are_read, undone),
    "look at an undo": (lists_are_read, looked),
    "gather all lists": (lists_are_read, lambda app, caller: app.services.exports.everything(caller)),
    "export all domains": (lists_are_read, lambda app, caller: app.services.exports.all_file(caller, "csv")),
    "export a selection": (
        lists_are_read, lambda app, caller: app.services.exports.some_file(caller, ["info@a.nl"], "csv"),
    ),
    "search": (lists_are_read, lambda app, caller: app.services.search.read(caller)),
    "read a list": (
        one_list_is_read, lambda app, caller: app.services.lists.mailboxes(caller, "a.nl", refresh=True),
    ),
    "read a mailbox": (one_list_is_read, lambda app, caller: app.services.mailboxes.read(caller, "a.nl", "info")),
    "read the storage": (one_list_is_read, lambda app, caller: app.services.storage.read(caller)),
    "keep a recovery email": (
        one_list_is_read,
        lambda app, caller: app.services.mailboxes.set_stored(caller, "a.nl", "late", "recovery_email", "x@y.nl"),
    ),
    "create a mailbox": (a_write_waits, made),
    "change a mailbox": (
        a_write_waits, lambda app, caller: app.services.mailboxes.update(caller, "a.nl", "info", {"quota": "2048"}),
    ),
    "delete a mailbox": (a_write_waits, lambda app, caller: app.services.mailboxes.delete(caller, "a.nl", "info")),
    "make the file of all domains": (
        a_file_is_made, lambda app, caller: app.services.exports.all_file(caller, "csv"),
    ),
    "make the file of a domain": (
        a_file_is_made, lambda app, caller: app.services.exports.domain_file(caller, "a.nl", "csv"),
    ),
    "make the file of a selection": (
        a_file_is_made, lambda app, caller: app.services.exports.some_file(caller, ["info@a.nl"], "csv"),
    ),
    "make the results": (a_file_is_made, run_file("results.csv")),
    "make the results by domain": (a_file_is_made, run_file("results.zip")),
    "make the results as JSON": (a_file_is_made, results_as_json),
    "add a person": (a_password_is_hashed, lambda app, caller: app.services.access.add_with_password(
        caller, "eve", admin=True, given={})),
    "set a password": (a_password_is_hashed, lambda app, caller: app.services.access.new_password(
        caller, app.services.users.find("jo").id)),  # type: ignore[union-attr]
}  # fmt: skip
OF_ADMINS = ("add a person", "set a password")


def world(app: App) -> dict[str, Any]:
    """What must not change."""
    with app.services.store.read() as tx:
        theirs = [entry["what"] for entry in audit_entries(tx) if entry["who"] in ("kim", "token ci")]
        trail = [what for what in theirs if what != "permission.refused"]
    return {
        "trail": trail,
        "runs": len(app.services.runs.all(LOCAL)),
        "writes": app.host.writes(),
        "people": [(user.name, user.has_password) for user in app.services.users.list_all(LOCAL)],
        "by hand": app.services.unconfirmed.every(LOCAL),
    }


@pytest.mark.parametrize("how", ["demoted", "disabled", "revoked"])
@pytest.mark.parametrize("act", ACTS)
def test_losing_permission_while_a_service_waits_stops_the_act(
    app: App, monkeypatch: pytest.MonkeyPatch, act: str, how: str
) -> None:
    services = app.services
    wait, do = ACTS[act]
    if how == "revoked" and act in OF_ADMINS:
        pytest.skip("a token manages no people")
    app.have("info@a.nl", "post@a.nl", "info@b.nl")
    services.users.add(LOCAL, "jo", GOOD)
    rights = {domain: list(Permission) for domain in ("a.nl", "b.nl", "c.nl")}
    number = services.users.add(LOCAL, "kim", GOOD, admin=act in OF_ADMINS, permissions=rights)
    if how == "revoked":
        caller = services.tokens.caller(
            services.tokens.create(LOCAL, "ci", domains={d: set(Permission) for d in rights})
        )
    else:
        caller = services.users.caller("kim")
    services.lists.every(LOCAL, services.lists.domains(LOCAL).names)
    a_run(app, caller)
    app.have("late@a.nl")  # no list that was read knows it
    left: list[None] = []

    def revoke() -> None:
        if left:
            return
        left.append(None)
        if how == "disabled":
            services.users.disable(LOCAL, number)
        elif how == "revoked":
            services.tokens.revoke(LOCAL, services.tokens.list_all(LOCAL)[0].id)
        else:
            services.users.change(LOCAL, number, admin=False, permissions={})

    before = world(app)
    wait(app, monkeypatch, revoke)
    with pytest.raises((Forbidden, InvalidToken)):
        do(app, caller)
    assert left, "nothing waited"
    monkeypatch.undo()
    app.host.waits = lambda _request: None
    assert world(app) == before


def test_keeping_permission_lets_the_act_go_through(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("info@a.nl", "post@a.nl")
    app.services.users.add(LOCAL, "kim", GOOD, permissions={"a.nl": list(Permission)})
    kim = app.services.users.caller("kim")
    a_run(app, kim)
    assert all(act(app, kim) for act in (undone, ordered, changed))
    assert app.services.exports.all_file(kim, "csv").content
    assert (
        app.services.mailboxes.create(kim, "a.nl", {"username": "new", "password": support.GOOD}).box.username == "new"
    )


def test_a_domain_lost_while_lists_are_read_is_left_out(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("info@a.nl", "info@b.nl")
    number = app.services.users.add(
        LOCAL, "kim", GOOD, permissions={"a.nl": list(Permission), "b.nl": list(Permission)}
    )
    kim = app.services.users.caller("kim")
    lists_are_read(app, monkeypatch, lambda: app.services.users.change(
        LOCAL, number, permissions={"a.nl": list(Permission)}))  # fmt: skip
    with pytest.raises(Forbidden, match=r"b\.nl"):
        app.services.exports.everything(kim)
