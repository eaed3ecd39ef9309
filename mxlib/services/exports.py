"""Files that leave MXM: exports, templates, results."""

from dataclasses import dataclass, field
from datetime import datetime

from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.mailboxes import export
from mxlib.services.lists import Lists, Silent
from mxlib.services.running import Running
from mxlib.store import Store, audit

RUN_FILES = ("results.csv", "results.zip", "failed.csv")


class NotThere(Exception):
    """What was asked for does not exist; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand out."""

    name: str
    content: bytes = field(repr=False)


class Exports:
    """Makes files, with permissions and audit."""

    def __init__(self, store: Store, lists: Lists, running: Running, clock: Clock) -> None:
        self._store, self._lists, self._running, self._clock = store, lists, running, clock

    def domain_file(self, caller: Caller, domain: str, kind: str) -> File:
        """Every mailbox of `domain`, passwords blank, as `csv` or `xlsx`."""
        if kind not in {"csv", "xlsx"}:
            raise NotThere("An export is a .csv or an .xlsx file.")
        caller.must(Permission.EXPORT, domain)
        domains = self._lists.domains(caller)
        if domains.read_at is None:
            raise Silent(domains.problem)
        if domain not in domains.names:
            raise NotThere(f"{domain} is not on this MXroute account.")
        mailboxes = self._lists.mailboxes(caller, domain)
        if mailboxes.read_at is None:
            raise Silent(mailboxes.problem)
        frame = mailboxes.frame.assign(domain=domain)
        content = export.mailboxes_csv(frame) if kind == "csv" else export.mailboxes_xlsx(frame)
        name = export.file_name(domain, datetime.fromtimestamp(self._clock.now()).date(), kind)
        self._note(caller, "export", domain, f"{len(frame)} mailboxes as {kind}")
        return File(name, content)

    def template(self) -> File:
        """The import format with two example rows."""
        return File("mailboxes-template.csv", export.template_csv())

    def run_file(self, caller: Caller, run: int, kind: str) -> File:
        """A run's results; those with passwords for its operator and admins only."""
        if kind not in RUN_FILES:
            raise NotThere(f"A run has {', '.join(RUN_FILES)}.")
        view = self._running.get(caller, run)
        if view is None:
            raise NotThere(f"There is no run {run}.")
        content = self._running.file(caller, run, kind)
        stem, ending = kind.split(".")
        return File(f"{stem}-run-{run}.{ending}", content)

    def _note(self, caller: Caller, what: str, on: str, outcome: str) -> None:
        with self._store.write() as tx:
            audit.append(
                tx,
                at=self._clock.now(),
                who=caller.name,
                kind=caller.kind,
                what=what,
                on=on,
                address=caller.address,
                outcome=outcome,
            )
