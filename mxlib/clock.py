"""Time as a thing that is handed in, so that no test waits for it."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the gate, the engine and the sessions know of time."""

    def now(self) -> float:
        """Unix seconds, as the wall clock says."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        ...

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on a held condition until it is notified or `seconds` have passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Wait on a held condition."""
        condition.wait(seconds)
