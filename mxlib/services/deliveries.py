"""Deliveries of notices: queued with their notice, sent one by one, tried again for a day."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskName
from mxlib.core.channels import GIVEN_UP_S, MOST_EVENTS, PAUSES, ChannelKind, DeliveryStatus, Routes, retry_at
from mxlib.core.events.notices import DueNotice
from mxlib.core.mail_contents import NoticeMail
from mxlib.core.mails import MailCause, MailProblem, MailStatus
from mxlib.core.outgoing import SendFailure, SendProblem
from mxlib.core.text import channels as channel_texts
from mxlib.core.text import events as event_texts
from mxlib.core.text import notices as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.outgoing import chat, webhook
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from mxlib.services import notice_mails
from mxlib.services.outbox import InvalidRecipient, MailNotSet, OutboxService
from mxlib.settings import Settings, named_hosts
from mxlib.store import (
    OwnershipLost,
    Store,
    StoreUnavailable,
    Tx,
    audit,
    background_tasks,
    channels,
    clients,
    clock_guard,
    hold,
)
from mxlib.store.channels import ChannelRecord, DeliveryRecord
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.outbox import MailRecord

log = logging.getLogger(__name__)

#: Seconds of a lease: longer than sending takes at most, and what a delivery waits after a crash.
LEASE_S = 120.0

#: Days for which the log of deliveries is kept.
KEPT_S = 90 * 86_400.0

#: Deliveries that one round sends at most, so that it ends soon.
_A_ROUND = 20

#: The state of a delivery by that of its mail.
_OF_MAIL: Mapping[str, DeliveryStatus] = {
    MailStatus.WAITING: DeliveryStatus.WAITING,
    MailStatus.SENT: DeliveryStatus.DELIVERED,
    MailStatus.CAUGHT: DeliveryStatus.CAUGHT,
    MailStatus.REFUSED: DeliveryStatus.REFUSED,
    MailStatus.NOT_DELIVERED: DeliveryStatus.GIVEN_UP,
    MailStatus.DISCARDED: DeliveryStatus.GIVEN_UP,
}


@dataclass(frozen=True, slots=True)
class DeliveryRound:
    """The figures of one round of sending; `next_at` is when the next may find something."""

    sent: int = 0
    failed: int = 0
    next_at: float | None = None


class Deliveries:
    """Queues notices for channels, and sends them."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, outbox: OutboxService,
        requests: Requests | None = None, *, catches: bool = False, lease: float = LEASE_S,
    ) -> None:  # fmt: skip
        """`catches`: nothing leaves, as on the sandbox, but tests."""
        self._settings, self._store, self._clock, self._outbox = settings, store, clock, outbox
        self.requests = requests or Requests(Hosts(named_hosts(settings.notify_hosts)))
        self.catches, self._lease = catches, lease
        outbox.listen(MailCause.NOTICE, self._mail_changed)

    def queue(self, tx: Tx, notice: DueNotice) -> None:
        """Queue a notice for each channel that gets any of its events.

        It is done in the transaction that stores the notice.
        """
        for channel in channels.every(tx):
            if not channel.is_enabled:
                continue
            events = channel.routes.select(notice, self._domains(tx, channel.routes))
            if events:
                self._queue_part(tx, channel, replace(notice, events=events))

    def _domains(self, tx: Tx, routes: Routes) -> frozenset[str]:
        client = clients.get(tx, routes.client) if routes.client is not None else None
        return frozenset(client.details.domains) if client else frozenset()

    def _queue_part(self, tx: Tx, channel: ChannelRecord, part: DueNotice) -> None:
        now = self._clock.now()
        count = len(part.events)
        values: dict[str, Any] = {"channel": channel.id, "notice": part.number, "events": count, "at": now}
        if channel.kind == ChannelKind.MAIL:
            # People of a client have no use for an address of the dashboard.
            of_client = channel.client is not None
            dashboard = "" if of_client else self._settings.public_url
            content = NoticeMail(part, dashboard, by_channel=True, of_client=of_client)
            for address in channel.recipients:
                self._queue_mail(tx, address, content, values)
            return
        write = _json if channel.kind == ChannelKind.WEBHOOK else _chat
        number = channels.queue(tx, self._store.key, write(part, self._settings.public_url), **values)
        record = channels.get_delivery(tx, number)
        if self.catches and record is not None:
            channels.end(tx, record, DeliveryStatus.CAUGHT, now)
        else:
            background_tasks.request(tx, TaskName.DELIVERIES, now)

    def _queue_mail(self, tx: Tx, address: str, content: NoticeMail, values: Mapping[str, Any]) -> None:
        try:
            number = self._outbox.queue(tx, notice_mails.mail_to(address, content), audit.MXM.name)
        except (MailNotSet, InvalidRecipient):
            # A notice must not fail because one of its channels has no way out.
            record = channels.get_delivery(tx, channels.queue(tx, self._store.key, None, **values))
            if record is not None:
                channels.end(tx, record, DeliveryStatus.GIVEN_UP, values["at"], problem=MailProblem.NOT_SET.value)
            return
        channels.queue(tx, self._store.key, None, **values, mail=number)

    def _mail_changed(self, tx: Tx, mail: MailRecord) -> None:
        """Record how a mail goes, in the transaction of the outbox."""
        status = _OF_MAIL[mail.status]
        channels.note_mail(tx, mail.id, status, mail.ended_at, mail.tries, mail.problem, mail.code)

    # For the background.

    def send_due(self, may_go_on: Callable[[], bool] = lambda: True) -> DeliveryRound:
        """Send what is due, one delivery after the other; return what was done.

        Nothing is sent after a restore before an admin continues. May be called from several processes at once.
        """
        with self._store.read() as tx:
            held = hold.current(tx) is not None
        if held:
            return DeliveryRound(next_at=self._clock.now() + self._lease)
        sent = failed = 0
        for _ in range(_A_ROUND):
            if not may_go_on() or (record := self._claim()) is None:
                break
            if self.send(record) is None:
                sent += 1
            else:
                failed += 1
        self._tidy(scrub=sent > 0)
        with self._store.read() as tx:
            return DeliveryRound(sent, failed, channels.next_due(tx))

    def _claim(self, number: int | None = None) -> DeliveryRecord | None:
        now = self._clock.now()
        with self._store.read() as tx:  # most rounds find nothing, and need no write
            due = channels.next_due(tx)
        if due is None:
            return None
        with self._store.write() as tx:
            return channels.claim(tx, now, self._lease, number=number)

    def send_now(self, number: int) -> None:
        """Send one delivery at once, unless another process does."""
        record = self._claim(number)
        if record is not None:
            self.send(record)

    def send(self, record: DeliveryRecord) -> SendFailure | None:
        """Send a claimed delivery outside any transaction, then settle it; return what went wrong."""
        try:
            failure = self._send(record)
        except (StoreUnavailable, OwnershipLost):
            raise
        except Exception as error:  # without an end, it would be sent at each end of its lease, for ever
            # Its message may hold the address.
            log.error("Delivery %d met a fault: %s at %s", record.id, type(error).__name__, _place(error))
            failure = SendFailure(SendProblem.UNFORESEEN)
        now = self._clock.now()
        with self._store.write() as tx:
            self._settle(tx, record, failure, now)
        if failure is not None:
            facts = {"delivery": record.id, "channel": record.channel, "problem": failure.problem.value}
            log.warning("Delivery %d to channel %d failed: %s", *facts.values(), extra=facts)
        return failure

    def _send(self, record: DeliveryRecord) -> SendFailure | None:
        with self._store.read() as tx:
            channel = channels.get(tx, record.channel)
        if channel is None:
            return SendFailure(SendProblem.NOT_AN_ADDRESS)
        try:
            content = channels.message(self._store.key, record)
            secrets = channels.secrets(self._store.key, channel)
        except DecryptionFailed:
            return SendFailure(SendProblem.SEALED)
        if content is None:
            return SendFailure(SendProblem.NOT_AN_ADDRESS)
        if channel.kind == ChannelKind.WEBHOOK:
            now = self._clock.now()
            return webhook.send(self.requests, secrets.url, secrets.secret, record.message_id, now, content)
        written = json.loads(content)
        return chat.send(self.requests, secrets.url, written["title"], written["text"])

    def _settle(self, tx: Tx, record: DeliveryRecord, failure: SendFailure | None, now: float) -> None:
        if failure is None:
            channels.end(tx, record, DeliveryStatus.DELIVERED, now)
            return
        problem, code = failure.problem.value, failure.status
        if failure.problem is SendProblem.GONE:
            if channels.end(tx, record, DeliveryStatus.REFUSED, now, problem=problem, code=code):
                self._stop(tx, record.channel, now)
            return
        next_at = None if record.notice is None else retry_at(record.tries, record.queued_at, now)
        if next_at is None:
            channels.end(tx, record, DeliveryStatus.GIVEN_UP, now, problem=problem, code=code)
            if record.notice is not None:
                self._rest(tx, record, problem, code, now)
        else:
            channels.postpone(tx, record, next_at, problem, code)
            # One that answers nothing must not keep the others waiting at each of its deliveries.
            channels.postpone_all(tx, record.channel, next_at)

    def _rest(self, tx: Tx, record: DeliveryRecord, problem: str, code: int, now: float) -> None:
        """Postpone what else waits for a receiver that never accepts.

        What is as old is given up with it.
        """
        if record.tries >= len(PAUSES):  # fewer tries than that may be of one short failure
            status, old = DeliveryStatus.GIVEN_UP, now + PAUSES[-1] - GIVEN_UP_S
            channels.end_waiting(tx, record.channel, status, now, problem, code, queued_before=old)
        channels.postpone_all(tx, record.channel, now + PAUSES[-1])

    def _stop(self, tx: Tx, number: int, now: float) -> None:
        """Send nothing more to a receiver that is gone for good."""
        channel = channels.get(tx, number)
        if channel is None or not channel.is_enabled:
            return
        channels.change(tx, number, is_enabled=False, stopped_at=now)
        channels.end_waiting(tx, number, DeliveryStatus.REFUSED, now, SendProblem.GONE.value)
        audit.record(tx, audit.MXM, AuditAction.CHANNEL_STOP, at=now, on=channel.name)

    def _tidy(self, *, scrub: bool) -> None:
        """Delete old deliveries, and let no file hold what those that have ended said."""
        now = self._clock.now()
        with self._store.read() as tx:
            old = channels.has_ended_before(tx, now - KEPT_S)
        if old:
            with self._store.write() as tx:
                if clock_guard.may_forget(tx, now):
                    channels.forget(tx, now - KEPT_S)
        if scrub:
            self._store.scrub()


def _place(error: Exception) -> str:
    """Return where an error was raised."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"


def _json(part: DueNotice, dashboard: str) -> bytes:
    """Return the body of a webhook."""
    listed = [
        {
            "id": each.number,
            "at": channel_texts.iso(each.at),
            "rule": each.event.rule.value,
            "code": each.event.code.value,
            "severity": each.severity.value,
            "subject": each.event.subject,
            "domain": each.domain,
            "figures": dict(each.event.figures),
            "text": event_texts.text(each.event, each.at),
            "url": _address(dashboard, texts.place_of(each)),
        }
        for each in part.events[:MOST_EVENTS]
    ]
    data = {
        "notice": part.number,
        "rule": None if part.rule is None else part.rule.value,
        "severity": part.severity.value,
        "title": texts.title(part),
        "url": _address(dashboard, texts.place(part)),
        "events": listed,
        "more": max(0, len(part.events) - MOST_EVENTS),
    }
    return json.dumps(
        {"type": "notice", "timestamp": channel_texts.iso(part.at), "data": data}, ensure_ascii=False
    ).encode()


def _address(dashboard: str, place: str) -> str:
    """Return an address in the dashboard; blank while that has none."""
    return f"{dashboard.rstrip('/')}{place}" if dashboard else ""


def _chat(part: DueNotice, dashboard: str) -> bytes:
    """Return what a chat service shows."""
    text = texts.in_room(part, _address(dashboard, texts.place(part)), chat.MAX_TEXT)
    return json.dumps({"title": texts.title(part), "text": text}).encode()
