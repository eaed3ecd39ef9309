"""Writes by hand: journalled before they are sent, recorded with their outcome, read back without an answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.plans.changes import NewPassword
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.exports import NotFound
from mxlib.services.manual_writes import ManualWrites
from mxlib.services.unconfirmed import UnconfirmedWrites
from mxlib.store import FILE, Store, StoreUnavailable, first_seen, manual_writes
from mxlib.store.encryption import ServerKey
from tests.support.app import GOOD, App, data, opened, refused, trail
from tests.support.manual_writes import NINA, doings, journalled, killed, restarted
from tests.support.threaded_runs import ShiftedClock, live_through

BOXES = "/domains/a.nl/email-accounts"
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW, Permission.IMPORT, Permission.DELETE})})


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def kept(app: App, caller: Caller = LOCAL) -> list[tuple[str, str]]:
    """Return what a caller sees in the list: each mailbox with the outcome of its change."""
    return [(write.mailbox, write.outcome) for write in app.services.unconfirmed.every(caller)]


@contextmanager
def disk_full(app: App, monkeypatch: pytest.MonkeyPatch, *, once_sent: bool = False) -> Iterator[None]:
    """The disk takes nothing; `once_sent`: from when the next write reached the host."""
    write, before = app.services.store.write, app.host.writes()

    @contextmanager
    def full() -> Iterator[Any]:
        if not once_sent or app.host.writes() > before:
            raise StoreUnavailable("The disk of this server is full.")
        with write() as tx:
            yield tx

    with monkeypatch.context() as patched:
        patched.setattr(app.services.store, "write", full)
        yield


def test_a_write_is_in_the_journal_before_it_is_sent(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    at_the_host: list[tuple[str, str]] = []
    send = app.host.send

    def look(request: Any, **how: Any) -> Any:
        if request.kind == "write":
            at_the_host.extend((write.action, write.mailbox) for write in journalled(app))
        return send(request, **how)

    monkeypatch.setattr(app.host, "send", look)
    box = app.services.mailboxes
    box.create(LOCAL, "a.nl", NINA)
    box.update(LOCAL, "a.nl", "nina", {"quota": 2048})
    box.delete(LOCAL, "a.nl", "nina")
    assert at_the_host == [(what, "nina@a.nl") for what in ("create", "update", "delete")]
    assert journalled(app) == []
    assert [what for what, _, _ in doings(app)] == ["mailbox.create", "mailbox.update", "mailbox.delete"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", BOXES, NINA | {"username": "new"}), ("PATCH", f"{BOXES}/nina", {"password": GOOD + "2"}),
     ("PATCH", f"{BOXES}/nina", {"quota": 2048}), ("DELETE", f"{BOXES}/nina", None)],
)  # fmt: skip
def test_nothing_is_sent_that_cannot_be_journalled(
    app: App, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any
) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    before = app.host.writes()
    with disk_full(app, monkeypatch):
        refused(app.ask(method, path, body), 503, "Nothing was sent to MXroute. The disk of this server is full.")
    assert app.host.writes() == before
    assert doings(app) == []


def test_an_outcome_that_cannot_be_recorded_is_shown_and_recorded_later(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.ask("GET", BOXES)
    with disk_full(app, monkeypatch, once_sent=True):
        made = data(app.ask("POST", BOXES, NINA | {"recovery_email": "n@home.nl"}), 201)
    assert made["email"] == "nina@a.nl"
    assert made["recovery_email"] == "n@home.nl"
    assert made["warnings"] == [
        "MXroute did it, but that cannot be noted here yet. The disk of this server is full. MXM notes it then."
    ]
    assert doings(app) == []
    app.services.manual_writes.settle()
    assert doings(app) == [("mailbox.create", "nina@a.nl", "")]
    assert data(app.ask("GET", f"{BOXES}/nina"))["recovery_email"] == "n@home.nl"
    assert journalled(app) == []


def test_a_new_password_is_shown_although_it_cannot_be_recorded(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    proposed = app.services.changes.plan(LOCAL, ["nina@a.nl"], NewPassword())
    with disk_full(app, monkeypatch, once_sent=True):
        done = app.services.changes.carry_out(LOCAL, proposed, days=7)
    assert done.password == app.host.sandbox.account.domains["a.nl"]["nina"].password
    assert "cannot be noted here yet" in done.unrecorded
    app.services.manual_writes.settle()
    assert [what for what, _, _ in doings(app)] == ["mailbox.update"]


def test_a_deletion_that_cannot_be_recorded_says_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    with disk_full(app, monkeypatch, once_sent=True):
        deleted = data(app.ask("DELETE", f"{BOXES}/nina"))
    assert "cannot be noted here yet" in deleted["warnings"][0]
    app.ask("POST", BOXES, NINA)  # whatever is journalled next brings it along
    assert [what for what, _, _ in doings(app)] == ["mailbox.delete", "mailbox.create"]


@pytest.mark.parametrize("reaches", [True, False])
def test_a_create_whose_process_died_is_read_back(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch, reaches: bool
) -> None:
    with killed(app, monkeypatch, reaches=reaches):
        app.services.mailboxes.create(KIM, "a.nl", NINA | {"recovery_email": "n@home.nl"})
    manual = restarted(app)
    manual.settle()
    assert doings(app) == []  # MXroute may still carry it out
    clock.ahead += 31.0
    manual.settle()
    if not reaches:
        assert doings(app) == [("mailbox.not_done", "nina@a.nl", "create: no answer came; it was not done")]
        assert journalled(app) == []
        return
    assert doings(app) == [("mailbox.create", "nina@a.nl", "no answer came; found there")]
    assert kept(app, KIM) == [("nina@a.nl", "no answer came; found there")]
    (write,) = app.services.unconfirmed.every(KIM)
    assert app.services.unconfirmed.password(KIM, write.id) == GOOD
    assert doings(app)[-1] == ("mailbox.password_shown", "nina@a.nl", "")
    assert data(app.ask("GET", f"{BOXES}/nina"))["recovery_email"] == "n@home.nl"
    manual.settle()
    assert len(doings(app)) == 2


def test_a_password_reset_whose_process_died_is_shown_to_its_caller_and_admins_alone(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.have("nina@a.nl")
    with killed(app, monkeypatch):
        app.services.mailboxes.update(KIM, "a.nl", "nina", {"password": GOOD + "2"})
    manual = restarted(app)
    clock.ahead += 31.0
    manual.settle()
    unknown = "no answer came; whether the password was set cannot be read back"
    assert doings(app) == [("mailbox.update", "nina@a.nl", f"asked: password changed; {unknown}")]
    assert kept(app, KIM) == kept(app) == [("nina@a.nl", unknown)]
    stranger = Caller("max", domains=KIM.domains)
    namesake = Caller("kim", domains=KIM.domains, kind="token")
    (write,) = app.services.unconfirmed.every(KIM)
    for other in (stranger, namesake):
        assert kept(app, other) == []
        with pytest.raises(NotFound):
            app.services.unconfirmed.password(other, write.id)
        with pytest.raises(NotFound):
            app.services.unconfirmed.forget(other, write.id)
    assert app.services.unconfirmed.password(LOCAL, write.id) == GOOD + "2"
    app.services.unconfirmed.forget(KIM, write.id)
    assert journalled(app) == []
    assert [who for what, _, who in trail(app) if what.startswith("mailbox.")] == ["kim", LOCAL.name, "kim"]


@pytest.mark.parametrize("reaches", [True, False])
def test_a_quota_and_a_deletion_are_read_back(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch, reaches: bool
) -> None:
    app.have("nina@a.nl", "max@a.nl")
    with killed(app, monkeypatch, reaches=reaches):
        app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"quota": 2048})
    with killed(app, monkeypatch, reaches=reaches):
        app.services.mailboxes.delete(LOCAL, "a.nl", "max")
    manual = restarted(app)
    clock.ahead += 31.0
    manual.settle()
    assert [(what, on) for what, on, _ in doings(app)] == (
        [("mailbox.update", "nina@a.nl"), ("mailbox.delete", "max@a.nl")]
        if reaches
        else [("mailbox.not_done", "nina@a.nl"), ("mailbox.not_done", "max@a.nl")]
    )
    assert journalled(app) == []


def test_reading_back_waits_for_a_host_that_is_down(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    manual = restarted(app)
    clock.ahead += 31.0
    app.host.down = True
    assert manual.settle() == 5.0
    assert doings(app) == []
    app.host.down = False
    manual.settle()
    assert [what for what, _, _ in doings(app)] == ["mailbox.create"]


def test_a_write_without_an_answer_is_read_back_without_a_restart(app: App, clock: ShiftedClock) -> None:
    app.have("nina@a.nl")
    app.host.goes_wrong("lost_after", on="any", first=2, count=4)
    with pytest.raises(OutcomeUnknown):
        app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": GOOD})
    app.host.goes_wrong("lost_after", count=0)
    assert kept(app) == [("nina@a.nl", "")]
    assert app.services.manual_writes.settle() == pytest.approx(30.0, abs=1.0)
    clock.ahead += 31.0
    app.services.manual_writes.settle()
    assert [what for what, _, _ in doings(app)] == ["mailbox.update"]


def test_a_refusal_leaves_nothing_to_read_back(app: App) -> None:
    app.have("nina@a.nl")
    app.host.goes_wrong("plan_full")
    assert app.ask("POST", BOXES, NINA | {"username": "new"}).status_code == 422
    assert app.ask("POST", BOXES, NINA).status_code == 409
    assert app.ask("DELETE", f"{BOXES}/nobody").status_code == 404
    assert app.ask("PATCH", f"{BOXES}/nobody", {"quota": 1}).status_code == 404
    assert journalled(app) == []
    assert doings(app) == []


def test_a_later_write_that_worked_replaces_an_unknown_one(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch, reaches=False):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    manual = restarted(app)
    app.services.mailboxes.create(LOCAL, "a.nl", NINA | {"password": GOOD + "2"})
    assert [what for what, _, _ in doings(app)] == ["mailbox.not_done", "mailbox.create"]
    clock.ahead += 31.0
    manual.settle()
    assert len(doings(app)) == 2
    assert journalled(app) == []


def test_passwords_of_changes_without_an_answer_are_erased_after_retention(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.have("nina@a.nl")
    with killed(app, monkeypatch):
        app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": GOOD + "2"})
    manual = restarted(app)
    clock.ahead += 31.0
    manual.settle()
    clock.ahead += 8 * 86_400.0
    manual.settle()
    assert [write.mailbox for write in journalled(app)] == ["nina@a.nl"]  # the clock may be wrong
    app.services.housekeeping.confirm_time(LOCAL)
    manual.settle()
    assert [write.mailbox for write in journalled(app)] == ["nina@a.nl"]
    live_through(app.services.store, 8)
    manual.settle()
    assert journalled(app) == []
    assert doings(app)[-1][0] == "mailbox.password_forgotten"


def test_a_password_is_stored_encrypted_only_and_erased_after_the_answer(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith(FILE))

    sealed: list[bytes] = []
    wraps = ServerKey.new_run_key

    def seen_key(key: ServerKey) -> Any:
        pair = wraps(key)
        sealed.append(pair[1])
        return pair

    monkeypatch.setattr(ServerKey, "new_run_key", seen_key)
    app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    assert GOOD.encode() not in files()
    app.services.manual_writes.settle()
    assert sealed
    assert sealed[0] not in files()


def test_a_mailbox_being_created_by_hand_is_not_taken_by_another_act(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with killed(app, monkeypatch):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    app.ask("GET", f"{BOXES}?refresh=true")
    with app.services.store.read() as tx:
        assert first_seen.since(tx, "a.nl", "nina") is None


def test_a_starting_process_reads_back_in_its_own_thread(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    here = app.services
    manual = ManualWrites(here.settings, here.store, here.host, here.run_manager, here.clock)
    manual.start()
    unconfirmed = UnconfirmedWrites(here.store, manual, here.clock)
    assert [(write.mailbox, write.outcome) for write in unconfirmed.every(LOCAL)] == [("nina@a.nl", "")]
    manual.close()


def test_the_api_lists_shows_and_forgets_writes_without_an_answer(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.have("nina@a.nl")
    with killed(app, monkeypatch):
        app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": GOOD + "2"})
    manual = restarted(app)
    (write,) = data(app.ask("GET", "/unconfirmed"))
    assert (write["action"], write["email"], write["outcome"], write["has_password"]) == (
        "update", "nina@a.nl", None, True,
    )  # fmt: skip
    refused(app.ask("POST", f"/unconfirmed/{write['id']}/forget"), 404, "Wait a minute")
    assert data(app.ask("POST", f"/unconfirmed/{write['id']}/password")) == {"password": GOOD + "2"}
    clock.ahead += 31.0
    manual.settle()
    assert data(app.ask("POST", f"/unconfirmed/{write['id']}/forget")) == {"id": write["id"]}
    assert data(app.ask("GET", "/unconfirmed")) == []


def test_a_store_with_another_key_is_reported(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("nina@a.nl")
    with killed(app, monkeypatch):
        app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": GOOD + "2"})
    restarted(app)
    monkeypatch.setattr(app.services.store, "key", ServerKey.make("another"))
    (write,) = app.services.unconfirmed.every(LOCAL)
    refused(app.ask("POST", f"/unconfirmed/{write.id}/password"), 409, "The server key is not the one")


def test_the_store_has_no_password_in_clear(tmp_path: Path) -> None:
    store = Store.open(tmp_path / FILE, ShiftedClock())
    with store.write() as tx:
        number = manual_writes.add(
            tx, store.key, GOOD, at=0.0, who="kim", kind="operator", address="", action="create", domain="a.nl",
            username="x", asked={}, recovery_email="", settle_at=0.0, passwords_until=0.0,
        )  # fmt: skip
        write = manual_writes.get(tx, number)
    assert write is not None
    assert GOOD not in repr(write)
    assert manual_writes.password(store.key, write) == GOOD
    store.close()
