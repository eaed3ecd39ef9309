"""Locked mailboxes: nobody knows the password, and every reset is refused until they are unlocked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import NewLock, NewPassword, Unlocking
from mxlib.mxroute.errors import Unreachable
from mxlib.runs.run_view import RunView
from mxlib.services.changes import not_done
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.mailboxes import InvalidField, MailboxDetails
from mxlib.services.manual_writes import MailboxLocked, ManualWrites
from tests.support.app import GOOD, App, data, opened, refused
from tests.support.manual_writes import doings, journalled, killed, restarted
from tests.support.threaded_runs import ShiftedClock

BOXES = "/domains/a.nl/email-accounts"
NINA = f"{BOXES}/nina"
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.SUPPORT})})


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "max@a.nl")
        made.ask("GET", BOXES)
        yield made


def lock(app: App, reason: str = "left us", username: str = "nina") -> MailboxDetails:
    return app.services.mailboxes.lock(KIM, "a.nl", username, reason)


def password(app: App, username: str = "nina") -> str:
    """Return the password that the mailbox has at the host."""
    return str(app.host.sandbox.account.domains["a.nl"][username].password)


def state(app: App, username: str = "nina") -> Any:
    """Return the lock in the list of the API, and whether one is on its way."""
    frame = app.services.lists.cached_frame("a.nl").set_index("username")
    shown = next(box for box in data(app.ask("GET", BOXES)) if box["username"] == username)["locked"]
    return "being locked" if frame["being_locked"][username] else shown and (shown["by"], shown["reason"])


def settled(app: App, clock: ShiftedClock, manual: ManualWrites | None = None) -> None:
    clock.ahead += 31.0
    (manual or app.services.manual_writes).settle()


def test_a_lock_sets_a_password_that_nobody_knows(app: App, clock: ShiftedClock) -> None:
    at = clock.now()
    kept = lock(app)
    assert kept.lock
    assert (kept.lock.by, kept.lock.reason) == ("kim", "left us")
    assert kept.lock.since == pytest.approx(at, abs=5.0)
    made = password(app)
    assert made != GOOD
    assert made not in repr(kept)
    assert journalled(app) == []
    assert doings(app) == [("mailbox.lock", "nina@a.nl", "left us")]
    with app.services.store.read() as tx:
        for table in ("manual_write", "mailbox_lock", "audit"):
            assert made not in str(tx.exec_driver_sql(f"SELECT * FROM {table}").all())


def test_the_lock_is_in_every_answer_about_the_mailbox(app: App) -> None:
    locked = data(app.ask("POST", f"{NINA}/lock", {"reason": "left us"}))
    assert locked["locked"]["reason"] == "left us"
    assert locked["locked"]["by"].startswith("test")
    assert data(app.ask("GET", NINA))["locked"] == locked["locked"]
    boxes = {box["username"]: box for box in data(app.ask("GET", BOXES))}
    assert boxes["nina"]["locked"] == locked["locked"]
    assert boxes["max"]["locked"] is None
    assert boxes["nina"].keys() == boxes["max"].keys() == locked.keys()
    (hit,) = data(app.ask("GET", "/mailboxes?q=nina"))["mailboxes"]
    assert hit["locked"] == locked["locked"]
    assert [event["what"] for event in data(app.ask("GET", f"{NINA}/history"))["events"]] == ["Locked"]


def test_a_locked_mailbox_is_not_locked_again(app: App) -> None:
    lock(app)
    made, sent = password(app), app.host.writes()
    again = data(app.ask("POST", f"{NINA}/lock"))
    assert again["locked"]["reason"] == "left us"
    assert (password(app), app.host.writes()) == (made, sent)


def test_every_reset_of_a_locked_mailbox_is_refused(app: App) -> None:
    lock(app)
    made = password(app)
    answer = app.ask("PATCH", NINA, {"password": GOOD + "2", "quota": 5})
    refused(answer, 409, "nina@a.nl is locked, and refuses every new password. Unlock it first")
    assert answer.json()["error"]["code"] == "LOCKED"
    one = app.services.changes.plan(LOCAL, ["nina@a.nl"], NewPassword())
    assert one.figures.acting == 0
    assert "it is locked, and refuses every new password" in one.text(0.0)
    with pytest.raises(MailboxLocked):
        app.services.changes.carry_out(LOCAL, one, days=7)
    both = app.services.changes.plan(LOCAL, ["nina@a.nl", "max@a.nl"], NewPassword())
    assert "1 is locked and stays so." in both.text(0.0)
    run = app.services.changes.carry_out(LOCAL, both, days=7).run
    app.ended(run or 0)
    rows = app.services.runs.rows(LOCAL, run or 0)
    assert dict(zip(rows["address"], rows["outcome"], strict=True)) == {"nina@a.nl": "skipped", "max@a.nl": "updated"}
    body = {"default_domain": "a.nl", "on_existing": "update", "rows": [{"username": "nina", "password": GOOD + "3"}]}
    (row,) = data(app.ask("POST", "/email-accounts/import/preview", body))["rows"]
    assert [(each["code"], each["column"]) for each in row["findings"]] == [("mailbox_locked", "password")]
    assert password(app) == made
    assert data(app.ask("PATCH", NINA, {"quota": 2048}))["quota"] == 2048  # the rest may change
    assert state(app) == ("kim", "left us")


def test_unlock_sets_a_new_password_and_ends_the_lock(app: App) -> None:
    lock(app)
    unlocked = data(app.ask("POST", f"{NINA}/unlock"))
    assert unlocked["password"] == password(app)
    assert unlocked["locked"] is None
    assert "password" not in data(app.ask("GET", NINA))
    lock(app)
    refused(app.ask("POST", f"{NINA}/unlock", {"password": "short"}), 400, "", "password")
    assert state(app)
    given = data(app.ask("POST", f"{NINA}/unlock", {"password": GOOD + "9"}))
    assert password(app) == GOOD + "9"
    assert "password" not in given
    assert [what for what, _, _ in doings(app)] == ["mailbox.lock", "mailbox.unlock"] * 2
    answer = app.ask("POST", f"{NINA}/unlock")
    refused(answer, 409, "nina@a.nl is not locked.")
    assert answer.json()["error"]["code"] == "NOT_LOCKED"


def test_a_reason_is_one_short_line(app: App) -> None:
    for reason in ("x" * 301, "two\nlines"):
        with pytest.raises(InvalidField):
            lock(app, reason)
    refused(app.ask("POST", f"{NINA}/lock", {"reason": 5}), 400, "reason: write text.", "reason")
    refused(app.ask("POST", f"{NINA}/lock", {"why": ""}), 400, "why is not known here", "why")
    refused(app.ask("POST", f"{BOXES}/nobody/lock"), 404, "There is no mailbox nobody@a.nl.")


def test_a_host_that_is_down_locks_nothing_and_says_so_in_one_sentence(app: App) -> None:
    app.host.down = True
    with pytest.raises(Unreachable) as down:
        lock(app)
    assert not_done(down.value).startswith("MXroute does not answer.")
    app.host.down = False
    assert (state(app), journalled(app), password(app)) == (None, [], GOOD)


def test_a_lock_without_an_answer_is_sent_again_until_there_is_one(app: App, clock: ShiftedClock) -> None:
    app.host.goes_wrong("lost_after", on="any", count=3)
    answer = app.ask("POST", f"{NINA}/lock", {"reason": "left us"})
    refused(answer, 503, "nina@a.nl is being locked: MXroute gave no answer so far")
    first = password(app)
    assert state(app) == "being locked"
    shown = data(app.ask("GET", NINA))
    assert shown["locked"] is None
    assert "is being locked" in shown["warnings"][0]
    refused(app.ask("PATCH", NINA, {"password": GOOD}), 409, "is locked, and refuses every new password")
    answer = app.ask("POST", f"{NINA}/unlock")
    refused(answer, 409, "nina@a.nl is being locked right now. Try again in")
    assert answer.headers["Retry-After"]
    app.host.goes_wrong("lost_before", on="any", count=3)
    settled(app, clock)
    assert (state(app), doings(app)) == ("being locked", [])
    app.host.goes_wrong("lost_after", count=0)
    settled(app, clock)
    assert password(app) not in (first, GOOD)
    assert state(app)[1] == "left us"
    assert doings(app) == [("mailbox.lock", "nina@a.nl", "left us")]
    assert journalled(app) == []


@pytest.mark.parametrize("reaches", [True, False])
def test_a_lock_whose_process_died_is_sent_again(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch, reaches: bool
) -> None:
    with killed(app, monkeypatch, reaches=reaches):
        lock(app)
    assert state(app) == "being locked"
    manual = restarted(app)
    manual.settle()
    assert doings(app) == []  # MXroute may still carry the first one out
    before = password(app)
    app.host.down = True
    settled(app, clock, manual)
    assert state(app) == "being locked"
    app.host.down = False
    settled(app, clock, manual)
    assert password(app) not in (before, GOOD)
    assert state(app) == ("kim", "left us")
    assert doings(app) == [("mailbox.lock", "nina@a.nl", "left us")]


def test_an_unlock_ends_a_lock_that_nobody_answered(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch):
        lock(app)
    manual = restarted(app)
    clock.ahead += 31.0
    unlocked = app.services.mailboxes.unlock(KIM, "a.nl", "nina")
    manual.settle()
    assert password(app) == unlocked.password
    assert state(app) is None
    assert [what for what, _, _ in doings(app)] == ["mailbox.not_done", "mailbox.unlock"]


def test_a_lock_is_not_sent_again_while_an_unlock_is_under_way(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch):
        lock(app)
    manual = restarted(app)
    clock.ahead += 31.0
    app.host.waits = lambda request: manual.settle() if request.kind == "write" else None
    unlocked = app.services.mailboxes.unlock(KIM, "a.nl", "nina")
    app.host.waits = lambda _request: None
    settled(app, clock, manual)
    assert password(app) == unlocked.password
    assert state(app) is None


def test_a_quota_set_meanwhile_leaves_the_lock_on_its_way(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch, reaches=False):
        lock(app)
    manual = restarted(app)
    app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"quota": 2048})
    assert state(app) == "being locked"
    settled(app, clock, manual)
    assert state(app) == ("kim", "left us")


def test_an_unlock_without_an_answer_ends_the_lock_and_shows_the_password_that_may_be_set(
    app: App, clock: ShiftedClock
) -> None:
    lock(app)
    app.host.goes_wrong("lost_after", on="any", count=4)
    with pytest.raises(OutcomeUnknown):
        app.services.mailboxes.unlock(KIM, "a.nl", "nina")
    app.host.goes_wrong("lost_after", count=0)
    assert state(app) == ("kim", "left us")
    settled(app, clock)
    assert state(app) is None
    (write,) = app.services.unconfirmed.every(KIM)
    assert app.services.unconfirmed.password(KIM, write.id) == password(app)


def test_no_lock_is_said_while_another_password_may_still_be_set(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed(app, monkeypatch):
        app.services.mailboxes.update(KIM, "a.nl", "nina", {"password": GOOD + "2"})
    with pytest.raises(MailboxLocked, match="Another change is setting a password"):
        lock(app)
    assert state(app) is None


@pytest.mark.parametrize("how", ["by hand", "outside"])
def test_a_mailbox_that_is_made_again_is_not_locked(app: App, clock: ShiftedClock, how: str) -> None:
    lock(app)
    boxes = app.host.sandbox.account.domains["a.nl"]
    if how == "by hand":
        app.services.mailboxes.delete(LOCAL, "a.nl", "nina")
        app.services.mailboxes.create(LOCAL, "a.nl", {"username": "nina", "password": GOOD})
    else:
        held = boxes.pop("nina")
        clock.ahead += 600.0
        app.ask("GET", f"{BOXES}?refresh=true")
        boxes["nina"] = held
        clock.ahead += 600.0
        app.ask("GET", f"{BOXES}?refresh=true")
    assert state(app) is None
    assert data(app.ask("PATCH", NINA, {"password": GOOD + "2"}))["locked"] is None


def test_a_lock_before_the_first_list_stays(tmp_path: Path, clock: ShiftedClock) -> None:
    with opened(tmp_path, clock) as app:
        app.have("nina@a.nl")
        lock(app)
        for _ in range(2):
            clock.ahead += 600.0
            app.ask("GET", f"{BOXES}?refresh=true")
        assert state(app) == ("kim", "left us")


# Several, as a run.


def changed(app: App, change: Any, *addresses: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Make a change as a run; return its number, and outcome and reason of each row."""
    run = app.services.changes.start(LOCAL, addresses or ("nina@a.nl", "max@a.nl"), change).run
    return run, ended(app, run)


def ended(app: App, run: int) -> dict[str, tuple[str, str]]:
    app.ended(run)
    rows = app.services.runs.rows(LOCAL, run)
    return {row["address"]: (row["outcome"], row["reason"]) for row in rows.to_dict("records")}


def test_several_are_locked_and_unlocked_as_runs(app: App) -> None:
    lock(app, "by kim")
    run, rows = changed(app, NewLock("office closed"))
    assert rows == {"nina@a.nl": ("skipped", "locked already"), "max@a.nl": ("updated", "locked")}
    assert state(app, "max") == (LOCAL.name, "office closed")
    assert state(app) == ("kim", "by kim")
    made = password(app, "max")
    with app.services.store.read() as tx:
        assert (
            tx.exec_driver_sql(f"SELECT sealed_password FROM run_row WHERE run = {run}").scalars().all() == [None] * 2
        )
    assert made not in app.services.runs.file(LOCAL, run, "results.csv").decode()
    run, rows = changed(app, Unlocking(), "max@a.nl", "nina@a.nl")
    assert {outcome for outcome, _ in rows.values()} == {"updated"}
    assert rows["max@a.nl"][1] == "unlocked; password changed"
    assert password(app, "max") in app.services.runs.file(LOCAL, run, "results.csv").decode()
    assert (state(app), state(app, "max")) == (None, None)
    assert changed(app, Unlocking())[1]["max@a.nl"] == ("skipped", "kept: not locked")


def test_a_run_sends_a_lock_without_an_answer_again(app: App) -> None:
    app.host.goes_wrong("lost_after", count=2)
    _, rows = changed(app, NewLock())
    assert {outcome for outcome, _ in rows.values()} == {"updated"}
    assert state(app) == (LOCAL.name, None)
    assert password(app) != GOOD


def test_a_run_that_gets_no_answer_at_all_says_no_lock(app: App, clock: ShiftedClock) -> None:
    app.host.goes_wrong("lost_after", count=None)
    run = app.services.changes.start(LOCAL, ("nina@a.nl",), NewLock()).run
    rows = ended(app, run)
    assert rows["nina@a.nl"][0] == "failed"
    assert "whether it took effect is not known" in rows["nina@a.nl"][1]
    assert state(app) is None
    app.host.goes_wrong("lost_after", count=0)
    assert ended(app, app.services.runs.retry(LOCAL, run))["nina@a.nl"][0] == "updated"
    assert state(app) == (LOCAL.name, None)


def test_a_lock_is_undone_by_new_passwords_and_an_unlock_by_a_lock(app: App) -> None:
    run, _ = changed(app, NewLock("closed"))
    planned = app.services.undo.look(LOCAL, run)
    assert planned.sentence.startswith("Unlock 2 mailboxes with new passwords, which are in the results?")
    assert {planned.what(row) for row in planned.to_restore} == {"unlocked with a new password"}
    undo = app.services.undo.start(LOCAL, run, planned.typed)
    ended(app, undo)
    assert (state(app), state(app, "max")) == (None, None)
    assert password(app) in app.services.runs.file(LOCAL, undo, "results.csv").decode()
    changed(app, NewLock())
    run, _ = changed(app, Unlocking())
    planned = app.services.undo.look(LOCAL, run)
    assert planned.sentence.startswith("Lock 2 mailboxes again?")
    ended(app, app.services.undo.start(LOCAL, run, planned.typed))
    assert state(app) == (LOCAL.name, None)


def test_an_undo_leaves_a_mailbox_that_was_unlocked_since(app: App) -> None:
    run, _ = changed(app, NewLock())
    unlocked = app.services.mailboxes.unlock(KIM, "a.nl", "nina")
    planned = app.services.undo.look(LOCAL, run)
    assert [row.address for row in planned.to_restore] == ["max@a.nl"]
    ended(app, app.services.undo.start(LOCAL, run, planned.typed))
    assert password(app) == unlocked.password


def test_the_api_locks_several(app: App) -> None:
    body = {"addresses": ["nina@a.nl", "max@a.nl"], "lock": True, "reason": "closed", "dry_run": True}
    assert data(app.ask("POST", "/changes", body))["mailboxes"] == 2
    run = data(app.ask("POST", "/changes", body | {"dry_run": False}), 202)["id"]
    ended(app, run)
    assert state(app)[1] == "closed"
    run = data(app.ask("POST", "/changes", {"addresses": ["nina@a.nl"], "unlock": True}), 202)["id"]
    ended(app, run)
    assert state(app) is None


def test_locks_need_their_permission(app: App) -> None:
    viewer = app.token(a_nl="view delete")
    for act in ("lock", "unlock"):
        refused(app.ask("POST", f"{NINA}/{act}", token=viewer), 403, "a.nl")
        refused(app.ask("POST", "/changes", {"addresses": ["nina@a.nl"], act: True}, token=viewer), 403, "a.nl")
    assert doings(app) == []


def test_an_undo_of_locks_needs_support(app: App) -> None:
    kim = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW, Permission.DELETE})})
    run, _ = changed(app, NewLock())
    assert not app.services.undo.possible(kim, view(app, run))
    for act in (lambda: app.services.undo.look(kim, run), lambda: app.services.undo.start(kim, run, 2)):
        with pytest.raises(Forbidden, match=r"no permission to .* a\.nl"):
            act()
    app.host.goes_wrong("plan_full", count=None)
    undo = app.services.undo.start(LOCAL, run, 2)
    ended(app, undo)
    app.host.goes_wrong("plan_full", count=0)
    for one in (app.services.runs.retry, app.services.runs.take_over):
        with pytest.raises(Forbidden, match=r"no permission to .* a\.nl"):
            one(kim, undo)
    both = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW, Permission.DELETE, Permission.SUPPORT})})
    assert app.services.undo.possible(both, view(app, run))


def view(app: App, run: int) -> RunView:
    found = app.services.run_manager.view(run)
    assert found is not None
    return found


def test_an_unlock_without_an_answer_ends_a_lock_without_one(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch):
        lock(app)
    manual = restarted(app)
    clock.ahead += 31.0
    app.host.goes_wrong("lost_after", on="any", count=4)
    with pytest.raises(OutcomeUnknown):
        app.services.mailboxes.unlock(KIM, "a.nl", "nina")
    app.host.goes_wrong("lost_after", count=0)
    settled(app, clock, manual)
    assert state(app) is None
    assert [what for what, _, _ in doings(app)] == ["mailbox.not_done", "mailbox.unlock"]
    (write,) = app.services.unconfirmed.every(KIM)
    assert app.services.unconfirmed.password(KIM, write.id) == password(app)
