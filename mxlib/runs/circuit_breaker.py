"""The circuit breaker for MXroute: while it is open only a read goes out now and then, and no write."""

from collections.abc import Callable
from dataclasses import dataclass, field

#: Seconds of silence after which MXroute counts as down, and gets one probe a minute.
DOWN_AFTER = 60.0

#: Seconds between two probes while MXroute is down.
LOOK_EVERY = 60.0

#: Seconds of silence after which runs pause.
HOPELESS_AFTER = 2 * 3600.0

_FIRST_LOOK, _SLOWEST_LOOK = 0.5, 10.0


@dataclass(slots=True)
class CircuitBreaker:
    """State of MXroute by its last responses.

    `jitter` draws from 0 to 1; times are monotonic seconds.
    """

    jitter: Callable[[], float]
    silent_since: float | None = None
    _next_look: float = field(default=0.0)
    _looks: int = field(default=0)

    @property
    def is_closed(self) -> bool:
        """Return whether the last response was valid."""
        return self.silent_since is None

    def record_success(self) -> None:
        """Record a valid response, whatever it said."""
        self.silent_since, self._looks = None, 0

    def record_failure(self, now: float) -> None:
        """No answer came, or none that could be understood."""
        if self.silent_since is None:
            self.silent_since = now
        if self.is_open(now):
            self._next_look = now + LOOK_EVERY
        else:
            pause = min(_SLOWEST_LOOK, _FIRST_LOOK * 2**self._looks) * (0.5 + self.jitter())
            self._next_look = min(now + pause, self.silent_since + DOWN_AFTER)
        self._looks += 1

    def retry_now(self, now: float) -> None:
        """Look at once, and count the silence from now on: an operator has reason to think that it is over."""
        if self.silent_since is not None:
            self.silent_since, self._next_look, self._looks = now, now, 0

    def is_open(self, now: float) -> bool:
        """Return whether the silence has lasted long enough to count MXroute as down."""
        return self.silent_since is not None and now - self.silent_since >= DOWN_AFTER

    def is_hopeless(self, now: float) -> bool:
        """Return whether it makes no sense to wait any longer."""
        return self.silent_since is not None and now - self.silent_since >= HOPELESS_AFTER

    def retry_after(self, now: float) -> float:
        """Seconds until the next read may go; 0.0 while the host is well."""
        return 0.0 if self.is_closed else max(0.0, self._next_look - now)
