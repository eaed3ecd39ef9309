"""The check of new mailbox passwords, with a bound on what it costs."""

from collections.abc import Collection

from mxlib.auth.password_queue import PasswordQueue
from mxlib.core.password_rules import PasswordProblem, check_new_password

#: Checks that wait at most, and those of one network: an office chooses its passwords on one day.
_PLACES, _OF_NETWORK = 40, 15

#: Seconds that a check waits for its turn.
_PATIENCE_S = 10.0


class NewPasswords:
    """Checks one password at a time; others wait in a bounded queue."""

    def __init__(self) -> None:
        self._queue = PasswordQueue(_PLACES, _OF_NETWORK, _PATIENCE_S)

    def check(self, password: str, again: str, words: Collection[str], network: str) -> tuple[PasswordProblem, ...]:
        """Return everything that is wrong with a password; raises QueueFull."""
        with self._queue.slot(network, 0):
            return check_new_password(password, again, words)
