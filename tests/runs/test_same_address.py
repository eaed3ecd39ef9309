"""Two creates of one address: the one that took effect keeps its password, the other says so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.text import reasons
from mxlib.core.vocabulary import AuditAction, RunStatus
from mxlib.mxroute.errors import Unreachable
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.sandbox.state import Change
from mxlib.services.exports import NotFound
from mxlib.services.mailboxes import AlreadyExists
from mxlib.store import audit
from mxlib.store.audit import Actor
from tests.support.app import App, opened
from tests.support.audit_entries import audit_entries
from tests.support.manual_writes import NINA, doings, journalled, killed, restarted
from tests.support.simulation import Simulation, plan, row
from tests.support.threaded_runs import ShiftedClock

ADDRESS = "kim@a.nl"
OURS, THEIRS = row(0, "kim", password="Secret-1-word"), row(0, "kim", password="Secret-2-word")


def lost(fault: str = "lost_before", *, count: int | None = 1) -> Simulation:
    return Simulation(Rule(NAMED[fault], "create", count=count))


def paused_after_a_loss(here: Simulation) -> int:
    """Return a paused run whose only create got no response and did not take effect."""
    run = here.start(plan(OURS))
    while not here.sandbox.log or here.sandbox.log[-1].method != "POST":
        here.step()
    here.engine.pause(run, "A person pressed Pause.")
    here.run()
    assert here.record(run).status == RunStatus.PAUSED
    assert [(each.outcome, each.unanswered) for each in here.rows(run)] == [("waiting", True)]
    return run


def note(here: Simulation, action: AuditAction, by_run: int | None = None) -> None:
    with here.store.write() as tx:
        audit.record(tx, Actor("kim"), action, at=here.clock.now(), on=ADDRESS, run=by_run)


def by_hand(here: Simulation, what: str = "create") -> None:
    here.sandbox.account.apply(Change(what, "a.nl", "kim", password="by hand"))
    note(here, AuditAction(f"mailbox.{what}"))


def test_a_mailbox_created_by_another_run_meanwhile_keeps_that_password() -> None:
    here = lost()
    first = paused_after_a_loss(here)
    second = here.start(plan(THEIRS, name="other.csv"))
    here.run()
    assert here.outcomes(second) == ["created"]
    here.engine.resume(first)
    here.run()
    assert here.outcomes(first) == ["skipped"]
    assert here.rows(first)[0].reason == reasons.made_by(second)
    assert here.passwords(first) == {}
    assert here.passwords(second) == {ADDRESS: "Secret-2-word"}
    with here.store.read() as tx:
        made = [entry["run"] for entry in audit_entries(tx) if entry["what"] == "mailbox.create"]
    assert made == [second]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_mailbox_created_by_hand_meanwhile_does_not_belong_to_the_row(stopped: bool) -> None:
    here = lost()
    run = paused_after_a_loss(here)
    by_hand(here)
    (here.engine.stop if stopped else here.engine.resume)(run)
    here.run()
    assert here.outcomes(run) == ["skipped"]
    assert here.rows(run)[0].reason == reasons.made_by(None)
    assert here.passwords(run) == {}


def test_a_mailbox_created_by_hand_before_the_read_back_does_not_belong_to_the_row() -> None:
    here = lost()
    run = here.start(plan(OURS))
    while here.outcomes(run) != ["settling"]:
        here.step()
    by_hand(here)
    here.run()
    assert here.outcomes(run) == ["skipped"]
    assert here.passwords(run) == {}


def test_the_final_comparison_does_not_claim_a_mailbox_created_by_hand() -> None:
    here = lost(count=None)
    run = here.start(plan(OURS))
    while here.outcomes(run) != ["failed"]:
        here.step()
    by_hand(here)
    here.run()
    assert here.outcomes(run) == ["failed"]
    assert here.passwords(run) == {}


def test_a_mailbox_deleted_by_hand_again_is_created_and_belongs_to_the_row() -> None:
    here = lost()
    run = paused_after_a_loss(here)
    by_hand(here)
    by_hand(here, "delete")
    here.sandbox.schedule = Schedule.of(Rule(NAMED["lost_after"], "create"))
    here.engine.resume(run)
    here.run()
    assert here.outcomes(run) == ["created"]
    assert here.passwords(run) == {ADDRESS: "Secret-1-word"}


def test_a_mailbox_that_another_run_only_seemed_to_create_belongs_to_the_row() -> None:
    here = lost()
    run = paused_after_a_loss(here)
    second = here.start(plan(THEIRS, name="other.csv"))
    here.sandbox.schedule = Schedule.of(Rule(NAMED["yes_undone"], "create"))
    here.run()
    assert here.outcomes(second) == ["failed"]
    here.sandbox.schedule = Schedule.of(Rule(NAMED["lost_after"], "create"))
    here.engine.resume(run)
    here.run()
    assert here.outcomes(run) == ["created"]
    assert here.passwords(run) == {ADDRESS: "Secret-1-word"}


# By hand.


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def test_a_manual_create_without_a_response_does_not_claim_a_mailbox_of_a_run(
    app: App, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed(app, monkeypatch, reaches=False):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    manual = restarted(app)
    run = app.services.run_manager.start(plan(row(0, "nina")), "ops", retention_days=7)
    assert app.ended(run)["counts"]["created"] == 1
    clock.ahead += 31.0
    manual.settle()
    assert ("mailbox.not_done", "nina@a.nl", f"create: no answer came; run {run} made it") in doings(app)
    assert [what for what, _, _ in doings(app)].count("mailbox.create") == 1
    assert app.services.unconfirmed.every(LOCAL) == ()
    with pytest.raises(NotFound):
        app.services.unconfirmed.password(LOCAL, 1)


def test_a_manual_create_with_a_lost_refusal_does_not_claim_a_mailbox_of_a_run(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = app.host.send

    def send(request: Any, **how: Any) -> Any:
        if request.kind != "write" or app.host.sandbox.account.domains["a.nl"].get("nina"):
            return usual(request, **how)
        monkeypatch.setattr(app.host, "send", usual)  # a run was faster while this request waited for its slot
        run = app.services.run_manager.start(plan(row(0, "nina")), "ops", retention_days=7)
        assert app.ended(run)["counts"]["created"] == 1
        raise Unreachable()

    monkeypatch.setattr(app.host, "send", send)
    with pytest.raises(AlreadyExists):
        app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    assert [what for what, _, _ in doings(app)] == ["mailbox.create"]
    assert journalled(app) == []
