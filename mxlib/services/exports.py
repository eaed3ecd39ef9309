"""Files that leave MXM: exports, templates, results."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.files import writer
from mxlib.core.format import count, listed
from mxlib.core.plans import change_text
from mxlib.core.text import file_problems, list_ages, run_status
from mxlib.core.vocabulary import AuditAction
from mxlib.services import handover_files
from mxlib.services.failures import ListUnavailable
from mxlib.services.handover_files import FileOptions
from mxlib.services.mailbox_lists import Domains, MailboxList, MailboxLists, OnProgress
from mxlib.services.runs import RunService
from mxlib.store import Store, StoreUnavailable, audit, clients, preferences, selections

#: The kind of a list with names and use for a client, instead of an import.
USAGE = "usage.xlsx"

#: Characters of a client's name in a file name.
_LONGEST_CLIENT = 40

_SELECTION_GONE = "This selection is no longer kept. Select the mailboxes again."

#: What may separate the cells of a CSV of results, by name; the first one is what programs expect.
DELIMITERS = {"comma": ",", "semicolon": ";"}

#: The preference for one of them.
_DELIMITER = "results_delimiter"

RUN_FILES = ("results.xlsx", "results.csv", "results.zip", "failed.xlsx", "failed.csv", *handover_files.WAYS)

#: The stems of those that people may open in a spreadsheet.
_FOR_SPREADSHEETS = ("results", "failed")


class NotFound(Exception):
    """The requested object does not exist; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand out; `remarks` say what it lacks, one sentence each."""

    name: str
    content: bytes = field(repr=False)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AllDomains:
    """The mailboxes of all domains that a caller may export, with remarks about the file.

    `remarks` go into the file too: lists that it lacks although the caller may have them, and lists that are old.
    """

    lists: tuple[MailboxList, ...] = field(repr=False)
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def domains(self) -> tuple[str, ...]:
        """Return the domains whose mailboxes are included."""
        return tuple(each.domain for each in self.lists)

    @property
    def mailboxes(self) -> int:
        """Return the number of mailboxes."""
        return sum(len(each.frame) for each in self.lists)

    @property
    def summary(self) -> str:
        """Describe the content of the file."""
        return f"{count(self.mailboxes, 'mailbox', 'mailboxes')} of {count(len(self.lists), 'domain')}"

    @property
    def lacks(self) -> tuple[str, ...]:
        """Return the sentences about what the file does not hold."""
        return ((list_ages.not_exported(self.left_out),) if self.left_out else ()) + self.remarks


@resolves_callers
class ExportService:
    """Makes files, with permissions and audit."""

    def __init__(self, store: Store, lists: MailboxLists, running: RunService, clock: Clock) -> None:
        self._store, self._lists, self._running, self._clock = store, lists, running, clock

    def domain_file(self, caller: Caller, domain: str, kind: str) -> File:
        """Export every mailbox of `domain`, passwords blank, as `csv` or `xlsx`."""
        _must_be_known(kind)
        caller.require(Permission.EXPORT, domain)
        self._must_be_here(caller, domain)
        mailboxes = self._lists.mailboxes(caller, domain)
        if mailboxes.read_at is None:
            raise ListUnavailable(mailboxes.problem)
        file = self._file([mailboxes], domain, kind)
        caller = _still_may(caller, [domain])
        self._record_export(caller, domain, f"{len(mailboxes.frame)} mailboxes as {kind}")
        return file

    def everything(self, caller: Caller, *, on_progress: OnProgress | None = None) -> AllDomains:
        """Return the mailboxes of all domains that the caller may export.

        Lists that are due are read; `on_progress` receives the progress. Raises Forbidden when there is no such domain,
        ListUnavailable when not one list can be read.
        """
        domains = self._domains(caller)
        rights = (Permission.VIEW, Permission.EXPORT)
        mine = [name for name in domains.names if all(caller.may(right, name) for right in rights)]
        if not mine:
            raise Forbidden("You may not export from any domain. Ask an admin for it.")
        found = self._lists.every(caller, mine, on_progress=on_progress)
        _still_may(caller, mine)
        had = [each for each in found if each.read_at is not None]
        if not had:
            raise ListUnavailable(found[0].problem)
        now = self._clock.now()
        lacking = [list_ages.export_lacks(each.domain, each.problem) for each in found if each.read_at is None]
        old = [list_ages.export_is_old(each.domain, each.read_at, now) for each in had if each.read_at and each.problem]
        return AllDomains(tuple(had), tuple(sorted({*domains.names} - {*mine})), (*lacking, *old))

    def all_file(self, caller: Caller, kind: str) -> File:
        """Export every mailbox of every domain that the caller may export, as one file.

        The file can be imported again.
        """
        _must_be_known(kind)
        found = self.everything(caller)
        file = self._file(found.lists, "", kind, found)
        caller = _still_may(caller, found.domains)
        outcome = f"{found.summary} as {kind}: {listed(found.domains)}"
        self._record_export(caller, "all domains", " ".join([f"{outcome}.", *found.lacks]))
        return file

    def some_file(self, caller: Caller, addresses: Collection[str], kind: str) -> File:
        """Export these mailboxes, as far as they still exist; the remarks name the others.

        `kind` may also be USAGE.

        Raises NotFound when none exists, Forbidden, ListUnavailable.
        """
        if kind != USAGE:
            _must_be_known(kind)
        selected = set(addresses)
        domains = sorted({address.rpartition("@")[2] for address in selected})
        for domain in domains:
            caller.require(Permission.EXPORT, domain)
            self._must_be_here(caller, domain)
        found = []
        for listed_now in self._lists.every(caller, domains):
            if listed_now.read_at is None:
                raise ListUnavailable(listed_now.problem)
            rows = listed_now.frame.loc[listed_now.frame["address"].isin(selected)]
            found.append(replace(listed_now, frame=rows))
        gone = selected.difference(*(each.frame["address"] for each in found))
        if gone == selected:
            raise NotFound(change_text.NOBODY_THERE)
        file = self._file(found, f"{domains[0] if len(domains) == 1 else 'all'}-selection", kind)
        caller = _still_may(caller, domains)
        for each in found:
            self._record_export(caller, each.domain, f"{len(each.frame)} selected mailboxes as {kind}")
        return replace(file, remarks=(change_text.gone(tuple(sorted(gone))),)) if gone else file

    def keep_selection(self, caller: Caller, addresses: Sequence[str]) -> str:
        """Keep selected mailboxes for a link to their file; return an opaque id.

        They are kept for some days. The same mailboxes of the same caller have the same id in every process, and only
        their caller can use it.
        """
        key, now = self._store.key, self._clock.now()
        number = selections.id_of(key, caller.name, addresses)
        with suppress(StoreUnavailable):  # a full disk must not keep anyone from selecting
            with self._store.read() as tx:
                is_kept = selections.is_kept(tx, number, now)
            if not is_kept:
                with self._store.write() as tx:
                    selections.put(tx, key, number, caller.name, addresses, now)
        return number

    def selection_file(self, caller: Caller, number: str, kind: str) -> File:
        """Export a selection as `csv`, `xlsx` or USAGE; raises NotFound, Forbidden, ListUnavailable."""
        with self._store.read() as tx:
            found = selections.find(tx, self._store.key, number, self._clock.now())
        if found is None or found[0] != caller.name:
            raise NotFound(_SELECTION_GONE)
        return self.some_file(caller, found[1], kind)

    def _must_be_here(self, caller: Caller, domain: str) -> None:
        known = self._domains(caller)
        _still_may(caller, [domain])
        if domain not in known.names:
            raise NotFound(f"{domain} is not on this MXroute account.")

    def _domains(self, caller: Caller) -> Domains:
        domains = self._lists.domains(caller)
        if domains.read_at is None:
            raise ListUnavailable(domains.problem)
        return domains

    def _file(self, lists: Sequence[MailboxList], domain: str, kind: str, found: AllDomains | None = None) -> File:
        write = {"csv": writer.mailboxes_csv, USAGE: writer.usage_xlsx}.get(kind, writer.mailboxes_xlsx)
        frame = pd.concat([each.frame.assign(domain=each.domain) for each in lists], ignore_index=True)
        of = self._client_of({each.domain for each in lists})
        whose = f"{of} {domain or 'all'}" if of else domain
        day = datetime.fromtimestamp(self._clock.now()).date()
        name = writer.file_name(f"{whose}-usage", day, "xlsx") if kind == USAGE else writer.file_name(whose, day, kind)
        return File(name, write(frame, found.remarks if found else ()), found.lacks if found else ())

    def _client_of(self, domains: Collection[str]) -> str:
        """Return the name of the one client of all these domains, cut; else blank."""
        with self._store.read() as tx:
            found = [record.details for record in clients.of_domains(tx, domains)]
        if len(found) != 1 or not set(domains) <= set(found[0].domains):
            return ""
        return found[0].name[:_LONGEST_CLIENT]

    def template(self) -> File:
        """Return the import format with two example rows."""
        return File("mailboxes-template.csv", writer.template_csv())

    def run_file(self, caller: Caller, run: int, kind: str, options: FileOptions = handover_files.USUAL) -> File:
        """Return the results of a run; those with passwords for its operator and admins only.

        Raises InvalidState as `RunService.file` does.
        """
        if kind not in RUN_FILES:
            raise NotFound(f"A run has {', '.join(RUN_FILES)}.")
        view = self._running.get(caller, run)
        if view is None:
            raise NotFound(f"There is no run {run}.")
        content = self._running.file(caller, run, kind, options)
        stem, ending = kind.split(".")
        remarks: tuple[str, ...] = (
            (file_problems.CSV_CALCULATES,) if ending == "csv" and stem in _FOR_SPREADSHEETS else ()
        )
        if kind in handover_files.WAYS:
            remarks = self._running.not_handed_over(caller, run, options)
        if view.hidden:
            remarks = (*remarks, run_status.hidden_rows(view.hidden))
        return File(f"{stem}-run-{run}.{ending}", content, remarks)

    def delimiter(self, caller: Caller) -> str:
        """Return the name of the delimiter that the caller chose for the CSV of results."""
        with self._store.read() as tx:
            chosen = preferences.find(tx, _DELIMITER, caller.name)
        return chosen if chosen in DELIMITERS else next(iter(DELIMITERS))

    def choose_delimiter(self, caller: Caller, name: str) -> None:
        """Remember the delimiter of the caller; raises NotFound for one that is not in DELIMITERS."""
        if name not in DELIMITERS:
            raise NotFound(f"The delimiter of a CSV is {' or '.join(DELIMITERS)}.")
        with self._store.write() as tx:
            preferences.put(tx, _DELIMITER, name, caller.name, self._clock.now())

    def _record_export(self, caller: Caller, on: str, outcome: str) -> None:
        with self._store.write() as tx:
            audit.record(tx, caller, AuditAction.EXPORT, at=self._clock.now(), on=on, outcome=outcome)


def _still_may(caller: Caller, domains: Collection[str]) -> Caller:
    """Return the caller with the rights of this moment.

    Raises Forbidden unless they may still export these domains.
    """
    caller = current(caller)
    for domain in domains:
        caller.require(Permission.VIEW, domain)
        caller.require(Permission.EXPORT, domain)
    return caller


def _must_be_known(kind: str) -> None:
    if kind not in {"csv", "xlsx"}:
        raise NotFound("An export is a .csv or an .xlsx file.")
