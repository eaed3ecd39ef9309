"""Only the process that owns the runs sends writes by hand and reads them back; others store what needs no request."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mxlib import services
from mxlib.auth.permissions import LOCAL
from mxlib.core.plans.changes import Deletion, NewPassword, NewStored
from mxlib.core.text import store_problems
from mxlib.runs.manager import NotOwner
from mxlib.services.container import assemble
from mxlib.settings import Settings
from mxlib.store import FILE, Store, audit, manual_writes
from tests.support import app as support
from tests.support.app import GOOD, App
from tests.support.audit_entries import audit_entries
from tests.support.pages import opened as page
from tests.support.pages import plain
from tests.support.simulation import FreeRateLimiter, plan, rows
from tests.support.threaded_runs import ShiftedClock

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path, ShiftedClock()) as made:
        yield made


@contextmanager
def looking_on(app: App) -> Iterator[services.Services]:
    """A second process over the same data folder and host answers requests."""
    first = app.services
    second = assemble(
        Settings(data_dir=first.settings.data_dir),
        first.clock,
        Store.open(first.settings.data_dir / FILE, first.clock),
        app.host,
        FreeRateLimiter(),
    )  # type: ignore[arg-type]
    second.run_manager.recover()
    services.install(second)
    try:
        yield second
    finally:
        services.install(first)
        second.close()


def overtaken(app: App) -> None:
    """Another process takes over; this one has not noticed."""
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE account_lease SET epoch = 99, owner = 'another'")


def doings(app: App) -> list[str]:
    with app.services.store.read() as tx:
        return [
            what for entry in audit_entries(tx) if (what := str(entry["what"])).startswith(("mailbox.", "recovery."))
        ]


def journalled(app: App) -> list[manual_writes.ManualWrite]:
    with app.services.store.read() as tx:
        return manual_writes.find_open(tx)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", BOXES, NINA | {"username": "new"}),
        ("PATCH", f"{BOXES}/nina", {"quota": 2048}),
        ("PATCH", f"{BOXES}/nina", {"password": GOOD + "2"}),
        ("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "nina@home.example"}),
        ("DELETE", f"{BOXES}/nina", None),
    ],
)
@pytest.mark.parametrize("noticed", [True, False], ids=["looks on", "was overtaken"])
def test_a_write_by_hand_is_refused_when_another_process_owns_the_runs(
    app: App, method: str, path: str, body: Any, noticed: bool
) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    before = app.host.writes()

    def refused() -> None:
        answer = app.ask(method, path, body)
        support.refused(answer, 503, store_problems.SENT_ELSEWHERE)
        assert answer.json()["error"]["code"] == "NOT_OWNER"

    if noticed:
        with looking_on(app):
            refused()
    else:
        overtaken(app)
        refused()
    assert app.host.writes() == before
    assert doings(app) == []
    assert journalled(app) == []


def test_changes_of_the_page_are_refused_when_another_process_owns_the_runs(app: App) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    with looking_on(app) as second:
        for change in (NewPassword(), Deletion(), NewStored({"nina@a.nl": "nina@home.example"})):
            proposed = second.changes.plan(LOCAL, ["nina@a.nl"], change)
            with pytest.raises(NotOwner, match="only that one sends"):
                second.changes.carry_out(LOCAL, proposed, days=7, typed=proposed.typed, agreed=True)


def test_the_page_says_that_this_process_creates_no_mailbox(app: App) -> None:
    app.ask("GET", BOXES)
    with looking_on(app):
        tab = page(domain="a.nl")
        tab.button(key="new").click().run()
        tab.text_input(key="new_username").input("nina").run()
        tab.text_input(key="new_password").input(GOOD).run()
        tab.button(key="new_go").click().run()
        assert any("only that one sends to MXroute" in plain(each.value) for each in tab.error)
    assert not app.host.has("nina@a.nl")


def test_a_process_that_loses_ownership_while_waiting_sends_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    before, send = app.host.writes(), app.host.send

    def waits(request: Any, **how: Any) -> Any:
        if request.kind == "write":
            overtaken(app)
        return send(request, **how)

    monkeypatch.setattr(app.host, "send", waits)
    assert app.ask("DELETE", f"{BOXES}/nina").json()["error"]["code"] == "NOT_OWNER"
    assert app.host.writes() == before
    assert app.host.has("nina@a.nl")


def test_a_write_by_a_replaced_process_is_recorded_once_by_the_new_owner(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.ask("GET", BOXES)
    send = app.host.send

    def overtakes(request: Any, **how: Any) -> Any:
        answer = send(request, **how)
        if request.kind == "write":
            overtaken(app)
        return answer

    monkeypatch.setattr(app.host, "send", overtakes)
    made = support.data(app.ask("POST", BOXES, NINA), 201)
    assert made["warnings"] == [store_problems.NOTED_ELSEWHERE]
    app.services.clock.ahead += 200.0  # type: ignore[attr-defined]
    with pytest.raises(NotOwner):  # the owner settles
        app.services.manual_writes.settle()
    assert doings(app) == []
    assert [write.mailbox for write in journalled(app)] == ["nina@a.nl"]


def test_only_the_owner_reads_back_writes_without_an_answer(app: App) -> None:
    app.ask("GET", BOXES)
    app.host.goes_wrong("lost_before", "any", count=None)
    assert app.ask("POST", BOXES, NINA).status_code == 503
    app.host.goes_wrong("lost_before", count=0)
    app.services.clock.ahead += 200.0  # type: ignore[attr-defined]
    with app.services.run_manager.writing():  # the owner was alive all the time
        pass
    with looking_on(app) as second:
        with pytest.raises(NotOwner):
            second.manual_writes.settle()
        assert len(journalled(app)) == 1
        (write,) = second.unconfirmed.every(LOCAL)
        with pytest.raises(NotOwner):
            second.unconfirmed.forget(LOCAL, write.id)
    app.services.manual_writes.settle()
    assert journalled(app) == []
    assert doings(app) == ["mailbox.not_done"]


def test_a_process_without_ownership_extends_retention_and_erases_passwords(app: App) -> None:
    run = app.services.run_manager.start(plan(*rows(2)), LOCAL.name, retention_days=7)
    app.ended(run)
    with looking_on(app) as second:
        until = second.run_manager.view(run).passwords_until  # type: ignore[union-attr]
        second.runs.extend(LOCAL, run, 30)
        assert second.run_manager.view(run).passwords_until > until  # type: ignore[union-attr,operator]
        second.runs.handed_over(LOCAL, run)
        assert second.run_manager.view(run).handed_over_at  # type: ignore[union-attr]
    with app.services.store.read() as tx:
        assert {"run.extend", "run.handed_over"} <= {entry["what"] for entry in audit_entries(tx)}


def test_a_longer_retention_and_its_audit_entry_are_stored_together(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    run = app.services.run_manager.start(plan(*rows(2)), LOCAL.name, retention_days=7)
    app.ended(run)
    until = app.services.run_manager.view(run).passwords_until  # type: ignore[union-attr]

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("The audit log cannot be written.")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "record", fails)
        with pytest.raises(RuntimeError):
            app.services.runs.extend(LOCAL, run, 30)
    assert app.services.run_manager.view(run).passwords_until == until  # type: ignore[union-attr]
    app.services.runs.extend(LOCAL, run, 30)
    assert app.services.run_manager.view(run).passwords_until > until  # type: ignore[union-attr,operator]
