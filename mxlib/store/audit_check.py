"""Verification of the audit log: the first entry where it breaks, and what holds. Linear, and read in batches."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from mxlib.core.audit_verification import Break, BreakKind, Span, Verification
from mxlib.store import audit_chain
from mxlib.store.audit_chain import BLOCK_COLUMNS, BROKEN, VERSION
from mxlib.store.database import Store
from mxlib.store.tables import audit, audit_checkpoint, audit_head, meta
from mxlib.store.transaction import Tx

#: Entries read in one transaction, and blocks.
_BATCH, _BLOCKS = 5_000, 10

_ENTRIES = f"SELECT {BLOCK_COLUMNS} FROM audit WHERE id >= ? ORDER BY id LIMIT ?"  # noqa: S608 - our own constants


_CHAINS = 'SELECT number, "key", at, why, first, before, earlier, mark FROM audit_chain ORDER BY number'
_CHECKPOINTS = 'SELECT first, last, until, link, "key", mark FROM audit_checkpoint'
_BLOCK = 'SELECT first, last, "key", mark FROM audit_block WHERE first >= ? ORDER BY first LIMIT ?'
#: Where the latest result is stored.
_NAME = "audit_checked"

_NEWEST = "SELECT last, link, mark FROM audit_head"

#: The types of the columns above but for the last ones, which are compared.
_OF_CHAIN = (int, bytes, float, str, int)
_OF_CHECKPOINT = (int, int, float)


class _Broken(Exception):
    def __init__(self, kind: BreakKind, entry: int, last: int = 0) -> None:
        super().__init__(kind)
        self.found = Break(kind, entry, last)


def verify(store: Store) -> Verification:
    """Verify every entry of the audit log, while others may write."""
    walk = _Walk(store)
    try:
        walk.run()
    except _Broken as broken:
        return replace(walk.result(), broken=broken.found)
    return walk.result()


def keep(tx: Tx, found: Verification, at: float) -> None:
    """Store the result of a verification made at `at`, in place of the one before."""
    value = json.dumps({"at": at, "found": asdict(found)})
    tx.execute(meta.insert().prefix_with("OR REPLACE").values(name=_NAME, value=value))


def latest(tx: Tx) -> tuple[float, Verification] | None:
    """Return when the latest verification was made, and its result."""
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    if value is None:
        return None
    stored = json.loads(value)
    found = stored["found"]
    broken = found["broken"] and Break(**found["broken"] | {"kind": BreakKind(found["broken"]["kind"])})
    spans = tuple(Span(**span) for span in found["unverified"])
    return stored["at"], Verification(**found | {"broken": broken, "unverified": spans})


class _Walk:
    """A walk along the entries: the number that comes next, and the link before it."""

    def __init__(self, store: Store) -> None:
        self._store, self._key = store, store.key.audit
        self._chains: list[Any] = []
        self._at = -1  # the chain of the entry before
        self._next, self._link = 1, b""
        self._entries = self._earlier = self._erased = 0
        self._checkpoints: set[int] = set()
        self._unverified: list[Span] = []
        #: First entry of the newest run of chains that are of the present key.
        self._ours_from = 0

    def result(self) -> Verification:
        return Verification(
            self._entries, self._earlier, self._erased, len(self._chains), len(self._checkpoints),
            tuple(self._unverified), self._next - 1, (self._link or b"").hex(),
        )  # fmt: skip

    def run(self) -> None:
        with self._store.read() as tx:
            self._read_chains(tx)
        if not self._chains:
            return
        first = self._chains[0]
        self._next = first.first
        self._check_earlier(first)
        while self._step():
            pass

    def _read_chains(self, tx: Tx) -> None:
        # As the driver reads them: SQLAlchemy's types fail on what is of another type.
        self._chains = list(tx.exec_driver_sql(_CHAINS))
        if not self._chains:
            oldest = tx.scalar(sa.select(sa.func.min(audit.c.id)))
            head = tx.scalar(sa.select(audit_head.c.last))
            if oldest is not None or head is not None:
                raise _Broken(BreakKind.CHAIN, oldest or 1)
            return
        before, mark = 0, None
        for number, chain in enumerate(self._chains, 1):
            ours = chain.key == self._key.id
            row = (*chain,)[:-1]
            if not _are(chain, _OF_CHAIN) or not isinstance(chain.earlier, int | None):
                raise _Broken(BreakKind.CHAIN, before or 1)
            if chain.number != number or chain.first < before:
                raise _Broken(BreakKind.CHAIN, chain.first)
            if ours and chain.mark != audit_chain.chain_mark(self._key, row, mark):
                raise _Broken(BreakKind.CHAIN, chain.first)
            before, mark = chain.first, chain.mark
        if self._chains[-1].key != self._key.id:
            raise _Broken(BreakKind.OTHER_KEY, self._chains[-1].first)
        foreign = [at for at, chain in enumerate(self._chains) if chain.key != self._key.id]
        self._ours_from = self._chains[foreign[-1] + 1].first if foreign else 0
        for checkpoint in tx.exec_driver_sql(_CHECKPOINTS).all():
            self._check_checkpoint(checkpoint)

    # Entries of releases without hashes.

    def _check_earlier(self, first: Any) -> None:
        """Check the blocks, which fill the numbers before the first chain."""
        begin = first.first if first.earlier is None else first.earlier
        with self._store.read() as tx:
            oldest = tx.scalar(sa.select(sa.func.min(audit.c.id)))
            if oldest is not None and oldest < begin:
                raise _Broken(BreakKind.INSERTED, oldest)
        expected = begin
        while expected < first.first:
            with self._store.read() as tx:
                blocks = tx.exec_driver_sql(_BLOCK, (expected, _BLOCKS)).all()
                if not blocks:
                    raise _Broken(BreakKind.BLOCK, expected, first.first - 1)
                for block in blocks:
                    if block.first != expected or not _are(block, (int, int)):
                        raise _Broken(BreakKind.BLOCK, expected, first.first - 1)
                    self._check_block(tx, block, first)
                    expected = block.last + 1

    def _check_block(self, tx: Tx, block: Any, first: Any) -> None:
        within = sa.select(sa.func.count()).where(audit.c.id.between(block.first, block.last))
        entries = tx.scalar(within) or 0
        if block.key == self._key.id:
            if not audit_chain.block_holds(tx, self._key, block.first, block.last, block.mark):
                raise _Broken(BreakKind.BLOCK, block.first, block.last)
            self._entries += entries
        elif first.key == self._key.id:  # signed by the server that began the first chain, or again since
            raise _Broken(BreakKind.BLOCK, block.first, block.last)
        else:
            self._add_unverified(entries, block.first, block.last)
        self._earlier += entries

    # Entries with hashes.

    def _step(self) -> bool:
        """Check the next entries; return whether more may follow."""
        with self._store.read() as tx:
            rows: Any = tx.exec_driver_sql(_ENTRIES, (self._next, _BATCH)).cursor
            entries: list[tuple[Any, ...]] = list(rows)
            for entry in entries:
                if entry[0] > self._next:
                    self._skip(tx, entry[0])
                if entry[0] < self._next:
                    raise _Broken(BreakKind.INSERTED, entry[0])
                self._check_entry(entry)
            if len(entries) == _BATCH:
                return True
            self._check_head(tx)
        return False

    def _skip(self, tx: Tx, until: int) -> None:
        """Move over deleted entries, to the entry `until` or beyond."""
        while self._next < until:
            found = tx.exec_driver_sql(f"{_CHECKPOINTS} WHERE ? BETWEEN first AND last", (self._next,)).first()
            if found is None:
                later = sa.select(sa.func.min(audit_checkpoint.c.first)).where(audit_checkpoint.c.first > self._next)
                raise _Broken(BreakKind.MISSING, self._next, min(until, tx.scalar(later) or until) - 1)
            if found.key == self._key.id:
                if found.mark != audit_chain.checkpoint_mark(
                    self._key, found.first, found.last, found.until, found.link
                ):
                    raise _Broken(BreakKind.CHECKPOINT, found.first, found.last)
            elif found.last >= self._ours_from:
                raise _Broken(BreakKind.CHECKPOINT, found.first, found.last)
            else:
                self._add_unverified(0, found.first, found.last)
            self._checkpoints.add(found.first)
            self._next, self._link = found.last + 1, found.link or b""
            while self._at + 1 < len(self._chains) and self._chains[self._at + 1].first < self._next:
                self._at += 1  # it began among the deleted entries

    def _check_checkpoint(self, it: Any) -> None:
        """Check the mark of a checkpoint; one of another key must be older."""
        if not _are(it, _OF_CHECKPOINT):
            raise _Broken(BreakKind.CHECKPOINT, self._next)
        if it.key == self._key.id:
            sound = it.mark == audit_chain.checkpoint_mark(self._key, it.first, it.last, it.until, it.link)
        else:
            sound = it.last < self._ours_from
        if not sound:
            raise _Broken(BreakKind.CHECKPOINT, it.first, it.last)

    def _enter_chains(self) -> None:
        """Enter the chains that begin with the next entry, each where the one before ended."""
        while self._at + 1 < len(self._chains) and self._chains[self._at + 1].first == self._next:
            chain = self._chains[self._at + 1]
            if chain.why == BROKEN:
                raise _Broken(BreakKind.RESTARTED, chain.first)
            if self._at >= 0 and chain.before != self._link:
                raise _Broken(BreakKind.CHAIN, chain.first)
            self._at, self._link = self._at + 1, chain.mark

    def _check_entry(self, entry: tuple[Any, ...]) -> None:
        (
            number, at, who, kind, what, on, address, run, outcome, detail, version, salt, kept, erased, link,
        ) = entry  # fmt: skip
        self._enter_chains()
        if version is None and link is None:
            raise _Broken(BreakKind.UNHASHED, number)
        if self._chains[self._at].key != self._key.id:
            if type(link) is not bytes:
                raise _Broken(BreakKind.CHANGED, number)
            self._add_unverified(1, number, number)
        else:
            personal = (who, on, address, outcome, detail)
            if version != VERSION or type(version) is not int:
                raise _Broken(BreakKind.CHANGED, number)
            if erased is None and kept is None and type(salt) is bytes:
                kept = audit_chain.commitment(salt, personal)
            elif salt is not None or erased != audit_chain.erasure_mark(self._key, number, kept, personal):
                raise _Broken(BreakKind.ERASURE, number)
            else:
                self._erased += 1
            if link != audit_chain.link_of(self._key, number, at, kind, what, run, kept, self._link):
                raise _Broken(BreakKind.CHANGED, number)
            self._entries += 1
        self._next, self._link = number + 1, link

    def _check_head(self, tx: Tx) -> None:
        head = tx.exec_driver_sql(_NEWEST).first()
        newest = self._chains[-1]
        if head is None:
            raise _Broken(BreakKind.HEAD, self._next - 1)
        mark = audit_chain.head_mark(self._key, newest.number, newest.mark, head.last, head.link)
        if head.mark != mark or type(head.last) is not int:
            raise _Broken(BreakKind.HEAD, self._next - 1)
        if head.last >= self._next:
            try:
                self._skip(tx, head.last + 1)
            except _Broken as broken:
                if broken.found.kind is BreakKind.MISSING:
                    raise _Broken(BreakKind.TAIL, self._next, head.last) from None
                raise
        self._enter_chains()
        if head.last < self._next - 1:
            raise _Broken(BreakKind.BEYOND, head.last + 1)
        if head.link != self._link or self._at + 1 != len(self._chains):
            raise _Broken(BreakKind.HEAD, head.last)

    def _add_unverified(self, entries: int, first: int, last: int) -> None:
        spans = self._unverified
        if spans and spans[-1].last == first - 1:
            spans[-1] = Span(spans[-1].entries + entries, spans[-1].first, last)
        else:
            spans.append(Span(entries, first, last))


def _are(values: Any, types: Sequence[type]) -> bool:
    """Return whether the first values are of these types, exactly."""
    return all(type(value) is each for value, each in zip(values, types, strict=False))
