"""Mails that wait to leave, and what happened to earlier ones.

A mail is claimed by a lease before it is sent and settled afterwards. A process that dies in between leaves the lease,
which ends by itself: the mail is sent again, perhaps twice, and never lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mxlib.core.mails import PAUSES, MailProblem, MailStatus
from mxlib.store import leased_rows
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import outbox_mail as table
from mxlib.store.tables import outbox_try
from mxlib.store.transaction import Tx

#: The span in seconds over which mails are counted.
HOUR = 3_600.0

#: What is left of a mail at its end besides its outcome: nothing that shows its content.
_ENDED: Mapping[str, Any] = {
    "sealed_message": None, "wrapped_key": None, "next_at": None, "lease_owner": None, "lease_until": None,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MailRecord:
    """One mail as stored; times in Unix seconds."""

    id: int
    cause: str
    reference: str
    recipient: str
    who: str
    status: str
    message_id: str
    queued_at: float
    #: The next try; None once it has ended.
    next_at: float | None
    ended_at: float | None
    tries: int
    #: Why the last try failed (`MailProblem`), with the server's code and words; blank before.
    problem: str
    code: int
    words: str
    lease_owner: str | None
    lease_until: float | None
    sealed_message: bytes | None = field(repr=False)
    wrapped_key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The figures of mails that wait: how many, how many were tried in vain, and since when those were queued."""

    mails: int
    tried: int
    tried_since: float | None
    #: The earliest time at which one was due.
    due_since: float | None
    #: Why the last try of any mail failed.
    problem: str
    code: int
    words: str


_COLUMNS = [table.c[column.name] for column in fields(MailRecord)]
_WAITING = table.c.status == MailStatus.WAITING


def add(tx: Tx, key: ServerKey, content: bytes, *, message_id: str, at: float, **values: object) -> int:
    """Queue a mail, due at once; return its number.

    Its content is sealed with a key of its own.
    """
    own, wrapped = key.new_run_key()
    row = table.insert().values(
        status=MailStatus.WAITING, message_id=message_id, queued_at=at, next_at=at, wrapped_key=wrapped,
        sealed_message=own.seal(content, f"mail {message_id}"), **values,
    )  # fmt: skip
    return int((tx.execute(row).inserted_primary_key or (0,))[0])


def content(key: ServerKey, record: MailRecord) -> bytes | None:
    """Return the message of a mail; None once it has gone.

    Raises `encryption.DecryptionFailed` under another server key.
    """
    if record.sealed_message is None or record.wrapped_key is None:
        return None
    return key.unwrap(record.wrapped_key).open(record.sealed_message, f"mail {record.message_id}")


def get(tx: Tx, number: int) -> MailRecord | None:
    """Return one mail."""
    return next(iter(_found(tx, sa.select(*_COLUMNS).where(table.c.id == number))), None)


def has(tx: Tx, cause: str, reference: str) -> bool:
    """Return whether a mail of this cause is there, in whatever state."""
    query = sa.select(table.c.id).where(table.c.cause == cause, table.c.reference == reference)
    return tx.scalar(query.limit(1)) is not None


def newest(tx: Tx, most: int) -> list[MailRecord]:
    """Return mails, those that wait first, then the newest."""
    order = (table.c.status != MailStatus.WAITING, table.c.id.desc())
    return _found(tx, sa.select(*_COLUMNS).order_by(*order).limit(most))


def counts(tx: Tx) -> dict[str, int]:
    """Return the number of mails by their status."""
    query = sa.select(table.c.status, sa.func.count()).group_by(table.c.status)
    return {str(status): int(number) for status, number in tx.execute(query)}


def free_at(tx: Tx, now: float, per_hour: int) -> float:
    """Return when the next mail may leave, by the tries of the last hour."""
    query = sa.select(outbox_try.c.at).where(outbox_try.c.at > now - HOUR, outbox_try.c.at <= now)
    earlier = tx.execute(query.order_by(outbox_try.c.at.desc()).limit(1).offset(per_hour - 1)).scalar()
    return now if earlier is None else float(earlier) + HOUR


def tried_within_an_hour(tx: Tx, now: float) -> int:
    """Return how many tries of the last hour count for the pace."""
    query = sa.select(sa.func.count()).where(outbox_try.c.at > now - HOUR, outbox_try.c.at <= now)
    return int(tx.execute(query).scalar() or 0)


def next_due(tx: Tx) -> float | None:
    """Return when the next waiting mail is due; None without one."""
    return leased_rows.next_due(tx, table, _WAITING)


def claim(tx: Tx, now: float, lease: float, *, number: int | None = None) -> MailRecord | None:
    """Claim the mail that is due first, or mail `number`. Counts a try; None without one."""
    found = leased_rows.claim(tx, table, _WAITING, now, lease, number=number, furthest=PAUSES[-1])
    if found is None:
        return None
    tx.execute(outbox_try.delete().where((outbox_try.c.at <= now - HOUR) | (outbox_try.c.at > now)))
    tx.execute(outbox_try.insert().values(at=now))
    return get(tx, found)


def postpone(tx: Tx, record: MailRecord, next_at: float, problem: MailProblem, code: int, words: str) -> None:
    """Record a failed try and the time of the next, if the lease still holds."""
    mine = (table.c.id == record.id, _WAITING, table.c.lease_owner == record.lease_owner)
    values = {"next_at": next_at, "problem": problem, "code": code, "words": words}
    tx.execute(table.update().where(*mine).values(**values, lease_owner=None, lease_until=None))


def end(
    tx: Tx, record: MailRecord, status: MailStatus, at: float, *, problem: str = "", code: int = 0, words: str = "",
    keeps_content: bool = False,
) -> bool:  # fmt: skip
    """End a mail and delete its content; return whether it had not ended before.

    A mail that was sent ends although another process may have the lease by then, so that it is not sent once more.
    """
    mine: tuple[sa.ColumnElement[bool], ...] = (table.c.id == record.id, _WAITING)
    if status in {MailStatus.REFUSED, MailStatus.NOT_DELIVERED}:
        mine = (*mine, table.c.lease_owner == record.lease_owner)
    left = {name: value for name, value in _ENDED.items() if not keeps_content or name not in _CONTENT}
    values = {"status": status, "ended_at": at, "problem": problem, "code": code, "words": words, **left}
    return tx.execute(table.update().where(*mine).values(values)).rowcount > 0


_CONTENT = frozenset({"sealed_message", "wrapped_key"})


def is_leased(record: MailRecord, now: float) -> bool:
    """Return whether a mail is being sent."""
    return record.lease_until is not None and record.lease_until > now


def waiting(tx: Tx) -> Waiting:
    """Return the figures of the mails that wait."""
    tried = sa.case((table.c.tries > 0, table.c.queued_at))
    figures = sa.select(sa.func.count(), sa.func.count(tried), sa.func.min(tried), sa.func.min(table.c.next_at))
    mails, number, since, due = tx.execute(figures.where(_WAITING)).one()
    last = sa.select(table.c.problem, table.c.code, table.c.words).where(_WAITING, table.c.problem != "")
    why = tx.execute(last.order_by(table.c.next_at.desc()).limit(1)).first()
    return Waiting(int(mails), int(number), since, due, *(why or ("", 0, "")))


def has_ended_before(tx: Tx, before: float) -> bool:
    """Return whether there is a mail that ended before a time."""
    return tx.execute(sa.select(table.c.id).where(~_WAITING, table.c.ended_at < before).limit(1)).first() is not None


def forget(tx: Tx, before: float) -> int:
    """Delete mails that ended before a time; return how many."""
    return int(tx.execute(table.delete().where(~_WAITING, table.c.ended_at < before)).rowcount)


def _found(tx: Tx, query: sa.Select[Any]) -> list[MailRecord]:
    return [MailRecord(**row._mapping) for row in tx.execute(query)]
