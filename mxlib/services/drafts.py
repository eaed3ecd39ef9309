"""Drafts: a preview that was begun outlives its tab, a refresh and a restart of the server."""

import json
import zlib
from dataclasses import asdict, dataclass, field
from uuid import uuid4

import pandas as pd
import pyarrow as pa

from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.mailboxes import intake, mapping, rules
from mxlib.mailboxes.columns import DTYPES, OnExisting
from mxlib.mailboxes.intake import Taken
from mxlib.services.previews import Previews, Reading
from mxlib.settings import Settings
from mxlib.store import Store, audit, drafts
from mxlib.store.drafts import Kept
from mxlib.store.keys import Unreadable

__all__ = ["Drafts", "Kept", "Lost", "Work"]

_ABOUT = b"mxm"


class Lost(Exception):
    """A draft can not be opened any more; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a preview is made of: rows as they are now, and the file that they came from, if from one."""

    rows: pd.DataFrame = field(repr=False)
    domain: str
    generate: bool
    reading: Reading | None = None
    file: bytes = field(default=b"", repr=False)
    on_existing: OnExisting = OnExisting.SKIP


class Drafts:
    """Keeps, offers and forgets drafts."""

    def __init__(self, settings: Settings, store: Store, previews: Previews, clock: Clock) -> None:
        self._settings, self._store, self._previews, self._clock = settings, store, previews, clock

    def new(self) -> str:
        """A number for a draft that is not kept yet."""
        return uuid4().hex

    def keep(self, caller: Caller, number: str, work: Work) -> None:
        """Keep the draft as it is now."""
        named = rules.domains_named(work.rows, self._previews.standard(work.domain))
        name = work.reading.sheet.name if work.reading else ""
        kept = Kept(number, caller.name, name, tuple(sorted(named)), len(work.rows), self._clock.now())
        with self._store.write() as tx:
            file = b"" if drafts.has(tx, number) else zlib.compress(work.file, 1)
            drafts.keep(tx, self._store.key, kept, file, _packed(work))

    def offered(self, caller: Caller) -> tuple[Kept, ...]:
        """The drafts that the caller may go on with, the one changed last first; old ones are forgotten."""
        oldest = self._clock.now() - self._settings.retention_days * 86_400
        with self._store.read() as tx:
            every = drafts.every(tx)
        self._drop([kept.id for kept in every if kept.changed_at < oldest])
        return tuple(kept for kept in every if kept.changed_at >= oldest and self._may(caller, kept))

    def open(self, caller: Caller, number: str) -> Work | None:
        """A draft to go on with; None when it is gone. Another operator's is taken over, which is audited.

        Raises Lost when the server key is not the one that sealed it.
        """
        kept = next((kept for kept in self.offered(caller) if kept.id == number), None)
        if kept is None:
            return None
        with self._store.write() as tx:
            try:
                found = drafts.content(tx, self._store.key, number)
            except Unreadable as error:
                raise Lost(f"{error} Or discard this draft.") from None
            if found is not None and kept.operator != caller.name:
                drafts.take_over(tx, number, caller.name)
                audit.append(
                    tx, at=self._clock.now(), who=caller.name, kind=caller.kind, what="draft.take_over",
                    on=kept.file_name or "rows added by hand", address=caller.address, outcome=f"from {kept.operator}",
                )  # fmt: skip
        return None if found is None else self._unpacked(zlib.decompress(found[0]), found[1])

    def discard(self, caller: Caller, number: str) -> None:
        """Forget a draft, for good."""
        if any(kept.id == number for kept in self.offered(caller)):
            self._drop([number])

    def _drop(self, numbers: list[str]) -> None:
        if not numbers:
            return
        with self._store.write() as tx:
            drafts.drop(tx, numbers)
        self._store.scrub()

    def _may(self, caller: Caller, kept: Kept) -> bool:
        mine = kept.operator == caller.name
        return caller.admin or mine or all(caller.may(Permission.IMPORT, domain) for domain in kept.domains)

    def _unpacked(self, file: bytes, packed: bytes) -> Work:
        table = pa.ipc.open_stream(zlib.decompress(packed)).read_all()
        about = json.loads(table.schema.metadata[_ABOUT])
        rows = table.to_pandas().astype(DTYPES)
        reading = None
        if file:
            sheet = intake.read(file, about["name"], limits=self._previews.limits, taken=Taken(**about["taken"]))
            chosen = dict(enumerate(about["meanings"]))
            columns = mapping.recognise(sheet.header, chosen=chosen)
            reading = Reading(sheet, columns, rows, tuple(about["notes"]))
        on_existing = OnExisting(about.get("on_existing", OnExisting.SKIP))
        return Work(rows, about["domain"], about["generate"], reading, file, on_existing)


def _packed(work: Work) -> bytes:
    """Rows as an arrow stream, and beside them how the file was read and understood."""
    about: dict[str, object] = {
        "domain": work.domain,
        "generate": work.generate,
        "on_existing": work.on_existing,
    }
    if work.reading is not None:
        sheet, columns = work.reading.sheet, work.reading.columns.columns
        meaning = {at: name for name, at in columns.items()}
        about |= {
            "name": sheet.name,
            "taken": asdict(sheet.taken),
            "notes": list(work.reading.notes),
            "meanings": [meaning.get(at, mapping.IGNORE) for at in range(len(sheet.header))],
        }
    table = pa.Table.from_pandas(work.rows, preserve_index=False)
    table = table.replace_schema_metadata({_ABOUT: json.dumps(about).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return zlib.compress(sink.getvalue(), 1)
