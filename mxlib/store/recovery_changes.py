"""Changes of recovery emails of the last day: the address before, which gets a notice where reset is on."""

from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.background_tasks import TaskName
from mxlib.core.self_service import RECENT_S
from mxlib.core.vocabulary import CLEAR
from mxlib.store import background_tasks, self_service, stored_columns
from mxlib.store.tables import recovery_change as table
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class RecoveryChange:
    """A change of a recovery email: the address that a mailbox had before, and when it changed."""

    id: int
    domain: str
    username: str
    email: str
    at: float

    @property
    def address(self) -> str:
        """Return the address of the mailbox."""
        return f"{self.username}@{self.domain}"


#: Former addresses of one mailbox that get a notice of a reset.
_MOST_FORMER = 3

_COLUMNS = [table.c[name] for name in ("id", "domain", "username", "email", "at")]


def note(tx: Tx, domain: str, username: str, asked: str, at: float, *, sends_notice: bool = True) -> None:
    """Note that a recovery email is about to become `asked`, blank for no change.

    The address before is mailed where reset is on, unless `sends_notice` is not set. A first one has none before.
    """
    if not asked:
        return
    had = stored_columns.of_mailbox(tx, domain, username)["recovery_email"]
    if not had or had == ("" if asked == CLEAR else asked):
        return
    is_due = sends_notice and self_service.is_on(tx, domain)
    tx.execute(table.insert().values(domain=domain, username=username, email=had, at=at, is_due=is_due))
    if is_due:
        background_tasks.request(tx, TaskName.RESETS, at)


def due(tx: Tx, most: int) -> list[RecoveryChange]:
    """Return changes whose former address has to get a mail, the first ones first."""
    query = sa.select(*_COLUMNS).where(table.c.is_due).order_by(table.c.id).limit(most)
    return [RecoveryChange(*row) for row in tx.execute(query)]


def end(tx: Tx, number: int) -> bool:
    """Record that a notice was queued, or cannot be; return whether it was due."""
    return tx.execute(table.update().where(table.c.id == number, table.c.is_due).values(is_due=False)).rowcount > 0


def recent(tx: Tx, domain: str, username: str, now: float) -> list[str]:
    """Return the former recovery emails of a mailbox, of the last day.

    The oldest comes first: it is the one that nobody changed lately.
    """
    query = sa.select(table.c.email).where(*_is(domain, username), table.c.at > now - RECENT_S, table.c.at <= now)
    has = stored_columns.of_mailbox(tx, domain, username)["recovery_email"]
    found = dict.fromkeys(tx.execute(query.order_by(table.c.id)).scalars())
    return [email for email in found if email != has][:_MOST_FORMER]


def has_older(tx: Tx, before: float) -> bool:
    """Return whether a change is older than a time and not due."""
    return tx.execute(sa.select(table.c.id).where(table.c.at < before, ~table.c.is_due).limit(1)).first() is not None


def forget(tx: Tx, before: float) -> int:
    """Delete changes that are older than a time and not due; return how many."""
    return tx.execute(table.delete().where(table.c.at < before, ~table.c.is_due)).rowcount


def drop(tx: Tx, domain: str, username: str) -> None:
    """Delete the changes of a mailbox that is gone."""
    tx.execute(table.delete().where(*_is(domain, username)))


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username
