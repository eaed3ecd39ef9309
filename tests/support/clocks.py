"""Clocks that a test moves."""

import pytest

from mxlib.runs import background_tasks
from tests.support.threaded_runs import ShiftedClock


class PassingClock(ShiftedClock):
    """A clock whose monotonic seconds can be moved, too."""

    passed = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> PassingClock:
    monkeypatch.setattr(background_tasks, "RETRY_EVERY", 0.02)
    return PassingClock()
