"""Confirm a list that became empty by a second read a minute later."""

from mxlib.clock import Clock
from mxlib.mxroute.errors import UnexpectedlyEmpty
from mxlib.runs import messages

#: Seconds between the two reads.
AGAIN_AFTER = 60.0


class EmptyLists:
    """Remembers since when a list is empty: much depends on one wrong response of MXroute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def check(self, name: str, *, is_empty: bool, was_empty: bool) -> None:
        """Raise UnexpectedlyEmpty for the first empty list where there was none before.

        `domain` is "" for the list of domains of the account.
        """
        now = self._clock.monotonic()
        if is_empty and not was_empty and now - self._since.setdefault(name, now) < AGAIN_AFTER:
            raise UnexpectedlyEmpty(messages.none_listed(name) if name else messages.NO_DOMAINS, status=200)
        self._since.pop(name, None)
