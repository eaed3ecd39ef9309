"""The audit trail as callers may read it, page by page or as a file."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Permission
from mxlib.clock import Clock
from mxlib.mailboxes import export
from mxlib.mailboxes.phrases import count
from mxlib.mailboxes.unseen import untold
from mxlib.store import Store, audit
from mxlib.store.audit import Entry, Seen, Wanted

__all__ = ["Download", "Entry", "Page", "Trail", "Wanted"]

HEADER = ("time", "who", "kind", "what", "on", "from", "run", "outcome")

#: Entries that are read at a time for a download.
CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, newest first; `older` is the number to ask on from, None at the end."""

    entries: tuple[Entry, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class Download:
    """A file to hand out piece by piece: it may be larger than memory should be."""

    name: str
    pieces: Iterator[bytes] = field(repr=False)


@resolves_callers
class Trail:
    """Reads the trail; only admins see all of it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def entries(self, caller: Caller, wanted: Wanted, *, before: int | None = None, most: int = 100) -> Page:
        """The latest entries that the caller may read, newest first, those from `before` on left out."""
        with self._store.read() as tx:
            found = audit.find(tx, wanted, _seen(caller), before=before, most=most + 1)
        return Page(tuple(_told(caller, found[:most])), found[most - 1].id if len(found) > most else None)

    def count(self, caller: Caller, wanted: Wanted, *, most: int) -> int:
        """How many entries the caller may read; it stops counting at `most`."""
        with self._store.read() as tx:
            return audit.count(tx, wanted, _seen(caller), most=most)

    def csv(self, caller: Caller, wanted: Wanted) -> Download:
        """Every entry asked for, newest first, as CSV; the download is an entry itself, which comes with the next."""
        last = self._taken(caller, wanted, "CSV")
        return Download(self._name("csv"), _csv(self._all(caller, wanted, last)))

    def jsonl(self, caller: Caller, wanted: Wanted) -> Download:
        """As `csv`, one JSON object a line, times as ISO 8601 in UTC."""
        last = self._taken(caller, wanted, "JSONL")
        pieces = ("".join(map(_line, some)).encode() for some in self._all(caller, wanted, last))
        return Download(self._name("jsonl"), pieces)

    def _all(self, caller: Caller, wanted: Wanted, last: int) -> Iterator[list[Entry]]:
        """Every entry up to number `last`, in batches; each is a reading of its own, so that no writer waits.

        They leave while they are read, which may take long: each batch has the caller's rights of its own moment.
        """
        before = last + 1
        while True:
            caller = current(caller)
            with self._store.read() as tx:
                found = audit.find(tx, wanted, _seen(caller), before=before, most=CHUNK)
            if not found:
                return
            yield _told(caller, found)
            before = found[-1].id

    def _taken(self, caller: Caller, wanted: Wanted, kind: str) -> int:
        """Note that the trail is taken away; the number of the newest entry before that."""
        asked = ", ".join(f"{name} {value}" for name, value in asdict(wanted).items() if value not in ("", None))
        with self._store.write() as tx:
            last, entries = audit.newest(tx), audit.count(tx, wanted, _seen(caller))
            audit.append(
                tx, at=self._clock.now(), who=caller.name, kind=caller.kind, what="audit.download", on="audit trail",
                address=caller.address,
                outcome=f"{count(entries, 'entry', 'entries')} as {kind}" + (f" ({asked})" if asked else ""),
            )  # fmt: skip
        return last

    def _name(self, ending: str) -> str:
        return f"audit-{datetime.fromtimestamp(self._clock.now()).date().isoformat()}.{ending}"


def _seen(caller: Caller) -> Seen | None:
    if caller.admin:
        return None
    if Permission.VIEW in caller.domains.get(EVERY_DOMAIN, ()):
        return Seen(caller.name, None)
    return Seen(caller.name, [name for name in caller.domains if caller.may(Permission.VIEW, name)])


def _told(caller: Caller, entries: Iterable[Entry]) -> list[Entry]:
    """Entries as the caller may read them: what they did to a mailbox that they may not see, but not what it had."""
    if caller.admin:
        return list(entries)
    return [
        entry if _may_view(caller, entry.on) else replace(entry, outcome=untold(entry.outcome)) for entry in entries
    ]


def _may_view(caller: Caller, subject: str) -> bool:
    return "@" not in subject or caller.may(Permission.VIEW, subject.rpartition("@")[2])


def _csv(batches: Iterable[list[Entry]]) -> Iterator[bytes]:
    head = export.table_csv(HEADER, ())
    yield head
    for some in batches:
        yield export.table_csv(HEADER, map(_cells, some))[len(head) :]


def _cells(entry: Entry) -> tuple[str, ...]:
    run = "" if entry.run is None else str(entry.run)
    return (_iso(entry.at), entry.who, entry.kind, entry.what, entry.on, entry.address, run, entry.outcome)


def _line(entry: Entry) -> str:
    told = dict(zip(HEADER, _cells(entry), strict=True)) | {"run": entry.run}
    return json.dumps({"id": entry.id, **told}, ensure_ascii=False) + "\n"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
