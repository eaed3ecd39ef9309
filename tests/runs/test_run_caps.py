"""Runs whose client got a lower largest quota after they were stored."""

import pytest

from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import Action
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
