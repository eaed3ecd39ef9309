"""Counts of the whole store, for monitoring: no row of them names a person."""

from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.store.tables import run, run_row
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Runs by status, and their rows by outcome."""

    runs: dict[str, int]
    rows: dict[str, int]


def runs(tx: Tx) -> RunCounts:
    """Return the counts; the rows are counted in an index that has no other column."""
    by_status = sa.select(run.c.status, sa.func.count()).group_by(run.c.status)
    by_outcome = sa.select(run_row.c.outcome, sa.func.count()).group_by(run_row.c.outcome)
    return RunCounts(
        {str(status): int(number) for status, number in tx.execute(by_status)},
        {str(outcome): int(number) for outcome, number in tx.execute(by_outcome)},
    )
