"""The last good lists: the account's domains, and each domain's mailboxes.

Each has the time when it was read.
"""

import json
import math
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa

from mxlib.core.links import LinkEnd
from mxlib.mxroute.protocol import Mailbox
from mxlib.store import dated_deletions, event_readings, first_seen, links, mailbox_locks, usage_history
from mxlib.store.tables import last_list as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

_DOMAINS = ""


@dataclass(frozen=True, slots=True)
class Domains:
    """The account's domains, as last read."""

    names: tuple[str, ...]
    read_at: float


@dataclass(frozen=True, slots=True)
class Mailboxes:
    """A domain's mailboxes, as last read."""

    mailboxes: tuple[Mailbox, ...] = field(repr=False)
    read_at: float


def domains(tx: Tx) -> Domains | None:
    """Return the domains; None when they were never read."""
    kept = _kept(tx, _DOMAINS)
    return Domains(tuple(_unpacked(kept[1])), kept[0]) if kept else None


def keep_domains(tx: Tx, names: Iterable[str], at: float) -> None:
    """Store the domains that the host listed at `at`."""
    names = list(names)
    _keep(tx, _DOMAINS, names, at)
    usage_history.note_domains(tx, names, at)


def read_at(tx: Tx, domain: str) -> float | None:
    """Return when the list of `domain` was last read; None for never."""
    return tx.execute(sa.select(table.c.read_at).where(table.c.domain == domain)).scalar()


def read_times(tx: Tx) -> dict[str, float]:
    """Return when the list of each domain was last read."""
    found = tx.execute(sa.select(table.c.domain, table.c.read_at).where(table.c.domain != _DOMAINS))
    return {row.domain: row.read_at for row in found}


def mailboxes(tx: Tx, domain: str) -> Mailboxes | None:
    """Return the mailboxes of `domain`; None when they were never read."""
    kept = _kept(tx, domain) if domain != _DOMAINS else None
    return Mailboxes(tuple(map(_mailbox, _unpacked(kept[1]))), kept[0]) if kept else None


def keep_mailboxes(tx: Tx, domain: str, boxes: Iterable[Mailbox], at: float) -> None:
    """Store the mailboxes that the host listed at `at`.

    First sightings of those that are new to MXM are stored as well, the figures of the day, and events.
    """
    boxes = list(boxes)
    before_at, gone, made = _keep_mailboxes(tx, domain, boxes, at)
    if before_at is not None:  # all are new in the first list
        event_readings.note_strangers(tx, domain, made, gone, before_at, at)
    usage_history.note_list(tx, domain, boxes, at)


def _keep_mailboxes(tx: Tx, domain: str, boxes: list[Mailbox], at: float) -> tuple[float | None, set[str], set[str]]:
    """Store a list.

    Returns when the one before was read, which mailboxes are gone, and which are new and not of MXM.
    """
    kept = _kept(tx, domain)
    before = [box["username"] for box in _unpacked(kept[1])] if kept else []
    before_at, names = kept[0] if kept else 0.0, [box.username for box in boxes]
    gone = set(before).difference(names)
    if not names and len(before) > 1:
        first_seen.set_aside(tx, domain, before, before_at)
    elif names and (restored := first_seen.restore(tx, domain, names)):
        before, before_at = restored
    _keep(tx, domain, [_content(box) for box in boxes], at)
    strangers = first_seen.note(tx, domain, names, at, before=before, before_at=before_at)
    # Before the first list of a domain nothing was missing from one: thousands of mailboxes cost no look each.
    made_again = strangers.difference(before) if before_at else set()
    mailbox_locks.end_made_again(tx, domain, made_again, before_at, at)
    for username in sorted(made_again):
        dated_deletions.end_gone(tx, domain, username, at, missing_at=before_at)
        links.end_all(tx, domain, username, LinkEnd.RECREATED, at, before=before_at)
    dated_deletions.note_use(tx, domain, boxes, at)
    return kept[0] if kept else None, gone, strangers


def apply_write(tx: Tx, domain: str, username: str, box: Mailbox | None) -> None:
    """Apply a write to a stored list, without a read: one mailbox is now `box`, or deleted."""
    kept = mailboxes(tx, domain)
    if kept is None:
        return
    boxes = [*(other for other in kept.mailboxes if other.username != username), *([box] if box else ())]
    # An instant later, since the tables made of a list go by the time at which it was read.
    at = math.nextafter(kept.read_at, math.inf)
    _keep_mailboxes(tx, domain, boxes, at)
    usage_history.note_mailboxes(tx, domain, [each.username for each in boxes], at)


def _content(box: Mailbox) -> dict[str, Any]:
    """Return a mailbox as it is stored; most have no figure that is unknown."""
    content = asdict(box)
    if not box.unknown:
        del content["unknown"]
    return content


def _mailbox(content: dict[str, Any]) -> Mailbox:
    return Mailbox(**content | {"unknown": tuple(content.get("unknown", ()))})


def _kept(tx: Tx, domain: str) -> tuple[float, bytes] | None:
    found = tx.execute(sa.select(table.c.read_at, table.c.content).where(table.c.domain == domain)).first()
    return (found.read_at, found.content) if found else None


def _keep(tx: Tx, domain: str, content: list[Any], at: float) -> None:
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 1)
    upsert(tx, table, {"domain": domain, "read_at": at, "content": packed})


def _unpacked(content: bytes) -> list[Any]:
    return list(json.loads(zlib.decompress(content)))
