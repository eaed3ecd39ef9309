"""The outbox: mails are queued with what causes them, and leave one by one, with retries and within a pace."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from math import ceil
from typing import Any

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskName
from mxlib.core.mail_contents import MailContent
from mxlib.core.mails import (
    MailCause,
    MailProblem,
    MailStatus,
    Refused,
    SendResult,
    Sent,
    TrialMail,
    TryLater,
    retry_pause,
)
from mxlib.core.text import mails as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.mail.message import InvalidRecipient, Message, Parts, Recipient, compose, read_parts
from mxlib.mail.transport import Transport
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit, background_tasks, clock_guard, hold, outbox
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.outbox import MailRecord

__all__ = [
    "InvalidRecipient",
    "MailNotSet",
    "NotDelivered",
    "OutboxMail",
    "OutboxService",
    "QueuedMail",
    "Recipient",
    "Round",
]

log = logging.getLogger(__name__)

#: Seconds of a lease: longer than sending takes at most, and what a mail waits after a crash.
LEASE_S = 180.0

#: Seconds after a failure of the server itself before any mail is tried.
SERVER_PAUSE_S = 60.0

#: Seconds after which a mail that has not left is reported.
STUCK_S = 3_600.0

#: Seconds for which mails are listed after their end.
KEPT_S = 30 * 86_400.0

#: Mails that one round sends at most, so that it ends soon.
_A_ROUND = 50

#: Mails that a page lists.
LISTED = 500

#: The sender on the sandbox, where none has to be set.
_SANDBOX_SENDER = Address("MXM", "mxm", "sandbox.example")


class MailNotSet(InvalidState):
    """No mail server is set; the message says what to do."""

    def __init__(self) -> None:
        super().__init__(texts.NOT_SET)


class NotDelivered(InvalidState):
    """A mail or a test did not leave at once; the message says why."""


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail to queue: to whom, about what, and what it belongs to.

    `reference` identifies the cause, such as the number of a run. Words come from `content` alone.
    """

    to: Recipient
    content: MailContent
    cause: MailCause
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of one round of sending.

    `next_at` is when the next may find something; None while nothing waits.
    """

    sent: int = 0
    ended: int = 0
    failed: int = 0
    next_at: float | None = None


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """One mail as the page shows it."""

    id: int
    to: str
    about: str
    who: str
    status: MailStatus
    queued_at: float
    tries: int
    happened: str

    @property
    def waits(self) -> bool:
        """Return whether it still has to leave."""
        return self.status is MailStatus.WAITING

    @property
    def is_readable(self) -> bool:
        """Return whether its content is there to read: only on the sandbox, of invented data."""
        return self.status is MailStatus.CAUGHT


@resolves_callers
class OutboxService:
    """Queues mails and sends them; admins see them, try them again and discard them."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, transport: Transport, *, lease: float = LEASE_S
    ) -> None:
        self._settings, self._store, self._clock, self._transport = settings, store, clock, transport
        self._lease = lease
        #: When the server may be tried again after a failure of its own.
        self._server_rests_until = 0.0
        self._listeners: dict[str, Callable[[Tx, MailRecord], object]] = {}

    # For what causes mails.

    def listen(self, cause: MailCause, listener: Callable[[Tx, MailRecord], object]) -> None:
        """Let a listener know of mails of a cause, in the transaction that records theirs."""
        self._listeners[cause.value] = listener

    def _report(self, tx: Tx, number: int) -> None:
        """Let the listener of a mail know its state now."""
        record = outbox.get(tx, number)
        if record is not None and (listener := self._listeners.get(record.cause)) is not None:
            listener(tx, record)

    def queue(self, tx: Tx, mail: QueuedMail, who: str) -> int:
        """Queue a mail in the transaction of what causes it; return its number.

        The background task that sends it is due at once, and notices within seconds.
        Raises InvalidRecipient, and MailNotSet without a mail server.
        """
        now = self._clock.now()
        message = compose(self._sender(), mail.to, mail.content, now)
        background_tasks.request(tx, TaskName.MAIL, now)
        return outbox.add(
            tx, self._store.key, message.content, message_id=message.message_id, at=now, cause=mail.cause,
            reference=mail.reference, recipient=message.recipient, who=who,
        )  # fmt: skip

    def _sender(self) -> Address:
        if self._transport.catches:
            return self._settings.mail_sender or _SANDBOX_SENDER
        if self._settings.mail_sender is None or self._settings.mail_server is None:
            raise MailNotSet
        return self._settings.mail_sender

    @property
    def sender(self) -> str:
        """Return from whom mails come; blank without a mail server."""
        found = self._sender_or_none()
        return str(found) if found is not None else ""

    def seconds_for(self, mails: int) -> float:
        """Return in how many seconds so many more mails will have left.

        That follows from the pace of an hour. 0.0 stands for as fast as the server takes them.
        """
        now, per_hour = self._clock.now(), self._settings.mails_per_hour
        with self._store.read() as tx:
            waiting, tried = outbox.waiting(tx).mails, outbox.tried_within_an_hour(tx, now)
        later = waiting + mails - max(0, per_hour - tried)
        return ceil(max(0, later) / per_hour) * outbox.HOUR

    # For the background.

    def send_due(self, may_go_on: Callable[[], bool] = lambda: True) -> Round:
        """Send what is due, one mail after the other; return what was done.

        Nothing is sent after a restore before an admin continues, nor while the server itself fails. May be called
        from several processes at once.
        """
        with self._store.read() as tx:
            held = hold.current(tx) is not None
        now, done = self._clock.now(), {Sent: 0, Refused: 0, TryLater: 0}
        if held or self._rests(now):
            return Round(next_at=now + SERVER_PAUSE_S)
        for _ in range(_A_ROUND):
            if not may_go_on() or (record := self._claim()) is None:
                break
            result = self._send(record)
            done[type(result)] += 1
            if self._rests(self._clock.now()):
                break
        self._tidy(scrub=done[Sent] + done[Refused] > 0)
        return Round(done[Sent], done[Refused], done[TryLater], self._next_at())

    def _rests(self, now: float) -> bool:
        return now < self._server_rests_until <= now + SERVER_PAUSE_S

    def _claim(self, number: int | None = None) -> MailRecord | None:
        """Claim a mail, unless as many have left in the last hour as may."""
        with self._store.read() as tx:  # most rounds find nothing, and need no write
            due = outbox.next_due(tx)
        if due is None:
            return None
        with self._store.write() as tx:
            now = self._clock.now()
            if outbox.free_at(tx, now, self._settings.mails_per_hour) > now:
                return None
            return outbox.claim(tx, now, self._lease, number=number)

    def _next_at(self) -> float | None:
        now = self._clock.now()
        with self._store.read() as tx:
            due = outbox.next_due(tx)
            free = outbox.free_at(tx, now, self._settings.mails_per_hour)
        rests = self._server_rests_until if self._rests(now) else now
        return None if due is None else max(due, free, rests)

    def _send(self, record: MailRecord) -> SendResult:
        """Send a claimed mail outside any transaction, then settle it."""
        try:
            content = outbox.content(self._store.key, record)
        except DecryptionFailed:
            content = None
        sender = self._sender_or_none()
        if content is None:
            result: SendResult = TryLater(MailProblem.SEALED)
        elif sender is None:
            result = TryLater(MailProblem.NOT_SET)
        else:
            result = self._transport.send(Message(sender.addr_spec, record.recipient, record.message_id, content))
        self._settle(record, result)
        return result

    def _sender_or_none(self) -> Address | None:
        try:
            return self._sender()
        except MailNotSet:
            return None

    def _settle(self, record: MailRecord, result: SendResult) -> None:
        now = self._clock.now()
        with self._store.write() as tx:
            match result:
                case Sent():
                    caught = self._transport.catches
                    status = MailStatus.CAUGHT if caught else MailStatus.SENT
                    outbox.end(tx, record, status, now, code=result.code, words=result.words, keeps_content=caught)
                case Refused():
                    outbox.end(tx, record, MailStatus.REFUSED, now, **_why(result))
                case TryLater():
                    pause = retry_pause(record.tries)
                    if pause is None:
                        outbox.end(tx, record, MailStatus.NOT_DELIVERED, now, **_why(result))
                    else:
                        outbox.postpone(tx, record, now + pause, result.problem, result.code, result.words)
            self._report(tx, record.id)
        if isinstance(result, TryLater) and result.problem.is_of_server:
            self._server_rests_until = now + SERVER_PAUSE_S
        elif result != TryLater(MailProblem.SEALED):
            self._server_rests_until = 0.0
        if not isinstance(result, Sent):
            facts = {"mail": record.id, "problem": result.problem.value}
            log.warning("Mail %d was not sent: %s", *facts.values(), extra=facts)

    def _tidy(self, *, scrub: bool) -> None:
        """Delete old mails, and let no file hold the content of those that have ended."""
        now = self._clock.now()
        with self._store.read() as tx:
            old = outbox.has_ended_before(tx, now - KEPT_S)
        if old:
            with self._store.write() as tx:
                if clock_guard.may_forget(tx, now):
                    outbox.forget(tx, now - KEPT_S)
        if scrub and not self._transport.catches:
            self._store.scrub()

    # For admins.

    @property
    def is_set(self) -> bool:
        """Return whether mails leave, or are caught by the sandbox."""
        return self._transport.catches or self._settings.mail_server is not None

    @property
    def catches(self) -> bool:
        """Return whether mails stay here, as on the sandbox."""
        return self._transport.catches

    def list_all(self, caller: Caller) -> tuple[OutboxMail, ...]:
        """Return the mails, those that wait first, then the newest."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            found = outbox.newest(tx, LISTED)
        return tuple(self._shown(record) for record in found)

    def counts(self, caller: Caller) -> dict[str, int]:
        """Return the number of mails by their status."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            return outbox.counts(tx)

    def read(self, caller: Caller, number: int) -> Parts:
        """Return the words of a mail that the sandbox caught.

        Raises NotFound for any other: what left, or has to leave, is nobody's to read here.
        """
        _must_be_an_admin(caller)
        record = self._record(number)
        content = outbox.content(self._store.key, record) if record.status == MailStatus.CAUGHT else None
        if content is None:
            raise NotFound(texts.NOT_READABLE)
        return read_parts(content)

    def send_test(self, caller: Caller, to: str) -> str:
        """Queue a test mail and send it at once; return what happened.

        Raises InvalidRecipient, MailNotSet and NotDelivered.
        """
        _must_be_an_admin(caller)
        return self.send_sample(caller, to, TrialMail(caller.name, self._settings.public_url))

    def send_sample(self, caller: Caller, to: str, content: MailContent) -> str:
        """Send a mail that shows how others look; return what happened.

        That the caller may see what it says is checked before. Raises InvalidRecipient, MailNotSet and NotDelivered.
        """
        mail = QueuedMail(Recipient(to), content, MailCause.TEST)
        with self._store.write() as tx:
            number = self.queue(tx, mail, caller.name)
            to = self._of(tx, number).recipient
            audit.record(tx, caller, AuditAction.MAIL_TEST, at=self._clock.now(), on=to)
        self._send_now(number)
        shown = self._shown(self._record(number))
        return _accepted(shown, texts.test_result(shown.to, shown.status, shown.happened))

    def try_again(self, caller: Caller, number: int) -> str:
        """Try to send a waiting mail at once; return what happened. Raises NotDelivered."""
        _must_be_an_admin(caller)
        with self._store.write() as tx:
            record = self._waiting(tx, number)
            audit.record(tx, caller, AuditAction.MAIL_TRY, at=self._clock.now(), on=record.recipient)
        self._send_now(number)
        shown = self._shown(self._record(number))
        return _accepted(shown, f"{shown.to}: {shown.happened}")

    def discard(self, caller: Caller, number: int) -> str:
        """End a waiting mail unsent; return a sentence."""
        _must_be_an_admin(caller)
        now = self._clock.now()
        with self._store.write() as tx:
            record = self._waiting(tx, number)
            outbox.end(tx, record, MailStatus.DISCARDED, now)
            self._report(tx, number)
            audit.record(tx, caller, AuditAction.MAIL_DISCARD, at=now, on=record.recipient)
        self._store.scrub()
        return texts.discarded(record.recipient)

    def problems(self) -> list[str]:
        """Return the sentence that mails do not leave; else nothing."""
        now = self._clock.now()
        with self._store.read() as tx:
            figures, held = outbox.waiting(tx), hold.current(tx) is not None
            free = outbox.free_at(tx, now, self._settings.mails_per_hour)
        if held or not figures.mails:
            return []
        if figures.tried_since is not None and figures.tried_since < now - STUCK_S:
            why = texts.problem(MailProblem(figures.problem), figures.code, figures.words) if figures.problem else ""
            return [texts.stuck(figures.tried, figures.tried_since, why, now)]
        due = figures.due_since
        if due is not None and due < now - STUCK_S and free <= now:
            return [texts.stuck(figures.mails, due, "", now)]
        return []

    def _send_now(self, number: int) -> None:
        """Send one mail at once if the pace allows it."""
        record = self._claim(number)
        if record is not None:
            self._send(record)
            self._tidy(scrub=True)

    def _record(self, number: int) -> MailRecord:
        with self._store.read() as tx:
            return self._of(tx, number)

    def _of(self, tx: Tx, number: int) -> MailRecord:
        record = outbox.get(tx, number)
        if record is None:
            raise NotFound(texts.NOT_WAITING)
        return record

    def _waiting(self, tx: Tx, number: int) -> MailRecord:
        """Return a mail that waits and is not being sent; raises InvalidState."""
        record = outbox.get(tx, number)
        if record is None or record.status != MailStatus.WAITING:
            raise InvalidState(texts.NOT_WAITING)
        if outbox.is_leased(record, self._clock.now()):
            raise InvalidState(texts.BEING_SENT)
        return record

    def _shown(self, record: MailRecord) -> OutboxMail:
        now, status = self._clock.now(), MailStatus(record.status)
        why = texts.problem(MailProblem(record.problem), record.code, record.words) if record.problem else ""
        happened = texts.result(
            status, why, next_at=record.next_at, tries=record.tries, ended_at=record.ended_at, now=now
        )
        about = texts.CAUSES[MailCause(record.cause)]
        return OutboxMail(
            record.id, record.recipient, about, record.who, status, record.queued_at, record.tries, happened
        )


def _accepted(shown: OutboxMail, text: str) -> str:
    """Return the text about a mail that left; raises NotDelivered with it about another one."""
    if shown.status not in {MailStatus.SENT, MailStatus.CAUGHT}:
        raise NotDelivered(text)
    return text


def _why(result: Refused | TryLater) -> dict[str, Any]:
    return {"problem": result.problem, "code": result.code, "words": result.words}


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(texts.ONLY_ADMINS)
