"""Verification of the audit log: where it breaks, and what is intact. Linear, and read in batches."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from mxlib.core.audit_verification import Acceptance, Break, BreakKind, ChainCause, Span, Verification
from mxlib.store import audit_acceptance, audit_chain
from mxlib.store.audit import Identity
from mxlib.store.audit_acceptance import Accepted, AuditChanged, read
from mxlib.store.audit_chain import BLOCK_COLUMNS, BLOCKS, VERSION
from mxlib.store.database import Store
from mxlib.store.driver_sql import execute
from mxlib.store.encryption import AuditKey
from mxlib.store.tables import audit, meta
from mxlib.store.transaction import AUDIT_KEY, Tx
from mxlib.store.upsert import put_fact

#: Entries read in one transaction, and blocks.
_BATCH, _BLOCKS = 5_000, 10

_ENTRIES = f"SELECT {BLOCK_COLUMNS} FROM audit WHERE id >= ? ORDER BY id LIMIT ?"  # noqa: S608 - our own constants


_CHAINS = 'SELECT number, "key", at, why, first, before, earlier, mark FROM audit_chain ORDER BY number'
_CHECKPOINTS = 'SELECT first, last, until, link, "key", mark FROM audit_checkpoint'
_BLOCK = f"{BLOCKS} WHERE first >= ? ORDER BY first LIMIT ?"
#: Where the latest result is stored.
_NAME = "audit_checked"

_NEWEST = "SELECT last, link, mark FROM audit_head"

#: The types of the columns above but for the last ones, which are compared.
_OF_CHAIN = (int, bytes, float, str, int)
_OF_CHECKPOINT = (int, int, float)

#: Breaks that a result lists; the others are counted.
_MOST = 100

#: Breaks of entries, which become one where they adjoin.
_ADJOINING = frozenset(
    {BreakKind.CHANGED, BreakKind.UNHASHED, BreakKind.INSERTED, BreakKind.BLOCK, BreakKind.ERASURE, BreakKind.MISSING}
)


def verify(store: Store) -> Verification:
    """Verify every entry of the audit log, while others may write."""
    walk = _Walk(store)
    walk.run()
    return walk.result()


def verify_and_keep(store: Store) -> Verification:
    """Verify every entry, and store the result as the latest one."""
    found = verify(store)
    with store.write() as tx:
        keep(tx, found, store.clock.now())
    return found


def accept(store: Store, by: Identity, seen: Verification) -> Verification:
    """Let an admin accept what a verification found, if another one finds the same now.

    Returns the result after that. Raises AuditChanged where the log shows something else, which is then the latest
    result.
    """
    found = verify_and_keep(store)
    if not found.shows_the_same(seen):
        raise AuditChanged
    try:
        with store.write() as tx:
            audit_acceptance.accept(tx, by, found, store.clock.now())
    except AuditChanged:
        verify_and_keep(store)
        raise
    return verify_and_keep(store)


def keep(tx: Tx, found: Verification, at: float) -> None:
    """Store the result of a verification made at `at`, in place of the one before.

    It is signed: what can forge the log must not say that it is intact.
    """
    result = json.dumps({"at": at, "found": asdict(found)})
    value = json.dumps({"result": result, "mark": tx.info[AUDIT_KEY].mac("checked", result).hex()})
    put_fact(tx, _NAME, value)


def latest(tx: Tx, key: AuditKey) -> tuple[float, Verification] | None:
    """Return when the latest verification was made, and its result.

    None where there is no result that the server signed.
    """
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    try:
        signed = json.loads(value or "null")
        if signed["mark"] != key.mac("checked", signed["result"]).hex():
            return None
    except (ValueError, KeyError, TypeError):  # none yet, or not as this version writes it
        return None
    stored = json.loads(signed["result"])
    found = stored["found"]
    breaks = tuple(Break(**each | {"kind": BreakKind(each["kind"])}) for each in found["breaks"])
    spans = tuple(Span(**span) for span in found["unverified"])
    accepted = tuple(Acceptance(**each) for each in found["accepted"])
    return stored["at"], Verification(**found | {"breaks": breaks, "unverified": spans, "accepted": accepted})


class _Walk:
    """A walk along the entries: the number that comes next, and the link before it.

    It goes on after a break, with the link that is stored there. Where no link is known, the next entry's is taken as
    it is: that entry counts as part of the break.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._key = store, store.key.audit
        self._chains: list[Any] = []
        self._at = -1  # the chain of the entry before
        self._next = 1
        self._link: bytes | None = b""  # None where it is not known
        self._entries = self._earlier = self._erased = self._more = 0
        self._checkpoints: set[int] = set()
        self._unverified: list[Span] = []
        self._breaks: list[Break] = []
        self._accepted: list[Accepted] = []
        self._met: set[int] = set()  # first entries of what was accepted and is still found
        self._oldest = 0
        #: First entry of the newest run of chains that are of the present key.
        self._ours_from = 0

    def result(self) -> Verification:
        spans = [span for span in self._unverified if not self._is_accepted(span.first, span.last)]
        accepted = [it.acceptance() for it in self._accepted if it.first in self._met or it.last >= self._oldest]
        return Verification(
            self._entries, self._earlier, self._erased, len(self._chains), len(self._checkpoints), tuple(spans),
            self._next - 1, (self._link or b"").hex(), tuple(self._breaks), self._more, tuple(accepted),
        )  # fmt: skip

    def run(self) -> None:
        with self._store.read() as tx:
            self._accepted = read(tx, self._key)
            self._oldest = tx.scalar(sa.select(sa.func.min(audit.c.id))) or 0
            self._read_chains(tx)
        if not self._chains:
            return
        if self._chains[-1].key != self._key.id:
            self._breaks = [Break(BreakKind.OTHER_KEY, self._chains[-1].first)]
            return
        first = self._chains[0]
        self._next = first.first
        self._check_earlier(first)
        while self._step():
            pass
        for accepted in self._accepted:
            self._check_accepted(accepted)

    # Breaks.

    def _report(self, kind: BreakKind, first: int, last: int = 0) -> None:
        """Add a break unless it was accepted."""
        it = Break(kind, first, last)
        if kind is not BreakKind.ACCEPTED and self._is_accepted(first, it.end):
            return
        before = self._breaks[-1] if self._breaks else None
        if kind in _ADJOINING and before is not None and before.kind is kind and before.end + 1 == first:
            self._breaks[-1] = Break(kind, before.entry, it.end)
        elif len(self._breaks) < _MOST:
            self._breaks.append(it)
        else:
            self._more += 1

    def _is_accepted(self, first: int, last: int) -> bool:
        for it in self._accepted:
            if it.first <= first and last <= it.last:
                self._met.add(it.first)
                return True
        return False

    def _check_accepted(self, it: Accepted) -> None:
        """Check that accepted entries are still as they were signed then."""
        expected = it.first
        while expected <= it.signed:
            with self._store.read() as tx:
                following = audit_chain.first_unsigned(tx, self._key, expected, it.signed, _BLOCKS)
            if following is None:
                self._report(BreakKind.ACCEPTED, it.first, it.last)
                return
            expected = following

    def _read_chains(self, tx: Tx) -> None:
        """Read the chains.

        Those out of order are left out, so that no forged one moves the entries of others.
        """
        # As the driver reads them: SQLAlchemy's types fail on what is of another type.
        rows = list(execute(tx, _CHAINS))
        head = execute(tx, _NEWEST).first()
        newest = tx.scalar(sa.select(sa.func.max(audit.c.id))) or 0
        if not rows:
            if newest or head is not None:
                self._report(BreakKind.CHAIN, self._oldest or 1)
            return
        bound = max(newest, head.last if head is not None and type(head.last) is int else 0) + 1
        for chain in reversed(rows):
            if _are(chain, _OF_CHAIN) and isinstance(chain.earlier, int | None) and 0 < chain.first <= bound:
                self._chains.insert(0, chain)
                bound = chain.first
        kept, mark = {chain.number: chain.first for chain in self._chains}, None
        for number, chain in zip([0, *(row.number for row in rows)], rows, strict=False):
            sound = chain.key != self._key.id or chain.mark == audit_chain.chain_mark(self._key, (*chain,)[:-1], mark)
            if chain.number not in kept or chain.number != number + 1 or not sound:
                later = (first for each, first in kept.items() if each >= chain.number)
                self._report(BreakKind.CHAIN, next(later, newest or 1))
            mark = chain.mark
        foreign = [at for at, chain in enumerate(self._chains) if chain.key != self._key.id]
        if not self._chains or (foreign and foreign[-1] + 1 == len(self._chains)):
            return
        self._ours_from = self._chains[foreign[-1] + 1].first if foreign else 0
        own = [at for at in range(len(self._chains)) if at not in foreign]
        for at in foreign:
            if at > own[0]:
                begin, end = self._chains[at].first, self._chains[at + 1].first - 1
                self._report(BreakKind.FOREIGN, begin, end)
        for checkpoint in execute(tx, _CHECKPOINTS).all():
            if not self._is_sound(checkpoint):
                # Wherever it says that it ends, it has no effect: what is missing there is reported for itself.
                self._report(BreakKind.CHECKPOINT, checkpoint.first)

    # Entries of releases without hashes.

    def _check_earlier(self, first: Any) -> None:
        """Check the blocks, which fill the numbers before the first chain."""
        begin = first.first if first.earlier is None else min(first.earlier, first.first)
        if 0 < self._oldest < begin:
            self._report(BreakKind.INSERTED, self._oldest, begin - 1)
        expected = begin
        while expected < first.first:
            with self._store.read() as tx:
                blocks = execute(tx, _BLOCK, expected, _BLOCKS).all()
                if not blocks:
                    self._report(BreakKind.BLOCK, expected, first.first - 1)
                    return
                for block in blocks:
                    if expected < first.first and expected < block.first:
                        self._report(BreakKind.BLOCK, expected, min(block.first, first.first) - 1)
                        expected = block.first
                    if expected >= first.first:  # the other blocks are of acceptances
                        break
                    known = _are(block, (int, int)) and block.first <= block.last
                    end = min(block.last, first.first - 1) if known else block.first
                    if not known or not self._check_block(tx, block, first, expected, end):
                        self._report(BreakKind.BLOCK, block.first, end)
                    expected = max(expected, end + 1)

    def _check_block(self, tx: Tx, block: Any, first: Any, begin: int, end: int) -> bool:
        """Count the entries of a block from `begin` to `end`.

        Returns whether all its entries are as they were signed, or of another key.
        """
        entries = tx.scalar(sa.select(sa.func.count()).where(audit.c.id.between(begin, end))) or 0
        if block.key == self._key.id:
            if not audit_chain.block_holds(tx, self._key, block.first, block.last, block.mark):
                return False
            self._entries += entries
        elif first.key == self._key.id:  # signed by the server that began the first chain, or again since
            return False
        else:
            self._add_unverified(entries, block.first, end)
        self._earlier += entries
        return True

    # Entries with hashes.

    def _step(self) -> bool:
        """Check the next entries; return whether more may follow."""
        with self._store.read() as tx:
            rows: Any = execute(tx, _ENTRIES, self._next, _BATCH).cursor
            entries: list[tuple[Any, ...]] = list(rows)
            for entry in entries:
                if entry[0] > self._next:
                    self._skip(tx, entry[0])
                if entry[0] < self._next:
                    self._report(BreakKind.INSERTED, entry[0])
                else:
                    self._check_entry(entry)
            if len(entries) == _BATCH:
                return True
            self._check_head(tx)
        return False

    def _skip(self, tx: Tx, until: int, kind: BreakKind = BreakKind.MISSING) -> None:
        """Move over deleted entries, to the entry `until` or beyond.

        Those without a checkpoint are reported as missing, the last ones as `kind`.
        """
        while self._next < until:
            covering = execute(tx, f"{_CHECKPOINTS} WHERE ? BETWEEN first AND last", self._next).all()
            found = next(filter(self._is_sound, covering), None)
            if found is None:
                later = execute(tx, f"{_CHECKPOINTS} WHERE first > ? AND first < ?", self._next, until).all()
                end = min([until, *(each.first for each in later if self._is_sound(each))]) - 1
                self._report(kind if end + 1 == until else BreakKind.MISSING, self._next, end)
                self._next, self._link = end + 1, None
            else:
                if found.key != self._key.id:
                    self._add_unverified(0, found.first, found.last)
                self._checkpoints.add(found.first)
                self._next, self._link = found.last + 1, found.link or b""
            while self._at + 1 < len(self._chains) and self._chains[self._at + 1].first < self._next:
                self._at += 1  # it began among the deleted entries

    def _is_sound(self, checkpoint: Any) -> bool:
        """Return whether a checkpoint has its mark.

        One of another key must be older than what is checked.
        """
        it = checkpoint
        if not _are(it, _OF_CHECKPOINT):
            return False
        if it.key == self._key.id:
            return bool(it.mark == audit_chain.checkpoint_mark(self._key, it.first, it.last, it.until, it.link))
        return bool(it.last < self._ours_from)

    def _enter_chains(self) -> None:
        """Enter the chains that begin with the next entry, each where the one before ended."""
        while self._at + 1 < len(self._chains) and self._chains[self._at + 1].first == self._next:
            chain = self._chains[self._at + 1]
            if chain.why == ChainCause.BROKEN:
                self._report(BreakKind.RESTARTED, chain.first)
            elif self._at >= 0 and self._link is not None and chain.before != self._link:
                self._report(BreakKind.CHAIN, chain.first)
            self._at, self._link = self._at + 1, chain.mark

    def _check_entry(self, entry: tuple[Any, ...]) -> None:
        self._enter_chains()
        number, version, link = entry[0], entry[10], entry[14]
        if version is None and link is None:
            self._report(BreakKind.UNHASHED, number)
        elif self._chains[self._at].key == self._key.id:
            wrong = self._wrong(entry)
            if wrong is not None:
                self._report(wrong, number)
        elif type(link) is not bytes:
            self._report(BreakKind.CHANGED, number)
        else:
            self._add_unverified(1, number, number)
        self._next, self._link = number + 1, link if type(link) is bytes else None

    def _wrong(self, entry: tuple[Any, ...]) -> BreakKind | None:
        """Return what is wrong with an entry of the present key; count it otherwise."""
        (
            number, at, who, kind, what, on, address, run, outcome, detail, version, salt, kept, erased, link,
        ) = entry  # fmt: skip
        personal = (who, on, address, outcome, detail)
        if version != VERSION or type(version) is not int or type(link) is not bytes:
            return BreakKind.CHANGED
        is_whole = erased is None and kept is None and type(salt) is bytes
        if is_whole:
            kept = audit_chain.commitment(salt, personal)
        elif salt is not None or erased != audit_chain.erasure_mark(self._key, number, kept, personal):
            return BreakKind.ERASURE
        if self._link is None:
            return None  # after a break: nothing to compare with
        if link != audit_chain.link_of(self._key, number, at, kind, what, run, kept, self._link):
            return BreakKind.CHANGED
        self._entries += 1
        self._erased += not is_whole
        return None

    def _check_head(self, tx: Tx) -> None:
        head = execute(tx, _NEWEST).first()
        newest = self._chains[-1]
        if (
            head is None
            or type(head.last) is not int
            or head.mark != audit_chain.head_mark(self._key, newest.number, newest.mark, head.last, head.link)
        ):
            self._report(BreakKind.HEAD, self._next - 1)
            return
        self._skip(tx, head.last + 1, BreakKind.TAIL)
        self._enter_chains()
        if head.last < self._next - 1:
            self._report(BreakKind.BEYOND, head.last + 1, self._next - 1)
        elif (self._link is not None and head.link != self._link) or self._at + 1 != len(self._chains):
            self._report(BreakKind.HEAD, head.last)

    def _add_unverified(self, entries: int, first: int, last: int) -> None:
        spans = self._unverified
        if spans and spans[-1].last == first - 1:
            spans[-1] = Span(spans[-1].entries + entries, spans[-1].first, last)
        else:
            spans.append(Span(entries, first, last))


def _are(values: Any, types: Sequence[type]) -> bool:
    """Return whether the first values are of these types, exactly."""
    return all(type(value) is each for value, each in zip(values, types, strict=False))
