"""The audit log as callers may read it, page by page or as a file."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Permission
from mxlib.clock import Clock
from mxlib.core.files import writer
from mxlib.core.format import count
from mxlib.core.vocabulary import AuditAction
from mxlib.services import audit_lines
from mxlib.store import Store, Tx, audit
from mxlib.store.audit import AuditFilter, AuditScope, Block, Entry, Label

__all__ = ["AuditFilter", "AuditLog", "Download", "Entry", "Page"]

Shown = TypeVar("Shown", Entry, Label)

HEADER = ("time", "who", "kind", "what", "on", "from", "run", "outcome")

#: Entries read at a time for a download.
CHUNK = 20_000

#: Labels that the next batch is searched for.
KNOWN = 12


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entries, newest first.

    `older` is the number to continue from, None at the end.
    """

    entries: tuple[Entry, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file to hand out piece by piece: it may be larger than memory should be."""

    name: str
    pieces: Iterator[bytes] = field(repr=False)


@resolves_callers
class AuditLog:
    """Reads the audit log; only admins see all of it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def entries(self, caller: Caller, filters: AuditFilter, *, before: int | None = None, most: int = 100) -> Page:
        """Return the latest entries that the caller may read, newest first.

        Those with a number from `before` on are left out.
        """
        with self._store.read() as tx:
            found = audit.find(tx, filters, _seen(caller), before=before, most=most + 1)
        shown = tuple(_hidden(entry, caller) for entry in found[:most])
        return Page(shown, found[most - 1].id if len(found) > most else None)

    def count(self, caller: Caller, filters: AuditFilter, *, most: int) -> int:
        """Count the entries that the caller may read, up to `most`."""
        with self._store.read() as tx:
            return audit.count(tx, filters, _seen(caller), most=most)

    def csv(self, caller: Caller, filters: AuditFilter) -> Download:
        """Return every matching entry, newest first, as CSV.

        The download is audited itself; its own entry comes only with the next download.
        """
        last = self._record_download(caller, filters, "CSV")
        return Download(self._name("csv"), self._pieces(caller, filters, last, audit_lines.CSV, _csv_line))

    def jsonl(self, caller: Caller, filters: AuditFilter) -> Download:
        """Return what `csv` does, as one JSON object a line.

        Times are ISO 8601 in UTC.
        """
        last = self._record_download(caller, filters, "JSONL")
        return Download(self._name("jsonl"), self._pieces(caller, filters, last, audit_lines.JSONL, _json_line))

    def _pieces(
        self, caller: Caller, filters: AuditFilter, last: int, shape: audit_lines.Shape, line: Callable[[Entry], str]
    ) -> Iterator[bytes]:
        """Yield every entry up to number `last`, in batches.

        Each batch is read in a transaction of its own, so that no writer waits. They are sent while they are read,
        which may take long: each batch is filtered by the caller's rights at its own moment. `line` writes the
        entries that are not plain, one by one.
        """
        if shape.head:
            yield shape.head
        before = last + 1
        labels: list[Label] = []
        while True:
            caller = current(caller)
            with self._store.read() as tx:
                block = audit.block(tx, filters, _seen(caller), before=before, most=CHUNK, known=labels)
                block, labels = _labelled(tx, block, labels)
            if not len(block.ids):
                return
            shown = [_hidden(label, caller) for label in labels]
            lines, odd = audit_lines.render(shape, block, shown)
            yield audit_lines.text(lines, odd, [line(_entry(block, shown, at)) for at in np.flatnonzero(odd).tolist()])
            before, labels = int(block.ids[-1]), _most_used(block, labels)

    def _record_download(self, caller: Caller, filters: AuditFilter, kind: str) -> int:
        """Record a download of the audit log.

        Returns the number of the newest entry before it.
        """
        asked = ", ".join(f"{name} {value}" for name, value in asdict(filters).items() if value not in ("", None))
        with self._store.read() as tx:
            last, entries = audit.newest(tx), audit.count(tx, filters, _seen(caller))
        with self._store.write() as tx:
            audit.record(
                tx, caller, AuditAction.AUDIT_DOWNLOAD, at=self._clock.now(), on="audit trail",
                outcome=f"{count(entries, 'entry', 'entries')} as {kind}" + (f" ({asked})" if asked else ""),
            )  # fmt: skip
        return last

    def _name(self, ending: str) -> str:
        return f"audit-{datetime.fromtimestamp(self._clock.now()).date().isoformat()}.{ending}"


def _seen(caller: Caller) -> AuditScope | None:
    if caller.admin:
        return None
    if Permission.VIEW in caller.domains.get(EVERY_DOMAIN, ()):
        return AuditScope(caller.name, None, own_runs_only=caller.external)
    names = [name for name in caller.domains if caller.may(Permission.VIEW, name)]
    return AuditScope(caller.name, names, own_runs_only=caller.external)


def _hidden(shown: Shown, caller: Caller) -> Shown:
    """Return an entry or a label; only admins see the address of others."""
    own = (shown.who, shown.kind) == (caller.name, caller.kind)
    return shown if caller.admin or own else replace(shown, address="")


def _labelled(tx: Tx, block: Block, known: list[Label]) -> tuple[Block, list[Label]]:
    """Return the block with the label of every entry filled in, and the labels."""
    unknown = block.labels == len(known)
    if not unknown.any():
        return block, known
    found = audit.labels(tx, block.ids[unknown].tolist())
    numbers = {label: number for number, label in enumerate(dict.fromkeys([*known, *found.values()]))}
    labels = block.labels.copy()
    labels[unknown] = [numbers[found[number]] for number in block.ids[unknown].tolist()]
    return replace(block, labels=labels), list(numbers)


def _most_used(block: Block, labels: list[Label]) -> list[Label]:
    """Return the labels to look for in the next block, the most used ones first."""
    uses = np.bincount(block.labels, minlength=len(labels))
    return [labels[number] for number in np.argsort(-uses, kind="stable")[:KNOWN]]


def _entry(block: Block, labels: list[Label], at: int) -> Entry:
    label = labels[block.labels[at]]
    return Entry(
        int(block.ids[at]), block.ats[at], label.who, label.kind, label.what, block.ons[at], label.address,
        block.runs[at], label.outcome, json.loads(label.detail),
    )  # fmt: skip


def _csv_line(entry: Entry) -> str:
    return ",".join(map(writer.csv_cell, _cells(entry))) + "\r\n"


def _cells(entry: Entry) -> tuple[str, ...]:
    run = "" if entry.run is None else str(entry.run)
    return (_iso(entry.at), entry.who, entry.kind, entry.what, entry.on, entry.address, run, entry.outcome)


def _json_line(entry: Entry) -> str:
    cells = dict(zip(HEADER, _cells(entry), strict=True)) | {"run": entry.run, "detail": entry.detail}
    return json.dumps({"id": entry.id, **cells}, ensure_ascii=False) + "\n"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
