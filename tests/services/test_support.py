"""What the permission `support` allows: passwords, stored values and bounded quotas of mailboxes that exist."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Forbidden, Permission
from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.plans.changes import Change, Deletion, NewPassword, NewQuota, NewStored
from mxlib.core.schema import NAME, RECOVERY_EMAIL
from mxlib.services.mailboxes import InvalidField
from tests.support.app import GOOD, App, opened

BOTH = ("kim@a.nl", "nina@a.nl")
#: A helpdesk, and a person who creates mailboxes.
HELP = Caller("help", domains={"a.nl": frozenset({Permission.SUPPORT})})
MAKER = Caller("maker", domains={"a.nl": frozenset({Permission.IMPORT})})


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        made.have(*BOTH)
        yield made


def cap(app: App, max_quota: int | None = 2048) -> None:
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",), terms=Terms(max_quota=max_quota)))


def carry_out(app: App, change: Change, *addresses: str, caller: Caller = HELP) -> int | None:
    changes = app.services.changes
    done = changes.carry_out(caller, changes.plan(caller, addresses or BOTH[:1], change), days=7)
    if done.run is not None:
        app.ended(done.run)
    return done.run


def test_import_allows_support_without_listing_it() -> None:
    assert MAKER.domains == {"a.nl": {Permission.IMPORT, Permission.VIEW}}
    assert MAKER.may(Permission.SUPPORT, "a.nl")
    assert MAKER.may_anywhere(Permission.SUPPORT, ["a.nl"])
    assert HELP.may(Permission.VIEW, "a.nl")
    assert not any(HELP.may(right, "a.nl") for right in (Permission.IMPORT, Permission.EXPORT, Permission.DELETE))
    assert Caller("all", domains={EVERY_DOMAIN: frozenset({Permission.IMPORT})}).may(Permission.SUPPORT, "b.nl")


def test_the_helpdesk_changes_passwords_names_and_recovery_emails(app: App) -> None:
    mailboxes = app.services.mailboxes
    mailboxes.update(HELP, "a.nl", "kim", {"password": GOOD, "name": "Kim Berg"})
    assert app.host.sandbox.password_is("kim@a.nl", GOOD)
    assert mailboxes.set_stored(HELP, "a.nl", "kim", "recovery_email", "kim@mail.example") == "kim@mail.example"
    assert mailboxes.read(HELP, "a.nl", "kim").stored == {"name": "Kim Berg", "recovery_email": "kim@mail.example"}
    for column in (NAME, RECOVERY_EMAIL):
        assert carry_out(app, NewStored(dict.fromkeys(BOTH, ""), column), *BOTH) is not None
    assert carry_out(app, NewPassword()) is None


def test_a_run_of_the_helpdesk_is_theirs_to_see_and_undo(app: App) -> None:
    cap(app)
    run = carry_out(app, NewQuota(2048), *BOTH)
    assert run is not None
    assert app.services.runs.get(HELP, run) is not None
    undo = app.services.undo
    again = undo.start(HELP, run, undo.look(HELP, run).typed)
    app.ended(again)
    assert app.services.runs.get(HELP, again) is not None
    assert app.services.mailboxes.read(HELP, "a.nl", "kim").box.quota == 1024


@pytest.mark.parametrize(
    "act",
    [
        lambda app: app.services.mailboxes.create(HELP, "a.nl", {"username": "new", "password": GOOD}),
        lambda app: app.services.mailboxes.update(HELP, "a.nl", "kim", {"password": GOOD, "limit": 100}),
        lambda app: app.services.mailboxes.delete(HELP, "a.nl", "kim"),
        lambda app: carry_out(app, Deletion()),
        lambda app: app.services.exports.domain_file(HELP, "a.nl", "csv"),
        lambda app: app.services.mailboxes.update(HELP, "b.nl", "kim", {"password": GOOD}),
    ],
    ids=["create", "limit", "delete", "delete many", "export", "elsewhere"],
)
def test_the_helpdesk_does_nothing_else(app: App, act: Callable[[App], object]) -> None:
    before = app.host.writes()
    with pytest.raises(Forbidden, match="Ask an admin"):
        act(app)
    assert app.host.writes() == before


@pytest.mark.parametrize("client", [None, Terms()], ids=["no client", "no largest quota"])
def test_the_helpdesk_sets_no_quota_without_a_largest_one(app: App, client: Terms | None) -> None:
    if client:
        cap(app, None)
    for set_quota in (
        lambda: app.services.mailboxes.update(HELP, "a.nl", "kim", {"quota": 2048}),
        lambda: carry_out(app, NewQuota(2048)),
    ):
        with pytest.raises(Forbidden, match=r"and a\.nl has none\. Ask an admin"):
            set_quota()
    assert app.services.mailboxes.update(MAKER, "a.nl", "kim", {"quota": 2048}).box.quota == 2048


def test_the_helpdesk_sets_quotas_up_to_the_largest_one(app: App) -> None:
    cap(app)
    assert app.services.mailboxes.update(HELP, "a.nl", "kim", {"quota": 2048}).box.quota == 2048
    assert carry_out(app, NewQuota(1536), *BOTH) is not None
    for quota in (2049, 0):
        with pytest.raises(InvalidField):
            app.services.mailboxes.update(HELP, "a.nl", "kim", {"quota": quota})
        with pytest.raises(InvalidField):
            carry_out(app, NewQuota(quota))


def test_the_helpdesk_repeats_no_quotas_of_others(app: App) -> None:
    cap(app, None)
    proposed = app.services.changes.plan(MAKER, BOTH, NewQuota(9999))
    app.host.goes_wrong("plan_full")
    run = app.services.changes.carry_out(MAKER, proposed, days=7).run
    assert run is not None
    assert app.ended(run)["counts"]["failed"] == 1
    assert app.services.runs.get(HELP, run) is not None
    with pytest.raises(Forbidden, match="import into"):
        app.services.runs.retry(HELP, run)
