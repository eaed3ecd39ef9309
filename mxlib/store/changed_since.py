"""Mailboxes of a run that something else changed since.

The answer of `audit.touched_since` for one mailbox, for all rows at once.
"""

from collections import defaultdict
from collections.abc import Mapping

import sqlalchemy as sa

from mxlib.core.vocabulary import MAILBOX_CHANGES
from mxlib.store import manual_writes
from mxlib.store.tables import audit, run, run_row
from mxlib.store.tables import first_seen as seen
from mxlib.store.transaction import Tx

_ADDRESS = run_row.c.username + "@" + run_row.c.domain


def find(tx: Tx, number: int, restoring: Mapping[str, bool]) -> set[str]:
    """Return the addresses in rows of run `number` that something else changed since.

    `restoring` has each address that counts, with whether its figures are to be restored.
    """
    own_id, own_at = _own(tx, number)
    restored = _restored(tx, number) if any(restoring.values()) else {}
    first = min((own_id.get(address, 0) for address in restoring), default=0)
    changed = {
        address
        for address, runs in _others(tx, number, own_id, first).items()
        if None in runs or not restoring.get(address) or runs - restored.get(address, set())
    }
    changed |= {write.mailbox for write in manual_writes.find_open(tx)}
    domains = {address.rpartition("@")[2] for address in restoring}
    listed = sa.select(seen.c.username + "@" + seen.c.domain, seen.c.at).where(seen.c.domain.in_(domains))
    changed |= {address for address, at in tx.execute(listed) if address in own_at and at > own_at[address]}
    return changed & restoring.keys()


def _own(tx: Tx, number: int) -> tuple[dict[str, int], dict[str, float]]:
    """Return the run's latest entry about each address, and the time of its last write."""
    query = sa.select(audit.c.on, audit.c.id, audit.c.at, audit.c.what)
    numbers: dict[str, int] = {}
    times: dict[str, float] = {}
    for on, entry, at, what in tx.execute(query.where(audit.c.run == number, audit.c.what.in_(MAILBOX_CHANGES))):
        numbers[on] = max(entry, numbers.get(on, 0))
        if what.startswith("mailbox."):
            times[on] = max(at, times.get(on, at))
    return numbers, times


def _others(tx: Tx, number: int, own: Mapping[str, int], first: int) -> dict[str, set[int | None]]:
    """Return who else changed each address after the run did: runs, None for people.

    Only entries after entry `first` can count.
    """
    addresses = sa.select(_ADDRESS).where(run_row.c.run == number)
    undoing = sa.select(run.c.id).where(run.c.undo_of == number)
    theirs = audit.c.run.is_(None) | ((audit.c.run != number) & audit.c.run.not_in(undoing))
    query = sa.select(audit.c.on, audit.c.id, audit.c.run).where(
        audit.c.on.in_(addresses), audit.c.id > first, audit.c.what.in_(MAILBOX_CHANGES), theirs
    )
    found: dict[str, set[int | None]] = defaultdict(set)
    for on, entry, other in tx.execute(query):
        if entry > own.get(on, 0):
            found[on].add(other)
    return found


def _restored(tx: Tx, number: int) -> dict[str, set[int | None]]:
    """Return the runs that changed each address and were undone, and those that undid them."""
    mine = run_row.alias("mine")
    query = (
        sa.select(_ADDRESS, run.c.id, run.c.undo_of)
        .join(run, run.c.id == run_row.c.run)
        .join(mine, (mine.c.domain == run_row.c.domain) & (mine.c.username == run_row.c.username))
        .where(mine.c.run == number, run_row.c.outcome == "updated", run.c.undo_of.is_not(None))
    )
    found: dict[str, set[int | None]] = defaultdict(set)
    for address, undo, undone in tx.execute(query):
        found[address] |= {undo, undone}
    return found
