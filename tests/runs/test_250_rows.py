"""250 rows at 20 writes a minute: all created, none refused, in the least possible time."""

import math

import pytest

from mxlib.sandbox.limits import Limits
from tests.support.simulation import START, Simulation, plan, rows

pytestmark = pytest.mark.slow

ROWS, WRITES, WINDOW = 250, 20, 60.0
WINDOWS = math.ceil(ROWS / WRITES)
LATENCY = 0.2

#: Seconds that reset times in whole seconds may cost a window.
SLACK = 1.3

#: Seconds of the reads before the first row and after the last one, and of the burst that ends the run.
ENDS = 10 * LATENCY


def least_seconds(began: float, limits: Limits) -> float:
    """Return the seconds from `began` until the host admits the last row of an ideal client."""
    first = WINDOW - began % WINDOW if limits.aligned else WINDOW
    return first + (WINDOWS - 2) * WINDOW


@pytest.mark.parametrize("began", [0.0, 0.4, 17.9, 56.0])
@pytest.mark.parametrize("limits", [Limits(), Limits(aligned=False)], ids=["by the clock", "from the first request"])
def test_250_rows_are_created_in_the_least_time_and_without_one_refusal(limits: Limits, began: float) -> None:
    here = Simulation(limits=limits, latency=LATENCY, paced=True)
    here.clock.passed = began
    run = here.start(plan(*rows(ROWS)))

    here.run()

    assert here.outcomes(run) == ["created"] * ROWS
    assert set(here.sandbox.made.values()) == {1}
    assert [entry.status for entry in here.sandbox.log if entry.status == 429] == []
    wall = here.clock.now() - START - began
    assert least_seconds(began, limits) <= wall <= least_seconds(began, limits) + SLACK * WINDOWS + ENDS
