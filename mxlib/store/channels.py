"""Channels of notices, and the deliveries to them.

A delivery is queued in the transaction of its notice, claimed by a lease before it is sent and settled afterwards. A
process that dies in between leaves the lease, which ends by itself: the delivery is sent again with the same message
id, and never lost. What it says is sealed, and goes with its end.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from mxlib.core.channels import GIVEN_UP_S, ChannelKind, DeliveryStatus, Routes, Secrets
from mxlib.store import leased_rows
from mxlib.store.encryption import Key, ServerKey
from mxlib.store.tables import channel as table
from mxlib.store.tables import delivery
from mxlib.store.transaction import Tx

_ENDED: Mapping[str, Any] = {
    "sealed_message": None, "wrapped_key": None, "next_at": None, "lease_owner": None, "lease_until": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """One channel as stored.

    `place` is what may be shown of where it leads: recipients, or a service and a host. `stopped_at` is when the
    receiver said that nothing may come any more.
    """

    id: int
    name: str
    kind: str
    place: str
    is_enabled: bool
    client: int | None
    routes: Routes
    created_at: float
    who: str
    stopped_at: float | None
    sealed: bytes | None = field(repr=False)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the addresses of a mail channel."""
        return tuple(self.place.split(", ")) if self.kind == ChannelKind.MAIL and self.place else ()


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One delivery as stored; times in Unix seconds."""

    id: int
    channel: int
    #: The number of the notice; None for a test.
    notice: int | None
    #: The same at each try.
    message_id: str
    events: int
    status: str
    queued_at: float
    next_at: float | None
    ended_at: float | None
    tries: int
    #: Why the last try failed, with the status of its answer; blank before.
    problem: str
    code: int
    #: The number of the mail in the outbox that carries it.
    mail: int | None
    lease_owner: str | None
    lease_until: float | None
    sealed_message: bytes | None = field(repr=False)
    wrapped_key: bytes | None = field(repr=False)


_DELIVERY = [delivery.c[column.name] for column in fields(DeliveryRecord)]
_WAITING = delivery.c.status == DeliveryStatus.WAITING
#: Deliveries that MXM sends itself: a mail is sent by the outbox.
_OWN = delivery.c.mail.is_(None)


def _place(number: int) -> str:
    return f"channel {number}"


def add(tx: Tx, key: Key, secrets: Secrets | None, *, routes: Routes, **values: object) -> int:
    """Store a new channel; return its number."""
    row = table.insert().values(client=routes.client, routes=routes.to_json(), is_enabled=True, **values)
    number = int((tx.execute(row).inserted_primary_key or (0,))[0])
    if secrets is not None:
        put_secrets(tx, key, number, secrets)
    return number


def put_secrets(tx: Tx, key: Key, number: int, secrets: Secrets) -> None:
    """Seal the secrets of a channel."""
    content = json.dumps({"url": secrets.url, "secret": secrets.secret}).encode()
    tx.execute(table.update().where(table.c.id == number).values(sealed=key.seal(content, _place(number))))


def secrets(key: Key, record: ChannelRecord) -> Secrets:
    """Return the secrets of a channel; raises `encryption.DecryptionFailed` under another server key."""
    return Secrets(**json.loads(key.open(record.sealed, _place(record.id)))) if record.sealed else Secrets()


def change(tx: Tx, number: int, *, routes: Routes | None = None, **values: object) -> None:
    """Change a channel."""
    more: dict[str, object] = {} if routes is None else {"client": routes.client, "routes": routes.to_json()}
    tx.execute(table.update().where(table.c.id == number).values({**values, **more}))


def remove(tx: Tx, number: int) -> None:
    """Delete a channel with its deliveries."""
    tx.execute(delivery.delete().where(delivery.c.channel == number))
    tx.execute(table.delete().where(table.c.id == number))


def every(tx: Tx) -> list[ChannelRecord]:
    """Return all channels, by their names."""
    return [_channel(row) for row in tx.execute(sa.select(table).order_by(sa.func.lower(table.c.name), table.c.id))]


def get(tx: Tx, number: int) -> ChannelRecord | None:
    """Return one channel."""
    return next((_channel(row) for row in tx.execute(sa.select(table).where(table.c.id == number))), None)


def _channel(row: sa.Row[Any]) -> ChannelRecord:
    values = dict(row._mapping)
    return ChannelRecord(**{**values, "routes": Routes.from_json(values["client"], values["routes"])})


def queue(
    tx: Tx, key: ServerKey, content: bytes | None, *, channel: int, notice: int | None, events: int, at: float,
    mail: int | None = None,
) -> int:  # fmt: skip
    """Queue a delivery, due at once; return its number. Without content, the outbox has it as a mail."""
    message_id = f"msg_{uuid4().hex}"
    values: dict[str, object] = {"next_at": None}
    if content is not None:
        own, wrapped = key.new_run_key()
        sealed = own.seal(content, f"delivery {message_id}")
        values = {"next_at": at, "sealed_message": sealed, "wrapped_key": wrapped}
    row = delivery.insert().values(
        channel=channel, notice=notice, message_id=message_id, events=events, status=DeliveryStatus.WAITING,
        queued_at=at, mail=mail, **values,
    )  # fmt: skip
    return int((tx.execute(row).inserted_primary_key or (0,))[0])


def message(key: ServerKey, record: DeliveryRecord) -> bytes | None:
    """Return what a delivery says; None once it has ended.

    Raises `encryption.DecryptionFailed` under another server key.
    """
    if record.sealed_message is None or record.wrapped_key is None:
        return None
    return key.unwrap(record.wrapped_key).open(record.sealed_message, f"delivery {record.message_id}")


def next_due(tx: Tx) -> float | None:
    """Return when the next delivery is due; None without one."""
    return leased_rows.next_due(tx, delivery, _WAITING & _OWN)


def claim(tx: Tx, now: float, lease: float, *, number: int | None = None) -> DeliveryRecord | None:
    """Claim the delivery that is due first, or delivery `number`. Counts a try; None without one."""
    found = leased_rows.claim(tx, delivery, _WAITING & _OWN, now, lease, number=number, furthest=GIVEN_UP_S)
    return None if found is None else get_delivery(tx, found)


def postpone(tx: Tx, record: DeliveryRecord, next_at: float, problem: str, code: int) -> None:
    """Record a failed try and the time of the next, if the lease still holds."""
    mine = (delivery.c.id == record.id, _WAITING, delivery.c.lease_owner == record.lease_owner)
    values = {"next_at": next_at, "problem": problem, "code": code, "lease_owner": None, "lease_until": None}
    tx.execute(delivery.update().where(*mine).values(**values))


def postpone_all(tx: Tx, channel: int, next_at: float) -> None:
    """Try no delivery to a channel before a time, unless it is being sent."""
    others = (delivery.c.channel == channel, _WAITING, _OWN, delivery.c.next_at < next_at)
    tx.execute(delivery.update().where(*others, delivery.c.lease_owner.is_(None)).values(next_at=next_at))


def end(tx: Tx, record: DeliveryRecord, status: DeliveryStatus, at: float, *, problem: str = "", code: int = 0) -> bool:
    """End a delivery and delete what it said; return whether it had not ended before."""
    mine = (delivery.c.id == record.id, _WAITING)
    values = {"status": status, "ended_at": at, "problem": problem, "code": code, **_ENDED}
    return tx.execute(delivery.update().where(*mine).values(values)).rowcount > 0


def end_waiting(
    tx: Tx, channel: int, status: DeliveryStatus, at: float, problem: str, code: int = 0, *,
    queued_before: float | None = None,
) -> None:  # fmt: skip
    """End all deliveries to a channel that wait.

    With `queued_before`, only those that were queued before that time and are not being sent.
    """
    query = delivery.update().where(delivery.c.channel == channel, _WAITING, _OWN)
    if queued_before is not None:
        query = query.where(delivery.c.queued_at < queued_before, delivery.c.lease_owner.is_(None))
    tx.execute(query.values({"status": status, "ended_at": at, "problem": problem, "code": code, **_ENDED}))


def note_mail(tx: Tx, mail: int, status: DeliveryStatus, at: float | None, tries: int, problem: str, code: int) -> None:
    """Record how the mail of a delivery goes."""
    values = {"status": status, "ended_at": at, "tries": tries, "problem": problem, "code": code}
    tx.execute(delivery.update().where(delivery.c.mail == mail).values(values))


def get_delivery(tx: Tx, number: int) -> DeliveryRecord | None:
    """Return one delivery."""
    return next(iter(_deliveries(tx, sa.select(*_DELIVERY).where(delivery.c.id == number))), None)


def newest(tx: Tx, most: int, *, channels: Collection[int] | None = None) -> list[DeliveryRecord]:
    """Return the newest deliveries, of these channels or of all."""
    query = sa.select(*_DELIVERY).order_by(delivery.c.id.desc()).limit(most)
    return _deliveries(tx, query if channels is None else query.where(delivery.c.channel.in_(list(channels))))


def of_notices(tx: Tx, notices: Collection[int]) -> list[DeliveryRecord]:
    """Return the deliveries of these notices."""
    query = sa.select(*_DELIVERY).where(delivery.c.notice.in_(list(notices))).order_by(delivery.c.id)
    return _deliveries(tx, query)


def counts(tx: Tx) -> dict[str, int]:
    """Return the number of deliveries by their status."""
    query = sa.select(delivery.c.status, sa.func.count()).group_by(delivery.c.status)
    return {str(status): int(number) for status, number in tx.execute(query)}


def has_ended_before(tx: Tx, before: float) -> bool:
    """Return whether there is a delivery that ended before a time."""
    found = sa.select(delivery.c.id).where(~_WAITING, delivery.c.ended_at < before).limit(1)
    return tx.execute(found).first() is not None


def forget(tx: Tx, before: float) -> int:
    """Delete deliveries that ended before a time; return how many."""
    return int(tx.execute(delivery.delete().where(~_WAITING, delivery.c.ended_at < before)).rowcount)


def _deliveries(tx: Tx, query: sa.Select[Any]) -> list[DeliveryRecord]:
    return [DeliveryRecord(**row._mapping) for row in tx.execute(query)]
