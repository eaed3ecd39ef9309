"""Links by which people set a password: stored, made, sent, used and ended.

A mailbox has one living link of each purpose, and one planned for later at most, which takes its place once it is
made. The token is stored sealed, to be mailed again, and as a hash, to be found; once the link has ended, only the hash
is left.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import sqlalchemy as sa

from mxlib.core.links import MAX_TOKEN_LENGTH, TOKEN_BYTES, LinkEnd, LinkPurpose, Moments, is_living
from mxlib.core.mails import MailStatus
from mxlib.store import outbox
from mxlib.store.encryption import ServerKey
from mxlib.store.outbox import MailRecord
from mxlib.store.tables import link as table
from mxlib.store.transaction import Tx

#: Columns that one query names at most.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """One link as stored; times in Unix seconds."""

    id: int
    run: int | None
    source: int | None
    purpose: str
    domain: str
    username: str
    name: str
    recipient: str
    language: str
    who: str
    created_at: float
    send_at: float
    valid_from: float
    expires_at: float
    token_digest: bytes | None = field(repr=False)
    sealed_token: bytes | None = field(repr=False)
    wrapped_key: bytes | None = field(repr=False)
    mail: int | None
    #: The state of its mail, and why the last try to send it failed; blank before.
    mail_status: str
    mail_problem: str
    mail_code: int
    words: str
    sent_at: float | None
    opened_at: float | None
    set_at: float | None
    ended_at: float | None
    end: str

    @property
    def address(self) -> str:
        """Return the address of the mailbox."""
        return f"{self.username}@{self.domain}"

    @property
    def moments(self) -> Moments:
        """Return what decides its states."""
        return Moments(
            self.valid_from, self.expires_at, has_token=self.token_digest is not None, is_mailed=bool(self.recipient),
            mail_status=MailStatus(self.mail_status) if self.mail_status else None, mail_failed=bool(self.mail_problem),
            sent_at=self.sent_at, opened_at=self.opened_at, set_at=self.set_at, ended_at=self.ended_at,
            end=LinkEnd(self.end) if self.end else None,
        )  # fmt: skip

    def is_living(self, now: float) -> bool:
        """Return whether it can be used now, or later by itself."""
        return is_living(self.moments, now)


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to store: for whom, where its mail goes, and its times."""

    purpose: LinkPurpose
    domain: str
    username: str
    name: str
    recipient: str
    language: str
    send_at: float
    valid_from: float
    expires_at: float
    run: int | None = None
    source: int | None = None


_COLUMNS = [table.c[column.name] for column in fields(LinkRecord)]
_OPEN = table.c.ended_at.is_(None)

_HAS_TOKEN = table.c.token_digest.is_not(None)

#: Links of the same mailboxes.
_OTHER = table.alias("other")

#: What is left of a link at its end: nothing that shows its token.
_ENDED: Mapping[str, Any] = {"sealed_token": None, "wrapped_key": None}


def add(tx: Tx, new: NewLink, *, who: str, at: float) -> int:
    """Store a link without a token, in place of a planned one.

    Return its number. The living one ends when the token is made.
    """
    return add_all(tx, [new], who=who, at=at)[0]


def add_all(tx: Tx, new: Sequence[NewLink], *, who: str, at: float) -> list[int]:
    """Store links without tokens, each in place of a planned one of mailbox and purpose.

    Return their numbers.
    """
    numbers = []
    for each in new:
        _end(tx, _same(each.domain, each.username, each.purpose), ~_HAS_TOKEN, code=LinkEnd.REPLACED, at=at)
        values = {column.name: getattr(each, column.name) for column in fields(NewLink)}
        values |= {"purpose": each.purpose.value, "who": who, "created_at": at}
        numbers.append(int((tx.execute(table.insert().values(values)).inserted_primary_key or (0,))[0]))
    return numbers


def make_token(tx: Tx, key: ServerKey, number: int, at: float) -> str:
    """Make the token of a link that has none, and return it.

    The living link of the mailbox and purpose ends.
    """
    if (record := get(tx, number)) is not None and record.ended_at is None:
        same = _same(record.domain, record.username, LinkPurpose(record.purpose))
        _end(tx, same, _HAS_TOKEN, table.c.id != number, code=LinkEnd.REPLACED, at=at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    own, wrapped = key.new_run_key()
    sealed = own.seal(token.encode(), f"link {number}")
    values = {"token_digest": digest(token), "sealed_token": sealed, "wrapped_key": wrapped}
    made = tx.execute(table.update().where(table.c.id == number, _OPEN, ~_HAS_TOKEN).values(values))
    if not made.rowcount:
        raise LookupError("The link has ended, or has a token.")
    return token


def token(key: ServerKey, record: LinkRecord) -> str | None:
    """Return the token of a link.

    None before it is made, and once the link has ended.

    Raises `encryption.DecryptionFailed` under another server key.
    """
    if record.sealed_token is None or record.wrapped_key is None:
        return None
    return key.unwrap(record.wrapped_key).open(record.sealed_token, f"link {record.id}").decode()


def digest(token: str) -> bytes:
    """Return the hash by which a token is found.

    It has too many bits to be guessed.
    """
    return hashlib.sha256(token.encode(errors="replace")).digest()


def by_token(tx: Tx, token: str) -> LinkRecord | None:
    """Return the link of a token, also one that has ended."""
    if not token or len(token) > MAX_TOKEN_LENGTH:
        return None
    return _first(tx, table.c.token_digest == digest(token))


def get(tx: Tx, number: int) -> LinkRecord | None:
    """Return one link."""
    return _first(tx, table.c.id == number) if 0 < number < 2**63 else None


def living(tx: Tx, domain: str, username: str, purpose: LinkPurpose, now: float) -> LinkRecord | None:
    """Return the living link of a mailbox and purpose that is made, sent or not."""
    return _first(tx, *_same(domain, username, purpose), _OPEN, _HAS_TOKEN, table.c.expires_at > now)


def living_addresses(tx: Tx, domains: Collection[str], purpose: LinkPurpose, now: float) -> set[str]:
    """Return the addresses in these domains with a living or planned link of a purpose."""
    query = sa.select(table.c.username, table.c.domain).where(
        _OPEN, table.c.purpose == purpose.value, table.c.expires_at > now, table.c.domain.in_(list(domains))
    )
    return {f"{username}@{domain}" for username, domain in tx.execute(query)}


def newest_of_run(tx: Tx, run: int) -> list[LinkRecord]:
    """Return the newest links of the people of a run, or of an import.

    There is one for each mailbox and purpose. One whose owner set a password by another link since is set, too.
    """
    which = (table.c.run == run) | (table.c.source == run)
    newest = {(each.address, each.purpose): each for each in _found(tx, which)}
    by_other = {row.id: row.at for row in tx.execute(_set_by_other(which))}
    return [replace(each, set_at=each.set_at or by_other.get(each.id)) for each in newest.values()]


def _set_by_other(which: sa.ColumnElement[bool]) -> sa.Select[tuple[int, float]]:
    """Return when owners of unused links set a password by another link since.

    Links of a mailbox that is gone have no such owner.
    """
    setting = [each.value for each in LinkPurpose if each.sets_password]
    is_same = (_OTHER.c.domain == table.c.domain) & (_OTHER.c.username == table.c.username)
    is_since = _OTHER.c.purpose.in_(setting) & (_OTHER.c.set_at >= table.c.created_at)
    gone = [LinkEnd.DELETED.value, LinkEnd.RECREATED.value]
    unused = (table.c.set_at.is_(None), table.c.purpose.in_(setting), table.c.end.not_in(gone))
    found = sa.select(table.c.id, sa.func.max(_OTHER.c.set_at).label("at")).join(_OTHER, is_same & is_since)
    return found.where(which, *unused).group_by(table.c.id)


def progress(tx: Tx, runs: Collection[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return the progress of runs by domain: how many mailboxes, and how many passwords set."""
    if not runs:
        return {}
    which = table.c.run.in_(sorted(runs))
    other = _set_by_other(which).subquery()
    mailbox = (table.c.run, table.c.domain, table.c.username)
    set_at = sa.func.max(sa.func.coalesce(table.c.set_at, other.c.at)).label("set_at")
    each = sa.select(*mailbox, set_at).outerjoin(other, other.c.id == table.c.id).where(which)
    one = each.group_by(*mailbox).subquery()
    query = sa.select(one.c.run, one.c.domain, sa.func.count(), sa.func.count(one.c.set_at))
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for run, domain, people, done in tx.execute(query.group_by(one.c.run, one.c.domain)):
        found.setdefault(int(run), {})[str(domain)] = int(people), int(done)
    return found


def asking_recovery(tx: Tx, runs: Collection[int]) -> frozenset[int]:
    """Return which of these runs ask owners of mailboxes for a recovery email."""
    if not runs:
        return frozenset()
    asks = table.c.purpose == LinkPurpose.RECOVERY_EMAIL
    return frozenset(tx.execute(sa.select(table.c.run).distinct().where(table.c.run.in_(sorted(runs)), asks)).scalars())


def version(tx: Tx, run: int) -> tuple[object, ...]:
    """Return a value that differs once something happened to a link of a run."""
    mail = (table.c.mail_status, table.c.mail_problem)
    times = (table.c.token_digest, table.c.opened_at, table.c.set_at, table.c.ended_at)
    figures = (*map(sa.func.count, (table.c.id, *times)), sa.func.max(table.c.id), sa.func.max(table.c.mail))
    which = (table.c.run == run) | (table.c.source == run)
    query = sa.select(*mail, *figures).where(which)
    by_other = tx.scalar(sa.select(sa.func.count()).select_from(_set_by_other(which).subquery()))
    return by_other, *(tuple(row) for row in tx.execute(query.group_by(*mail).order_by(*mail)))


def of_mailbox(tx: Tx, domain: str, username: str, most: int) -> list[LinkRecord]:
    """Return the newest links of a mailbox, newest first."""
    query = sa.select(*_COLUMNS).where(*_is(domain, username)).order_by(table.c.id.desc()).limit(most)
    return [LinkRecord(**row._mapping) for row in tx.execute(query)]


def domains(tx: Tx) -> list[str]:
    """Return the domains whose mailboxes have links, or had some."""
    return sorted(tx.execute(sa.select(table.c.domain).distinct()).scalars())


def newest(tx: Tx, most: int, domains: Collection[str] | None = None) -> list[LinkRecord]:
    """Return the newest links, newest first; of some domains alone, or of all."""
    query = sa.select(*_COLUMNS).order_by(table.c.id.desc()).limit(most)
    if domains is not None:
        query = query.where(table.c.domain.in_(list(domains)))
    return [LinkRecord(**row._mapping) for row in tx.execute(query)]


def due(tx: Tx, now: float, most: int) -> list[LinkRecord]:
    """Return links to make now, those that are due first."""
    query = sa.select(*_COLUMNS).where(_OPEN, table.c.token_digest.is_(None), table.c.send_at <= now)
    rows = tx.execute(query.order_by(table.c.send_at, table.c.id).limit(most))
    return [LinkRecord(**row._mapping) for row in rows]


def next_due(tx: Tx) -> float | None:
    """Return when the next link is made; None without one."""
    query = sa.select(sa.func.min(table.c.send_at)).where(_OPEN, table.c.token_digest.is_(None))
    return tx.execute(query).scalar()


def mailed(tx: Tx, numbers: Collection[int], mail: int) -> None:
    """Record the mail that has these links."""
    values = {
        "mail": mail, "mail_status": MailStatus.WAITING.value, "mail_problem": "", "mail_code": 0, "words": "",
        "sent_at": None,
    }  # fmt: skip
    _update(tx, numbers, values)


def mail_changed(tx: Tx, record: MailRecord) -> None:
    """Record what happened to the mail of links."""
    sent = record.status in {MailStatus.SENT, MailStatus.CAUGHT}
    failed = "" if sent else record.problem or (record.status if record.status == MailStatus.DISCARDED else "")
    values = {
        "mail_status": record.status, "mail_problem": failed, "mail_code": record.code,
        "words": "" if sent else record.words, "sent_at": record.ended_at if sent else None,
    }  # fmt: skip
    tx.execute(table.update().where(table.c.mail == record.id).values(values))


def opened(tx: Tx, number: int, at: float) -> None:
    """Record when the page of a link was first opened; it spends nothing."""
    tx.execute(table.update().where(table.c.id == number, _OPEN, table.c.opened_at.is_(None)).values(opened_at=at))


def use(tx: Tx, number: int, at: float) -> bool:
    """End a link since its owner used it; return whether it was not ended before."""
    values = {"set_at": at, "ended_at": at, "end": LinkEnd.SET.value, **_ENDED}
    return tx.execute(table.update().where(table.c.id == number, _OPEN).values(values)).rowcount > 0


def end(tx: Tx, number: int, code: LinkEnd, at: float) -> bool:
    """End one link; return whether it was not ended before."""
    return _end(tx, (table.c.id == number,), code=code, at=at) > 0


def end_all(
    tx: Tx, domain: str, username: str, code: LinkEnd, at: float, *, purposes: Collection[LinkPurpose] = (),
    before: float | None = None,
) -> int:  # fmt: skip
    """End the living links of a mailbox, in the transaction of what ends them.

    Return how many.

    Without `purposes`, those of each. With `before` (Unix seconds), only older ones.
    """
    which: list[sa.ColumnElement[bool]] = list(_is(domain, username))
    if purposes:
        which.append(table.c.purpose.in_([each.value for each in purposes]))
    if before is not None:
        which.append(table.c.created_at < before)
    return _end(tx, which, code=code, at=at)


def end_made(tx: Tx, code: LinkEnd, at: float) -> int:
    """End every living link that has a token; return how many."""
    return _end(tx, (_HAS_TOKEN,), code=code, at=at)


def end_in(tx: Tx, domains: Collection[str], purpose: LinkPurpose, code: LinkEnd, at: float) -> int:
    """End the living links of a purpose in these domains; return how many."""
    return _end(tx, (table.c.domain.in_(list(domains)),), table.c.purpose == purpose.value, code=code, at=at)


def has_expired(tx: Tx, now: float) -> bool:
    """Return whether a link is over its time and not ended yet."""
    return tx.execute(sa.select(table.c.id).where(_OPEN, table.c.expires_at <= now).limit(1)).first() is not None


def expire(tx: Tx, now: float) -> int:
    """End the links that are over their time; return how many."""
    return _end(tx, (table.c.expires_at <= now,), code=LinkEnd.EXPIRED, at=now)


def _end(
    tx: Tx, first: Iterable[sa.ColumnElement[bool]], *where: sa.ColumnElement[bool], code: LinkEnd, at: float
) -> int:
    """End living links, and discard mails that only have such by now."""
    which = (_OPEN, *first, *where)
    mails = set(tx.execute(sa.select(table.c.mail).where(*which, table.c.mail_status == MailStatus.WAITING)).scalars())
    values = {"ended_at": at, "end": code.value, **_ENDED}
    ended = tx.execute(table.update().where(*which).values(values)).rowcount
    for mail in mails - {None}:
        _discard(tx, mail, at)
    return int(ended)


def _discard(tx: Tx, mail: int, at: float) -> None:
    """Discard a mail whose links have all ended, unless it is being sent."""
    if tx.execute(sa.select(table.c.id).where(table.c.mail == mail, _OPEN).limit(1)).first() is not None:
        return
    record = outbox.get(tx, mail)
    if record is not None and record.status == MailStatus.WAITING and not outbox.is_leased(record, at):
        outbox.end(tx, record, MailStatus.DISCARDED, at)
        tx.execute(table.update().where(table.c.mail == mail).values(mail_status=MailStatus.DISCARDED.value))


def _update(tx: Tx, numbers: Collection[int], values: Mapping[str, Any]) -> None:
    each = sorted(numbers)
    for begin in range(0, len(each), _AT_ONCE):
        tx.execute(table.update().where(table.c.id.in_(each[begin : begin + _AT_ONCE])).values(values))


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username


def _same(domain: str, username: str, purpose: LinkPurpose) -> tuple[sa.ColumnElement[bool], ...]:
    return *_is(domain, username), table.c.purpose == purpose.value


def _first(tx: Tx, *where: sa.ColumnElement[bool]) -> LinkRecord | None:
    return next(iter(_found(tx, *where)), None)


def _found(tx: Tx, *where: sa.ColumnElement[bool]) -> list[LinkRecord]:
    query = sa.select(*_COLUMNS).where(*where).order_by(table.c.id)
    return [LinkRecord(**row._mapping) for row in tx.execute(query)]
