"""Single requests to the host, before any run's next row, and what became of those that got no answer."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar

from mxlib.auth.permissions import Forbidden
from mxlib.auth.tokens import Rejected
from mxlib.clock import Clock
from mxlib.mxroute import messages
from mxlib.mxroute.client import Host
from mxlib.mxroute.errors import MXrouteError, NotFound, Unreachable, Unreadable
from mxlib.mxroute.messages import Mailbox, Request

#: Seconds that a request by hand waits for its slot; beyond that the caller is told when to come again.
PATIENCE = 20.0

#: Raised once the caller may not do it any longer: while a write waited for its slot, nothing of it left.
REVOKED = (Forbidden, Rejected)

#: Asks once more whether a caller may do what waited for its slot; raises one of REVOKED.
Still = Callable[[], object]

#: When the request came that a write is for, in monotonic seconds: while it waited for its turn, its patience ran.
came_at: ContextVar[float | None] = ContextVar("came_at", default=None)


class Uncertain(Exception):
    """No answer came, and what became of the write is not known; the message says what to do, `after` when (s)."""

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message)
        self.after = after


class ByHand:
    """Reads and writes one mailbox; `timeout` is for how long the host may still carry a request out, in seconds."""

    def __init__(self, host: Host, clock: Clock, timeout: float) -> None:
        self._host, self._clock, self._timeout = host, clock, timeout

    def read(self, domain: str, username: str) -> Mailbox:
        """The mailbox as it is now; raises NotFound."""
        return Mailbox.from_data(self._send(messages.read_mailbox(domain, username)).data)

    def is_there(self, domain: str, username: str) -> bool:
        """Whether a mailbox is there, whatever a kept list says: somebody else may have been at it."""
        try:
            self.read(domain, username)
        except NotFound:
            return False
        return True

    def read_back(self, domain: str, username: str) -> Mailbox | None:
        """What the host made of a write; None when it can not be had now."""
        try:
            return self.read(domain, username)
        except MXrouteError:
            return None

    def create(self, domain: str, username: str, password: str, quota: int, limit: int, still: Still) -> None:
        """Make a mailbox: sent once, and read back when no answer came. Raises Conflict, Uncertain, MXrouteError."""
        try:
            self._write(messages.create_mailbox(domain, username, password, quota, limit), still)
            return
        except (Unreachable, Unreadable) as error:
            if not _may_have_happened(error):
                raise
        try:
            self.read(domain, username)
        except NotFound:
            raise Uncertain(
                f"MXroute gave no answer, and {username}@{domain} is not there so far. It may still be made: look "
                f"again in {self._timeout:.0f} s before you send this again.",
                self._timeout,
            ) from None
        except MXrouteError:
            raise Uncertain(
                f"MXroute gave no answer, nor does it tell whether {username}@{domain} was made. Look before sending "
                "this again.",
                self._timeout,
            ) from None

    def update(self, domain: str, username: str, changes: Mapping[str, str | int], still: Still) -> bool:
        """Change a mailbox; whether it was there. Raises Uncertain, MXrouteError."""
        if (there := self._twice(messages.update_mailbox(domain, username, **changes), still)) is not None:
            return there
        box = self.read_back(domain, username)
        if box is not None and all(getattr(box, name, None) == asked for name, asked in changes.items()):
            return True  # a password is told by nobody: with one it stays uncertain
        raise _uncertain(domain, username)

    def delete(self, domain: str, username: str, still: Still) -> bool:
        """Delete a mailbox; whether it was there. Raises Uncertain, MXrouteError."""
        if (there := self._twice(messages.delete_mailbox(domain, username), still)) is not None:
            return there
        try:
            self.read(domain, username)
        except NotFound:
            return True
        except MXrouteError:
            pass
        raise _uncertain(domain, username)

    def _twice(self, request: Request, still: Still) -> bool | None:
        """Send what does no harm twice, again when no answer came; whether the mailbox was there, None: no answer."""
        try:
            self._write(request, still)
        except NotFound:
            return False
        except (Unreachable, Unreadable) as error:
            if not _may_have_happened(error):
                raise
        else:
            return True
        try:
            self._send(request, still)
        except NotFound:
            return request.method == "DELETE"
        except (MXrouteError, *REVOKED):  # whatever it says, it says nothing of the first one
            return None
        return True

    def _send(self, request: Request, still: Still | None = None) -> messages.Answer:
        return self._host.send(request, urgent=True, patience=PATIENCE, before=still)

    def _write(self, request: Request, still: Still) -> messages.Answer:
        """Send a write for the first time, unless its slot is further off than its caller was promised to wait."""
        came = came_at.get()
        waited = 0.0 if came is None else self._clock.monotonic() - came
        return self._host.send(request, urgent=True, patience=max(0.0, PATIENCE - waited), before=still)


def _may_have_happened(lost: MXrouteError) -> bool:
    """Whether a write without a good answer may have taken effect."""
    return not isinstance(lost, Unreachable) or lost.sent


def _uncertain(domain: str, username: str) -> Uncertain:
    return Uncertain(
        f"MXroute gave no answer: whether this was done to {username}@{domain} is not known. "
        "Sending it again does no harm.",
        0.0,
    )
