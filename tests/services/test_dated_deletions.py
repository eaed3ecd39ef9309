"""Deletions that have a date: locked now, looked at once more on the day, and called off until then."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.days import Days
from mxlib.core.plans.changes import Deletion, LaterDeletion
from mxlib.core.text import dated_deletions as texts
from mxlib.core.vocabulary import Outcome, RowReason, RunStatus
from mxlib.mxroute.protocol import Mailbox, Request
from mxlib.services.exports import NotFound
from mxlib.services.mailboxes import InvalidField
from mxlib.store import clock_guard, hold, journal, mailbox_locks
from mxlib.store import dated_deletions as stored
from mxlib.store.hold import Hold
from tests.support.app import GOOD, App, data, opened, refused
from tests.support.audit_entries import audit_entries
from tests.support.manual_writes import doings
from tests.support.threaded_runs import ShiftedClock, until

NOT_ALLOWED = "the person who asked may no longer delete in a.nl"
ALL = ("nina@a.nl", "max@a.nl", "tess@a.nl")
BOXES = "/domains/a.nl/email-accounts"
DAY = 86_400.0
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.DELETE})})


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "max@a.nl", "tess@a.nl")
        made.ask("GET", BOXES)
        yield made


def later(app: App, *addresses: str) -> int:
    """Ask for the deletion of mailboxes in 30 days; return the run that locked them."""
    change = LaterDeletion(app.services.clock.now() + 30 * DAY)
    run = app.services.changes.start(LOCAL, addresses, change, confirm=len(addresses)).run
    app.ended(run)
    return run


def passes(app: App, clock: ShiftedClock, days: float) -> None:
    """Let days pass in a server that is in use, and do what is due."""
    begin(app, clock, days)
    for view in app.services.runs.all(LOCAL):
        app.ended(view.id)


def begin(app: App, clock: ShiftedClock, days: float) -> None:
    """Let days pass, and start what is due."""
    clock.ahead += days * DAY
    with app.services.store.write() as tx:
        clock_guard.observe(tx, app.services.clock.now())
    app.services.housekeeping.confirm_time(LOCAL)
    app.services.dated_deletions.work()


@contextmanager
def held_up(app: App, kind: str) -> Iterator[list[Request]]:
    """Hold up the requests of runs of this kind; yield those that wait."""
    free, waiting = threading.Event(), []

    def wait(request: Request) -> None:
        if request.kind == kind and threading.current_thread().name.startswith("mxm-run"):
            waiting.append(request)
            assert free.wait(60.0)

    app.host.waits = wait
    try:
        yield waiting
    finally:
        free.set()


def newest(app: App) -> int:
    """Return the number of the newest run."""
    return app.services.runs.all(LOCAL)[0].id


def pauses(app: App, run: int) -> None:
    """Wait until a run pauses."""

    def is_paused() -> bool:
        view = app.services.runs.get(LOCAL, run)
        return view is not None and view.status is RunStatus.PAUSED

    until(is_paused)


@contextmanager
def one_by_one(app: App) -> Iterator[None]:
    """Hold up the writes of runs about all mailboxes but nina's."""
    free = threading.Event()

    def wait(request: Request) -> None:
        if request.kind == "write" and not request.path.endswith("/nina"):
            assert free.wait(60.0)

    app.host.waits = wait
    try:
        yield
    finally:
        free.set()


def has(app: App, **figures: float) -> None:
    """Give the mailbox these figures at the host."""
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["nina"] = replace(boxes["nina"], **figures)  # type: ignore[arg-type]


def dated(app: App) -> dict[str, str]:
    """Return why each dated deletion asks; blank for one that waits."""
    return {each.mailbox: texts.why(each.ask_reason) for each in app.services.dated_deletions.every(LOCAL)}


def test_mailboxes_are_locked_now_and_deleted_on_their_day_by_a_run_of_its_own(app: App, clock: ShiftedClock) -> None:
    run = later(app, "nina@a.nl", "max@a.nl")
    assert dated(app) == {"nina@a.nl": "", "max@a.nl": ""}
    assert set(app.services.lists.cached_frame("a.nl").query("is_locked")["username"]) == {"nina", "max"}
    assert ("mailbox.delete_later", "nina@a.nl") in [(what, on) for what, on, _ in doings(app)]
    passes(app, clock, 29.0)
    assert app.host.has("nina@a.nl")
    passes(app, clock, 1.1)
    assert not app.host.has("nina@a.nl")
    assert not app.host.has("max@a.nl")
    assert dated(app) == {}
    last = app.services.runs.all(LOCAL)[0]
    assert last.id != run
    assert last.title.startswith("Dated deletions, ")
    assert last.title.endswith(" (2 mailboxes)")
    assert last.operator == LOCAL.name


def test_a_mailbox_that_is_locked_already_gets_its_date(app: App) -> None:
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    later(app, "nina@a.nl")
    assert dated(app) == {"nina@a.nl": ""}


@pytest.mark.parametrize(
    ("used", "why"),
    [("unlocked", "it was unlocked since"), ("sent", "it sent 3 messages on "), ("less", "it holds less mail"),
     ("never locked", "it is not locked")],
)  # fmt: skip
def test_a_mailbox_that_seems_in_use_asks_instead(app: App, clock: ShiftedClock, used: str, why: str) -> None:
    has(app, usage=50.0)
    app.ask("GET", f"{BOXES}?refresh=true")
    if used == "never locked":
        app.host.goes_wrong("plan_full", count=None)
    later(app, "nina@a.nl")
    app.host.goes_wrong("plan_full", count=0)
    if used == "unlocked":
        app.services.mailboxes.unlock(LOCAL, "a.nl", "nina")
        app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    elif used == "sent":
        has(app, sent=3)
    elif used == "less":
        has(app, usage=20.0)
    passes(app, clock, 30.1)
    assert app.host.has("nina@a.nl")
    assert dated(app)["nina@a.nl"].startswith(why)
    assert doings(app)[-1][:2] == ("mailbox.delete_asks", "nina@a.nl")
    app.services.mailboxes.delete(LOCAL, "a.nl", "nina")
    assert dated(app) == {}


def test_mail_that_came_in_is_no_reason_to_ask(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    has(app, usage=500.0)
    passes(app, clock, 30.1)
    assert not app.host.has("nina@a.nl")


def test_a_deletion_is_called_off_and_unlocks_nothing(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    message = app.services.dated_deletions.call_off(KIM, "a.nl", "nina")
    assert message == "nina@a.nl is not deleted: that is called off. It stays locked: Unlock sets a new password."
    passes(app, clock, 31.0)
    assert app.host.has("nina@a.nl")
    assert data(app.ask("GET", f"{BOXES}/nina"))["locked"]
    with pytest.raises(NotFound):
        app.services.dated_deletions.call_off(KIM, "a.nl", "nina")
    with pytest.raises(Forbidden):
        app.services.dated_deletions.call_off(Caller("max"), "a.nl", "nina")


def test_nothing_dated_is_deleted_after_a_restore_before_continue(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    with app.services.store.write() as tx:
        hold.begin(tx, Hold(1.0))
    clock.ahead += 31 * DAY
    assert app.services.dated_deletions.work() == 0
    assert app.host.has("nina@a.nl")
    assert "1 dated deletion is held since the restore" in app.services.dated_deletions.on_hold(LOCAL)
    app.services.backups.end_hold(LOCAL)
    passes(app, clock, 0.0)
    assert not app.host.has("nina@a.nl")


def test_a_host_that_is_down_on_the_day_delays_the_deletion(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    app.host.down = True
    passes(app, clock, 31.0)
    assert dated(app) == {"nina@a.nl": ""}
    app.host.down = False
    app.ask("GET", f"{BOXES}?refresh=true")
    passes(app, clock, 0.1)
    assert not app.host.has("nina@a.nl")


def test_a_clock_that_jumped_deletes_nothing(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    clock.ahead += 31 * DAY
    assert app.services.dated_deletions.work() == 0
    assert app.host.has("nina@a.nl")


def test_a_mailbox_that_is_made_again_has_no_date(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    app.services.mailboxes.delete(LOCAL, "a.nl", "nina")
    app.services.mailboxes.create(LOCAL, "a.nl", {"username": "nina", "password": GOOD})
    passes(app, clock, 31.0)
    assert app.host.has("nina@a.nl")


def test_the_api_sets_lists_and_calls_off_a_date(app: App) -> None:
    day = (datetime.fromtimestamp(app.services.clock.now()) + timedelta(days=400)).date().isoformat()
    body = {"addresses": ["nina@a.nl"], "delete": True, "on": day}
    refused(app.ask("POST", "/changes", body), 400, "Type 1 to confirm", "confirm")
    refused(app.ask("POST", "/changes", body | {"on": "soon", "confirm": 1}), 400, "on: write a day", "on")
    refused(app.ask("POST", "/changes", body | {"on": "2020-01-01", "confirm": 1}), 400, "in the future", "on")
    refused(app.ask("POST", "/changes", body | {"on": "2099-12-27", "confirm": 1}), 400, "3,650 days ahead", "on")
    run = data(app.ask("POST", "/changes", body | {"confirm": 1}), 202)["id"]
    app.ended(run)
    (listed,) = data(app.ask("GET", "/deletions"))
    assert (listed["email"], listed["due_at"][:7], listed["asks"]) == ("nina@a.nl", day[:7], None)
    assert data(app.ask("GET", "/deletions", token=app.token(a_nl="view support"))) == []
    off = data(app.ask("DELETE", f"{BOXES}/nina/deletion"))
    assert "It stays locked" in off["message"]
    assert data(app.ask("GET", "/deletions")) == []


def test_a_date_needs_the_permissions_to_lock_and_to_delete(app: App) -> None:
    change = LaterDeletion(app.services.clock.now() + DAY)
    for rights in ({Permission.SUPPORT}, {Permission.DELETE}):
        with pytest.raises(Forbidden):
            app.services.changes.plan(Caller("kim", domains={"a.nl": frozenset(rights)}), ["nina@a.nl"], change)
    with pytest.raises(InvalidField):
        app.services.changes.plan(LOCAL, ["nina@a.nl"], LaterDeletion(app.services.clock.now() - DAY))


@pytest.mark.parametrize("act", ["called off", "unlocked"])
def test_a_deletion_that_changes_while_others_are_looked_at_is_not_done(
    app: App, clock: ShiftedClock, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(app, "nina@a.nl", "max@a.nl")
    dated_deletions, start = app.services.dated_deletions, app.services.run_manager.start

    def meanwhile(*given: object, **named: object) -> object:
        if act == "called off":
            dated_deletions.call_off(LOCAL, "a.nl", "nina")
        else:
            app.services.mailboxes.unlock(LOCAL, "a.nl", "nina")
        monkeypatch.undo()
        return start(*given, **named)

    monkeypatch.setattr(app.services.run_manager, "start", meanwhile)
    passes(app, clock, 30.1)
    assert app.host.has("nina@a.nl")
    assert not app.host.has("max@a.nl")
    assert dated(app) == ({"nina@a.nl": ""} if act == "unlocked" else {})


@pytest.mark.parametrize("end", ["disabled", "no right", "revoked", "none"])
def test_a_deletion_asks_when_its_asker_may_no_longer_delete(app: App, clock: ShiftedClock, end: str) -> None:
    users, tokens = app.services.users, app.services.tokens
    if end == "revoked":
        on = datetime.fromtimestamp(app.services.clock.now() + 30 * DAY).date().isoformat()
        body = {"addresses": ["nina@a.nl"], "delete": True, "on": on, "confirm": 1}
        app.ended(data(app.ask("POST", "/changes", body, token=app.token(a_nl="view support delete")), 202)["id"])
        tokens.revoke(LOCAL, tokens.list_all(LOCAL)[0].id)
    else:
        users.add(LOCAL, "boss", "correct horse battery", admin=True)
        number = users.add(LOCAL, "kim", permissions={"a.nl": ["view", "support", "delete"]})
        change = LaterDeletion(app.services.clock.now() + 30 * DAY)
        app.ended(app.services.changes.start(users.caller("kim"), ["nina@a.nl"], change, confirm=1).run)
        if end == "disabled":
            users.disable(LOCAL, number)
        elif end == "no right":
            users.change(LOCAL, number, permissions={"a.nl": ["view"]})
    passes(app, clock, 31.0)
    assert app.host.has("nina@a.nl") is (end != "none")
    assert dated(app) == ({} if end == "none" else {"nina@a.nl": NOT_ALLOWED})


@pytest.mark.parametrize(
    ("figures", "why"),
    [({"sent": 3}, "3 sent today"), ({"usage": 9.0}, "holds 9 MB of mail")],
)
def test_a_mailbox_in_use_between_the_look_and_its_row_is_kept_and_asks(
    app: App, clock: ShiftedClock, figures: dict[str, float], why: str
) -> None:
    later(app, "nina@a.nl", "max@a.nl")
    app.host.waits = lambda request: has(app, **figures) if request.path.endswith("/nina") else None
    passes(app, clock, 30.1)
    assert app.host.has("nina@a.nl")
    assert not app.host.has("max@a.nl")
    assert dated(app) == {"nina@a.nl": why}
    (asks,) = app.services.dated_deletions.every(LOCAL)
    assert (asks.who, asks.kind) == (LOCAL.name, LOCAL.kind)
    assert ("mailbox.delete_asks", "nina@a.nl") in [(what, on) for what, on, _ in doings(app)]


def test_scripts_and_the_audit_log_have_the_code_of_why_it_asks(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    has(app, sent=3)
    passes(app, clock, 30.1)
    (shown,) = data(app.ask("GET", "/deletions"))
    assert (shown["asks_code"], shown["asks"][:18]) == ("sent", "it sent 3 messages")
    with app.services.store.read() as tx:
        detail = next(entry["detail"] for entry in audit_entries(tx) if entry["what"] == "mailbox.delete_asks")
    assert (detail["code"], detail["figures"]["messages"]) == ("sent", 3)


@pytest.mark.parametrize("days", [2.0, 29.5])
def test_a_mailbox_that_sent_something_before_its_day_asks(app: App, clock: ShiftedClock, days: float) -> None:
    later(app, "nina@a.nl")
    has(app, sent=3)
    passes(app, clock, days)
    if days == 2.0:  # someone looks at the list; the day before, MXM does
        app.ask("GET", f"{BOXES}?refresh=true")
    has(app, sent=0)
    passes(app, clock, 30.1 - days)
    assert app.host.has("nina@a.nl")
    assert dated(app)["nina@a.nl"].startswith("it sent 3 messages on ")


def test_what_was_sent_on_the_day_of_the_lock_is_no_reason_to_ask(app: App) -> None:
    later(app, "nina@a.nl")
    (deletion,) = app.services.dated_deletions.every(LOCAL)
    box = Mailbox.from_data({"username": "nina", "sent": 3})
    with app.services.store.write() as tx:
        stored.note_use(tx, "a.nl", [box], deletion.asked_at)
    assert dated(app) == {"nina@a.nl": ""}


@pytest.mark.parametrize(
    ("asked", "listed", "asks"),
    [
        ("2026-03-10T23:30+00:00", "2026-03-11T00:30+00:00", False),
        ("2026-03-10T23:30+00:00", "2026-03-11T08:00+00:00", True),
        ("2026-03-10T01:00+00:00", "2026-03-10T20:00+00:00", True),
    ],
)
def test_what_was_sent_counts_by_the_days_of_the_host(app: App, asked: str, listed: str, *, asks: bool) -> None:
    later(app, "nina@a.nl")
    (deletion,) = app.services.dated_deletions.every(LOCAL)
    app.services.store.days = Days.of("America/Denver")
    with app.services.store.write() as tx:
        mailbox_locks.drop(tx, "a.nl", "nina")
        stored.put(tx, replace(deletion, asked_at=datetime.fromisoformat(asked).timestamp()))
        box = Mailbox.from_data({"username": "nina", "sent": 3})
        stored.note_use(tx, "a.nl", [box], datetime.fromisoformat(listed).timestamp())
    assert bool(dated(app)["nina@a.nl"]) == asks


def test_a_deletion_from_before_a_backup_asks_after_its_restore(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    with app.services.store.write() as tx:
        hold.begin(tx, Hold(app.services.clock.now()))
    app.services.backups.end_hold(LOCAL)
    passes(app, clock, 31.0)
    assert app.host.has("nina@a.nl")
    assert dated(app)["nina@a.nl"].startswith("a backup was restored since")


def test_a_mailbox_that_one_list_lacks_keeps_its_date(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(app, "nina@a.nl")
    frame = app.services.lists.cached_frame
    monkeypatch.setattr(app.services.lists, "cached_frame", lambda domain: frame(domain).query("username != 'nina'"))
    passes(app, clock, 30.1)
    assert dated(app) == {"nina@a.nl": ""}
    monkeypatch.undo()
    passes(app, clock, 0.1)
    assert not app.host.has("nina@a.nl")


def test_the_date_of_a_mailbox_that_is_gone_ends_with_an_audit_entry(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    del app.host.sandbox.account.domains["a.nl"]["nina"]
    passes(app, clock, 30.1)
    assert dated(app) == {}
    assert ("mailbox.delete_called_off", "nina@a.nl") in [(what, on) for what, on, _ in doings(app)]


def test_the_same_act_sent_twice_sets_no_date_again_that_was_called_off(app: App) -> None:
    change = LaterDeletion(app.services.clock.now() + 30 * DAY)
    proposed = app.services.changes.plan(LOCAL, ["nina@a.nl", "max@a.nl"], change)
    app.ended(app.services.changes.carry_out(LOCAL, proposed, days=7, typed="2").run or 0)
    app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    app.services.changes.carry_out(LOCAL, proposed, days=7, typed="2")
    assert dated(app) == {"max@a.nl": ""}


def test_a_mailbox_that_a_run_makes_again_has_no_date(app: App) -> None:
    later(app, "nina@a.nl")
    del app.host.sandbox.account.domains["a.nl"]["nina"]
    app.ask("GET", f"{BOXES}?refresh=true")
    assert dated(app) == {"nina@a.nl": ""}
    rows = [{"username": "nina", "domain": "a.nl", "password": GOOD}]
    app.ended(data(app.ask("POST", "/imports", {"rows": rows}), 202)["id"])
    assert app.host.has("nina@a.nl")
    assert dated(app) == {}


def test_a_run_that_is_stopped_lets_the_deletions_that_it_did_not_do_ask(app: App, clock: ShiftedClock) -> None:
    later(app, *ALL)
    with held_up(app, "read"):
        begin(app, clock, 30.1)
        run = newest(app)
        app.services.runs.stop(LOCAL, run)
    assert app.ended(run)["counts"]["not_attempted"] == 3
    assert dated(app) == dict.fromkeys(ALL, "its run was stopped")
    app.services.dated_deletions.work()
    assert all(map(app.host.has, ALL))


@pytest.mark.parametrize("fault", ["plan_full", "forbidden"])
def test_deletions_that_wait_again_in_a_paused_run_do_not_ask(app: App, clock: ShiftedClock, fault: str) -> None:
    later(app, *ALL)
    app.host.goes_wrong(fault, count=None)
    begin(app, clock, 30.1)
    run = newest(app)
    pauses(app, run)
    assert dated(app) == {}
    with pytest.raises(NotFound):
        app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    app.services.runs.stop(LOCAL, run)
    assert app.ended(run)["counts"]["not_attempted"] == 3
    assert dated(app) == dict.fromkeys(ALL, "its run was stopped")


@pytest.mark.parametrize("act", ["called off", "another date", "stopped"])
def test_a_deletion_that_is_withdrawn_before_its_run_pauses_is_not_done_after_the_pause(
    app: App, clock: ShiftedClock, act: str
) -> None:
    later(app, *ALL)
    app.host.goes_wrong("plan_full", count=None)
    with one_by_one(app):
        begin(app, clock, 30.1)
        run = newest(app)
        until(lambda: dated(app).keys() == {"nina@a.nl"})
        if act == "another date":
            later(app, "nina@a.nl")
        else:
            app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    pauses(app, run)
    app.host.goes_wrong("plan_full", count=0)
    (app.services.runs.stop if act == "stopped" else app.services.runs.resume)(LOCAL, run)
    app.ended(run)
    kept = ALL if act == "stopped" else ("nina@a.nl",)
    assert [each for each in ALL if app.host.has(each)] == list(kept)
    if act == "stopped":
        assert dated(app).keys() == {"max@a.nl", "tess@a.nl"}
        return
    assert dated(app) == ({} if act == "called off" else {"nina@a.nl": ""})
    with app.services.store.read() as tx:
        (row,) = journal.rows(tx, run, outcomes=(Outcome.SKIPPED,))
    code, text = ("called_off", "called off") if act == "called off" else ("other_date", "has another date")
    assert (row.address, row.code) == ("nina@a.nl", code)
    assert row.reason.endswith(text)


@pytest.mark.parametrize("act", ["called off", "none"])
def test_failed_deletions_that_are_retried_do_not_ask_and_not_happen_once_called_off(
    app: App, clock: ShiftedClock, act: str
) -> None:
    later(app, "nina@a.nl", "max@a.nl")
    app.host.goes_wrong("plan_full", count=None)
    passes(app, clock, 30.1)
    assert dated(app).keys() == {"nina@a.nl", "max@a.nl"}
    if act == "called off":
        app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    app.host.goes_wrong("plan_full", count=0)
    with held_up(app, "read"):
        again = app.services.runs.retry(LOCAL, newest(app))
        assert dated(app) == {}
    app.ended(again)
    assert app.host.has("nina@a.nl") is (act == "called off")
    assert not app.host.has("max@a.nl")
    assert dated(app) == {}


def test_a_deletion_by_hand_that_waits_is_not_done_once_its_date_is_called_off(app: App) -> None:
    later(app, "nina@a.nl")
    with held_up(app, "read"):
        run = app.services.changes.start(LOCAL, ["nina@a.nl", "max@a.nl"], Deletion(), confirm=2).run
        app.services.runs.pause(LOCAL, run)
        app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    app.services.runs.resume(LOCAL, run)
    app.ended(run)
    assert app.host.has("nina@a.nl")
    assert not app.host.has("max@a.nl")


def test_a_lock_that_waits_is_not_done_once_the_deletion_that_it_was_for_is_called_off(app: App) -> None:
    with held_up(app, "read"):
        change = LaterDeletion(app.services.clock.now() + 30 * DAY)
        run = app.services.changes.start(LOCAL, ["nina@a.nl", "max@a.nl"], change, confirm=2).run
        app.services.runs.pause(LOCAL, run)
        app.services.dated_deletions.call_off(LOCAL, "a.nl", "nina")
    app.services.runs.resume(LOCAL, run)
    app.ended(run)
    assert not data(app.ask("GET", f"{BOXES}/nina"))["locked"]
    assert data(app.ask("GET", f"{BOXES}/max"))["locked"]
    assert dated(app) == {"max@a.nl": ""}


def test_deletions_that_wait_in_a_run_ask_after_a_restore(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    with held_up(app, "read"):
        begin(app, clock, 30.1)
        run = newest(app)
        app.services.runs.pause(LOCAL, run)
        with app.services.store.write() as tx:
            hold.begin(tx, Hold(app.services.clock.now()))
        app.services.backups.end_hold(LOCAL)
    app.services.runs.resume(LOCAL, run)
    app.ended(run)
    assert app.host.has("nina@a.nl")
    assert dated(app)["nina@a.nl"].startswith("a backup was restored since")


def test_deletions_that_are_refused_while_their_run_is_stopped_ask(app: App, clock: ShiftedClock) -> None:
    later(app, *ALL)
    app.host.goes_wrong("plan_full", count=None)
    with held_up(app, "write") as requests:
        begin(app, clock, 30.1)
        run = newest(app)
        until(lambda: len(requests) == 3)
        app.services.runs.stop(LOCAL, run)
    assert app.ended(run)["counts"]["failed"] == 3
    assert dated(app).keys() == set(ALL)
    asks = [each.ask_reason for each in app.services.dated_deletions.every(LOCAL)]
    assert [ask and ask.figures["code"] for ask in asks] == [RowReason.PLAN_FULL] * 3


def test_a_deletion_that_fails_asks(app: App, clock: ShiftedClock) -> None:
    later(app, "nina@a.nl")
    app.host.goes_wrong("yes_undone", count=None)
    passes(app, clock, 30.1)
    assert app.host.has("nina@a.nl")
    assert dated(app)["nina@a.nl"].startswith("MXroute said yes")


def test_a_lock_of_a_mailbox_that_is_gone_ends_with_an_audit_entry(app: App) -> None:
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    nina = app.host.sandbox.account.domains["a.nl"].pop("nina")
    app.ask("GET", f"{BOXES}?refresh=true")
    app.host.sandbox.account.domains["a.nl"]["nina"] = nina
    app.ask("GET", f"{BOXES}?refresh=true")
    assert ("mailbox.lock_ended", "nina@a.nl") in [(what, on) for what, on, _ in doings(app)]


@pytest.mark.parametrize(("days", "allowed"), [(1, True), (3650, True), (3651.5, False)])
def test_a_date_lies_within_ten_years(app: App, days: float, allowed: bool) -> None:
    change = LaterDeletion(app.services.dated_deletions.last_day() + (days - 3650) * DAY)
    if allowed:
        app.services.changes.plan(LOCAL, ["nina@a.nl"], change)
        return
    with pytest.raises(InvalidField, match="3,650 days ahead"):
        app.services.changes.plan(LOCAL, ["nina@a.nl"], change)
