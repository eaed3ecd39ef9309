"""Lists that are empty where they were not: each is read a second time, a minute later, before it is believed."""

from mxlib.clock import Clock
from mxlib.mxroute.errors import UnexpectedData
from mxlib.runs import messages

#: Seconds between the two readings.
AGAIN_AFTER = 60.0


class EmptyLists:
    """Remembers since when a list is empty; one mistake of the host would decide much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def check(self, name: str, *, is_empty: bool, was_empty: bool) -> None:
        """Raise Misshapen for the first empty list of a domain ("": of the account) that was not empty before."""
        now = self._clock.monotonic()
        if is_empty and not was_empty and now - self._since.setdefault(name, now) < AGAIN_AFTER:
            raise UnexpectedData(messages.none_listed(name) if name else messages.NO_DOMAINS, status=200)
        self._since.pop(name, None)
