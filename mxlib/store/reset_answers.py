"""Outcomes of requests to reset the password of a mailbox, kept for 30 days."""

from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.self_service import HOUR_S, MAILED, Answer, Mailed, ResetOutcome, answer_of
from mxlib.store.tables import reset_answer as table
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class ResetAnswer:
    """The outcome of one request, or of equal ones within an hour: how many, the first and the last."""

    id: int
    domain: str
    username: str
    at: float
    last_at: float
    times: int
    outcome: Answer
    mail: int | None


_COLUMNS = [table.c[name] for name in ("id", "domain", "username", "at", "last_at", "times", "outcome", "mail")]


def add(tx: Tx, domain: str, username: str, outcome: Answer, at: float, *, link: int | None = None) -> int:
    """Record the outcome of a request; return the number of its row.

    One without a mail joins the newest row, if that is equal and of the last hour.
    """
    newest = tx.execute(sa.select(*_COLUMNS).where(*_is(domain, username)).order_by(table.c.id.desc()).limit(1)).first()
    if newest is not None and newest.outcome == outcome and outcome not in MAILED and newest.last_at > at - HOUR_S:
        again = table.update().where(table.c.id == newest.id)
        tx.execute(again.values(last_at=max(at, newest.last_at), times=table.c.times + 1))
        return int(newest.id)
    row = table.insert().values(
        domain=domain, username=username, at=at, last_at=at, times=1, outcome=outcome.value, link=link
    )
    return int((tx.execute(row).inserted_primary_key or (0,))[0])


def set_mail(tx: Tx, number: int, mail: int) -> None:
    """Record the mail that left after a request."""
    tx.execute(table.update().where(table.c.id == number).values(mail=mail))


def of_mailbox(tx: Tx, domain: str, username: str, most: int) -> list[ResetAnswer]:
    """Return the outcomes of requests for a mailbox, the newest first."""
    query = sa.select(*_COLUMNS).where(*_is(domain, username)).order_by(table.c.id.desc()).limit(most)
    return [ResetAnswer(**{**row._mapping, "outcome": answer_of(row.outcome)}) for row in tx.execute(query)]


def mailed_since(tx: Tx, domain: str, username: str, since: float) -> list[Mailed]:
    """Return the mails with a link of a mailbox after a time."""
    sent = table.c.outcome.in_([outcome.value for outcome in MAILED])
    query = sa.select(table.c.at, table.c.outcome).where(*_is(domain, username), sent, table.c.last_at > since)
    return [Mailed(at, outcome == ResetOutcome.MAILED) for at, outcome in tx.execute(query)]


def has_older(tx: Tx, before: float) -> bool:
    """Return whether an outcome is older than a time."""
    return tx.execute(sa.select(table.c.id).where(table.c.last_at < before).limit(1)).first() is not None


def forget(tx: Tx, before: float) -> int:
    """Delete outcomes older than a time; return how many."""
    return tx.execute(table.delete().where(table.c.last_at < before)).rowcount


def drop(tx: Tx, domain: str, username: str) -> None:
    """Delete the outcomes of a mailbox that is gone."""
    tx.execute(table.delete().where(*_is(domain, username)))


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username
