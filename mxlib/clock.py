"""Time as a dependency that callers pass, so that no test waits for it."""

import os
import threading
import time
from typing import Protocol

#: A clock that goes on while the machine sleeps; Linux has one of its own for it, and macOS's monotonic clock does.
_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """The clock of the rate limiter, the engine and the sessions."""

    def now(self) -> float:
        """Return Unix seconds of the wall clock."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump; only differences have a meaning."""
        ...

    def since_boot(self) -> float:
        """Return seconds that never jump, and that pass while the machine sleeps, too."""
        ...

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on a held condition until it is notified or `seconds` have passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since some start."""
        return time.monotonic()

    def since_boot(self) -> float:
        """Return seconds since the machine started, those included in which it slept."""
        return time.clock_gettime(_BOOT)

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on a held condition."""
        condition.wait(seconds)


def show_times_of(zone: str) -> None:
    """Let this process, and those that it starts, show times of `zone`, such as Europe/Amsterdam."""
    os.environ["TZ"] = zone
    if hasattr(time, "tzset"):  # Windows shows its own times
        time.tzset()
