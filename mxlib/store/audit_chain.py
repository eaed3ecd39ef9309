"""Hashes by which the audit log proves itself, with a key derived from the server's.

An entry's `link` is a keyed hash of its version, number, time, kind, action and run, of a hash of what may name a
person (who, subject, address, outcome, detail), and of the link before. So a change, a gap, another order and an
entry from elsewhere are found from there on. `audit_head` signs the newest number and link: a cut-off end is found.

- Entries of earlier releases stay as they are. The first opening signs them in blocks of 1,000 (under 10 s for
  1,000,000): a change is found, up to its block. They could not be chained without rewriting them.
- Retention deletes from the old end, but keeps entries of open runs. Each range that goes becomes a signed
  checkpoint with its last link, where the chain continues. Ranges that adjoin are merged.
- The hash of what may name a person is salted. Erasure deletes text and salt, keeps that hash (nothing can be tested
  against it any more) and signs what is left. So links stay, and nobody without the key can erase. This does what
  sealing under a key a person would, with texts that every query, filter and index still reads.
- Another server key begins another chain with an entry that says so. Its start signs the rows of earlier chains; of
  the entries under an earlier key only the order and the last link can still be checked.
- A head that is missing or forged stops no write: it begins a chain too, which `audit_check` reports as a break. So
  does a store without a chain, unless this very opening created or migrated it, or nothing was ever stored in it.
- What an admin accepted is signed in blocks as it is then (`audit_acceptance`), so that later changes are found.

Anyone with the key can forge, and an older copy of the database or of the log verifies: only the newest number and its
hash in an earlier signed result (`audit_check.keep`) or note show that.
"""

import os
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.audit_verification import ChainCause
from mxlib.core.text.audit_texts import NEW_CHAIN
from mxlib.core.vocabulary import ERASED, AuditAction, CallerKind
from mxlib.store.driver_sql import DETAIL, execute
from mxlib.store.encryption import AuditKey, keyed_hash
from mxlib.store.tables import audit, audit_block, audit_chain, audit_checkpoint, audit_head, meta, metadata
from mxlib.store.transaction import AUDIT_KEY, Tx
from mxlib.store.upsert import upsert

#: Layout of the hash of new entries.
VERSION = 1

#: Entries in a block.
BLOCK = 1_000

_SALT = 16

_HEAD = """
SELECT head.last, head.link, head.mark, chain.number, chain.mark, chain.key, (SELECT max(id) FROM audit)
FROM (SELECT 1) AS one LEFT JOIN audit_head AS head ON head.id = 1
LEFT JOIN audit_chain AS chain ON chain.number = (SELECT max(number) FROM audit_chain)
"""
_ADD = """
INSERT INTO audit (id, at, who, kind, what, "on", address, run, outcome, detail, version, salt, link)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_MOVE_HEAD = """
INSERT INTO audit_head (id, last, link, mark) VALUES (1, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET last = excluded.last, link = excluded.link, mark = excluded.mark
"""

#: The columns of a block's entries, in the order of `block_mark`.
BLOCK_COLUMNS = (
    f'id, at, who, kind, what, "on", address, run, outcome, {DETAIL}, version, salt, commitment, erased, link'
)
#: As the driver reads them: SQLAlchemy's types fail on what is of another type.
BLOCKS = 'SELECT first, last, "key", mark FROM audit_block'
#: Its limit is one entry more than a block may have: no forged block reads the whole log.
_IN_BLOCK = f"SELECT {BLOCK_COLUMNS} FROM audit WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Content:
    """The fields of an entry that the chain protects; `detail` is JSON.

    `who`, `on`, `address`, `outcome` and `detail` may name a person.
    """

    at: float
    who: str
    kind: str
    what: str
    on: str
    address: str
    run: int | None
    outcome: str
    detail: str | None

    def personal(self) -> tuple[str | None, ...]:
        """Return the fields that may name a person."""
        return self.who, self.on, self.address, self.outcome, self.detail


@dataclass(frozen=True, slots=True)
class _Head:
    """The end of the chain: its number and mark, the newest entry and its link."""

    chain: int
    chain_mark: bytes
    last: int
    link: bytes


def commitment(salt: bytes, personal: Iterable[str | None]) -> bytes:
    """Return the hash of what may name a person."""
    return keyed_hash(salt, "personal", *personal)


def link_of(
    key: AuditKey, number: int, at: float, kind: str, what: str, run: int | None, personal: bytes, before: bytes
) -> bytes:
    """Return the link of an entry, given the hash of its personal fields."""
    return key.mac("entry", VERSION, number, at, kind, what, run, personal, before)


def erasure_mark(key: AuditKey, number: int, personal: bytes, left: Iterable[str | None]) -> bytes:
    """Return the proof that the server erased fields of an entry and left `left`."""
    return key.mac("erased", number, personal, *left)


def head_mark(key: AuditKey, chain: int, chain_mark: bytes, last: int, link: bytes) -> bytes:
    """Return the mark of the head."""
    return key.mac("head", chain, chain_mark, last, link)


def chain_mark(key: AuditKey, row: Sequence[Any], before: bytes | None) -> bytes:
    """Return the mark of a chain's row; `before` is the mark of the chain before."""
    return key.mac("chain", *row, before)


def checkpoint_mark(key: AuditKey, first: int, last: int, until: float, link: bytes | None) -> bytes:
    """Return the mark of a checkpoint."""
    return key.mac("checkpoint", first, last, until, link)


def block_mark(key: AuditKey, first: int, last: int, entries: Iterable[Sequence[Any]]) -> bytes:
    """Return the mark of a block: its bounds and every field of its entries."""
    return key.mac("block", first, last, list(entries))


def append(tx: Tx, content: Content) -> int:
    """Store an entry with its link; return its number."""
    key = _key(tx)
    head = _head(tx, key) or _begin_after_trouble(tx, key, content.at)
    return _append(tx, key, head, content).last


def has_begun(tx: Tx) -> bool:
    """Return whether the first chain was begun."""
    return tx.scalar(sa.select(audit_chain.c.number).limit(1)) is not None


def is_unused(tx: Tx) -> bool:
    """Return whether no table has a row; `meta` has facts about the store itself."""
    used = (table for table in metadata.sorted_tables if table is not meta)
    return not any(tx.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() for table in used)


def begin(tx: Tx, at: float, *, may_be_first: bool) -> None:
    """Begin a chain where none is recorded, and sign the entries that are there already.

    It is the first one only in a store that is new, or migrated from a release without hashes. In another one something
    deleted the records: hashes may be gone with them, so nothing in the store could show the difference.
    """
    key = _key(tx)
    head = tx.scalar(sa.select(audit_head.c.last))
    hashed = tx.scalar(sa.select(audit.c.id).where(audit.c.version.is_not(None)).limit(1))
    tx.execute(audit_block.delete())
    last = _sign_blocks(tx, key)
    earliest = tx.scalar(sa.select(sa.func.min(audit_block.c.first)))
    why = ChainCause.FIRST if may_be_first and head is None and hashed is None else ChainCause.BROKEN
    begun = _begin(tx, key, why, at, max(last, head or 0), None, earliest)
    if why is ChainCause.BROKEN:
        _note(tx, key, begun, why, at)


def continue_under(tx: Tx, at: float) -> None:
    """Begin another chain if the server key is not that of the newest chain."""
    key = _key(tx)
    if newest_key(tx) not in (None, key.id):
        _begin_after_trouble(tx, key, at)


def restart(tx: Tx, at: float) -> None:
    """Begin another chain after records of chains were forged, so that later entries verify."""
    _begin_after_trouble(tx, _key(tx), at)


def newest_chain(tx: Tx) -> tuple[int, int]:
    """Return the number of the newest chain and that of its first entry."""
    query = sa.select(audit_chain.c.number, audit_chain.c.first).order_by(audit_chain.c.number.desc()).limit(1)
    number, first = tx.execute(query).first() or (0, 0)
    return number, first


def newest_key(tx: Tx) -> bytes | None:
    """Return the id of the key of the newest chain."""
    newest: bytes | None = tx.scalar(sa.select(audit_chain.c.key).order_by(audit_chain.c.number.desc()).limit(1))
    return newest


def drop(tx: Tx, numbers: Sequence[int], until: float) -> None:
    """Delete entries made before `until`, and sign each range of them.

    They are given by number, in ascending order.
    """
    if not numbers:
        return
    key = _key(tx)
    blocks = _sound_blocks(tx, key, numbers)
    for first, last in _ranges(numbers):
        _add_checkpoint(tx, key, first, last, until)
    gone = audit.delete().where(audit.c.id == sa.bindparam("number"))
    tx.execute(gone, [{"number": number} for number in numbers])
    _sign_again(tx, key, blocks)


def erase(tx: Tx, numbers: Sequence[int], columns: Sequence[str]) -> None:
    """Erase the columns `who`, `on`, `address`, `outcome` or `detail` of entries, given in ascending order."""
    key = _key(tx)
    blocks = _sound_blocks(tx, key, numbers)
    for number in numbers:
        _erase(tx, key, number, columns)
    _sign_again(tx, key, blocks)


def sign(tx: Tx, first: int, last: int) -> int:
    """Sign entries from `first` to `last` in blocks as they are.

    The blocks replace those that begin there. Returns the last entry that is signed: the one after `last`, whose link
    may be uncertain, or the end of a block. That block must hold, so that nothing is signed that no check has seen.
    """
    key, begin = _key(tx), audit_block.c.first
    after = sa.select(audit.c.id).where(audit.c.id == last + 1, audit.c.link.is_not(None))
    if tx.scalar(sa.select(begin).where(begin == last + 1)) is None and tx.scalar(after) is not None:
        last += 1
    while True:
        crossing = f"{BLOCKS} WHERE first BETWEEN ? AND ? AND last > ?"
        blocks = execute(tx, crossing, first, last, last).all()
        ends = [each.last for each in blocks if block_holds(tx, key, each.first, each.last, each.mark)]
        if not ends:
            break
        last = max(ends)
    tx.execute(audit_block.delete().where(begin.between(first, last)))
    bounds = [(number, min(number + BLOCK - 1, last)) for number in range(first, last + 1, BLOCK)]
    _sign_again(tx, key, bounds)
    return last


def first_unsigned(tx: Tx, key: AuditKey, first: int, last: int, most: int) -> int | None:
    """Return the entry after `most` blocks that follow each other from `first`, or after `last`.

    None where such a block is missing or does not hold.
    """
    expected = first
    for block in execute(tx, f"{BLOCKS} WHERE first >= ? ORDER BY first LIMIT ?", first, most).all():
        if expected > last:
            break
        if (
            block.key != key.id
            or block.first != expected
            or not block_holds(tx, key, block.first, block.last, block.mark)
        ):
            return None
        expected = block.last + 1
    return expected if expected > first else None


def _key(tx: Tx) -> AuditKey:
    key: AuditKey = tx.info[AUDIT_KEY]
    return key


def _head(tx: Tx, key: AuditKey) -> _Head | None:
    """Return the end of the chain.

    None when it is not of this key, or not as it was left.
    """
    last, link, mark, number, of_chain, of_key, newest = execute(tx, _HEAD).one()
    if last is None or number is None or of_key != key.id or (newest or 0) > last:
        return None
    if mark != head_mark(key, number, of_chain, last, link):
        return None
    return _Head(number, of_chain, last, link)


def _append(tx: Tx, key: AuditKey, head: _Head, it: Content) -> _Head:
    number, salt = head.last + 1, os.urandom(_SALT)
    personal = commitment(salt, it.personal())
    link = link_of(key, number, it.at, it.kind, it.what, it.run, personal, head.link)
    execute(
        tx, _ADD, number, it.at, it.who, it.kind, it.what, it.on, it.address, it.run, it.outcome, it.detail, VERSION,
        salt, link,
    )  # fmt: skip
    return _move(tx, key, _Head(head.chain, head.chain_mark, number, link))


def _move(tx: Tx, key: AuditKey, head: _Head) -> _Head:
    mark = head_mark(key, head.chain, head.chain_mark, head.last, head.link)
    execute(tx, _MOVE_HEAD, head.last, head.link, mark)
    return head


def _begin(
    tx: Tx, key: AuditKey, why: ChainCause, at: float, last: int, before: bytes | None, earlier: int | None = None
) -> _Head:
    """Begin a chain after entry `last`, whose link is `before`."""
    newest = tx.execute(sa.select(audit_chain).order_by(audit_chain.c.number.desc()).limit(1)).first()
    number = newest.number + 1 if newest else 1
    row = (number, key.id, float(at), why.value, last + 1, before, earlier)
    mark = chain_mark(key, row, newest.mark if newest else None)
    names = ("number", "key", "at", "why", "first", "before", "earlier", "mark")
    tx.execute(audit_chain.insert().values(dict(zip(names, (*row, mark), strict=True))))
    return _move(tx, key, _Head(number, mark, last, mark))


def _begin_after_trouble(tx: Tx, key: AuditKey, at: float) -> _Head:
    """Begin a chain under another key, or after a forged end; an entry says so."""
    last, link, _, number, _, of_key, newest = execute(tx, _HEAD).one()
    whole = last is not None and number is not None and last >= (newest or 0)
    why = ChainCause.OTHER_KEY if whole and of_key != key.id else ChainCause.BROKEN
    head = _begin(tx, key, why, at, max(last or 0, newest or 0), link)
    return _note(tx, key, head, why, at)


def _note(tx: Tx, key: AuditKey, head: _Head, why: ChainCause, at: float) -> _Head:
    """Add the entry that says why a chain begins."""
    outcome = NEW_CHAIN[why](head.last)
    content = Content(
        float(at), "MXM", CallerKind.ENGINE, AuditAction.AUDIT_NEW_CHAIN, "audit log", "", None, outcome, None
    )
    return _append(tx, key, head, content)


# Entries without a hash.


def _sign_blocks(tx: Tx, key: AuditKey) -> int:
    """Sign all entries in blocks; return the number of the last."""
    last = 0
    query = f"SELECT {BLOCK_COLUMNS} FROM audit WHERE id > ? ORDER BY id LIMIT {BLOCK}"  # noqa: S608 - as above
    while entries := _fetch(tx, query, last):
        # From the end of the block before, so that no entry can be put between two blocks.
        first, last = last + 1 if last else entries[0][0], entries[-1][0]
        _put_block(tx, key, first, last, block_mark(key, first, last, entries))
    return last


def _put_block(tx: Tx, key: AuditKey, first: int, last: int, mark: bytes) -> None:
    upsert(tx, audit_block, {"first": first, "last": last, "key": key.id, "mark": mark})


def _sound_blocks(tx: Tx, key: AuditKey, numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return the bounds of blocks with these entries that verify.

    The others are not signed again, so that the check finds them.
    """
    if not numbers:
        return []
    overlapping = f'{BLOCKS} WHERE first <= ? AND last >= ? AND "key" = ?'
    found = []
    for block in execute(tx, overlapping, max(numbers), min(numbers), key.id).all():
        at = bisect_left(numbers, block.first)
        if (
            at < len(numbers)
            and numbers[at] <= block.last
            and block_holds(tx, key, block.first, block.last, block.mark)
        ):
            found.append((block.first, block.last))
    return found


def block_holds(tx: Tx, key: AuditKey, first: int, last: int, mark: bytes) -> bool:
    """Return whether the entries of a block are those that were signed."""
    if type(last) is not int or type(mark) is not bytes:  # something else wrote it
        return False
    entries = _fetch(tx, _IN_BLOCK, first, last, BLOCK + 1)
    return len(entries) <= BLOCK and mark == block_mark(key, first, last, entries)


def _sign_again(tx: Tx, key: AuditKey, blocks: Iterable[tuple[int, int]]) -> None:
    for first, last in blocks:
        _put_block(tx, key, first, last, block_mark(key, first, last, _fetch(tx, _IN_BLOCK, first, last, BLOCK + 1)))


def _fetch(tx: Tx, query: str, *parameters: int) -> list[tuple[Any, ...]]:
    """Return the driver's own rows, which are tuples."""
    rows: Any = execute(tx, query, *parameters).cursor
    return list(rows)


# Retention.


def _ranges(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return consecutive numbers as ranges."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    return ranges


def _add_checkpoint(tx: Tx, key: AuditKey, first: int, last: int, until: float) -> None:
    """Sign a range of entries that are about to go, merged with checkpoints that adjoin."""
    link = tx.scalar(sa.select(audit.c.link).where(audit.c.id == last))
    adjoining = sa.select(audit_checkpoint).where(
        (audit_checkpoint.c.last == first - 1) | (audit_checkpoint.c.first == last + 1)
    )
    for found in tx.execute(adjoining).all():
        if found.key != key.id or found.mark != checkpoint_mark(key, found.first, found.last, found.until, found.link):
            continue  # stays as it is, so that the check finds it
        tx.execute(audit_checkpoint.delete().where(audit_checkpoint.c.first == found.first))
        if found.first > last:
            last, link = found.last, found.link
        else:
            first = found.first
        until = max(until, found.until)
    mark = checkpoint_mark(key, first, last, float(until), link)
    row = {"first": first, "last": last, "until": float(until), "link": link, "key": key.id, "mark": mark}
    tx.execute(audit_checkpoint.insert().values(row))


# Erasure.


def _erase(tx: Tx, key: AuditKey, number: int, columns: Sequence[str]) -> None:
    """Erase fields of one entry."""
    query = f"SELECT {BLOCK_COLUMNS} FROM audit WHERE id = ?"  # noqa: S608 - as above
    entry = execute(tx, query, number).mappings().first()
    if entry is None:
        return
    empty = {"detail": None, "outcome": "", "address": ""}
    new: dict[str, Any] = {
        name: None if name == "detail" else ERASED
        for name in columns
        if entry[name] not in (empty.get(name, ""), None, ERASED)
    }
    if not new:
        return
    if entry["version"] is not None:
        personal = ("who", "on", "address", "outcome", "detail")
        kept = entry["commitment"] or commitment(entry["salt"], [entry[name] for name in personal])
        left = [new.get(name, entry[name]) for name in personal]
        mark = entry["erased"]
        if mark is None or mark == erasure_mark(key, number, kept, [entry[name] for name in personal]):
            mark = erasure_mark(key, number, kept, left)  # else it stays, so that the check finds the forgery
        new |= {"salt": None, "commitment": kept, "erased": mark}
    changed = ", ".join(f'"{name}" = ?' for name in new)
    update = f"UPDATE audit SET {changed} WHERE id = ?"  # noqa: S608 - the names are those of columns
    execute(tx, update, *new.values(), number)
