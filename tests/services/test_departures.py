"""When a user leaves: the passwords that they could have read, their reset, and their open runs and drafts."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import LaterDeletion, NewLock, NewPassword
from mxlib.services.drafts import DraftContent
from mxlib.store import audit, journal, known_passwords
from mxlib.store.known_passwords import KnownPassword
from tests.support.app import GOOD, App, opened, trail
from tests.support.sign_in import brisk

pytestmark = pytest.mark.usefixtures("brisk")

__all__ = ["brisk"]
SIGN_IN = "vier zaken 88 lopen"
CHANGER = frozenset({Permission.VIEW, Permission.IMPORT, Permission.EXPORT})


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Boss is an admin; kim and lee may import everywhere, jo in a.nl alone. Four mailboxes exist."""
    with opened(tmp_path) as made:
        users = made.services.users
        users.add(LOCAL, "boss", SIGN_IN, admin=True)
        for name in ("kim", "lee"):
            users.add(LOCAL, name, SIGN_IN, permissions={EVERY_DOMAIN: CHANGER})
        users.add(LOCAL, "jo", SIGN_IN, permissions={"a.nl": CHANGER})
        made.have("ann@a.nl", "bob@a.nl", "cas@b.nl", "dan@b.nl")
        yield made


def who(app: App, name: str) -> Caller:
    return app.services.users.caller(name)


def number(app: App, name: str = "kim") -> int:
    found = app.services.users.find(name)
    assert found is not None
    return found.id


def unchanged(app: App, name: str = "kim") -> list[str]:
    """Return the mailboxes whose unchanged passwords this user could have read."""
    return [each.address for each in app.services.departures.of(LOCAL, number(app, name)).passwords.unchanged]


def resets(app: App, name: str, *addresses: str, wait: bool = True) -> int:
    """Let this user set new passwords as a run."""
    run = app.services.changes.start(who(app, name), addresses, NewPassword()).run
    if wait:
        app.ended(run)
    return run


def by_hand(app: App, name: str, address: str, **cells: object) -> None:
    username, _, domain = address.partition("@")
    app.services.mailboxes.update(who(app, name), domain, username, cells or {"password": GOOD})


def downloads(app: App, name: str, run: int) -> None:
    app.services.runs.file(who(app, name), run, "results.csv")


# Passwords that they could have read.


def test_nothing_is_known_of_a_user_who_read_nothing(app: App) -> None:
    resets(app, "lee", "ann@a.nl")
    by_hand(app, "lee", "bob@a.nl")
    left = app.services.departures.of(LOCAL, number(app))
    assert (left.passwords.unchanged, left.passwords.open_runs, bool(left.unfinished)) == ((), (), False)


def test_runs_that_they_started_count_until_a_later_change(app: App) -> None:
    run = resets(app, "kim", "ann@a.nl", "bob@a.nl", "cas@b.nl")
    assert unchanged(app) == ["ann@a.nl", "bob@a.nl", "cas@b.nl"]
    found = app.services.departures.of(LOCAL, number(app)).passwords.unchanged[0]
    assert isinstance(found, KnownPassword)
    assert (found.run, found.at is not None) == (run, True)
    by_hand(app, "lee", "ann@a.nl")
    by_hand(app, "lee", "bob@a.nl", quota=2048)
    app.services.mailboxes.delete(LOCAL, "b.nl", "cas")
    assert unchanged(app) == ["bob@a.nl"], "a quota is no password"
    resets(app, "lee", "bob@a.nl")
    assert unchanged(app) == []


def test_single_passwords_that_they_set_count(app: App) -> None:
    by_hand(app, "kim", "ann@a.nl")
    by_hand(app, "kim", "bob@a.nl", quota=2048)
    app.services.mailboxes.create(who(app, "kim"), "a.nl", {"username": "eva", "password": GOOD})
    assert unchanged(app) == ["ann@a.nl", "eva@a.nl"]


def test_runs_of_others_count_once_taken_over_or_downloaded(app: App) -> None:
    taken, downloaded = resets(app, "lee", "ann@a.nl"), resets(app, "lee", "cas@b.nl")
    assert unchanged(app, "boss") == []
    app.services.runs.take_over(who(app, "kim"), taken)
    downloads(app, "boss", downloaded)
    assert (unchanged(app), unchanged(app, "boss")) == (["ann@a.nl"], ["cas@b.nl"])
    app.services.runs.take_over(who(app, "lee"), taken)
    assert unchanged(app) == ["ann@a.nl"], "they had it meanwhile"


def test_a_download_after_the_passwords_were_handed_over_shows_none(app: App) -> None:
    run = resets(app, "lee", "ann@a.nl")
    app.services.runs.handed_over(who(app, "lee"), run)
    downloads(app, "boss", run)
    assert unchanged(app, "boss") == []
    assert unchanged(app, "lee") == ["ann@a.nl"]


def test_a_retry_by_others_sets_the_passwords_that_they_brought(app: App) -> None:
    gate = held(app)
    run = resets(app, "kim", "ann@a.nl", "bob@a.nl", "cas@b.nl", wait=False)
    app.services.runs.stop(LOCAL, run)
    gate.set()
    app.ended(run)
    assert len(unchanged(app)) < 3
    app.services.runs.take_over(who(app, "boss"), run)
    app.ended(app.services.runs.retry(who(app, "boss"), run))
    assert unchanged(app) == ["ann@a.nl", "bob@a.nl", "cas@b.nl"]


def test_acts_of_their_tokens_count(app: App) -> None:
    app.services.access.allow(LOCAL, number(app), admin=True, given={})
    token = app.services.tokens.create(who(app, "kim"), "sync", admin=True)
    rows = [{"username": "eva", "domain": "a.nl", "password": GOOD}]
    run = app.ask("POST", "/imports", {"rows": rows}, token=token).json()["data"]["id"]
    app.ended(run)
    assert unchanged(app) == ["eva@a.nl"]


def test_rows_without_entries_in_the_audit_log_count(app: App) -> None:
    """Old entries of the audit log are deleted; the rows of runs stay."""
    resets(app, "kim", "ann@a.nl", "bob@a.nl")
    resets(app, "lee", "bob@a.nl")
    with app.services.store.write() as tx:
        audit.forget(tx, app.services.clock.now() + 1e9, now=app.services.clock.now() + 2e9)
    assert unchanged(app) == ["ann@a.nl"]


def test_what_an_open_run_sets_is_not_offered_and_theirs_is_named(app: App) -> None:
    resets(app, "kim", "ann@a.nl")
    gate = held(app)
    other, own = resets(app, "lee", "ann@a.nl", wait=False), resets(app, "kim", "cas@b.nl", wait=False)
    found = app.services.departures.of(LOCAL, number(app)).passwords
    assert (found.unchanged, found.open_runs) == ((), (own,))
    gate.set()
    app.ended(other)
    app.ended(own)
    assert unchanged(app) == ["cas@b.nl"]


def test_the_log_is_read_once_whatever_it_has(app: App) -> None:
    """The plan of each query reads rows of the log by an index, but for the one pass."""
    resets(app, "kim", "ann@a.nl")
    statements: list[str] = []
    with app.services.store.read() as tx:
        raw = tx.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)
        known_passwords.find(tx, {"kim"})
        raw.set_trace_callback(None)
        plans = [str(row) for each in statements for row in raw.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert sum("SCAN audit" in plan for plan in plans) == 1, plans


def test_a_lock_ends_a_known_password_and_an_unlock_sets_one(app: App) -> None:
    resets(app, "kim", "ann@a.nl", "bob@a.nl")
    app.ended(app.services.changes.start(LOCAL, ["ann@a.nl"], NewLock()).run)
    assert unchanged(app) == ["bob@a.nl"]
    with app.services.store.write() as tx:
        audit.forget(tx, app.services.clock.now() + 1e9, now=app.services.clock.now() + 2e9)
    assert unchanged(app) == ["bob@a.nl"]
    app.services.mailboxes.unlock(who(app, "kim"), "a.nl", "ann")
    assert unchanged(app) == ["ann@a.nl", "bob@a.nl"]
    app.services.mailboxes.lock(LOCAL, "a.nl", "ann")
    assert unchanged(app) == ["bob@a.nl"]


# The reset.


def test_the_reset_is_a_run_of_the_admin_over_what_is_still_unchanged(app: App) -> None:
    resets(app, "kim", "ann@a.nl", "bob@a.nl", "cas@b.nl")
    shown = unchanged(app)
    departures = app.services.departures
    with pytest.raises(InvalidPassword, match="Disable kim first"):
        departures.reset(who(app, "boss"), number(app), shown)
    departures.disable(who(app, "boss"), number(app))
    by_hand(app, "lee", "bob@a.nl")
    started = departures.reset(who(app, "boss"), number(app), [*shown, "dan@b.nl"])
    app.ended(started.run)
    with app.services.store.read() as tx:
        assert [row.address for row in journal.rows(tx, started.run)] == ["ann@a.nl", "cas@b.nl"]
    assert unchanged(app) == []
    assert ("run.start", f"run {started.run}", "boss") in trail(app)
    with pytest.raises(InvalidPassword, match="Look again"):
        departures.reset(who(app, "boss"), number(app), shown)


@pytest.mark.parametrize("name", ["kim", "lee"])
def test_only_admins_see_what_a_user_could_read(app: App, name: str) -> None:
    by, departures = who(app, name), app.services.departures
    for act in (departures.of, departures.successors, departures.disable):
        with pytest.raises(Forbidden, match="Ask an admin"):
            act(by, number(app, "boss"))
    with pytest.raises(Forbidden, match="Ask an admin"):
        departures.reset(by, number(app, "boss"), ["ann@a.nl"])
    token = app.services.tokens.caller(app.admin)
    with pytest.raises(Forbidden, match="A token cannot manage users"):
        departures.of(token, number(app))


# Open runs and drafts.


def held(app: App) -> threading.Event:
    """Let writes wait until the event is set."""
    gate = threading.Event()
    app.host.waits = lambda request: gate.wait(60.0) if request.kind == "write" else None
    return gate


def drafted(app: App, name: str, domain: str = "a.nl") -> str:
    file = f"username,password\r\nfay,{GOOD}\r\n".encode()
    batch = app.services.files.batch_from_file(file, "staff.csv", domain)
    drafts = app.services.drafts
    made = drafts.new()
    drafts.keep(who(app, name), made, DraftContent(batch, file))
    return made


def test_open_work_goes_to_the_successor_who_may_do_it(app: App) -> None:
    gate, draft = held(app), drafted(app, "kim", "b.nl")
    run = resets(app, "kim", "ann@a.nl", "cas@b.nl", wait=False)
    departures = app.services.departures
    left = departures.of(LOCAL, number(app))
    assert ([each.id for each in left.unfinished.runs], [each.id for each in left.unfinished.drafts]) == (
        [run],
        [draft],
    )
    assert departures.successors(who(app, "boss"), number(app)) == ("boss", "lee")
    for successor, why in (("jo", "jo may not do what run"), ("kim", "kim cannot take"), ("nobody", "nobody cannot")):
        with pytest.raises(InvalidPassword, match=why):
            departures.disable(who(app, "boss"), number(app), successor=successor)
    assert app.services.users.find("kim").disabled_at is None  # type: ignore[union-attr]
    departures.disable(who(app, "boss"), number(app), successor="lee")
    gate.set()
    app.ended(run)
    assert app.services.runs.get(who(app, "lee"), run).operator == "lee"  # type: ignore[union-attr]
    assert [each.id for each in app.services.drafts.offered(who(app, "lee"))] == [draft]
    assert {("user.disable", "kim", "boss"), ("run.take_over", f"run {run}", "boss")} < set(trail(app))
    assert ("draft.take_over", "staff.csv", "boss") in trail(app)


def test_a_draft_goes_only_to_those_who_may_import_it(app: App) -> None:
    drafted(app, "kim", "b.nl")
    assert "jo" not in app.services.departures.successors(LOCAL, number(app))
    with pytest.raises(InvalidPassword, match="jo may not import into all domains of the draft"):
        app.services.departures.disable(LOCAL, number(app), successor="jo")


def test_open_work_ends(app: App) -> None:
    gate, draft = held(app), drafted(app, "kim")
    run = resets(app, "kim", "ann@a.nl", "bob@a.nl", "cas@b.nl", wait=False)
    app.services.departures.disable(who(app, "boss"), number(app), end=True)
    gate.set()
    assert app.ended(run)["status"] == "stopped"
    assert app.services.drafts.offered(LOCAL) == ()
    assert draft
    assert {("run.stop", f"run {run}", "boss"), ("draft.discard", "staff.csv", "boss")} < set(trail(app))


def test_open_work_stays_unless_asked_for(app: App) -> None:
    draft = drafted(app, "kim")
    app.services.departures.disable(who(app, "boss"), number(app))
    assert [each.id for each in app.services.departures.of(LOCAL, number(app)).unfinished.drafts] == [draft]


def test_runs_of_their_tokens_go_with_them(app: App) -> None:
    app.services.access.allow(LOCAL, number(app), admin=True, given={})
    token = app.services.tokens.create(who(app, "kim"), "sync", admin=True)
    gate = held(app)
    rows = [{"username": "eva", "domain": "a.nl", "password": GOOD}]
    run = app.ask("POST", "/imports", {"rows": rows}, token=token).json()["data"]["id"]
    later: list[int] = []
    disable = app.services.users.disable

    def disables(*args: Any, **how: Any) -> Any:
        later.append(resets(app, "kim", "cas@b.nl", wait=False))
        return disable(*args, **how)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app.services.departures, "_users", SimpleNamespace(**_methods(app), disable=disables))
        app.services.departures.disable(who(app, "boss"), number(app), successor="lee")
    gate.set()
    for each in (run, *later):
        app.ended(each)
        assert app.services.runs.get(LOCAL, each).operator == "lee"  # type: ignore[union-attr]


def _methods(app: App) -> dict[str, Any]:
    users = app.services.users
    return {name: getattr(users, name) for name in ("list_all", "find", "caller")}


def test_a_person_of_a_client_takes_nothing_over_from_the_agency(app: App) -> None:
    app.services.users.add(
        LOCAL, "cleo", SIGN_IN, permissions={domain: {*CHANGER, Permission.SUPPORT} for domain in ("a.nl", "b.nl")},
        client_admin=["a.nl", "b.nl"],
    )  # fmt: skip
    assert who(app, "cleo").external
    drafted(app, "kim")
    assert "cleo" not in app.services.departures.successors(LOCAL, number(app))
    with pytest.raises(InvalidPassword, match="Choose a person of the agency"):
        app.services.departures.disable(LOCAL, number(app), successor="cleo")


def test_dated_deletions_of_the_person_are_listed(app: App) -> None:
    app.services.users.add(LOCAL, "max", SIGN_IN, admin=True)
    due_at = app.services.clock.now() + 86_400 * 5
    app.ended(app.services.changes.start(who(app, "max"), ["ann@a.nl"], LaterDeletion(due_at), confirm=1).run)
    app.ended(app.services.changes.start(LOCAL, ["bob@a.nl"], LaterDeletion(due_at), confirm=1).run)
    left = app.services.departures.of(LOCAL, number(app, "max"))
    assert [each.mailbox for each in left.dated] == ["ann@a.nl"]
