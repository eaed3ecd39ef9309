"""Since when mailboxes are known that MXM did not make itself."""

from collections.abc import Collection

import sqlalchemy as sa

from mxlib.store import manual_writes
from mxlib.store.database import Tx
from mxlib.store.tables import audit, run_row
from mxlib.store.tables import first_seen as table

#: Seconds from its create in which a list may lack a mailbox all the same: it was asked for before.
_ON_ITS_WAY = 300.0

#: A create that is on its way may be in a list before its answer is.
_OURS = ("created", "sending", "settling")


def note(
    tx: Tx, domain: str, usernames: Collection[str], at: float, *, before: Collection[str] = (), before_at: float = 0.0
) -> None:
    """The host listed these mailboxes at `at`: keep since when each is known, and forget those that are gone.

    `before` are those of the list before it, of `before_at`: what was made here, was gone from that one and is back
    was made anew by somebody else.
    """
    there = set(usernames)
    known = set(tx.execute(sa.select(table.c.username).where(table.c.domain == domain)).scalars())
    gone = [{"of": domain, "name": name} for name in known - there]
    if gone:
        tx.execute(_FORGET, gone)
    new = there - known
    if new and (strangers := new - (_made_here(tx, domain) - _gone(tx, domain, new.difference(before), before_at))):
        tx.execute(table.insert(), [{"domain": domain, "username": name, "at": at} for name in sorted(strangers)])


def since(tx: Tx, domain: str, username: str) -> float | None:
    """When a mailbox that MXM did not make was first listed; None for the others."""
    return tx.execute(sa.select(table.c.at).where(table.c.domain == domain, table.c.username == username)).scalar()


_FORGET = table.delete().where(table.c.domain == sa.bindparam("of"), table.c.username == sa.bindparam("name"))


def _gone(tx: Tx, domain: str, lacked: Collection[str], at: float) -> set[str]:
    """Those of `lacked` that the list of `at` would have had, since they were made here long enough before it."""
    if not lacked or not at:
        return set()
    made = (
        sa.select(audit.c.on)
        .where(audit.c.what == "mailbox.create", audit.c.on.endswith(f"@{domain}", autoescape=True))
        .group_by(audit.c.on)
        .having(sa.func.max(audit.c.at) < at - _ON_ITS_WAY)
    )
    return {address.rpartition("@")[0] for address in tx.execute(made).scalars()}.intersection(lacked)


def _made_here(tx: Tx, domain: str) -> set[str]:
    by_runs = sa.select(run_row.c.username).where(
        run_row.c.domain == domain, run_row.c.action == "create", run_row.c.outcome.in_(_OURS)
    )
    by_hand = sa.select(audit.c.on).where(
        audit.c.what == "mailbox.create", audit.c.run.is_(None), audit.c.on.endswith(f"@{domain}", autoescape=True)
    )
    addresses = tx.execute(by_hand).scalars()
    noted = (address.rpartition("@")[0] for address in addresses)
    return {*tx.execute(by_runs).scalars(), *noted, *manual_writes.usernames_on_their_way(tx, domain)}
