"""What the engine knows of the gate in front of the host."""

from typing import Protocol


class RateLimiterProtocol(Protocol):
    """What the engine knows of the pace gate."""

    def try_acquire(self, kind: str) -> float:
        """0.0 when the caller has the slot now, else the seconds to wait before asking again."""
        ...

    def release(self, kind: str) -> None:
        """The slot last taken was not used."""
        ...

    def wait_seconds(self, kind: str) -> float:
        """Seconds for which the host's limit holds the next request back; takes nothing."""
        ...
