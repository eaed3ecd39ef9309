"""Clocks that a test moves."""

from tests.support.threaded_runs import ShiftedClock


class PassingClock(ShiftedClock):
    """A clock whose monotonic seconds can be moved, too."""

    passed = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.passed
