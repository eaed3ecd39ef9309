"""Since when mailboxes are known that MXM did not make itself."""

from collections.abc import Collection

import sqlalchemy as sa

from mxlib.store.database import Tx
from mxlib.store.tables import audit, run_row
from mxlib.store.tables import first_seen as table

#: A create that is on its way may be in a list before its answer is.
_OURS = ("created", "sending", "settling")


def note(tx: Tx, domain: str, usernames: Collection[str], at: float) -> None:
    """The host listed these mailboxes at `at`: keep since when each is known, and forget those that are gone."""
    there = set(usernames)
    known = set(tx.execute(sa.select(table.c.username).where(table.c.domain == domain)).scalars())
    gone = [{"of": domain, "name": name} for name in known - there]
    if gone:
        tx.execute(_FORGET, gone)
    new = there - known
    if new and (strangers := new - _made_here(tx, domain)):
        tx.execute(table.insert(), [{"domain": domain, "username": name, "at": at} for name in sorted(strangers)])


def since(tx: Tx, domain: str, username: str) -> float | None:
    """When a mailbox that MXM did not make was first listed; None for the others."""
    return tx.execute(sa.select(table.c.at).where(table.c.domain == domain, table.c.username == username)).scalar()


_FORGET = table.delete().where(table.c.domain == sa.bindparam("of"), table.c.username == sa.bindparam("name"))


def _made_here(tx: Tx, domain: str) -> set[str]:
    by_runs = sa.select(run_row.c.username).where(
        run_row.c.domain == domain, run_row.c.action == "create", run_row.c.outcome.in_(_OURS)
    )
    by_hand = sa.select(audit.c.on).where(
        audit.c.what == "mailbox.create", audit.c.run.is_(None), audit.c.on.endswith(f"@{domain}", autoescape=True)
    )
    addresses = tx.execute(by_hand).scalars()
    return {*tx.execute(by_runs).scalars(), *(address.rpartition("@")[0] for address in addresses)}
