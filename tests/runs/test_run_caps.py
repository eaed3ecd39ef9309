"""Runs whose client got a lower largest quota after they were stored."""

from dataclasses import replace

import pytest

from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import Action
from mxlib.runs import write_guard
from mxlib.store import clients
from tests.runs.test_run_locks import existing
from tests.support.simulation import Simulation, plan, row


def cap(here: Simulation, megabytes: int) -> None:
    with here.store.write() as tx:
        clients.add(tx, ClientDetails("A", ("a.nl",), terms=Terms(max_quota=megabytes)), by="kim", at=0.0)


def update(position: int, quota: int) -> PlannedRow:
    return row(position, action=Action.UPDATE, quota=quota, limit=None, password="")


@pytest.mark.parametrize(
    ("over", "outcome"),
    [
        (update(0, 4096), "skipped"),
        (update(0, 1024), "updated"),
        (row(7, quota=4096), "skipped"),
        (row(7, quota=0), "skipped"),
    ],
)
def test_a_queued_run_skips_rows_over_a_cap_that_was_lowered(over: PlannedRow, outcome: str) -> None:
    here = existing()
    run = here.start(plan(over))
    cap(here, 1024)
    here.run()
    assert here.outcomes(run) == [outcome]
    assert ("largest of its client" in here.rows(run)[0].reason) is (outcome == "skipped")


def test_a_row_that_may_be_done_already_is_read_back_and_not_skipped() -> None:
    here = existing()
    waiting = here.rows(here.start(plan(row(7, quota=4096))))[0]
    assert write_guard.is_over_cap(waiting, None, 1024)
    assert not write_guard.is_over_cap(replace(waiting, unanswered=True), None, 1024)
