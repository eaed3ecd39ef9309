"""Previews: a file becomes rows, rows become verdicts, verdicts become a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import pandas as pd
import pyarrow as pa

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Permission, lacking
from mxlib.clock import Clock
from mxlib.core import addresses, passwords
from mxlib.core.files import reader, time_budget
from mxlib.core.files.reader import Limits, ReadOptions, Sheet
from mxlib.core.mapping import mapping
from mxlib.core.mapping.mapping import ColumnMapping
from mxlib.core.mapping.read_file import ReadFile, understood
from mxlib.core.plans import builder
from mxlib.core.plans.plan import Plan
from mxlib.core.text import confirmations
from mxlib.core.validation import rules
from mxlib.core.validation.row_kinds import KINDS, kinds
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting
from mxlib.services.capacity import CapacityCheck
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MAX_WAIT_S, MailboxLists, Tell
from mxlib.services.preview_changes import changed_since
from mxlib.services.runs import PreviousImport, RunService
from mxlib.settings import Settings
from mxlib.worker import shared

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds that a list may be old when a run starts.
FRESH_FOR_START = 60.0

#: Seconds that a list may be old while rows are mended: no edit waits for a hundred lists, and the start reads anew.
FRESH_FOR_EDITS = 3_600.0


@dataclass(frozen=True, slots=True)
class PreparedImport:
    """What the operator is asked to confirm."""

    plan: Plan
    figures: confirmations.Confirmation
    changes: tuple[str, ...]
    earlier: tuple[PreviousImport, ...]
    unchecked: tuple[str, ...]
    #: Whether it fits the account: warnings, none of which stops anything.
    preflight: tuple[str, ...] = ()

    @property
    def sets_passwords(self) -> bool:
        """Whether there are passwords to keep readable."""
        return any(row.password for row in self.plan.sent())

    def text(self, readable_until: float) -> str:
        """What is asked, with passwords that stay readable until then (Unix seconds)."""
        return confirmations.confirm(replace(self.figures, readable_until=readable_until))


@resolves_callers
class ImportService:
    """Reads, judges and plans; sends nothing."""

    def __init__(
        self, settings: Settings, lists: MailboxLists, running: RunService, preflight: CapacityCheck, clock: Clock
    ) -> None:
        self._settings, self._lists, self._running, self._clock = settings, lists, running, clock
        self.preflight = preflight
        self._worker = shared()

    @property
    def limits(self) -> Limits:
        """What a file may measure."""
        return Limits(bytes=self._settings.max_file_mb * 1_000_000, rows=self._settings.max_rows)

    def defaults(self, domain: str) -> Defaults:
        """What a blank cell means while `domain` is the active one."""
        return Defaults(domain=domain, quota=self._settings.new_quota, limit=self._settings.new_limit)

    def read(
        self, data: bytes, name: str, *, taken: ReadOptions | None = None, chosen: Mapping[int, str] | None = None
    ) -> ReadFile:
        """Read a file; `taken` and `chosen` override how it is decoded and what its columns mean.

        Raises FileRefused with one sentence when there is no table in it.
        """
        return self.understood(self.sheet(data, name, taken), chosen)

    def sheet(self, data: bytes, name: str, taken: ReadOptions | None = None) -> Sheet:
        """A file as a table whose columns are not understood yet; raises FileRefused."""
        return self.do(time_budget.is_small(data), reader.read, data, name, limits=self.limits, taken=taken)

    def understood(
        self, sheet: Sheet, chosen: Mapping[int, str] | None = None, *, usernames: pa.Array | None = None
    ) -> ReadFile:
        """The rows of a sheet, as the function of this name gives them."""
        return understood(sheet, chosen, usernames=usernames, do=self.do)

    def rows(
        self, sheet: Sheet, columns: ColumnMapping, *, usernames: pa.Array | None = None
    ) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """The rows of a sheet whose columns are understood, and what is to be said of them."""
        return self.do(time_budget.is_light(sheet), mapping.rows_from_sheet, sheet, columns, usernames=usernames)

    def verdicts(
        self, rows: pd.DataFrame, account: AccountSnapshot, domain: str, on_existing: OnExisting
    ) -> pd.DataFrame:
        """`rows` with their verdicts, as `rules.judge` gives them."""
        return self.do(
            not time_budget.is_heavy(rows), rules.validate, rows, account, self.defaults(domain), on_existing
        )

    def named(self, rows: pd.DataFrame, domain: str) -> frozenset[str]:
        """The domains that `rows` are about."""
        return self.do(not time_budget.is_heavy(rows), rules.domains_named, rows, self.defaults(domain))

    def do(self, small: bool, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """What `work` gives: at once when it is `small`, else in the worker, so that the server answers meanwhile."""
        return work(*arguments, **named) if small else self._worker.run(work, *arguments, **named)

    def load(
        self,
        caller: Caller,
        rows: pd.DataFrame,
        domain: str,
        *,
        newer_than: float | None = None,
        tell: Tell | None = None,
    ) -> None:
        """Read the lists that judging `rows` takes and that are due, however long; `tell` hears how far it has come."""
        known = self._lists.domains(caller).names
        named = self.named(rows, domain)
        wanted = [name for name in known if name in named and caller.may(Permission.IMPORT, name)]
        self._lists.refresh(wanted, newer_than=newer_than, patience=LONG_MAX_WAIT_S, tell=tell)

    def account(
        self,
        caller: Caller,
        rows: pd.DataFrame,
        domain: str,
        *,
        newer_than: float | None = None,
        told: Mapping[str, frozenset[str]] | None = None,
        on_existing: OnExisting = OnExisting.SKIP,
        patience: float = MAX_WAIT_S,
    ) -> AccountSnapshot:
        """What must be known of the account to judge `rows`: a domain not read yet costs one read, once.

        A domain in `told` is not read: the sender says which usernames it has. To update them that is not enough.
        While MXroute has never told its domains, none is taken for missing; all of them count as unchecked.
        """
        update = on_existing is OnExisting.UPDATE
        domains = self._lists.domains(caller)
        caller = current(caller)
        known = frozenset(domains.names)
        named = self.named(rows, domain)
        existing = {name: usernames for name, usernames in (told or {}).items() if name in named and not update}
        unchecked: set[str] = set()
        forbidden = {
            name: lacking(Permission.IMPORT, name)
            for name in named
            if addresses.is_domain(name) and not caller.may(Permission.IMPORT, name)
        }
        needed = (named & known) - existing.keys() - forbidden.keys()
        self._lists.refresh(needed, newer_than=newer_than, patience=patience)
        caller = current(caller)  # reading the lists took its time
        lost = frozenset(name for name in needed if not caller.may(Permission.IMPORT, name))
        forbidden |= {name: lacking(Permission.IMPORT, name) for name in lost}
        needed -= lost
        for name in sorted(needed):
            usernames = self._lists.usernames(name, newer_than=newer_than)
            if usernames is None:
                unchecked.add(name)
            else:
                existing[name] = usernames
        if domains.read_at is None:
            untold = frozenset(name for name in named if addresses.is_domain(name))
            unchecked |= untold - existing.keys() - forbidden.keys()
            known |= untold
        has = {name: self._lists.cached_frame(name) for name in existing} if update else {}
        unseen = frozenset(name for name in existing if not caller.may(Permission.VIEW, name))
        return AccountSnapshot(known | forbidden.keys(), existing, frozenset(unchecked), forbidden, has, unseen)

    def validate(
        self,
        caller: Caller,
        rows: pd.DataFrame,
        domain: str,
        *,
        newer_than: float | None = None,
        on_existing: OnExisting = OnExisting.SKIP,
    ) -> pd.DataFrame:
        """`rows` with their verdicts, as `rules.judge` gives them, by the lists that are there already."""
        if newer_than is None:
            newer_than = self._clock.now() - FRESH_FOR_EDITS
        account = self.account(caller, rows, domain, newer_than=newer_than, on_existing=on_existing)
        return self.verdicts(rows, account, domain, on_existing)

    def recheck(self, caller: Caller, rows: pd.DataFrame, domain: str, on_existing: OnExisting) -> str:
        """Read the lists that judging `rows` takes anew, and say what changed by it."""
        before = self.validate(caller, rows, domain, on_existing=on_existing)
        newer_than = self._clock.now()
        self.load(caller, rows, domain, newer_than=newer_than)
        account = self.account(caller, rows, domain, newer_than=newer_than, on_existing=on_existing)
        after = self.validate(caller, rows, domain, on_existing=on_existing)
        return confirmations.rechecked(changed_since(before, after), sorted(account.unchecked))

    def with_passwords(self, caller: Caller, rows: pd.DataFrame, domain: str) -> pd.DataFrame:
        """`rows` in which every row that only lacks a password has a generated one; existing mailboxes keep theirs."""
        return passwords.fill(self.validate(caller, rows, domain))

    def confirm(
        self,
        caller: Caller,
        rows: pd.DataFrame,
        domain: str,
        reading: ReadFile | None,
        *,
        before: pd.DataFrame,
        on_existing: OnExisting = OnExisting.SKIP,
        tell: Tell | None = None,
    ) -> PreparedImport:
        """The plan of `rows`, judged against lists at most a minute old; `before` are the verdicts last seen.

        `tell` hears how far the reading of the lists has come.
        """
        now = self._clock.now()
        newer_than = now - FRESH_FOR_START
        self.load(caller, rows, domain, newer_than=newer_than, tell=tell)
        caller = current(caller)
        account = self.account(caller, rows, domain, newer_than=newer_than, on_existing=on_existing)
        judged = self.verdicts(rows, account, domain, on_existing)
        plan = builder.make_plan(
            judged,
            file_name=reading.sheet.name if reading else "",
            file_digest=reading.sheet.digest if reading else "",
            cells=reading.cells if reading else None,
        )
        figures = builder.confirmation(
            plan,
            judged,
            existing={name: len(usernames) for name, usernames in account.existing.items()},
            unseen=account.unseen,
            readable_until=now,
            seconds=self._running.estimate(sum(1 for _ in plan.sent())),
            ahead=self._running.ahead(),
        )
        earlier = self._running.earlier(caller, plan.file_digest) if plan.file_digest else ()
        unchecked = tuple(sorted(self.named(rows, domain) & account.unchecked))
        preflight = self.preflight.of(caller, plan)
        return PreparedImport(plan, figures, changed_since(before, judged), earlier, unchecked, preflight)


def counts(judged: pd.DataFrame) -> dict[str, int]:
    """How many rows are of each of `kinds`; `warnings` counts rows that can be sent and carry one."""
    ticked = judged["ticked"]
    told = kinds(judged)[ticked].value_counts()
    figures = {kind: int(told.get(kind, 0)) for kind in KINDS}
    figures["warnings"] = int((ticked & (judged["warnings"] != "")).sum())
    figures["left_out"] = int((~ticked).sum())
    return figures
