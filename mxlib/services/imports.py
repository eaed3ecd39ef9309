"""Imports: validate a batch, make a plan of its verdicts, and start the run of a program."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pandas as pd

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission, refusal_of
from mxlib.clock import Clock
from mxlib.core import addresses, namesakes
from mxlib.core.files import time_budget
from mxlib.core.findings import FindingCode, bits_of
from mxlib.core.format import count
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.plans import builder
from mxlib.core.plans.plan import Plan
from mxlib.core.text import confirmations, file_problems, findings
from mxlib.core.validation import incremental, rules
from mxlib.core.validation.differences import UNKNOWN
from mxlib.core.validation.incremental import Validation
from mxlib.core.validation.row_kinds import KINDS, kinds
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import Action, AuditAction, Verdict
from mxlib.services import recovery_notices
from mxlib.services.account_storage import AccountStorageService
from mxlib.services.client_terms import ClientTerms
from mxlib.services.failures import start_waits
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MAX_WAIT_S, MailboxLists, OnProgress
from mxlib.services.runs import AlsoStored, PreviousImport, RunService
from mxlib.settings import Settings
from mxlib.store import Store, Tx, audit
from mxlib.worker import run_unless, shared

#: Seconds that a list may be old when a run starts.
FRESH_FOR_START = 60.0

#: The columns of validated rows that a change is made of, where its code does not say it all.
_FIGURES = {
    FindingCode.QUOTA_CHANGED: ("had_quota", "clean_quota"),
    FindingCode.LIMIT_CHANGED: ("had_limit", "clean_limit"),
}

#: Seconds that a list may be old while rows are edited: no edit waits for a hundred lists, and the start reads again.
FRESH_FOR_EDITS = 3_600.0


@dataclass(frozen=True, slots=True)
class PreparedImport:
    """The plan, figures and warnings that the operator is asked to confirm."""

    plan: Plan
    figures: confirmations.Confirmation
    changes: tuple[str, ...]
    earlier: tuple[PreviousImport, ...]
    unchecked: tuple[str, ...]
    #: Why it may not fit the account; none of them blocks anything.
    capacity_warnings: tuple[str, ...]
    #: The rows that the plan was made from.
    batch: ImportBatch = field(repr=False)
    #: Mailboxes it updates whose usernames were made of names, since a person said that they are the same people.
    same_people: int = 0
    #: People who get a mail at their former recovery email.
    notices: int = 0

    @property
    def sets_passwords(self) -> bool:
        """Return whether the plan sets passwords, which are kept readable."""
        return any(row.password for row in self.plan.sent())

    @property
    def stops_mail(self) -> str:
        """Return the warning that mailboxes would receive no more mail; blank when none would."""
        return confirmations.stops_mail(self.figures.stop_mail) if self.figures.stop_mail else ""


@resolves_callers
class ImportService:
    """Validates and plans import batches, and starts what a person confirmed or a program sent."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        lists: MailboxLists,
        runs: RunService,
        storage: AccountStorageService,
        idempotency: IdempotencyKeys,
        terms: ClientTerms,
        clock: Clock,
    ) -> None:
        self._store = store
        self._settings, self._lists, self._runs, self._clock = settings, lists, runs, clock
        self._storage, self._idempotency, self._terms = storage, idempotency, terms

    def defaults(self, domain: str) -> Defaults:
        """Return the meaning of a blank cell while `domain` is the active one."""
        return Defaults(domain=domain, quota=self._settings.new_quota, limit=self._settings.new_limit)

    def load(
        self,
        caller: Caller,
        batch: ImportBatch,
        *,
        newer_than: float | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Read the lists that validation needs and that are due, however long that takes.

        `on_progress` receives the progress.
        """
        known = self._lists.domains(caller).names
        batch = with_addresses(batch)
        own = {name for name in known if name in batch.domains and caller.may(Permission.IMPORT, name)}
        due = sorted(own | self._terms.counted(own))
        self._lists.refresh(due, newer_than=newer_than, patience=LONG_MAX_WAIT_S, on_progress=on_progress)

    def validate(self, caller: Caller, batch: ImportBatch) -> pd.DataFrame:
        """Validate the rows by the cached lists; return them as `rules.validate` does."""
        batch = with_addresses(batch)
        account = self._account(caller, batch, newer_than=self._clock.now() - FRESH_FOR_EDITS)
        return self._verdicts(batch, account)

    def validate_again(self, caller: Caller, batch: ImportBatch, last: Validation | None) -> Validation:
        """Validate the rows of a batch.

        After an edit, that is those that changed and what depends on them. `last` is the validation of before, if any.
        The verdicts are those of `validate`.
        """
        defaults, newer_than = self._defaults(batch), self._clock.now() - FRESH_FOR_EDITS
        same = last is not None and (last.defaults, last.on_existing) == (defaults, batch.on_existing)
        changed = incremental.changed_rows(last, batch.rows) if same and last is not None else None
        if last is not None and changed is not None and not time_budget.is_heavy(batch.rows.loc[changed]):
            parsed = incremental.read_addresses(last, batch.rows, changed, defaults.domain)
            batch = replace(batch, parsed=parsed)
            account = self._account(caller, batch, newer_than=newer_than)
            if found := incremental.validate_again(last, batch.rows, parsed, account, changed):
                return found
        else:
            batch = with_addresses(batch)
            account = self._account(caller, batch, newer_than=newer_than)
        validated = self._verdicts(batch, account)
        return Validation(batch.rows, batch.addresses, account, defaults, batch.on_existing, validated)

    def recheck(self, caller: Caller, batch: ImportBatch) -> str:
        """Read the lists that validation needs again, and describe what changed."""
        batch = with_addresses(batch)
        before = self.validate(caller, batch)
        newer_than = self._clock.now()
        self.load(caller, batch, newer_than=newer_than)
        account = self._account(caller, batch, newer_than=newer_than)
        after = self.validate(caller, batch)
        return confirmations.rechecked(changed_since(before, after), sorted(account.unchecked))

    def confirm(
        self, caller: Caller, batch: ImportBatch, *, before: pd.DataFrame, on_progress: OnProgress | None = None
    ) -> PreparedImport:
        """Return the plan of a batch, by lists at most a minute old.

        `before` are the verdicts last seen. `on_progress` receives the progress of reading the lists. A mailbox of what
        may be a namesake is not updated unless a person said that it is the same person.
        """
        batch = with_addresses(batch)
        newer_than = self._clock.now() - FRESH_FOR_START
        self.load(caller, batch, newer_than=newer_than, on_progress=on_progress)
        caller = current(caller)
        account = self._account(caller, batch, newer_than=newer_than)
        seen = self._verdicts(batch, account)
        validated = _without_unanswered(batch, seen)
        plan = builder.make_plan(validated, batch.source)
        figures = builder.confirmation(
            plan,
            validated,
            existing={name: len(usernames) for name, usernames in account.existing.items()},
            seconds=self._runs.estimate(sum(1 for _ in plan.sent())),
            ahead=self._runs.ahead(caller),
        )
        earlier = self._runs.earlier(caller, plan.file_digest) if plan.file_digest else ()
        unchecked = (*sorted(batch.domains & account.unchecked), *_uncounted(account, plan))
        warnings = self._storage.capacity_warnings(caller, plan)
        changes = changed_since(before, validated)
        if unsure := int((seen["ticked"] & ~validated["ticked"]).sum()):
            changes = (*changes, file_problems.maybe_namesakes(unsure))
        same = _same_people(batch, validated, plan)
        notices = recovery_notices.count(self._store, plan)
        return PreparedImport(plan, figures, changes, earlier, unchecked, warnings, batch, same, notices)

    def carry_out(
        self,
        caller: Caller,
        ready: PreparedImport,
        *,
        days: int,
        stops_mail: bool = False,
        allowed: Collection[int] | None = None,
        since: float | None = None,
        also: AlsoStored | None = None,
        sends_notices: bool = True,
        set_by_owners: bool = False,
    ) -> int:
        """Start what a person confirmed; return the number of the run.

        With `set_by_owners`, nobody ever sees the generated passwords of new mailboxes: they are made when they are
        sent, and not kept. Links let the owners set others.

        Raises InvalidBody unless `stops_mail` is set for a plan after which mailboxes receive no mail. The answer that
        mailboxes are of the same people is audited with the start, and so is leaving out the mails to former recovery
        emails, where `sends_notices` is not set. The rest is as in `RunService.start`.
        """
        if ready.stops_mail and not stops_mail:
            raise InvalidBody("stops_mail", f"{ready.stops_mail} {confirmations.AGREE}")

        def store(tx: Tx, run: int) -> None:
            if ready.same_people:
                outcome, now = count(ready.same_people, "mailbox", "mailboxes"), self._clock.now()
                action, name = AuditAction.IMPORT_SAME_PEOPLE, ready.batch.file_name
                audit.record(tx, caller, action, at=now, on=name, run=run, outcome=outcome)
            recovery_notices.audit_left_out(tx, caller, left_out, run, self._clock.now())
            if also is not None:
                also(tx, run)

        left_out = 0 if sends_notices else ready.notices
        plan = ready.plan.without_notices() if left_out else ready.plan
        plan = plan.set_by_owners() if set_by_owners else plan
        return self._runs.start(caller, plan, days=days, allowed=allowed, since=since, also=store)

    def preview(self, caller: Caller, batch: ImportBatch) -> pd.DataFrame:
        """Validate the rows of a program; its list of existing mailboxes is trusted."""
        batch = with_addresses(batch)
        account = self._account(caller, batch, trusted=True, patience=LONG_MAX_WAIT_S)
        return self._verdicts(batch, account)

    def capacity_warnings(self, caller: Caller, validated: pd.DataFrame) -> tuple[str, ...]:
        """Return why the ready rows may not fit the account, as MXroute reports it.

        No warning blocks anything.
        """
        return self._storage.capacity_warnings(caller, builder.make_plan(validated))

    def start(
        self,
        caller: Caller,
        batch: ImportBatch,
        *,
        days: int | None = None,
        key: str = "",
        request: bytes = b"",
        again: bool = False,
    ) -> int:
        """Start a run of the ready rows of a program; return its number.

        The list of existing mailboxes that it sent is ignored. Passwords that owners set, and notices that are left
        out, are as in `carry_out`.

        The same `key` with the same `request` gives the run of the first time; with another one it raises KeyReused.
        Raises SameImport while a run of the same import is open, unless `again` is set; ListUnavailable when
        the list of a domain cannot be read; Forbidden when every row is in a domain that the caller may not import
        into.
        """
        if batch.rows.empty:
            raise InvalidBody("rows", "rows: there are none to import.")
        if (before := self._idempotency.run(caller, key, request)) is not None:
            self._runs.must_act(caller, before)
            return before
        batch = with_addresses(batch)
        oldest = self._clock.now() - FRESH_FOR_START
        account = self._account(caller, batch, newer_than=oldest, patience=LONG_MAX_WAIT_S)
        if account.forbidden and batch.domains <= account.forbidden.keys():
            raise Forbidden(account.forbidden[min(account.forbidden)])
        if account.unchecked:
            waits_for = min(account.unchecked)
            raise start_waits(waits_for, self._lists.trouble(waits_for))
        validated = self._verdicts(batch, account)
        if batch.generate or batch.set_by_owners:
            batch = batch.with_passwords(validated)
            validated = self._verdicts(batch, account)
        plan = builder.make_plan(_without_unanswered(batch, validated), batch.source)
        for waits_for in _uncounted(account, plan):
            raise start_waits(waits_for, "")
        left_out = recovery_notices.count(self._store, plan) if batch.without_notices else 0
        plan = plan.without_notices() if left_out else plan
        plan = plan.set_by_owners() if batch.set_by_owners else plan

        def store(tx: Tx, run: int) -> None:
            recovery_notices.audit_left_out(tx, caller, left_out, run, self._clock.now())

        days, allowed = days or self._settings.retention_days, None if again else ()
        return self._idempotency.start(
            caller,
            key,
            request,
            lambda: self._runs.start(caller, plan, days=days, key=key or None, allowed=allowed, also=store),
        )

    def _verdicts(self, batch: ImportBatch, account: AccountSnapshot) -> pd.DataFrame:
        light, defaults = not time_budget.is_heavy(batch.rows), self._defaults(batch)
        return run_unless(light, rules.validate, batch.rows, account, defaults, batch.on_existing, batch.addresses)

    def _defaults(self, batch: ImportBatch) -> Defaults:
        """Return the defaults of a batch, with the spelling of the language of its headers."""
        return replace(self.defaults(batch.domain), spelled=batch.source.spells_out if batch.source else None)

    def _account(
        self,
        caller: Caller,
        batch: ImportBatch,
        *,
        newer_than: float | None = None,
        trusted: bool = False,
        patience: float = MAX_WAIT_S,
    ) -> AccountSnapshot:
        """Return the account data that validation needs; a domain not read yet costs one read.

        When the sender is `trusted`, a domain whose usernames it names is not read, except for updates, which need
        more than names. While MXroute has never reported its domains, none counts as missing; all of them count as
        unchecked.
        """
        domains = self._lists.domains(caller)
        caller = current(caller)
        known = frozenset(domains.names)
        believed = batch.existing if trusted and not batch.updates else {}
        existing = {name: usernames for name, usernames in believed.items() if name in batch.domains}
        unchecked: set[str] = set()
        forbidden = {
            name: refusal_of(Permission.IMPORT, name)
            for name in batch.domains
            if addresses.is_domain(name) and not caller.may(Permission.IMPORT, name)
        }
        needed = (batch.domains & known) - existing.keys() - forbidden.keys()
        counted = self._terms.counted((batch.domains & known) - forbidden.keys())
        self._lists.refresh(needed | counted, newer_than=newer_than, patience=patience)
        caller = current(caller)  # reading the lists took time
        lost = frozenset(name for name in needed if not caller.may(Permission.IMPORT, name))
        forbidden |= {name: refusal_of(Permission.IMPORT, name) for name in lost}
        needed -= lost
        for name in sorted(needed):
            usernames = self._lists.usernames(name, newer_than=newer_than)
            if usernames is None:
                unchecked.add(name)
            else:
                existing[name] = usernames
        if domains.read_at is None:
            unread = frozenset(name for name in batch.domains if addresses.is_domain(name))
            unchecked |= unread - existing.keys() - forbidden.keys()
            known |= unread
        has = {name: self._lists.cached_frame(name) for name in existing} if batch.updates else {}
        suggestable = frozenset(name for name in domains.names if caller.may(Permission.IMPORT, name))
        terms = self._terms.of(caller, batch.domains - forbidden.keys(), newer_than=newer_than)
        return AccountSnapshot(
            known | forbidden.keys(), existing, frozenset(unchecked), forbidden, has, suggestable, terms
        )


def _uncounted(account: AccountSnapshot, plan: Plan) -> list[str]:
    """Return the words for clients that get mailboxes and whose lists are incomplete."""
    domains = {row.domain for row in plan.rows if row.acts and row.action is Action.CREATE} - account.unchecked
    terms = [account.terms[name] for name in domains if name in account.terms]
    return sorted({confirmations.some_domain(each.client) for each in terms if each.is_uncertain})


def with_addresses(batch: ImportBatch) -> ImportBatch:
    """Return the same batch with its addresses parsed, if that takes long.

    They are parsed in the worker.
    """
    if batch.parsed is not None or not time_budget.is_heavy(batch.rows):
        return batch
    return replace(batch, parsed=shared().run(addresses.read, batch.rows, batch.domain))


def counts(validated: pd.DataFrame) -> dict[str, int]:
    """Count the rows of each of `kinds`.

    `warnings` counts rows that can be sent and carry one.
    """
    ticked = validated["ticked"]
    found = kinds(validated)[ticked].value_counts()
    figures = {kind: int(found.get(kind, 0)) for kind in KINDS}
    figures["warnings"] = int((ticked & (validated["warnings"] != "")).sum())
    figures["left_out"] = int((~ticked).sum())
    return figures


def _without_unanswered(batch: ImportBatch, validated: pd.DataFrame) -> pd.DataFrame:
    """Return validated rows without the ticks of those that may be of namesakes."""
    if not batch.updates:
        return validated
    unsure = namesakes.unanswered(validated, batch.made, batch.same_people)
    return validated.assign(ticked=validated["ticked"] & ~unsure) if unsure.any() else validated


def _same_people(batch: ImportBatch, validated: pd.DataFrame, plan: Plan) -> int:
    """Count the rows of a plan that update mailboxes which a person said are theirs."""
    said = namesakes.made_and_exist(validated, batch.made) & namesakes.answered(validated, batch.same_people)
    return sum(row.acts and bool(said[row.position]) for row in plan.rows)


def changed_since(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, ...]:
    """Describe how rows that were ready changed after the lists were read again."""
    was_ready = (before["verdict"] == Verdict.READY) & before["ticked"]
    ready = after["verdict"] == Verdict.READY
    now = after.loc[was_ready & ~ready, "verdict"].value_counts()
    differs = was_ready & ready & _differ(before, after)
    changes = [confirmations.changed_meanwhile(int(rows), str(verdict)) for verdict, rows in now.items()]
    if rows := int(differs.sum()):
        at = int(differs.to_numpy().argmax())
        address = f"{after['clean_username'].iat[at]}@{after['clean_domain'].iat[at]}"
        had, has = (findings.in_one_line(str(validated["changes"].iat[at])) for validated in (before, after))
        changes.append(confirmations.differs_meanwhile(rows, address, had, has))
    return tuple(changes)


def _differ(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    """Return which rows do or change something else than before."""
    codes = after["change_codes"]
    differ = (before["action"] != after["action"]) | (before["change_codes"] != codes)
    for code, figures in _FIGURES.items():
        changed = (codes & bits_of(code)) != 0
        for name in figures:
            now, then = after[name].fillna(UNKNOWN), before[name].fillna(UNKNOWN)
            differ |= changed & (now != then)
    return differ
