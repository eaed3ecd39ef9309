"""Reads that fail, are denied or make no sense: the run ends or pauses with true outcomes."""

import pytest

from mxlib.core.vocabulary import Action, RowReason
from mxlib.runs import messages
from mxlib.sandbox.faults import NAMED, Rule
from tests.support.deletions import BEFORE, existing
from tests.support.simulation import Simulation, plan, row, rows

NEVER_CREATED = Rule(NAMED["yes_undone"], "create", count=None)


def update(position: int):
    """Return a row that raises the quota of a mailbox."""
    return row(position, action=Action.UPDATE, password="", quota=2048, limit=None, before=BEFORE)


def step_until_sent(here: Simulation, method: str = "POST") -> None:
    """Step until a row's request has reached the host, and its response is still on its way."""
    for _ in range(1000):
        if any(job.request.method == method for *_, job, _ in here.on_their_way):
            return
        here.step()
    raise AssertionError("Nothing was sent.")


@pytest.mark.parametrize("fault", ["rate_limited", "lost_before", "error_before", "text"])
def test_a_mailbox_that_a_list_contradicts_is_read_again_after_a_failed_read(fault: str) -> None:
    here = Simulation(NEVER_CREATED, Rule(NAMED[fault], "mailbox", count=2))
    run = here.start(plan(*rows(1)))
    here.run()
    assert here.outcomes(run) == ["failed"]
    assert here.rows(run)[0].code == RowReason.NOT_DONE
    assert (here.record(run).status, here.record(run).note) == ("finished", "")


def test_a_row_whose_mailbox_may_not_be_read_keeps_its_outcome_and_the_run_says_so() -> None:
    here = Simulation(NEVER_CREATED, Rule(NAMED["forbidden"], "mailbox", count=None))
    run = here.start(plan(*rows(1)))
    here.run()
    assert here.outcomes(run) == ["created"]
    assert (here.record(run).status, here.record(run).note) == ("finished", messages.NOT_CHECKED)
    assert here.record(run).checked_at is None


def test_a_domain_that_may_not_be_listed_at_the_end_leaves_the_outcomes_uncompared() -> None:
    here = Simulation(Rule(NAMED["forbidden"], "list", first=2, count=None))
    run = here.start(plan(*rows(2)))
    here.run()
    assert here.outcomes(run) == ["created", "created"]
    assert (here.record(run).status, here.record(run).note) == ("finished", messages.NOT_CHECKED)


@pytest.mark.parametrize("fault", ["rate_limited", "lost_before", "error_before"])
def test_a_refused_row_fails_only_once_a_read_shows_that_the_key_works(fault: str) -> None:
    here = Simulation(
        Rule(NAMED["forbidden"], "create", address="user1@a.nl", count=None), Rule(NAMED[fault], "domains", count=2)
    )
    run = here.start(plan(*rows(3)))
    here.run()
    assert here.outcomes(run) == ["created", "failed", "created"]
    assert here.rows(run)[1].code == RowReason.NOT_ALLOWED
    assert sum(job.path == "/domains" for job in here.sandbox.log) == 3


def test_a_refused_row_waits_and_the_run_pauses_if_the_key_is_refused_for_everything() -> None:
    here = Simulation(Rule(NAMED["forbidden"], "create"), Rule(NAMED["unauthorized"], "domains"))
    run = here.start(plan(*rows(1)))
    here.run()
    assert (here.record(run).status, here.record(run).why_code) == ("paused", "key_refused")
    assert here.outcomes(run) == ["waiting"]
    here.engine.resume(run)
    here.run()
    assert here.outcomes(run) == ["created"]


def test_a_stopping_run_does_not_wait_for_a_list_that_makes_no_sense() -> None:
    here = Simulation(Rule(NAMED["text"], "list", first=2, count=None))
    run = here.start(plan(*rows(9)))
    step_until_sent(here)
    here.engine.stop(run)
    here.run()
    assert (here.record(run).status, here.record(run).note) == ("stopped", messages.NOT_CHECKED)
    assert set(here.outcomes(run)) == {"created", "not_attempted"}


def test_a_stopping_run_ends_with_the_rows_unsettled_that_cannot_be_read_back_and_settles_them_later() -> None:
    here = Simulation(Rule(NAMED["lost_after"], "create"), Rule(NAMED["text"], "mailbox", count=6))
    run = here.start(plan(*rows(1)))
    step_until_sent(here)
    here.engine.stop(run)
    here.run()
    assert here.record(run).status == "stopped"
    assert (here.outcomes(run), here.rows(run)[0].code) == (["settling"], RowReason.MAY_BE_DONE)
    for _ in range(200):
        if run not in here.engine.states:
            break
        here.step()
    assert here.outcomes(run) == ["created"]


@pytest.mark.parametrize("fault", ["rate_limited", "unauthorized"])
def test_a_row_without_effect_is_not_sent_again_by_a_stopping_run(fault: str) -> None:
    here = Simulation(Rule(NAMED[fault], "create", count=None))
    run = here.start(plan(*rows(1)))
    step_until_sent(here)
    here.engine.stop(run)
    here.run()
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", ["not_attempted"])
    assert here.rows(run)[0].code == RowReason.STOPPED
    assert here.sandbox.made == {}


def test_an_update_without_a_response_is_not_sent_again_by_a_stopping_run() -> None:
    here = Simulation(Rule(NAMED["lost_before"], "update", count=None))
    existing(here, "user0")
    run = here.start(plan(update(0)))
    step_until_sent(here, "PATCH")
    here.engine.stop(run)
    here.run()
    assert (here.record(run).status, here.outcomes(run)) == ("stopped", ["failed"])
    assert here.rows(run)[0].code == RowReason.STOPPED_UNANSWERED
    assert here.sandbox.account.domains["a.nl"]["user0"].quota == 1024
