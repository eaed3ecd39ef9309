"""Rows and pauses are stored as codes and facts; their texts are made of these."""

import json
from typing import Any

from mxlib.core.reasons import Reason
from mxlib.core.vocabulary import Action, Outcome, PauseCode, RowReason
from mxlib.mxroute.errors import PlanLimitReached
from mxlib.runs import decisions, results
from mxlib.runs.results import RowVisibility
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.sandbox.state import Change
from mxlib.store import journal
from mxlib.store.records import RowRecord
from tests.support.audit_entries import audit_entries
from tests.support.simulation import Simulation, plan, row, rows

KNOWN = {"quota": 1024, "limit": 9600, "recovery_email": "", "name": ""}


def stored(here: Simulation, run: int) -> list[tuple[str, str, Any, str]]:
    """Return the outcome of each row and the stored parts of its reason: code, facts, words."""
    return [(each.outcome, each.code, each.detail, each.words) for each in here.rows(run)]


def update(position: int, **changes: object) -> Any:
    blank = {"password": "", "quota": None, "limit": None, "generated": False, "before": KNOWN}
    return row(position, action=Action.UPDATE, **(blank | changes))


def existing(*rules: Rule) -> Simulation:
    here = Simulation(*rules)
    for number in range(4):
        here.sandbox.account.apply(Change("create", "a.nl", f"user{number}", password="theirs"))
    return here


def test_finished_rows_store_the_compared_figures() -> None:
    here = Simulation()
    run = here.start(plan(row(0), row(1, limit=500)))
    here.run()
    plain = {"had": None, "planned": None}
    quota = {"asked": 1024, "has": 1024, **plain}
    assert stored(here, run) == [
        ("created", "as_asked",
         {"asks_host": True, "figures": {"quota": quota, "limit": {"asked": 9600, "has": 9600, **plain}}}, ""),
        ("created", "differs",
         {"asks_host": True, "figures": {"quota": quota, "limit": {"asked": 500, "has": 9600, **plain}}}, ""),
    ]  # fmt: skip


def test_an_update_stores_its_changes_at_the_host_and_in_mxm_without_passwords() -> None:
    here = existing()
    run = here.start(plan(update(0, quota=2048, password="New-Secret-1", recovery_email="a@b.nl"), update(1, name="K")))
    here.run()
    first, second = here.rows(run)
    assert first.detail == {
        "asks_host": True,
        "stored": {"recovery_email": "set"},
        "password": True,
        "figures": {"quota": {"asked": 2048, "has": 2048, "had": 1024, "planned": 1024}},
    }
    assert (second.code, second.detail, second.reason) == ("stored_here", {"stored": {"name": "set"}}, "full name set")
    assert "New-Secret-1" not in json.dumps([each.detail for each in here.rows(run)])


def test_the_reason_stays_the_same_when_the_passwords_are_erased() -> None:
    here = existing()
    run = here.start(plan(update(0, password="New-Secret-1")))
    here.run()
    shown = here.rows(run)[0].reason
    with here.store.write() as tx:
        journal.set_row(tx, run, 0, sealed_password=None)
    assert here.rows(run)[0].reason == shown == "changed; password changed"


def test_a_refusal_is_stored_as_a_code_with_the_words_of_the_host() -> None:
    here = Simulation(Rule(NAMED["forbidden"], address="user1@a.nl", count=None), Rule(NAMED["plan_full"], count=1))
    run = here.start(plan(*rows(2)))
    here.run()
    (full, plan_code, detail, words), (_, refused_code, _, refused_words) = stored(here, run)
    assert (full, plan_code, detail["status"]) == ("failed", "plan_full", 422)
    assert here.rows(run)[0].reason == f"MXroute: {words}"
    assert (refused_code, refused_words) == ("not_allowed", "Insufficient permissions")


def test_rows_changed_by_others_meanwhile_have_a_code_for_it() -> None:
    here = existing()
    here.sandbox.account.apply(Change("update", "a.nl", "user0", quota=3000))
    here.sandbox.account.apply(Change("delete", "a.nl", "user1"))
    run = here.start(plan(update(0, quota=2048), update(1, quota=2048), row(2)))
    here.run()
    assert stored(here, run) == [
        ("skipped", "figure_changed", {"column": "quota", "value": 3000}, ""),
        ("skipped", "gone", None, ""),
        ("skipped", "created_meanwhile", None, ""),
    ]


def test_rows_of_a_stopped_run_have_the_code_stopped() -> None:
    here = Simulation()
    run = here.start(plan(*rows(9)))
    for _ in range(20):
        here.step()
    here.engine.stop(run)
    here.run()
    assert {(outcome, code) for outcome, code, _, _ in stored(here, run)} == {
        ("created", "as_asked"),
        ("not_attempted", "stopped"),
    }


def test_a_row_that_waits_again_has_no_reason() -> None:
    here = Simulation(Rule(NAMED["plan_full"], count=None))
    run = here.start(plan(*rows(3)))
    here.run()
    assert stored(here, run) == [("waiting", "", None, "")] * 3


def test_a_pause_has_a_code_that_survives_a_restart() -> None:
    here = Simulation(Rule(NAMED["error_before"], count=None))
    run = here.start(plan(*rows(6)))
    here.run()
    assert (here.record(run).status, here.record(run).why_code) == ("paused", "no_writes")
    here.kill()
    reason = here.engine.states[run].pause_reason
    assert reason is not None
    assert (reason.code, reason.text) == (PauseCode.NO_WRITES, here.record(run).why)
    here.engine.resume(run)
    assert here.record(run).why_code == ""


def test_only_refusals_with_the_same_words_count_as_similar() -> None:
    here = Simulation()
    run = here.start(plan(*rows(3)))
    state = here.engine.states[run]
    limit, other = (_plan_full(words) for words in ("Limit of accounts.", "Limit of storage."))
    state.similar_failures, state.similar_failures_reason = [0], limit
    assert state.note_failure(1, _plan_full("Limit of accounts.")) == [0, 1]
    assert state.note_failure(1, other) == [1]


def test_the_audit_log_stores_the_facts_behind_its_outcomes() -> None:
    here = existing()
    run = here.start(plan(update(0, quota=2048, recovery_email="a@b.nl"), update(1)))
    here.run()
    with here.store.read() as tx:
        facts = {entry["what"]: entry["detail"] for entry in audit_entries(tx, run=run)}
    assert facts == {
        "mailbox.update": {"password": False, "had_quota": 1024, "quota": 2048},
        "recovery.set": {"removed": False},
        "run.finished": {"counts": {"updated": 1, "unchanged": 1}},
    }


def test_a_row_of_an_earlier_release_shows_its_stored_text() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.run()
    with here.store.write() as tx:
        journal.set_row(tx, run, 0, code="", detail=None, words="made; as a release before worded it")
    assert here.rows(run)[0].reason == "made; as a release before worded it"


def test_without_view_permission_the_reason_hides_the_figures_of_the_mailbox() -> None:
    here = existing()
    run = here.start(plan(row(0, action=Action.DELETE, password="", quota=None, limit=None, before=KNOWN)))
    with here.store.write() as tx:
        kept = Reason.of(RowReason.FIGURE_CHANGED, column="quota", value=3000)
        journal.set_row(tx, run, 0, outcome=Outcome.SKIPPED, reason=kept)

    def seen(*, figures: bool) -> RowRecord:
        ((shown, _),) = results.all_rows(here.store, run, seen=RowVisibility(lambda _: figures, lambda _: True))
        return shown

    assert (seen(figures=True).code, seen(figures=False).code) == ("figure_changed", "not_as_planned")
    assert seen(figures=False).detail is None
    assert "3000" not in seen(figures=False).reason


def _plan_full(words: str) -> Any:
    return decisions._plan_full(PlanLimitReached("PLAN", words, status=422))
