"""From bytes to rows: column meanings come from the header, from earlier choices, or from the operator."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import NO_IMPORT, Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core import headers
from mxlib.core.files import clipboard as pasted
from mxlib.core.files import reader, time_budget
from mxlib.core.files.reader import FileRefused, Limits, ReadOptions, Sheet
from mxlib.core.format import day
from mxlib.core.import_batch import ImportBatch, parse_default_domain
from mxlib.core.mapping import choices, clues, fallbacks, learned_patterns, mapping, presets, read_file, suggestions
from mxlib.core.mapping import usernames as names
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.clues import Clue
from mxlib.core.mapping.mapping import ColumnConflict
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.mapping.usernames import People
from mxlib.core.notes import Note, NoteCode
from mxlib.core.text import file_problems
from mxlib.core.vocabulary import AuditAction, OnExisting
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.settings import Settings
from mxlib.store import Store, audit, column_choices
from mxlib.worker import run_unless

#: Lines of a file that can be chosen as its header.
_OFFERED = 20


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer of another user about these headers, and when; applied only on request."""

    answer: ColumnChoices
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class MappingQuestion:
    """A file whose column choices are asked for; `answer` is a guess.

    It is blank for columns that claim one meaning together. `refusal` says why the file was read with other options
    than detected, blank when it was not; `line` is the one at fault.
    """

    sheet: Sheet = field(repr=False)
    answer: ColumnChoices
    conflicts: tuple[ColumnConflict, ...] = ()
    refusal: str = ""
    line: int = 0
    #: The choices of another user, and whether the headers say by themselves what the columns hold.
    offer: Offer | None = None
    recognised: bool = False
    #: The clues in the values, and the columns whose meaning is proposed by them alone.
    clues: Mapping[int, Clue] = field(default_factory=dict, repr=False)
    by_values: frozenset[int] = frozenset()

    @property
    def claims(self) -> dict[str, tuple[int, ...]]:
        """Return the meanings that more than one column claims, with those columns."""
        found: dict[str, set[int]] = {}
        for each in self.conflicts:
            found.setdefault(each.meaning, set()).update((each.first, each.second))
        return {meaning: tuple(sorted(columns)) for meaning, columns in found.items()}


@resolves_callers
class FileService:
    """Reads files for people, who can be asked, and for programs."""

    def __init__(self, settings: Settings, store: Store, lists: MailboxLists, clock: Clock) -> None:
        self._settings, self._store, self._lists, self._clock = settings, store, lists, clock

    @property
    def limits(self) -> Limits:
        """Return the largest size of a file."""
        return Limits(bytes=self._settings.max_file_mb * 1_000_000, rows=self._settings.max_rows)

    def read(self, caller: Caller, data: bytes, name: str, domain: str) -> ReadFile | MappingQuestion:
        """Return the rows of a file whose columns are known, else the question to ask.

        Raises FileRefused when it is no table.
        """
        self._must_import(caller)
        sheet = self._sheet(data, name)
        if kept := self._kept(caller, sheet):
            answer, remembered = kept
            reading = self._reading(caller, sheet, answer, domain)
            note = Note(NoteCode.EARLIER_ANSWER, (day(remembered.at, self._clock.now()),))
            return replace(reading, notes=(note, *reading.notes))
        offer, known = self._offer(caller, sheet), self._recognised(sheet)
        if known is None:
            return replace(self._proposed(caller, sheet, domain), offer=offer)
        by_itself = choices.as_understood(known.columns)
        seen = {} if presets.find(sheet.header) else self._clues(sheet)
        is_lost = any(clue.is_strong for clue in clues.unused(seen, by_itself).values())
        if not is_lost and (offer is None or offer.answer == by_itself):
            return known
        answer, added = clues.with_proposed(seen, by_itself)
        return MappingQuestion(sheet, answer, offer=offer, recognised=True, clues=seen, by_values=added)

    def read_by_header(self, data: bytes, name: str, *, options: ReadOptions | None = None) -> ReadFile:
        """Return the rows of a file by its header alone, without a question.

        For programs, which cannot be asked. Raises FileRefused when it is no table.
        """
        return self.apply_mapping(self.sheet(data, name, options))

    def batch_from_file(
        self,
        data: bytes,
        name: str,
        domain: str,
        *,
        generate: bool = False,
        on_existing: OnExisting = OnExisting.SKIP,
        encoding: str | None = None,
    ) -> ImportBatch:
        """Return the batch of a file that a program sends, in `encoding` if named.

        Raises FileRefused, InvalidBody.
        """
        domain = parse_default_domain(domain)
        file = self.read_by_header(data, name, options=ReadOptions(encoding=encoding) if encoding else None)
        return ImportBatch(file.rows, domain, on_existing, generate, file)

    def batch_from_json(self, data: bytes, read: Callable[[bytes, int], ImportBatch]) -> ImportBatch:
        """Return the batch that `read` makes of JSON and the row limit; raise InvalidBody."""
        return run_unless(time_budget.is_short(data), read, data, self._settings.max_rows)

    def sheet(self, data: bytes, name: str, options: ReadOptions | None = None) -> Sheet:
        """Read a file as a table whose columns are not mapped yet; raises FileRefused."""
        return run_unless(time_budget.is_small(data), reader.read, data, name, limits=self.limits, options=options)

    def apply_mapping(
        self, sheet: Sheet, chosen: Mapping[int, str] | None = None, *, usernames: pa.Array | None = None
    ) -> ReadFile:
        """Return the rows of a sheet; raises FileRefused as `read_file.apply_mapping` does."""
        known = self.known_domains()
        return read_file.apply_mapping(sheet, chosen, usernames=usernames, known=known, run=run_unless)

    def private_addresses(self, file: ReadFile) -> dict[int, str]:
        """Return the addresses of other domains next to usernames, by position of their rows."""
        found = mapping.private_addresses(file.sheet, file.columns, self.known_domains())
        if not found.any():
            return {}
        cells = mapping.address_cells(file.sheet, file.columns)
        return {at: cells[at].as_py() for at in found.nonzero()[0].tolist()}

    def known_domains(self) -> frozenset[str] | None:
        """Return the domains of the account as last read; None when they never were."""
        return self._lists.names()

    def further(self, caller: Caller, text: str, domain: str, original: ReadFile | None) -> ReadFile:
        """Return rows that are pasted in addition to those of a file.

        Without a header their columns are those of the file, from the first one. Raises FileRefused with one sentence
        when the columns cannot be determined.
        """
        self._must_import(caller)
        data = self.pasted(text)
        bare = self.sheet(data, pasted.NAME, ReadOptions(header_line=0))
        if any(headers.names_anything(bare.table.row(at)) for at in range(min(_OFFERED, len(bare)))):
            found = self.read(caller, data, pasted.NAME, domain)
            if isinstance(found, MappingQuestion) and found.recognised:
                # No one can be asked here, and an offer is never applied unasked.
                return self.apply_mapping(found.sheet)
            if isinstance(found, MappingQuestion):
                conflict = next(iter(found.conflicts), None)
                raise FileRefused(
                    conflict.sentence if conflict else file_problems.no_address_column(found.sheet.header)
                )
            return found
        width = len(bare.header)
        if original is not None and width <= len(original.sheet.header) and width > 1:
            meanings = {at: meaning for meaning, at in original.columns.columns.items()}
            return self.apply_mapping(bare, {at: meanings.get(at, mapping.IGNORE) for at in range(width)})
        if width > 1:
            raise FileRefused(file_problems.columns_not_named(width))
        return self.apply_mapping(bare, {0: "username"})

    def pasted(self, text: str) -> bytes:
        """Return pasted text as a file to read; raises FileRefused when it is too large."""
        most = self.limits.bytes
        if len(text) > most:
            raise FileRefused(file_problems.too_large(len(text), most))
        return run_unless(time_budget.is_short(text), pasted.to_file, text)

    def read_otherwise(
        self, caller: Caller, data: bytes, name: str, refused: FileRefused, domain: str
    ) -> MappingQuestion:
        """Read a refused file with other options, to be reviewed; raises `refused` when none fits."""
        sheet = run_unless(time_budget.is_small(data), fallbacks.read_with_fallbacks, data, name, self.limits)
        if sheet is None:
            raise refused
        return replace(self._proposed(caller, sheet, domain), refusal=str(refused), line=refused.line)

    def read_again(self, caller: Caller, data: bytes, name: str, options: ReadOptions, domain: str) -> MappingQuestion:
        """Read a file with other options and suggest its columns; raises FileRefused."""
        return self._proposed(caller, self.sheet(data, name, options), domain)

    def question(self, sheet: Sheet, domain: str = "") -> MappingQuestion:
        """Return the question about the columns of a sheet, with the best guess.

        Rows without a domain get `domain`, which helps to guess the spelling of usernames.
        """
        preset = presets.find(sheet.header)
        columns = mapping.detect_columns(sheet.header, chosen=preset.meanings(sheet.header) if preset else None)
        known = self.known_domains()
        found = run_unless(time_budget.is_light(sheet), suggestions.suggest_columns, sheet, columns, known)
        answer = choices.with_spelling(sheet, found.choices, domain)
        return MappingQuestion(sheet, answer, columns.conflicts, clues=found.clues, by_values=found.by_values)

    def _proposed(self, caller: Caller, sheet: Sheet, domain: str) -> MappingQuestion:
        """Return the question about a sheet, with the usual pattern of usernames of `domain`."""
        question = self.question(sheet, domain)
        if not question.answer.makes_usernames or not caller.may(Permission.IMPORT, domain):
            return question
        boxes = self._lists.cached_frame(domain)
        known = list(zip(boxes["username"].tolist(), boxes["name"].tolist(), strict=True))
        pattern = learned_patterns.learn(known, question.answer.pattern)
        return replace(question, answer=replace(question.answer, pattern=pattern))

    def question_of(self, caller: Caller, reading: ReadFile, domain: str) -> MappingQuestion:
        """Return how a file was mapped, as a question to answer differently."""
        offer, kept = self._offer(caller, reading.sheet), self._kept(caller, reading.sheet)
        if not kept and not reading.columns.names_who:
            return replace(self._proposed(caller, reading.sheet, domain), offer=offer)
        answer = kept[0] if kept else choices.as_understood(reading.columns)
        return MappingQuestion(reading.sheet, answer, offer=offer, clues=self._clues(reading.sheet))

    def first_lines(self, data: bytes, name: str, options: ReadOptions) -> dict[int, list[str]]:
        """Return the first lines of a file by number, as cells.

        Any of them may be its header.
        """
        try:
            sheet = self.sheet(data, name, replace(options, header_line=0))
        except FileRefused:  # its header would be one row too many
            return {}
        return {line: sheet.table.row(at) for at, line in enumerate(sheet.table.lines[:_OFFERED].tolist())}

    def answered(
        self, caller: Caller, sheet: Sheet, answer: ColumnChoices, domain: str, *, others: Collection[str] = ()
    ) -> ReadFile:
        """Return the rows of a sheet by the caller's column choices.

        The choices are remembered for the caller and this set of headers. `others` are addresses of existing
        mailboxes whose owners the caller declared to be other people.
        """
        reading = self._reading(caller, sheet, answer, domain, others)
        if sheet.options.header_line:
            self._must_import(current(caller))  # making usernames may have read lists
            with self._store.write() as tx:
                stored = choices.to_json(sheet.header, answer)
                column_choices.put(tx, choices.digest(sheet.header), stored, caller.name, self._clock.now())
                audit.record(
                    tx, caller, AuditAction.COLUMNS_ANSWER, at=self._clock.now(), on=sheet.name,
                    outcome=", ".join(answer.meanings),
                )  # fmt: skip
        return reading

    def usernames(
        self, caller: Caller, sheet: Sheet, answer: ColumnChoices, domain: str, others: Collection[str] = ()
    ) -> pa.Array:
        """Return the usernames made of names, as a whole column.

        Rows without a domain get `domain`. A row that repeats another one gets the same username, as a duplicate to
        look at: two people of one name differ in something.
        """
        first = choices.first_of_repeated(sheet)
        once, place = np.unique(first, return_inverse=True)
        domains = choices.domains(sheet, answer, domain)
        existing = self._existing(caller, set(domains.unique().to_pylist())) if others else ()
        who = choices.people(sheet, answer)
        who = People(who.first.take(pa.array(once)), who.last.take(pa.array(once)))
        domains = domains.take(pa.array(once))
        made = names.usernames(who, answer.pattern, domains=domains, apart_from=others, existing=existing)
        return made.take(pa.array(place))

    def namesakes(self, caller: Caller, sheet: Sheet, answer: ColumnChoices, domain: str) -> tuple[str, ...]:
        """Return existing mailboxes whose addresses collide with generated usernames.

        Only the operator can tell whether they are the same people.
        """
        made = self.usernames(caller, sheet, answer, domain).to_pylist()
        domains = choices.domains(sheet, answer, domain).to_pylist()
        existing = self._existing(caller, set(domains))
        made_addresses = dict.fromkeys(f"{name}@{at}" for name, at in zip(made, domains, strict=True))
        return tuple(address for address in made_addresses if address in existing)

    def _existing(self, caller: Caller, domains: Collection[str]) -> set[str]:
        """Return the existing addresses in `domains`, as far as the lists can be read.

        Only domains into which the caller may import are included.
        """
        known = {name for name in self._lists.domains(caller).names if caller.may(Permission.IMPORT, name)}
        self._lists.refresh(known & set(domains))
        caller = current(caller)
        known = {name for name in known if caller.may(Permission.IMPORT, name)}
        return {f"{name}@{at}" for at in known & set(domains) for name in self._lists.usernames(at) or ()}

    def _clues(self, sheet: Sheet) -> dict[int, Clue]:
        return run_unless(time_budget.is_light(sheet), clues.find, sheet, self.known_domains())

    def _must_import(self, caller: Caller) -> None:
        """Raise Forbidden for anyone who may import nowhere, before anything is read."""
        if not self._lists.may_anywhere(caller, Permission.IMPORT, unread=True):
            raise Forbidden(NO_IMPORT)

    def _sheet(self, data: bytes, name: str) -> Sheet:
        """Read a file as a table whose first row may be data.

        A first row that holds an address or a password, and no header, does not count as the header. Neither does one
        that looks like the people below it, but that is a guess.
        """
        sheet = self.sheet(data, name)
        bare = replace(sheet.options, header_line=0)
        if run_unless(time_budget.is_light(sheet), suggestions.begins_with_data, sheet):
            return self.sheet(data, name, bare)
        if sheet.unsure and suggestions.begins_with_a_person(sheet):
            return replace(self.sheet(data, name, bare), unsure=True)
        return sheet

    def _recognised(self, sheet: Sheet) -> ReadFile | None:
        """Return the rows of a sheet whose headers say what the columns hold, else None."""
        columns = mapping.detect_columns(sheet.header)
        known = presets.find(sheet.header) or (columns.names_who and not columns.conflicts)
        return self.apply_mapping(sheet) if known else None

    def _kept(self, caller: Caller, sheet: Sheet) -> tuple[ColumnChoices, column_choices.Remembered] | None:
        """Return the caller's column choices for this set of headers.

        None for a table without headers.
        """
        if not sheet.options.header_line:
            return None
        with self._store.read() as tx:
            remembered = column_choices.find(tx, choices.digest(sheet.header), caller.name)
        answer = choices.from_json(sheet.header, remembered.answer) if remembered else None
        return (answer, remembered) if answer and remembered else None

    def _offer(self, caller: Caller, sheet: Sheet) -> Offer | None:
        """Return the latest choices of another user for these headers that can still be used.

        People of a client get none: they would name people of the agency or of other clients.
        """
        if caller.external or not sheet.options.header_line:
            return None
        with self._store.read() as tx:
            others = column_choices.of_others(tx, choices.digest(sheet.header), caller.name)
        found = ((choices.from_json(sheet.header, remembered.answer), remembered) for remembered in others)
        return next((Offer(answer, remembered.by, remembered.at) for answer, remembered in found if answer), None)

    def _reading(
        self, caller: Caller, sheet: Sheet, answer: ColumnChoices, domain: str, others: Collection[str] = ()
    ) -> ReadFile:
        if not answer.makes_usernames:
            return self.apply_mapping(sheet, answer.chosen)
        made = self.usernames(caller, sheet, answer, domain, others)
        reading = self.apply_mapping(sheet, answer.chosen, usernames=made)
        cut = choices.people(sheet, answer).cut & reading.rows["ticked"].to_numpy(bool)
        if not cut.any():
            return reading
        note = Note(NoteCode.NAMES_CUT, lines=tuple(sheet.table.lines[cut].tolist()))
        return replace(reading, notes=(*reading.notes, note))
