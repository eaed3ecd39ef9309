"""Acceptances of an admin: breaks of the audit log, and its entries of another server key.

Each acceptance has an entry of its own in the log. It is a range of entries, signed in blocks as they are at that time;
so retention and erasure go on, and any other change there is found again. An acceptance without the server's mark does
not count. Only what the admin saw is accepted: AuditChanged is raised where the log changed after that check.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from mxlib.core.audit_verification import Acceptance, BreakKind, Verification
from mxlib.core.text import audit_texts
from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit, audit_chain
from mxlib.store.audit import Identity
from mxlib.store.driver_sql import execute
from mxlib.store.encryption import AuditKey
from mxlib.store.tables import meta
from mxlib.store.transaction import AUDIT_KEY, Tx
from mxlib.store.upsert import put_fact

_NAME = "audit_accepted"

#: Blocks that are read at once.
_BLOCKS = 10

#: Breaks after which MXM begins another chain with its next entry.
_AT_THE_END = frozenset({BreakKind.CHAIN, BreakKind.HEAD, BreakKind.BEYOND})


class AuditChanged(Exception):
    """The log shows something else than what an admin saw, so nothing was accepted."""

    def __init__(self) -> None:
        super().__init__(audit_texts.CHANGED_SINCE)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A range that was accepted, and up to which entry blocks sign it (0: not yet)."""

    first: int
    last: int
    at: float
    signed: int

    def acceptance(self) -> Acceptance:
        """Return what a result of a verification has of it."""
        return Acceptance(self.first, self.last, self.at)

    def mark(self, key: AuditKey) -> str:
        """Return the proof that the server wrote it."""
        return key.mac("accepted", self.first, self.last, self.at, self.signed).hex()


def read(tx: Tx, key: AuditKey) -> list[Accepted]:
    """Return what was accepted under this key, in the order of the entries."""
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    try:
        stored: list[dict[str, Any]] = json.loads(value) if value else []
        found = [(Accepted(**{name: each[name] for name in Accepted.__slots__}), each["mark"]) for each in stored]
    except (ValueError, KeyError, TypeError):  # something else wrote it
        return []
    return sorted((each for each, mark in found if mark == each.mark(key)), key=lambda each: each.first)


def accept(tx: Tx, by: Identity, found: Verification, at: float) -> None:
    """Record that `by` accepts what a verification right before found.

    Breaks that were not listed, and a key that has no chain yet, cannot be accepted. Raises AuditChanged where the log
    changed since: then the end, or what was accepted before, is not as that verification found it.
    """
    breaks = [each for each in found.breaks if each.kind is not BreakKind.OTHER_KEY]
    ranges = [(each.entry, each.end) for each in breaks] + [(span.first, span.last) for span in found.unverified]
    if not ranges:
        return
    key: AuditKey = tx.info[AUDIT_KEY]
    if not _ends_as(tx, found):
        raise AuditChanged
    chain, _ = audit_chain.newest_chain(tx)
    if any(each.kind is BreakKind.CHAIN for each in breaks):
        audit_chain.restart(tx, at)
    audit.record(
        tx, by, AuditAction.AUDIT_ACCEPT, at=at, on="audit log", outcome=audit_texts.accepts(found),
        detail={"ranges": ranges},
    )  # fmt: skip
    newest, first = audit_chain.newest_chain(tx)
    if newest != chain:  # the end was not as it should be
        if not any(each.kind in _AT_THE_END for each in breaks):
            raise AuditChanged
        ranges.append((first, first))
    end = audit.newest(tx) - 1  # before the entry of this acceptance, whatever a forged row says
    earlier = read(tx, key)
    accepted = _merged(earlier, [(first, min(last, end)) for first, last in ranges if first <= end], at)
    changed = {(each.entry, each.end) for each in breaks if each.kind is BreakKind.ACCEPTED}
    for each in earlier:
        if each not in accepted and (each.first, each.last) not in changed and not _is_as_signed(tx, key, each):
            raise AuditChanged
    for number, each in enumerate(accepted):
        if not each.signed:
            accepted[number] = replace(each, signed=audit_chain.sign(tx, each.first, each.last))
    rows = [asdict(each) | {"mark": each.mark(key)} for each in accepted]
    put_fact(tx, _NAME, json.dumps(rows))


def _ends_as(tx: Tx, found: Verification) -> bool:
    """Return whether the newest entry that was verified is there, or retention deleted it."""
    stored = execute(tx, "SELECT link FROM audit WHERE id = ?", found.last).first()
    if stored is not None:
        return not found.link or stored.link == bytes.fromhex(found.link)
    covering = "SELECT 1 FROM audit_checkpoint WHERE ? BETWEEN first AND last"
    return not found.link or execute(tx, covering, found.last).first() is not None


def _is_as_signed(tx: Tx, key: AuditKey, it: Accepted) -> bool:
    """Return whether accepted entries are still as they were signed."""
    following: int | None = it.first
    while following is not None and following <= it.signed:
        following = audit_chain.first_unsigned(tx, key, following, it.signed, _BLOCKS)
    return following is not None


def _merged(earlier: Iterable[Accepted], ranges: Iterable[tuple[int, int]], at: float) -> list[Accepted]:
    """Return the ranges in order.

    Those that overlap or adjoin, where one is new, become one that is new.
    """
    new = [Accepted(first, last, at, 0) for first, last in ranges]
    merged: list[Accepted] = []
    for each in sorted([*earlier, *new], key=lambda each: (each.first, each.last)):
        before = merged[-1] if merged else None
        if before is not None and each.first <= before.last + 1 and 0 in (before.signed, each.signed):
            merged[-1] = Accepted(before.first, max(before.last, each.last), at, 0)
        else:
            merged.append(each)
    return merged
