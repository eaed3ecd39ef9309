"""Channels of notices, for admins: added, changed, tested and deleted, with the log of their deliveries."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core import addresses
from mxlib.core.channels import MAX_NAME, MAX_RECIPIENTS, ChannelKind, DeliveryStatus, Routes, Secrets
from mxlib.core.mails import TrialMail, one_line
from mxlib.core.outgoing import SendProblem
from mxlib.core.text import channels as texts
from mxlib.core.text import mails, outgoing
from mxlib.core.vocabulary import AuditAction
from mxlib.mail.choice import leaves_by_mxroute
from mxlib.outgoing import chat, webhook
from mxlib.outgoing.hosts import NotSent
from mxlib.runs.manager import InvalidState
from mxlib.services.deliveries import Deliveries
from mxlib.services.exports import NotFound
from mxlib.services.outbox import InvalidRecipient, NotDelivered, OutboxService
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit, channels, clients, mailbox_lists
from mxlib.store.channels import ChannelRecord, DeliveryRecord

#: Deliveries that a page lists.
LISTED = 200


class InvalidChannel(InvalidState):
    """A channel cannot be as it was entered; the message says why."""


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A new channel as an admin enters it; the address is in no repr."""

    name: str
    kind: ChannelKind
    address: str
    routes: Routes = field(default_factory=Routes)

    def __repr__(self) -> str:
        """Return it without the address, which may hold a key."""
        return f"NewChannel(name={self.name!r}, kind={self.kind!r}, routes={self.routes!r})"


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as the page shows it."""

    number: int
    name: str
    kind: ChannelKind
    place: str
    is_enabled: bool
    routes: Routes
    #: The name of the client whose contact it is; blank for none, and for one that was removed.
    client: str
    who: str
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as the page shows it."""

    channel: str
    #: The number of the notice; None for a test.
    notice: int | None
    events: int
    status: DeliveryStatus
    queued_at: float
    tries: int
    happened: str


@resolves_callers
class ChannelService:
    """Manages channels; every method asks whether the caller is an admin."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, outbox: OutboxService, deliveries: Deliveries
    ) -> None:
        self._settings, self._store, self._clock = settings, store, clock
        self._outbox, self._deliveries = outbox, deliveries

    @property
    def catches(self) -> bool:
        """Return whether notices stay here, as on the sandbox."""
        return self._deliveries.catches

    def list_all(self, caller: Caller) -> tuple[Channel, ...]:
        """Return the channels by their names."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            return tuple(_shown(tx, record) for record in channels.every(tx))

    def deliveries(self, caller: Caller) -> tuple[Delivery, ...]:
        """Return the newest deliveries."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            names = {record.id: record.name for record in channels.every(tx)}
            found = channels.newest(tx, LISTED)
        return tuple(self._delivery(record, names) for record in found)

    def of_notices(self, caller: Caller, numbers: list[int]) -> Mapping[int, tuple[Delivery, ...]]:
        """Return where these notices went, and with what result."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            names = {record.id: record.name for record in channels.every(tx)}
            found = channels.of_notices(tx, numbers)
        return {
            number: tuple(self._delivery(each, names) for each in found if each.notice == number) for number in numbers
        }

    def problems(self, caller: Caller) -> list[str]:
        """Return what keeps notices from arriving, one sentence each."""
        _must_be_an_admin(caller)
        with self._store.read() as tx:
            records, known = channels.every(tx), mailbox_lists.domains(tx)
        own = known.names if known else ()
        enabled = [record for record in records if record.is_enabled]
        found = [texts.stopped(record.name) for record in records if record.stopped_at is not None]
        if not enabled:
            return [*found, texts.NO_CHANNEL]
        if any(record.kind == ChannelKind.MAIL for record in enabled) and not self._outbox.is_set:
            found.append(texts.MAIL_NOT_SET)
        is_safe = any(self._works_without_mxroute(record, own) for record in enabled)
        return found if is_safe else [*found, texts.NO_OTHER_WAY]

    def _works_without_mxroute(self, record: ChannelRecord, own: Collection[str]) -> bool:
        """Return whether urgent events of all domains arrive by a channel while MXroute fails.

        `own` are the domains of the account: a mailbox there is of no use then.
        """
        chosen = record.routes
        if chosen.client is not None or chosen.domains or chosen.rules:
            return False
        if record.kind != ChannelKind.MAIL:
            return True
        if not self._outbox.is_set or leaves_by_mxroute(self._settings):
            return False
        return any(each.rpartition("@")[2] not in own for each in record.recipients)

    def create(self, caller: Caller, new: NewChannel) -> str:
        """Add a channel; return the secret of a webhook, else a blank text.

        The secret is returned this once. Raises InvalidChannel.
        """
        _must_be_an_admin(caller)
        caller.require_recent()
        name, (place, secrets) = _named(new.name), self._read(new)
        if new.routes.client is not None and new.kind is not ChannelKind.MAIL:
            raise InvalidChannel(texts.CLIENT_ONLY_MAIL)
        now = self._clock.now()
        with self._store.write() as tx:
            _check_client(tx, new.routes)
            channels.add(
                tx, self._store.key, secrets, routes=new.routes, name=name, kind=new.kind.value, place=place,
                created_at=now, who=caller.name,
            )  # fmt: skip
            audit.record(tx, caller, AuditAction.CHANNEL_CREATE, at=now, on=name, outcome=texts.KINDS[new.kind])
        return secrets.secret if secrets else ""

    def _read(self, new: NewChannel) -> tuple[str, Secrets | None]:
        """Return what may be shown of an address, and what is sealed."""
        address = new.address.strip()
        match new.kind:
            case ChannelKind.MAIL:
                return ", ".join(_recipients(address)), None
            case ChannelKind.CHAT:
                try:
                    service, host = chat.check(address), chat.host_of(address)
                except chat.NotAService:
                    raise InvalidChannel(texts.NOT_A_SERVICE) from None
                return " · ".join(filter(None, [texts.SERVICES[service], host])), Secrets(address)
            case ChannelKind.WEBHOOK:
                try:
                    parts = self._deliveries.requests.check(address)
                except NotSent as error:
                    raise InvalidChannel(outgoing.failed(error.failure.problem)) from None
                return str(parts.hostname), Secrets(address, webhook.new_secret())

    def change(self, caller: Caller, number: int, *, name: str, is_enabled: bool, routes: Routes) -> None:
        """Change the name and the routes of a channel, or disable it. Raises InvalidChannel and NotFound."""
        _must_be_an_admin(caller)
        name, now = _named(name), self._clock.now()
        with self._store.write() as tx:
            before = _existing(tx, number)
            if routes.client is not None and before.kind != ChannelKind.MAIL:
                raise InvalidChannel(texts.CLIENT_ONLY_MAIL)
            _check_client(tx, routes)
            stopped = None if is_enabled else before.stopped_at
            channels.change(tx, number, routes=routes, name=name, is_enabled=is_enabled, stopped_at=stopped)
            if not is_enabled:
                channels.end_waiting(tx, number, DeliveryStatus.GIVEN_UP, now, SendProblem.DISABLED.value)
            client = _client(tx, routes)
            outcome = f"{texts.routes(routes, client)}; {'enabled' if is_enabled else 'disabled'}"
            audit.record(tx, caller, AuditAction.CHANNEL_CHANGE, at=now, on=name, outcome=outcome)

    def delete(self, caller: Caller, number: int) -> str:
        """Delete a channel with its deliveries; return a sentence."""
        _must_be_an_admin(caller)
        now = self._clock.now()
        with self._store.write() as tx:
            before = _existing(tx, number)
            channels.remove(tx, number)
            audit.record(tx, caller, AuditAction.CHANNEL_DELETE, at=now, on=before.name)
        self._store.scrub()
        return texts.deleted(before.name)

    def test(self, caller: Caller, number: int) -> str:
        """Send a test at once; return what happened. Raises NotDelivered, and MailNotSet without a mail server."""
        _must_be_an_admin(caller)
        now = self._clock.now()
        with self._store.write() as tx:
            channel = _existing(tx, number)
            audit.record(tx, caller, AuditAction.CHANNEL_TEST, at=now, on=channel.name)
            queued = None
            if channel.kind != ChannelKind.MAIL:
                content = _trial(channel, caller.name, now)
                queued = channels.queue(
                    tx, self._store.key, content, channel=channel.id, notice=None, events=0, at=now
                )  # fmt: skip
        if queued is None:
            return self._test_mails(caller, channel)
        self._deliveries.send_now(queued)
        with self._store.read() as tx:
            record = channels.get_delivery(tx, queued)
        if record is None:  # deleted meanwhile
            raise NotFound(texts.not_found(number))
        shown = self._delivery(record, {channel.id: channel.name})
        text = texts.tested(channel.name, shown.status, shown.happened)
        if shown.status is not DeliveryStatus.DELIVERED:
            raise NotDelivered(text)
        return text

    def _test_mails(self, caller: Caller, channel: ChannelRecord) -> str:
        """Send a test to each recipient, though one before it fails."""
        trial, said, failed = TrialMail(caller.name, self._settings.public_url), [], False
        for each in channel.recipients:
            try:
                said.append(self._outbox.send_sample(caller, each, trial))
            except (NotDelivered, InvalidRecipient) as problem:
                failed = True
                said.append(str(problem))
        if failed or not said:
            raise NotDelivered(" ".join(said) or texts.NO_RECIPIENT_LEFT)
        return " ".join(said)

    def _delivery(self, record: DeliveryRecord, names: Mapping[int, str]) -> Delivery:
        status = DeliveryStatus(record.status)
        happened = texts.result(
            status, record.problem, record.code, tries=record.tries, next_at=record.next_at,
            ended_at=record.ended_at, is_mail=record.mail is not None, now=self._clock.now(),
        )  # fmt: skip
        return Delivery(
            names.get(record.channel, ""), record.notice, record.events, status, record.queued_at,
            record.tries, happened,
        )  # fmt: skip


def _must_be_an_admin(caller: Caller) -> None:
    if not caller.admin:
        raise Forbidden(texts.ONLY_ADMINS)


def _existing(tx: Tx, number: int) -> ChannelRecord:
    found = channels.get(tx, number)
    if found is None:
        raise NotFound(texts.not_found(number))
    return found


def _named(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidChannel(texts.NAME_MISSING)
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidChannel(texts.NAME_TOO_LONG)
    return name


def _recipients(text: str) -> list[str]:
    """Return the addresses of a mail channel."""
    given = [part for each in text[: MAX_RECIPIENTS * 400].replace(";", ",").split(",") if (part := each.strip())]
    found = list(dict.fromkeys(addresses.email(each) for each in given))
    if not found:
        raise InvalidChannel(texts.NO_RECIPIENT)
    if len(found) > MAX_RECIPIENTS:
        raise InvalidChannel(texts.TOO_MANY_RECIPIENTS)
    for each in found:
        if not addresses.is_email(each):
            raise InvalidChannel(mails.not_an_address(one_line(each, 60)))
    return found


def _check_client(tx: Tx, routes: Routes) -> None:
    if routes.client is not None and clients.get(tx, routes.client) is None:
        raise InvalidChannel(texts.no_client(routes.client))


def _client(tx: Tx, routes: Routes) -> str:
    found = clients.get(tx, routes.client) if routes.client is not None else None
    return found.details.name if found else ""


def _shown(tx: Tx, record: ChannelRecord) -> Channel:
    return Channel(
        record.id, record.name, ChannelKind(record.kind), record.place, record.is_enabled, record.routes,
        _client(tx, record.routes), record.who, record.stopped_at is not None,
    )  # fmt: skip


def _trial(channel: ChannelRecord, who: str, now: float) -> bytes:
    """Return what a test says."""
    text = texts.trial(channel.name, who)
    if channel.kind == ChannelKind.CHAT:
        return json.dumps({"title": "MXM: test", "text": text}).encode()
    content = {"type": "test", "timestamp": texts.iso(now), "data": {"text": text}}
    return json.dumps(content, ensure_ascii=False).encode()
