"""Single requests to MXroute, sent before any run's next row, with unanswered writes read back."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar

from mxlib.auth.permissions import Forbidden
from mxlib.auth.tokens import InvalidToken
from mxlib.clock import Clock
from mxlib.mxroute import protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import InvalidResponse, MXrouteError, NotFound, Unreachable
from mxlib.mxroute.protocol import Mailbox, Request
from mxlib.runs.manager import NotOwner
from mxlib.services.failures import LIMITED, UNKNOWN, code_of
from mxlib.store import StoreUnavailable

#: Seconds that a write by hand waits for its slot; when it takes longer, the caller gets the time to retry.
MAX_WAIT_S = 20.0

#: Raised when the caller lost the permission while a write waited for its slot; nothing was sent.
REVOKED = (Forbidden, InvalidToken)

#: Checks again whether a caller may send what waited for its slot; raises one of REVOKED.
Still = Callable[[], object]

#: When the request of a write arrived, in monotonic seconds: time spent waiting for its turn counts as patience.
came_at: ContextVar[float | None] = ContextVar("came_at", default=None)


class OutcomeUnknown(Exception):
    """No answer came, and the outcome of the write is unknown.

    The message says what to do, `after` when (s), `code` why no answer came.
    """

    def __init__(self, message: str, after: float, code: str = "") -> None:
        super().__init__(message)
        self.after, self.code = after, code


class ConfirmedWrites:
    """Reads and writes single mailboxes.

    `timeout` is how long MXroute may still carry a request out, in seconds. `may_write` is called right before each
    write is sent, and raises in a process that must send none.
    """

    def __init__(
        self, host: MXrouteClient, clock: Clock, timeout: float, may_write: Callable[[], object] | None = None
    ) -> None:
        self._host, self._clock, self._timeout, self._may_write = host, clock, timeout, may_write

    def read(self, domain: str, username: str) -> Mailbox:
        """Return the mailbox as it is now; raises NotFound."""
        return Mailbox.from_data(self._send(protocol.read_mailbox(domain, username)).data)

    def is_there(self, domain: str, username: str) -> bool:
        """Return whether a mailbox exists now, by a request: someone else may have changed it since the cached list."""
        try:
            self.read(domain, username)
        except NotFound:
            return False
        return True

    def read_back(self, domain: str, username: str) -> Mailbox | None:
        """Return the mailbox after a write; None when it cannot be read now."""
        try:
            return self.read(domain, username)
        except MXrouteError:
            return None

    def create(self, domain: str, username: str, password: str, quota: int, limit: int, still: Still) -> bool:
        """Create a mailbox: sent once, and read back when no answer came; return whether one came.

        Raises Conflict, OutcomeUnknown, MXrouteError.
        """
        try:
            self._write(protocol.create_mailbox(domain, username, password, quota, limit), still)
            return True
        except (Unreachable, InvalidResponse) as error:
            if not _may_have_happened(error):
                raise
            lost = code_of(error)
        try:
            self.read(domain, username)
        except NotFound:
            raise OutcomeUnknown(
                f"MXroute gave no answer, and {username}@{domain} is not there so far. It may still be made: look "
                f"again in {self._timeout:.0f} s before you send this again.",
                self._timeout,
                lost,
            ) from None
        except MXrouteError as error:
            raise OutcomeUnknown(
                f"MXroute gave no answer, and does not show whether {username}@{domain} was made. Look before sending "
                "this again.",
                self._timeout,
                _first_known(lost, code_of(error)),
            ) from None
        return False

    def update(self, domain: str, username: str, changes: Mapping[str, str | int], still: Still) -> bool:
        """Change a mailbox; return whether it existed. Raises OutcomeUnknown, MXrouteError."""
        there = self._twice(protocol.update_mailbox(domain, username, **changes), still)
        if isinstance(there, bool):
            return there
        try:
            box = self.read(domain, username)
        except MXrouteError as error:
            raise _uncertain(domain, username, _first_known(there, code_of(error))) from None
        if all(getattr(box, name, None) == asked for name, asked in changes.items()):
            return True  # no response shows a password: with one it stays uncertain
        raise _uncertain(domain, username, there)

    def delete(self, domain: str, username: str, still: Still) -> bool:
        """Delete a mailbox; return whether it existed. Raises OutcomeUnknown, MXrouteError."""
        there = self._twice(protocol.delete_mailbox(domain, username), still)
        if isinstance(there, bool):
            return there
        try:
            self.read(domain, username)
        except NotFound:
            return True
        except MXrouteError as error:
            raise _uncertain(domain, username, _first_known(there, code_of(error))) from None
        raise _uncertain(domain, username, there)

    def _twice(self, request: Request, still: Still) -> bool | str:
        """Send a request that is safe to repeat, and again when no answer came.

        Returns whether the mailbox existed; without any answer the code that says why.
        """
        try:
            self._write(request, still)
        except NotFound:
            return False
        except (Unreachable, InvalidResponse) as error:
            if not _may_have_happened(error):
                raise
            lost = code_of(error)
        else:
            return True
        try:
            self._send(request, still)
        except NotFound:
            return request.method == "DELETE"
        except NotOwner:
            return _first_known(lost, "NOT_OWNER")
        except REVOKED:
            return lost
        except (
            MXrouteError,
            StoreUnavailable,
        ) as error:  # this error does not show the outcome of the first request
            return _first_known(lost, code_of(error))
        return True

    def _send(self, request: Request, still: Still | None = None) -> protocol.Response:
        return self._host.send(request, urgent=True, patience=MAX_WAIT_S, before=still and self._before(still))

    def _before(self, still: Still) -> Callable[[], None]:
        """Return the check made right before a write is sent: of this process, then of its caller."""

        def ask() -> None:
            if self._may_write is not None:
                self._may_write()
            still()

        return ask

    def _write(self, request: Request, still: Still) -> protocol.Response:
        """Send a write for the first time, within the wait that its caller was promised.

        The host client raises when the slot is later than that.
        """
        came = came_at.get()
        waited = 0.0 if came is None else self._clock.monotonic() - came
        return self._host.send(request, urgent=True, patience=max(0.0, MAX_WAIT_S - waited), before=self._before(still))


def _may_have_happened(lost: MXrouteError) -> bool:
    """Return whether a write without a usable response may have taken effect."""
    return not isinstance(lost, Unreachable) or lost.sent


def _first_known(*codes: str) -> str:
    """Return the first code that says more than that no answer came.

    A rate limit is skipped: it explains only the failed inspection, not the write.
    """
    return next((code for code in codes if code not in (UNKNOWN, LIMITED)), UNKNOWN)


def _uncertain(domain: str, username: str, code: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"MXroute gave no answer: whether this was done to {username}@{domain} is not known. "
        "Sending it again does no harm.",
        0.0,
        code,
    )
