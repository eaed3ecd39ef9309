"""The simulated host: one request in, one reply out, at a time that the caller passes."""

import math
import threading
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from mxlib.sandbox import bad_responses, contract
from mxlib.sandbox.event_log import EventLog
from mxlib.sandbox.faults import FINE, Answer, Effect, Fault, Play, Schedule
from mxlib.sandbox.limits import Kind, Limits, Meter
from mxlib.sandbox.replies import HTML, JSON, Refusal, Reply
from mxlib.sandbox.request import Request
from mxlib.sandbox.state import Account, Change, Mailbox, digest_of, password_fits

CREDENTIALS = ("x-server", "x-username", "x-api-key")
_ERROR = Refusal("SERVER_ERROR", "Internal server error").reply()
_UNKEPT = Refusal("SERVER_ERROR", "Could not keep the change").reply()
_REFUSED = {
    Answer.UNAUTHORIZED: Refusal("UNAUTHORIZED", "Invalid API credentials").reply(),
    Answer.FORBIDDEN: Refusal("FORBIDDEN", "Insufficient permissions").reply(),
    Answer.PLAN_FULL: Refusal("BUSINESS_ERROR", contract.PLAN_FULL).reply(),
}
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Entry(NamedTuple):
    """One line of the log: the request, the status sent (0: nothing), whether it changed anything.

    A late effect is a line of its own, at its own time.
    """

    at: float
    method: str
    path: str
    status: int
    effect: bool


class Sandbox:
    """A simulated host.

    Safe to call from several threads, and without a clock of its own.
    """

    def __init__(
        self,
        account: Account,
        limits: Limits | None = None,
        schedule: Schedule | None = None,
        *,
        credentials: tuple[str, str, str] | None = None,
        latency: float = 0.0,
        remember_passwords: bool = False,
        state_file: Path | None = None,
    ) -> None:
        """Simulate the host with this account.

        `credentials`: server, user and key that are required; None accepts any that are not blank. `latency`: seconds
        that each response takes. `state_file`: where changes are stored for the next start.
        """
        self.account = account
        self.credentials = credentials
        self.latency = latency
        self.made: Counter[str] = Counter()  # successful creates of each address, answered or not
        self.log: deque[Entry] = deque(maxlen=100_000)
        self._meter = Meter(limits or Limits())
        self._play = Play(schedule or Schedule())
        self._remember = remember_passwords
        self._ledger = EventLog(state_file) if state_file else None
        self._late: list[tuple[float, Request]] = []
        self._lock = threading.RLock()
        for change in self._ledger.changes() if self._ledger else ():
            account.apply(change)

    @property
    def limits(self) -> Limits:
        """Return the present limits; assign others at any time."""
        return self._meter.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        with self._lock:
            self._meter.limits = limits

    @property
    def schedule(self) -> Schedule:
        """Return the present faults; assign others at any time, they count from then on."""
        return self._play.schedule

    @schedule.setter
    def schedule(self, schedule: Schedule) -> None:
        with self._lock:
            self._play = Play(schedule)

    def spend(self, kind: Kind, count: int, now: float) -> None:
        """Let another client of the account spend up to `count` requests at once."""
        with self._lock:
            self._meter.spend(kind, count, now)

    def mailbox(self, address: str) -> Mailbox | None:
        """Return the mailbox of this address; None when it does not exist."""
        with self._lock:
            return self.account.mailbox(address)

    def mailboxes(self) -> dict[str, Mailbox]:
        """Return every mailbox by its address."""
        with self._lock:
            return dict(self.account.mailboxes())

    def password_of(self, address: str) -> str | None:
        """Return the password last set here, stored only with `remember_passwords`."""
        box = self.mailbox(address)
        return box.password if box else None

    def password_is(self, address: str, password: str) -> bool:
        """Return whether this is the mailbox's password.

        It is known with `remember_passwords` or a state file.
        """
        box = self.mailbox(address)
        return box is not None and password_fits(box, password)

    def advance(self, now: float) -> None:
        """Apply every late effect that is due by `now`, in the order of their times."""
        with self._lock:
            due = sorted((late for late in self._late if late[0] <= now), key=lambda late: late[0])
            self._late = [late for late in self._late if late[0] > now]
            for at, request in due:
                outcome = contract.answer(self.account, request, at)
                effect = self._commit(outcome.change)
                self.log.append(Entry(at, request.method, request.path, 0, effect))

    def next_late(self) -> float | None:
        """Return when the next late effect is due; None without one."""
        with self._lock:
            return min((at for at, _ in self._late), default=None)

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: float) -> Reply:
        """Answer one request that arrives at `now` (Unix seconds).

        Its effect, if not late, has happened when this returns.
        """
        with self._lock:
            self.advance(now)
            request = Request.read(method, path, body)
            reply, effect = self._reply(request, headers, now)
            self.log.append(Entry(now, request.method, request.path, 0 if reply.dropped else reply.status, effect))
            return replace(reply, delay=reply.delay + self.latency)

    def _reply(self, request: Request, headers: Mapping[str, str], now: float) -> tuple[Reply, bool]:
        """Return the reply, and whether the account has changed."""
        if not self._known(headers):
            return self._with_limits(_REFUSED[Answer.UNAUTHORIZED], request, now), False
        if not self._meter.take(request.kind, now):
            return self._rate_limited(request, now), False
        fault = self._play.draw(request.kind, request.what, request.address)
        true, effect = None, False
        if fault.effect is Effect.NOW:
            outcome = contract.answer(self.account, request, now)
            effect = self._commit(outcome.change)
            true = outcome.reply if effect or outcome.change is None else _UNKEPT
        elif fault.effect is Effect.LATE:
            self._late.append((now + fault.late, request))
        return self._with_limits(self._sent_reply(fault, true, request, now), request, now, fault), effect

    def _sent_reply(self, fault: Fault, true: Reply | None, request: Request, now: float) -> Reply:
        """Return the reply that the sender gets instead of `true`.

        While there is no effect yet, `true` is missing (None).
        """
        match fault.answer:
            case Answer.NONE:
                return Reply(0, delay=fault.delay, dropped=True)
            case Answer.DRIPPED_HEADERS | Answer.DRIPPED_BODY:
                in_headers = fault.answer is Answer.DRIPPED_HEADERS
                return Reply(0, delay=fault.delay, dropped=True, drips="headers" if in_headers else "body")
            case Answer.ERROR:
                reply = replace(_ERROR, status=fault.status or 500)
            case Answer.HTML:
                reply = Reply(fault.status or 502, HTML, _PAGE)
            case Answer.BROKEN:
                reply = Reply(true.status if true and true.body else 200, JSON, b'{"success": true, "da')
            case Answer.RATE_LIMITED:
                reply = self._rate_limited(request, now)
            case Answer.UNAUTHORIZED | Answer.FORBIDDEN | Answer.PLAN_FULL:
                reply = _REFUSED[fault.answer]
            case Answer.USUAL:
                assert true is not None  # noqa: S101 - the usual response goes with an effect at once
                reply = true
            case _:
                reply = bad_responses.answer(fault, request, true)
        return replace(reply, delay=fault.delay)

    def _known(self, headers: Mapping[str, str]) -> bool:
        given = {name.lower(): value for name, value in headers.items()}
        shown = tuple(given.get(name, "") for name in CREDENTIALS)
        return all(shown) if self.credentials is None else shown == self.credentials

    def _rate_limited(self, request: Request, now: float) -> Reply:
        refusal = Refusal("RATE_LIMITED", "Too many requests. Please try again later.").reply()
        return replace(refusal, headers={**refusal.headers, **self._meter.headers(request.kind, now, refused=True)})

    def _with_limits(self, reply: Reply, request: Request, now: float, fault: Fault = FINE) -> Reply:
        """Add the rate headers to the reply, unless the fault leaves them out."""
        if reply.dropped:
            return reply
        if fault.bare:
            kept = {name: value for name, value in reply.headers.items() if name == "content-type"}
            return replace(reply, headers=kept)
        headers = {**self._meter.headers(request.kind, now), **reply.headers}
        if fault.wait:
            headers |= {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(math.ceil(now) + fault.wait)}
            headers |= {"retry-after": str(fault.wait)} if reply.status == 429 else {}
        return replace(reply, headers=headers)

    def _commit(self, change: Change | None) -> bool:
        """Apply and store a change.

        False, with nothing done, without a change or when storing fails.
        """
        if change is None:
            return False
        if change.password is not None:
            change = replace(change, digest=digest_of(change.password) if self._ledger else "")
        try:
            if self._ledger:
                self._ledger.append(change)
        except OSError:
            return False
        self.account.apply(change if self._remember else replace(change, password=None))
        if change.op == "create":
            self.made[change.address] += 1
        return True
