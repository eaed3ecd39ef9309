"""First sighting of mailboxes that MXM did not create itself."""

import json
from collections.abc import Collection

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import manual_writes
from mxlib.store.tables import audit, meta, run_row
from mxlib.store.tables import first_seen as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Seconds from its create in which a list may lack a mailbox: it may have been requested before.
_ON_ITS_WAY = 300.0

#: Name under which the sightings from before an empty list are stored.
_ASIDE = "before_empty_list:"

#: A create that is on its way may be in a list before its response is here.
_OURS = ("created", "sending", "settling")


def note(
    tx: Tx, domain: str, usernames: Collection[str], at: float, *, before: Collection[str] = (), before_at: float = 0.0
) -> set[str]:
    """Record the mailboxes that the host listed at `at`: when each was first seen. Return those new to MXM.

    Mailboxes that are gone are deleted. `before` is the previous list, of `before_at`. A mailbox that MXM created, that
    was missing from the previous list and is back, was created again by someone else.
    """
    there = set(usernames)
    known = set(tx.execute(sa.select(table.c.username).where(table.c.domain == domain)).scalars())
    gone = [{"of": domain, "name": name} for name in known - there]
    if gone:
        tx.execute(_FORGET, gone)
    new = there - known
    strangers = new - (_made_here(tx, domain) - _gone(tx, domain, new.difference(before), before_at)) if new else new
    if strangers:
        tx.execute(table.insert(), [{"domain": domain, "username": name, "at": at} for name in sorted(strangers)])
    return strangers


def set_aside(tx: Tx, domain: str, usernames: Collection[str], at: float) -> None:
    """Store the sightings when the list after the one of `at` is empty.

    That may be a mistake of the host.
    """
    first = tx.execute(sa.select(table.c.username, table.c.at).where(table.c.domain == domain))
    value = json.dumps({"usernames": list(usernames), "at": at, "first": {row.username: row.at for row in first}})
    put_fact(tx, f"{_ASIDE}{domain}", value)


def restore(tx: Tx, domain: str, usernames: Collection[str]) -> tuple[list[str], float] | None:
    """Restore the sightings from before an empty list when most of its mailboxes are back.

    Returns the usernames and the time of the list before the empty one; None when nothing is restored.
    """
    name = f"{_ASIDE}{domain}"
    value = tx.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar()
    if value is None:
        return None
    tx.execute(meta.delete().where(meta.c.name == name))
    aside = json.loads(value)
    back = set(aside["usernames"]).intersection(usernames)
    if 2 * len(back) < len(aside["usernames"]):
        return None
    known = set(tx.execute(sa.select(table.c.username).where(table.c.domain == domain)).scalars())
    first = [
        {"domain": domain, "username": username, "at": at}
        for username, at in aside["first"].items()
        if username in back - known
    ]
    if first:
        tx.execute(table.insert(), first)
    return aside["usernames"], aside["at"]


def aside(tx: Tx, domain: str) -> dict[str, float | None]:
    """Return the mailboxes from before an empty list; each with its first sighting, if known."""
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == f"{_ASIDE}{domain}"))
    stored = json.loads(value) if value else {"usernames": [], "first": {}}
    found: dict[str, float | None] = dict.fromkeys(stored["usernames"])
    found.update(stored["first"])
    return found


def forget_aside(tx: Tx, domain: str, username: str) -> bool:
    """Forget a mailbox from before an empty list; return whether it was there."""
    of_domain = meta.c.name == f"{_ASIDE}{domain}"
    if username not in aside(tx, domain):
        return False
    stored = json.loads(tx.execute(sa.select(meta.c.value).where(of_domain)).scalar_one())
    stored["usernames"] = [name for name in stored["usernames"] if name != username]
    stored["first"].pop(username, None)
    tx.execute(meta.update().where(of_domain).values(value=json.dumps(stored)))
    return True


def since(tx: Tx, domain: str, username: str) -> float | None:
    """Return when a mailbox that MXM did not create was first listed.

    None for the others.
    """
    return tx.execute(sa.select(table.c.at).where(table.c.domain == domain, table.c.username == username)).scalar()


def made_elsewhere(tx: Tx, domain: str) -> set[str]:
    """Return the usernames of `domain` whose mailbox MXM did not create.

    One that MXM created again since it saw it first is its own.
    """
    created_since = sa.exists().where(
        audit.c.on == table.c.username + "@" + table.c.domain,
        audit.c.what == AuditAction.MAILBOX_CREATE,
        audit.c.at >= table.c.at,
    )
    return set(tx.execute(sa.select(table.c.username).where(table.c.domain == domain, ~created_since)).scalars())


def is_listed_since(tx: Tx, domain: str, at: float) -> bool:
    """Return whether a list of `domain` was known at `at`."""
    earlier = sa.select(table.c.at).where(table.c.domain == domain, table.c.at <= at).limit(1)
    return tx.execute(earlier).first() is not None


_FORGET = table.delete().where(table.c.domain == sa.bindparam("of"), table.c.username == sa.bindparam("name"))


def _gone(tx: Tx, domain: str, lacked: Collection[str], at: float) -> set[str]:
    """Return those of `lacked` that the list of `at` would have had.

    They were created here long enough before it.
    """
    if not lacked or not at:
        return set()
    made = (
        sa.select(audit.c.on)
        .where(audit.c.what == AuditAction.MAILBOX_CREATE, audit.c.on.endswith(f"@{domain}", autoescape=True))
        .group_by(audit.c.on)
        .having(sa.func.max(audit.c.at) < at - _ON_ITS_WAY)
    )
    return {address.rpartition("@")[0] for address in tx.execute(made).scalars()}.intersection(lacked)


def _made_here(tx: Tx, domain: str) -> set[str]:
    by_runs = sa.select(run_row.c.username).where(
        run_row.c.domain == domain, run_row.c.action == "create", run_row.c.outcome.in_(_OURS)
    )
    manually = sa.select(audit.c.on).where(
        audit.c.what == AuditAction.MAILBOX_CREATE,
        audit.c.run.is_(None),
        audit.c.on.endswith(f"@{domain}", autoescape=True),
    )
    addresses = tx.execute(manually).scalars()
    noted = (address.rpartition("@")[0] for address in addresses)
    return {*tx.execute(by_runs).scalars(), *noted, *manual_writes.usernames_on_their_way(tx, domain)}
