"""Fixtures of the tests in this folder."""

import pytest

from tests.support.threaded_runs import ShiftedClock


@pytest.fixture
def clock() -> ShiftedClock:
    """Return a clock that a test moves."""
    return ShiftedClock()
