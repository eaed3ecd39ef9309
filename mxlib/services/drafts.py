"""Drafts: a preview survives a closed tab, a refresh and a restart of the server."""

import json
import zlib
from dataclasses import asdict, dataclass, field, replace
from uuid import uuid4

import numpy as np
import pyarrow as pa

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core import arrow_text, notes
from mxlib.core.addresses import is_domain
from mxlib.core.editing import file_diff
from mxlib.core.files import time_budget, writer
from mxlib.core.files.reader import ReadOptions
from mxlib.core.format import count, readable
from mxlib.core.import_batch import ImportBatch
from mxlib.core.mapping import mapping
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.plans.plan import Plan
from mxlib.core.schema import COLUMNS, DTYPES
from mxlib.core.vocabulary import AT_AN_END, AuditAction, OnExisting, RowReason
from mxlib.services.exports import File, NotFound
from mxlib.services.files import FileService
from mxlib.services.imports import with_addresses
from mxlib.services.runs import AlsoStored, require_recent_for
from mxlib.settings import Settings
from mxlib.store import Store, audit, clock_guard, drafts, erasure, journal
from mxlib.store.drafts import DraftSummary
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.transaction import Tx
from mxlib.worker import run_unless

__all__ = ["DraftChangedElsewhere", "DraftContent", "DraftService", "DraftSummary", "DraftTakenOver", "DraftUnreadable"]

_LONGEST_STEM = 80


class DraftTakenOver(Exception):
    """Another user has taken this draft over; the message says who, and what to do."""


class DraftChangedElsewhere(Exception):
    """Another tab of the same operator has changed this draft since."""


class DraftUnreadable(Exception):
    """A draft can no longer be opened; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class DraftContent:
    """A batch as it is now, and the bytes of its file, empty without one."""

    batch: ImportBatch
    file: bytes = field(default=b"", repr=False)
    #: The version of the draft that it was opened from or last kept as; 0 before it is kept.
    version: int = 0
    #: Who began the draft; blank: the caller.
    begun_by: str = ""

    @property
    def read_file(self) -> ReadFile | None:
        """Return the file as it was read; None when all rows were added by hand."""
        return self.batch.source if isinstance(self.batch.source, ReadFile) else None


@resolves_callers
class DraftService:
    """Keeps, offers and forgets drafts."""

    def __init__(self, settings: Settings, store: Store, files: FileService, clock: Clock) -> None:
        self._settings, self._store, self._files, self._clock = settings, store, files, clock

    def new(self) -> str:
        """Return a number for a draft that is not kept yet."""
        return uuid4().hex

    def keep(self, caller: Caller, number: str, work: DraftContent) -> int:
        """Keep the draft as it is now; return its version.

        Raises DraftTakenOver when it belongs to another user by now, DraftChangedElsewhere when its version differs
        from that of `work`.
        """
        batch = work.batch
        domains = tuple(sorted(filter(is_domain, with_addresses(batch).domains)))
        with self._store.write() as tx:
            owner, version = drafts.state(tx, number)
            begun_by = work.begun_by or caller.name
            kept = DraftSummary(
                number, caller.name, batch.file_name, domains, len(batch.rows), self._clock.now(), version + 1, begun_by
            )
            if owner not in (None, caller.name):
                raise DraftTakenOver(
                    f"{owner} has taken this draft over: open it on the import page to see how it stands."
                )
            if owner is not None and version != work.version:
                raise DraftChangedElsewhere("Another tab has changed this draft since.")
            file = b"" if owner is not None else zlib.compress(work.file, 1)
            drafts.keep(tx, self._store.key, kept, file, _packed(work))
        return kept.version

    def offered(self, caller: Caller) -> tuple[DraftSummary, ...]:
        """Return the drafts that the caller may resume, the last changed first.

        Rows that a run left out wait for its end: until then, nobody knows which addresses it takes. Expired drafts
        are forgotten.
        """
        oldest = self._clock.now() - self._settings.retention_days * 86_400
        with self._store.read() as tx:
            every = [kept for kept in drafts.list_drafts(tx) if kept.run is None or _ended(tx, kept.run)]
        old = [kept.id for kept in every if kept.changed_at < oldest]
        if old:
            with self._store.write() as tx:
                old = old if clock_guard.may_forget(tx, self._clock.now()) else []
        self._drop(old)
        return tuple(kept for kept in every if kept.id not in old and self._may(caller, kept))

    def left_out_of(self, caller: Caller, run: int) -> DraftSummary | None:
        """Return the draft of the rows that an ended run left out.

        None when no row was left out, or the caller may not resume it.
        """
        return next((kept for kept in self.offered(caller) if kept.run == run), None)

    def replace_at_start(self, caller: Caller, number: str, work: DraftContent, plan: Plan) -> AlsoStored:
        """Return what stores the rows that `plan` leaves out, in place of their draft.

        Rows that are sent are never among them. The draft of another user by now, or of another version than that of
        `work`, stays. `number` is that of the draft; `plan` was made from `work`.
        """
        left, now, name = self._left_out(work, plan), self._clock.now(), caller.name
        begun_by = work.begun_by or name

        def store(tx: Tx, run: int) -> None:
            if drafts.state(tx, number) == (name, work.version) and drafts.drop(tx, [number]):
                erasure.begin(tx)
            if left is not None:
                batch = left.batch
                domains = tuple(sorted(filter(is_domain, batch.domains)))
                kept = DraftSummary(
                    self.new(), name, batch.file_name, domains, len(batch.rows), now, begun_by=begun_by, run=run
                )
                drafts.keep(tx, self._store.key, kept, zlib.compress(left.file, 1), _packed(left))

        return store

    def erase(self) -> None:
        """Erase from the disk what is left of deleted drafts."""
        erasure.finish(self._store)

    def _left_out(self, work: DraftContent, plan: Plan) -> DraftContent | None:
        """Return the rows that a plan leaves out; None without any to fix.

        Their file has just these rows: the whole one would keep passwords that were sent.
        """
        reasons = {row.position: row.reason.code for row in plan.rows if row.reason is not None}
        if not set(reasons.values()) - {RowReason.UNTICKED}:
            return None
        batch, source = work.batch, work.read_file
        rows = batch.rows.iloc[list(reasons)].reset_index(drop=True)
        before = rows["origin"].tolist()
        content = b""
        if source is not None:
            header, table = file_diff.as_table(rows, source)
            content = writer.table_csv(header, table, verbatim={"password"})
            source = self._files.read_by_header(content, _as_csv(source.file_name))
            if len(source.rows) == len(rows):
                rows, source = rows.assign(origin=np.arange(len(rows))), replace(source, notes=())
            else:  # a row without any cell is no row of a file
                content, source = b"", None
        moved = dict(zip(before, rows["origin"].tolist(), strict=True))
        made = {moved[at]: name for at, name in batch.made.items() if at in moved}
        same = frozenset((moved[at], address) for at, address in batch.same_people if at in moved)
        return DraftContent(replace(batch, rows=rows, source=source, parsed=None, made=made, same_people=same), content)

    def may_go_on(self, caller: Caller, number: str) -> bool:
        """Return whether the caller may still see a draft that they opened.

        A draft that is not kept yet is their own.
        """
        with self._store.read() as tx:
            kept = next((kept for kept in drafts.list_drafts(tx) if kept.id == number), None)
        return caller.may_anywhere(Permission.IMPORT, caller.domains) and (kept is None or self._may(caller, kept))

    def open(self, caller: Caller, number: str) -> DraftContent | None:
        """Open a draft; None when it is gone.

        Another operator's is taken over, which is audited. Raises DraftUnreadable when the server key is not the one
        that sealed it.
        """
        kept = next((kept for kept in self.offered(caller) if kept.id == number), None)
        if kept is None:
            return None
        with self._store.write() as tx:
            found, (_, version) = self._content(tx, number), drafts.state(tx, number)
            if found is not None and kept.operator != caller.name:
                drafts.take_over(tx, number, caller.name)
                self._record(tx, caller, AuditAction.DRAFT_TAKE_OVER, kept, f"from {kept.operator}")
        if found is None:
            return None
        # A draft of an earlier release does not say who began it.
        begun_by = kept.begun_by or kept.operator
        return replace(self._unpacked(zlib.decompress(found[0]), found[1]), version=version, begun_by=begun_by)

    def file(self, caller: Caller, number: str, kind: str) -> File:
        """Return the corrected file, as `csv` or `xlsx`, with every password in it.

        Anyone who may resume the draft may have it. It takes nothing over, and is audited. Raises NotFound, and
        DraftUnreadable as `open` does.
        """
        kept = next((kept for kept in self.offered(caller) if kept.id == number), None)
        if kept is None or kind not in {"csv", "xlsx"}:
            raise NotFound("This draft is gone. Open the import page to see which there are.")
        with self._store.read() as tx:
            found = self._content(tx, number)
        if found is None:
            raise NotFound("This draft is gone. Open the import page to see which there are.")
        work = self._unpacked(zlib.decompress(found[0]), found[1])
        require_recent_for(caller, int((work.batch.rows["password"] != "").sum()))
        with self._store.write() as tx:
            outcome = f"{count(kept.rows, 'row')} as {kind}, with passwords"
            self._record(tx, caller, AuditAction.DRAFT_DOWNLOAD, kept, outcome)
        header, rows = file_diff.as_table(work.batch.rows, work.read_file)
        write = writer.table_csv if kind == "csv" else writer.table_xlsx
        stem = readable(kept.file_name.rpartition(".")[0] or kept.file_name or "Mailboxes", _LONGEST_STEM)
        return File(f"{stem}-corrected.{kind}", write(header, rows, verbatim={"password"}))

    def discard(self, caller: Caller, number: str, *, own: bool = False, version: int | None = None) -> None:
        """Delete a draft for good.

        `own`: only if nobody else has taken it over, nor changed it since `version`.
        """
        kept = next((kept for kept in self.offered(caller) if kept.id == number), None)
        if kept is None or (own and (kept.operator != caller.name or version not in (None, kept.version))):
            return
        if kept.operator != caller.name:
            with self._store.write() as tx:
                self._record(tx, caller, AuditAction.DRAFT_DISCARD, kept, f"of {kept.operator}")
        self._drop([number])

    def _content(self, tx: Tx, number: str) -> tuple[bytes, bytes] | None:
        try:
            return drafts.content(tx, self._store.key, number)
        except DecryptionFailed as error:
            raise DraftUnreadable(f"{error} Or discard this draft.") from None

    def _record(self, tx: Tx, caller: Caller, action: AuditAction, kept: DraftSummary, outcome: str) -> None:
        on = kept.file_name or "rows added by hand"
        audit.record(tx, caller, action, at=self._clock.now(), on=on, outcome=outcome)

    def _drop(self, numbers: list[str]) -> None:
        if not numbers:
            return
        with self._store.write() as tx:
            if drafts.drop(tx, numbers):
                erasure.begin(tx)
        erasure.finish(self._store)

    def _may(self, caller: Caller, kept: DraftSummary) -> bool:
        """Return whether the caller may resume a draft.

        Their own rows whatever the domains, as long as they may import anywhere; those of others by the rights of
        today.
        """
        own = kept.operator == caller.name and kept.begun_by in ("", caller.name)
        entitled = bool(kept.domains) and all(caller.may(Permission.IMPORT, domain) for domain in kept.domains)
        if caller.external and not own:
            return False
        return caller.admin or entitled or (own and caller.may_anywhere(Permission.IMPORT, caller.domains))

    def _unpacked(self, file: bytes, packed: bytes) -> DraftContent:
        about, table = drafts.read_rows(packed)
        rows = table.to_pandas()
        # A draft of an earlier release has no column that came later.
        rows = rows.assign(**{name: "" for name in COLUMNS if name not in rows})[list(DTYPES)].astype(DTYPES)
        source = None
        if file:
            sheet = self._files.sheet(file, about["name"], ReadOptions(**about["taken"]))
            chosen = dict(enumerate(about["meanings"]))
            columns = mapping.without_secrets(sheet, mapping.detect_columns(sheet.header, chosen=chosen))
            made = about.get("usernames")
            usernames = None if made is None else arrow_text.texts(made)
            light = time_budget.is_light(sheet)
            known = self._files.known_domains()
            as_read, _ = run_unless(light, mapping.rows_from_sheet, sheet, columns, usernames=usernames, known=known)
            source = ReadFile(sheet, columns, as_read, tuple(map(notes.from_json, about["notes"])))
        on_existing = OnExisting(about.get("on_existing", OnExisting.SKIP))
        made = about.get("made")  # missing where it is that of the file
        made = (source.made_usernames if source else {}) if made is None else dict(made)
        same = frozenset((origin, address) for origin, address in about.get("same_people", ()))
        batch = ImportBatch(rows, about["domain"], on_existing, about["generate"], source, made=made, same_people=same)
        return DraftContent(batch, file)


def _ended(tx: Tx, run: int) -> bool:
    """Return whether a run is at its end, or is no longer stored."""
    record = journal.get_run(tx, run)
    return record is None or record.status in AT_AN_END


def _as_csv(name: str) -> str:
    """Return the name of a file with the ending of a CSV."""
    return f"{name.rpartition('.')[0] or name}.csv"


def _packed(work: DraftContent) -> bytes:
    """Pack the rows as an Arrow stream, with how the file was read and mapped."""
    batch, file = work.batch, work.read_file
    about: dict[str, object] = {
        "domain": batch.domain,
        "generate": batch.generate,
        "on_existing": batch.on_existing,
    }
    if batch.made != (file.made_usernames if file else {}):
        about["made"] = list(batch.made.items())
    if batch.same_people:
        about["same_people"] = sorted(batch.same_people)
    if file is not None:
        sheet, columns = file.sheet, file.columns
        meaning = {at: name for name, at in (*columns.columns.items(), *columns.name_parts.items())}
        about |= {
            "name": sheet.name,
            "taken": asdict(sheet.options),
            "notes": [note.to_json() for note in file.notes],
            "usernames": None if file.columns.names_who else file.rows["username"].tolist(),
            "meanings": [meaning.get(at, mapping.IGNORE) for at in range(len(sheet.header))],
        }
    table = pa.Table.from_pandas(batch.rows, preserve_index=False)
    table = table.replace_schema_metadata({drafts.ABOUT: json.dumps(about).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return zlib.compress(sink.getvalue(), 1)
