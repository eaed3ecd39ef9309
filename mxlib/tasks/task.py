"""The declaration of a background task: its schedule and its step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mxlib.core.background_tasks import TaskName, TaskResult
from mxlib.core.nights import DAY, HOUR
from mxlib.store.background_tasks import Lease

#: The most seconds between two tries of a task that fails.
LONGEST_PAUSE = HOUR


class Schedule(Protocol):
    """When a task is due again."""

    @property
    def longest(self) -> float:
        """Return the most seconds from a run to the next one."""
        ...

    def after(self, now: float) -> float:
        """Return the next time after `now` (Unix seconds)."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Due so many seconds after each run."""

    seconds: float

    @property
    def longest(self) -> float:
        """Return the interval."""
        return self.seconds

    def after(self, now: float) -> float:
        """Return the time after the interval."""
        return now + self.seconds


@dataclass(frozen=True, slots=True)
class Nightly:
    """Due once a night, at an hour (UTC)."""

    hour: int

    @property
    def longest(self) -> float:
        """Return the seconds of a day."""
        return DAY

    def after(self, now: float) -> float:
        """Return when the next night begins."""
        begin = self.hour * HOUR
        return ((now - begin) // DAY + 1) * DAY + begin


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """One background task."""

    name: TaskName
    schedule: Schedule
    step: Callable[[Lease], TaskResult]
    #: Whether only the process that owns the runs may run it.
    needs_ownership: bool = True
    #: Whether it is due at each start of a process that may run it.
    at_start: bool = False
    #: Whether it takes moments, and waits for no task that takes long.
    is_quick: bool = False
    #: Seconds after the first failure before it is tried again; the pause doubles with each further one.
    retry_s: float = 30.0

    @property
    def longest_wait(self) -> float:
        """Return the most seconds from a run to the next one, after a failure too."""
        return max(self.schedule.longest, LONGEST_PAUSE)

    def next_at(self, result: TaskResult, attempts: int, now: float) -> float:
        """Return when it is due after a run.

        `attempts` counts those since the last one that did not fail.
        """
        scheduled = self.schedule.after(now)
        if result.again_at is not None:
            return min(max(result.again_at, now), scheduled)
        return min(self.retry_at(attempts, now), scheduled) if result.failed else scheduled

    def retry_at(self, attempts: int, now: float) -> float:
        """Return when it is tried again after so many attempts that failed."""
        return now + min(self.retry_s * 2.0 ** min(max(attempts - 1, 0), 20), LONGEST_PAUSE)
