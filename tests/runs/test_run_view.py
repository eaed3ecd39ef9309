"""The view of a run: what it waits for, when it ends, the state of its passwords, and the sentence for all that."""

from collections.abc import Callable
from typing import Any

import pytest

from mxlib.core.format import clock_time, day
from mxlib.core.text import run_status
from mxlib.core.vocabulary import Action, Outcome, PauseCode, RunKind, RunStatus
from mxlib.runs import messages, run_view
from mxlib.runs.engine import Engine
from mxlib.runs.row_counts import RowCounts
from mxlib.runs.run_view import Passwords, RunView
from mxlib.runs.situation import Situation
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.store import erasure, journal, run_passwords
from tests.support.deletions import BEFORE, existing
from tests.support.simulation import START, TIMEOUT, FreeRateLimiter, Simulation, plan, row, rows

DAY = 86_400


def look(here: Simulation, run: int, engine: Engine | None = None) -> RunView:
    """Return the view of one run, as a process with this engine has it."""
    records, engine, estimate = [here.record(run)], engine or here.engine, here.rate_limiter.estimate
    with here.store.read() as tx:
        (view,) = run_view.views(
            tx, records, Situation.of(engine, here.clock), estimate, here.clock, here.store.key, RowCounts(here.clock)
        )
    return view


def steps(here: Simulation, until: Callable[[], bool], most: int = 2000) -> None:
    """Step until the condition is true."""
    for _ in range(most):
        if until():
            return
        here.step()
    raise AssertionError("It never came.")


def view(status: RunStatus = RunStatus.RUNNING, **values: Any) -> RunView:
    """Return a view of ten rows: seven created, one failed, two waiting; `values` replace its own."""
    counts = {Outcome.CREATED: 7, Outcome.FAILED: 1, Outcome.WAITING: 2}
    plain = {
        "id": 4, "status": status, "file_name": "staff.csv", "operator": "ops", "domains": ("a.nl",), "total": 10,
        "counts": counts, "created_at": START, "started_at": START, "finished_at": None,
    }  # fmt: skip
    return RunView(**plain | values)


# Sentences.


def test_a_view_counts_open_decided_done_and_retriable_rows() -> None:
    counts = dict.fromkeys(Outcome, 1)
    shown = view(counts=counts, total=len(counts))
    assert (shown.open, shown.decided, shown.done, shown.retriable) == (3, 7, 4, 2)


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ({}, f"Import of {day(START)}, staff.csv"),
        ({"file_name": ""}, f"Import of {day(START)}, rows added manually"),
        ({"kind": RunKind.DELETE}, f"staff.csv, {day(START)} (10 mailboxes)"),
        ({"kind": RunKind.UNDO, "undo_of": 3}, "Undo of run 3, staff.csv"),
    ],
)
def test_the_title_names_the_file_and_the_purpose(values: dict[str, Any], title: str) -> None:
    assert view(**values).title == title


def test_progress_counts_decided_rows_and_gives_the_expected_end_if_there_is_one() -> None:
    assert view().progress_text(START) == "8 of 10: 7 created, 1 failed."
    assert view(eta_at=START + 90).progress_text(START) == "8 of 10: 7 created, 1 failed. About 2 minutes left."


@pytest.mark.parametrize(
    ("status", "values", "text"),
    [
        (RunStatus.RUNNING, {}, ""),
        (RunStatus.RUNNING, {"waiting_seconds": 0.9}, ""),
        (RunStatus.RUNNING, {"waiting_seconds": 34.2}, "Waiting 34 s: MXroute allows 20 changes a minute."),
        (
            RunStatus.RUNNING,
            {"silent_since": START, "next_try_seconds": 12.4, "waiting_seconds": 34.2},
            f"MXroute has not answered since {clock_time(START)}. Next try in 12 s; 2 rows waiting, nothing lost.",
        ),
        (
            RunStatus.RUNNING,
            {"unanswered_seconds": 12.4, "waiting_seconds": 34.2},
            "MXroute is not answering (12 s). Trying again; 2 rows waiting, nothing lost.",
        ),
        (
            RunStatus.QUEUED,
            {"behind": (3,)},
            "Run 3 writes to the same domain. This one starts by itself when that ends; 2 rows waiting, nothing lost.",
        ),
        (RunStatus.PAUSED, {"paused_reason": "Why."}, "Paused: Why. 2 rows waiting, nothing lost."),
        (RunStatus.STOPPING, {"waiting_seconds": 34.2}, "Stopping: what is in flight finishes first."),
    ],
    ids=["running", "short wait", "rate limit", "silent host", "failed answer", "queued", "paused", "stopping"],
)
def test_the_status_text_says_what_an_active_run_waits_for(
    status: RunStatus, values: dict[str, Any], text: str
) -> None:
    assert view(status, **values).status_text == text


ENDED: dict[str, Any] = {"counts": {Outcome.CREATED: 9, Outcome.FAILED: 1}, "finished_at": START + 60}
ACCOUNTED = "9 mailboxes created. 1 row failed."


@pytest.mark.parametrize("status", [RunStatus.FINISHED, RunStatus.STOPPED])
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, ""),
        ({"checked_at": START}, f" Checked against MXroute at {clock_time(START)}: everything matches."),
        (
            {"checked_at": START, "differences": 2, "difference": "limit is 9,600 instead of 500"},
            f" Checked against MXroute at {clock_time(START)}. 2 differ, the first: limit is 9,600 instead of 500.",
        ),
        ({"passwords_until": START}, f" Passwords not downloaded yet; MXM's copy is kept until {day(START)}."),
        (
            {"passwords_until": START, "downloaded_at": START},
            f" Passwords downloaded; MXM's copy is kept until {day(START)}.",
        ),
        ({"handed_over_at": START}, " MXM's copy of the passwords is erased."),
        ({"handed_over_at": START, "erasing": True}, f" {run_status.PASSWORDS_ERASING}"),
        ({"note": messages.NOT_CHECKED}, f" {messages.NOT_CHECKED}"),
    ],
    ids=["plain", "as asked", "differences", "readable", "downloaded", "handed over", "being erased", "not compared"],
)
def test_the_status_text_of_an_ended_run_accounts_for_rows_comparison_and_passwords(
    status: RunStatus, values: dict[str, Any], text: str
) -> None:
    assert view(status, **ENDED | values).status_text == ACCOUNTED + text


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, Passwords.NONE),
        ({"passwords_until": START}, Passwords.KEPT),
        ({"forgotten": True}, Passwords.ERASED),
        ({"forgotten": True, "erasing": True}, Passwords.ERASING),
        ({"forgotten": True, "passwords_until": START, "handed_over_at": START}, Passwords.ERASED),
    ],
)
def test_the_passwords_of_a_run_have_four_states(values: dict[str, Any], state: Passwords) -> None:
    assert view(**values).passwords is state


# Views of runs in an engine.


def test_a_running_run_shows_when_it_ends_with_the_turns_of_other_runs_included() -> None:
    here = Simulation()
    long, short = here.start(plan(*rows(10))), here.start(plan(*rows(4, domain="b.nl"), name="b.csv"))
    here.engine.flush()
    assert look(here, long).eta_at == here.clock.now() + (10 + 4) * 3.0
    assert look(here, short).eta_at == here.clock.now() + (4 + 4) * 3.0
    assert run_view.backlog(here.engine) == 14


def test_a_paused_run_delays_no_other_and_shows_no_end() -> None:
    here = Simulation()
    paused, running = here.start(plan(*rows(10))), here.start(plan(*rows(4, domain="b.nl"), name="b.csv"))
    here.engine.pause(paused, "kim pressed Pause.")
    shown = look(here, paused)
    assert (shown.eta_at, shown.paused_reason, shown.paused_code) == (None, "kim pressed Pause.", PauseCode.OPERATOR)
    assert look(here, running).eta_at == here.clock.now() + 4 * 3.0
    assert run_view.backlog(here.engine) == 4


def test_rows_that_change_only_values_stored_here_cost_no_time() -> None:
    here = Simulation()
    existing(here, "user1")
    blank = {"password": "", "quota": None, "limit": None, "generated": False, "before": BEFORE}
    here.start(plan(*rows(1)))
    late = here.start(plan(row(0, "late"), row(1, action=Action.UPDATE, recovery_email="k@x.example", **blank)))
    assert look(here, late).status is RunStatus.QUEUED
    assert look(here, late).eta_at == here.clock.now() + (1 + 1) * 3.0


def test_a_queued_run_shows_its_turn_with_the_runs_before_it_and_the_turns_of_others() -> None:
    here = Simulation()
    first = here.start(plan(*rows(10)))
    here.start(plan(*rows(4, domain="c.nl"), name="c.csv"))
    second = here.start(plan(*rows(6)[3:], *rows(3, domain="b.nl"), name="both.csv"))
    last = here.start(plan(*rows(5, domain="b.nl")[3:], name="last.csv"))
    here.engine.flush()
    now, a_write = here.clock.now(), 3.0
    assert look(here, first).turn_at is None
    assert look(here, second).turn_at == now + (10 + 4) * a_write
    assert look(here, second).eta_at == now + (10 + 6 + 4) * a_write
    assert look(here, last).turn_at == now + (10 + 6 + 4) * a_write
    assert look(here, last).behind == (second,)


def test_a_queued_run_names_the_runs_that_it_waits_for_until_it_starts() -> None:
    here = Simulation()
    first, second = here.start(plan(*rows(2))), here.start(plan(row(0, "late"), name="late.csv"))
    shown = look(here, second)
    assert (shown.status, shown.behind, shown.waiting_seconds) == (RunStatus.QUEUED, (first,), 0.0)
    assert look(here, first).behind == ()
    here.run()
    shown = look(here, second)
    assert (shown.status, shown.behind) == (RunStatus.FINISHED, ())


def test_a_run_that_waits_for_the_rate_limit_shows_the_seconds_left() -> None:
    here = Simulation(paced=True)
    run = here.start(plan(*rows(40)))
    steps(here, lambda: here.engine.slot_at > here.clock.monotonic() + 1)
    shown = look(here, run)
    assert shown.waiting_seconds == here.engine.slot_at - here.clock.monotonic()
    assert shown.status_text == run_status.waiting(shown.waiting_seconds)
    here.engine.pause(run, messages.BY_HAND)
    assert look(here, run).waiting_seconds == 0.0


def test_a_host_silent_for_a_minute_shows_since_when_and_no_end_is_promised() -> None:
    here = Simulation(Rule(NAMED["lost_before"], "any", count=None))
    run = here.start(plan(*rows(3)))
    steps(here, lambda: here.engine.health.silent_since is not None)
    shown = look(here, run)
    assert (shown.silent_since, shown.next_try_seconds) == (None, 0.0)
    assert shown.eta_at is None, "from the first failed answer on no end is promised"
    silent_since = here.clock.now()
    health, clock = here.engine.health, here.clock
    steps(here, lambda: health.is_open(clock.monotonic()) and health.retry_after(clock.monotonic()) > 0)
    shown = look(here, run)
    assert shown.eta_at is None
    assert shown.silent_since == pytest.approx(silent_since)
    assert 0 < shown.next_try_seconds <= 60
    assert shown.status_text.startswith("MXroute has not answered since ")
    here.engine.pause(run, messages.BY_HAND)
    assert look(here, run).silent_since is None


def test_a_process_that_only_looks_on_shows_a_pause_as_it_is_stored() -> None:
    here = Simulation(Rule(NAMED["unauthorized"], count=None))
    run = here.start(plan(*rows(2)))
    here.run()
    onlooker = Engine(here.store, FreeRateLimiter(), here.clock, TIMEOUT)
    for engine in (here.engine, onlooker):
        shown = look(here, run, engine)
        assert (shown.status, shown.paused_code) == (RunStatus.PAUSED, PauseCode.KEY_REFUSED)
        assert shown.paused_reason == run_status.KEY_REFUSED
    assert not look(here, run, onlooker).held


def test_a_pause_stored_without_a_code_has_none() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.engine.pause(run, messages.BY_HAND)
    with here.store.write() as tx:
        journal.set_run(tx, run, why_code="")
    here.kill()
    onlooker = Engine(here.store, FreeRateLimiter(), here.clock, TIMEOUT)
    for engine in (here.engine, onlooker):
        shown = look(here, run, engine)
        assert (shown.paused_code, shown.paused_reason) == (None, messages.BY_HAND)


def test_the_trouble_of_an_active_run_is_its_note_and_the_stored_note_that_of_an_ended_one() -> None:
    here = Simulation(Rule(NAMED["text"], "list", count=1))
    run = here.start(plan(*rows(1)))
    steps(here, lambda: bool(here.engine.states[run].trouble))
    assert "is not readable" in look(here, run).note
    here.run()
    assert look(here, run).note == ""


def test_passwords_of_an_active_run_are_kept_for_the_whole_retention_from_now() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.engine.pause(run, messages.BY_HAND)
    assert look(here, run).passwords_until == START + 7 * DAY
    here.clock.passed += 30 * DAY
    assert look(here, run).passwords_until == START + (30 + 7) * DAY


def test_passwords_of_an_ended_run_are_kept_until_the_stored_time() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.run()
    until = look(here, run).passwords_until
    here.clock.passed += 3 * DAY
    assert look(here, run).passwords_until == until == here.record(run).passwords_until


def test_a_run_without_passwords_promises_none() -> None:
    here = Simulation()
    existing(here, "user0")
    change = {"action": Action.UPDATE, "password": "", "quota": 2048, "limit": None, "before": BEFORE}
    run = here.start(plan(row(0, **change)))
    here.engine.pause(run, messages.BY_HAND)
    assert look(here, run).passwords is Passwords.NONE


def test_forgotten_passwords_are_shown_as_being_erased_until_no_file_has_them() -> None:
    here = Simulation()
    run, other = here.start(plan(*rows(1))), here.start(plan(*rows(1, domain="b.nl"), name="b.csv"))
    here.run()
    with here.store.write() as tx:
        run_passwords.drop(tx, run)
        erasure.begin(tx, run)
    assert look(here, run).passwords is Passwords.ERASING
    assert erasure.finish(here.store)
    assert look(here, run).passwords is Passwords.ERASED
    assert look(here, other).passwords is Passwords.KEPT


def test_a_run_names_the_runs_that_take_it_back() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    here.run()
    assert look(here, run).undone_by == ()
    undo = here.start(type(plan())("", "undo", (row(0, "other"),), RunKind.UNDO, run))
    assert look(here, run).undone_by == (undo,)
    assert (look(here, undo).kind, look(here, undo).undo_of) == (RunKind.UNDO, run)
