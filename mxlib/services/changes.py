"""Changes of selected mailboxes: checked again, confirmed and made; one at once, several as a run."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.plans import change_text, changes
from mxlib.core.plans.changes import Change, ChangeSummary, Deletion, LaterDeletion, NewLock, NewPassword, NewStored
from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.text import dated_deletions, locks
from mxlib.core.vocabulary import CLEAR, Action, RowReason
from mxlib.mxroute.errors import (
    InvalidResponse,
    MXrouteError,
    PlanLimitReached,
    RateLimited,
    RateLimitWait,
    Unreachable,
)
from mxlib.runs.manager import InvalidState
from mxlib.services import recovery_notices, support_quotas
from mxlib.services.account_storage import AccountStorageService
from mxlib.services.client_terms import ClientTerms, quota_refusal
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.exports import NotFound
from mxlib.services.failures import ListUnavailable, says_when, start_waits
from mxlib.services.idempotency import IdempotencyKeys
from mxlib.services.imports import FRESH_FOR_START
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MailboxLists
from mxlib.services.mailboxes import AlreadyExists, InvalidField, MailboxDetails, MailboxService, clean_reason
from mxlib.services.manual_writes import MailboxLocked
from mxlib.services.runs import RunService, require_recent_for
from mxlib.settings import MOST_DAYS_LATER, Settings
from mxlib.store import Store, StoreUnavailable, Tx, journal

#: Errors that refuse a change of a mailbox; each message is one sentence.
REFUSALS = (
    Forbidden,
    InvalidState,
    ListUnavailable,
    InvalidField,
    AlreadyExists,
    OutcomeUnknown,
    NotFound,
    StoreUnavailable,
    MailboxLocked,
    MXrouteError,
)

#: Those of them that are temporary: the same request may be sent again.
_PASSING = (ListUnavailable, StoreUnavailable, Unreachable, InvalidResponse, RateLimited, RateLimitWait)


def not_done(refusal: Exception) -> str:
    """Describe that a change was not made, and what to do."""
    if isinstance(refusal, PlanLimitReached):
        return change_text.plan_says_no(refusal.message)
    if isinstance(refusal, NotFound | AlreadyExists):
        return change_text.not_as_listed(str(refusal))
    passes = isinstance(refusal, _PASSING) and not says_when(refusal)
    return change_text.kept(str(refusal)) if passes else str(refusal)


@dataclass(frozen=True)
class ChangeProposal:
    """A change to confirm: its plan, its figures, and selected mailboxes that no longer exist."""

    change: Change = field(repr=False)
    plan: Plan
    figures: ChangeSummary
    gone: tuple[str, ...]
    seconds: float
    #: Why it may not fit the account; none of them blocks anything.
    capacity_warnings: tuple[str, ...]
    #: People who get a mail at their former recovery email.
    notices: int = 0
    #: Idempotency key: however often it is carried out, it starts one run.
    key: str = field(default_factory=lambda: f"change {secrets.token_hex(16)}")

    @property
    def typed(self) -> str:
        """Return the text that confirms the change when typed; blank when none is needed."""
        return str(self.figures.mailboxes) if isinstance(self.change, Deletion | LaterDeletion) else ""

    @property
    def typed_on_page(self) -> str:
        """Return the text that a person types: the address of one mailbox, the number of several."""
        return self.alone.address if self.typed and self.alone else self.typed

    @property
    def below(self) -> str:
        """Return the warning that mailboxes hold more than their new quota; blank when none does."""
        return change_text.below(self.figures.below) if self.figures.below else ""

    @property
    def alone(self) -> PlannedRow | None:
        """Return the one row of the plan when there is just one: it needs no run."""
        return self.plan.rows[0] if len(self.plan.rows) == 1 else None

    def text(self, readable_until: float, *, as_run: bool = False) -> str:
        """Return the question to confirm.

        The passwords of a run stay readable until then (Unix seconds).
        """
        if self.alone and not as_run and self.figures.has_figures:
            return change_text.question(self.change, self.figures, alone=self.alone.address)
        return change_text.question(self.change, self.figures, readable_until=readable_until, seconds=self.seconds)

    def must_be_agreed(self, typed: str, *, below_use: bool) -> None:
        """Raise InvalidField unless the change is confirmed.

        A deletion needs `typed`: the number, or the address of a single mailbox. Quotas below use need `below_use`.
        """
        if self.typed and typed.strip().lower() not in {self.typed, self.typed_on_page}:
            raise InvalidField("confirm", change_text.not_typed(self.typed))
        if self.below and not below_use:
            raise InvalidField("below_use", f"{self.below} {change_text.AGREE}")


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of a change: the number of a run, or what was done at once.

    `password` is the new one of a single mailbox.
    """

    run: int | None = None
    kept: MailboxDetails | None = None
    password: str = field(default="", repr=False)
    #: The sentence that it was done and cannot be recorded yet; mostly blank.
    unrecorded: str = ""


@dataclass(frozen=True, slots=True)
class StartedChange:
    """The number of a run, and the addresses that are not in it: those mailboxes do not exist."""

    run: int
    gone: tuple[str, ...]


@resolves_callers
class ChangeService:
    """Plans, starts and carries out changes of mailboxes, with the permissions that each needs."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        lists: MailboxLists,
        mailboxes: MailboxService,
        runs: RunService,
        storage: AccountStorageService,
        idempotency: IdempotencyKeys,
        terms: ClientTerms,
        dated: DatedDeletions,
        clock: Clock,
    ) -> None:
        self._settings, self._store, self._lists, self._mailboxes = settings, store, lists, mailboxes
        self._runs, self._storage, self._idempotency, self._clock = runs, storage, idempotency, clock
        self._terms, self._dated = terms, dated

    def plan(self, caller: Caller, addresses: Sequence[str], change: Change) -> ChangeProposal:
        """Return the plan of `change` for these mailboxes, by lists at most a minute old.

        A caller who may not view all of the mailboxes gets none of their figures.

        Raises Forbidden, NotFound for a domain that is not on the account, ListUnavailable when a list cannot be
        read, and InvalidField for an invalid quota or stored value.
        """
        selected = list(dict.fromkeys(address.lower() for address in addresses))
        domains = sorted({address.rpartition("@")[2] for address in selected})
        seen = _must(caller, change, domains)
        if isinstance(change, NewStored):
            change, wrong = changes.normalised(change)
            if wrong:
                raise InvalidField(change.column.name, wrong)
        if isinstance(change, LaterDeletion) and change.due_at <= self._clock.now():
            raise InvalidField("on", dated_deletions.PAST)
        if isinstance(change, LaterDeletion) and change.due_at > self._dated.last_day():
            raise InvalidField("on", dated_deletions.too_far(MOST_DAYS_LATER))
        if isinstance(change, NewLock):
            change = NewLock(clean_reason(change.reason))
        boxes = self._boxes(caller, change, domains)
        seen = _must(caller := current(caller), change, domains)
        found = boxes.loc[boxes["address"].isin(selected)]
        gone = tuple(sorted(set(selected) - set(found["address"])))
        plan, figures = changes.make_plan(found, change, change_text.name(change))
        if max((row.quota or 0 for row in plan.rows), default=0) > change_text.MAX_QUOTA:
            raise InvalidField("quota", change_text.TOO_LARGE)
        if any(row.quota is not None for row in plan.rows):
            support_quotas.require(caller, domains, self._terms.of(caller, domains))
        self._must_fit_terms(caller, plan, domains)
        if not seen:
            return ChangeProposal(
                change, plan, figures.without_figures(), gone, self._runs.estimate(len(plan.rows)), ()
            )
        seconds = self._runs.estimate(sum(1 for _ in plan.sent()))
        warnings, notices = self._storage.capacity_warnings(caller, plan), recovery_notices.count(self._store, plan)
        return ChangeProposal(change, plan, figures, gone, seconds, warnings, notices)

    def _must_fit_terms(self, caller: Caller, plan: Plan, domains: Sequence[str]) -> None:
        """Raise InvalidField for a plan with quotas that a client may not have."""
        terms = self._terms.of(caller, domains)
        for row in plan.rows:
            if refusal := quota_refusal(terms, row.domain, row.quota, row.before.get("quota")):
                raise InvalidField("quota", f"{row.address}: {refusal}")

    def still(self, caller: Caller, proposed: ChangeProposal) -> ChangeProposal:
        """Return an earlier proposal as the caller may see it now.

        Raises Forbidden when they may no longer make the change.
        """
        if _must(caller, proposed.change, sorted({row.domain for row in proposed.plan.rows})):
            return proposed
        return replace(proposed, figures=proposed.figures.without_figures(), capacity_warnings=(), notices=0)

    def carry_out(
        self, caller: Caller, proposed: ChangeProposal, *, days: int, typed: str = "", agreed: bool = False,
        sends_notices: bool = True,
    ) -> ChangeResult:  # fmt: skip
        """Carry out a proposal: one mailbox at once, in the next slot, several as a run.

        Former recovery emails of several mailboxes get no mail where `sends_notices` is not set. Raises InvalidField
        unless a deletion is `typed` as asked and quotas below use are `agreed`; and as `MailboxService` does.
        """
        self.still(caller, proposed)
        proposed.must_be_agreed(typed, below_use=agreed)
        row = proposed.alone
        if isinstance(proposed.change, LaterDeletion):
            return ChangeResult(run=self._delete_later(caller, proposed.plan, proposed.change, key=proposed.key))
        if row is None:
            return ChangeResult(
                run=self._start_run(caller, proposed, days=days, key=proposed.key, sends_notices=sends_notices)
            )
        if row.reason is not None and row.reason.code is RowReason.LOCKED and row.action is not Action.LOCK:
            raise MailboxLocked(locks.refuses_password(row.address), "LOCKED")
        if row.action is Action.LOCK:
            return self._at_once(self._mailboxes.lock(caller, row.domain, row.username, row.lock_reason))
        if row.action is Action.UNLOCK:
            kept = self._mailboxes.unlock(caller, row.domain, row.username, row.password)
            return self._at_once(kept, row.password if row.generated else "")
        if row.action is Action.DELETE:
            return ChangeResult(unrecorded=self._mailboxes.delete(caller, row.domain, row.username))
        for column, value in row.stored.items():
            text = "" if value == CLEAR else value
            self._mailboxes.set_stored(caller, row.domain, row.username, column, text)
        if not row.asks_host:
            return ChangeResult()
        cells = {"password": row.password, "quota": row.quota}
        kept = self._mailboxes.update(caller, row.domain, row.username, cells)
        return self._at_once(kept, row.password if isinstance(proposed.change, NewPassword) else "")

    def _start_run(
        self, caller: Caller, proposed: ChangeProposal, *, days: int, key: str | None, sends_notices: bool = True
    ) -> int:
        left_out = 0 if sends_notices else proposed.notices
        plan = proposed.plan.without_notices() if left_out else proposed.plan

        def also(tx: Tx, run: int) -> None:
            recovery_notices.audit_left_out(tx, caller, left_out, run, self._clock.now())

        return self._runs.start(caller, plan, days=days, key=key, also=also)

    def _delete_later(self, caller: Caller, plan: Plan, change: LaterDeletion, *, key: str | None) -> int:
        """Start the run that locks mailboxes, and store the date of their deletion."""
        require_recent_for(current(caller), len(plan.rows))  # the run itself only locks

        made = False

        def also(tx: Tx, _run: int) -> None:
            nonlocal made
            self._dated.store_dates(tx, current(caller), plan.rows, change.due_at)
            made = True

        run = self._runs.start(caller, plan, days=self._settings.retention_days, key=key, also=also)
        if not made and not self._started_with(run, key):
            self._dated.store_dates_later(caller, plan.rows, change.due_at)  # another act started the same locks
        return run

    def _started_with(self, run: int, key: str | None) -> bool:
        """Return whether this same act started a run before: its dates may have been called off since."""
        with self._store.read() as tx:
            found = journal.get_run(tx, run)
        return key is not None and found is not None and found.idempotency_key == key

    def _at_once(self, kept: MailboxDetails, password: str = "") -> ChangeResult:
        return ChangeResult(kept=kept, password=password, unrecorded=" ".join(kept.warnings))

    def propose(self, caller: Caller, addresses: Sequence[str], change: Change) -> ChangeProposal:
        """Return the proposal that a program may start.

        Raises NotFound when none of the mailboxes exists, else as `plan`.
        """
        proposed = self.plan(caller, addresses, change)
        if not proposed.plan.rows:
            raise NotFound(change_text.NOBODY_THERE)
        return proposed

    def start(
        self,
        caller: Caller,
        addresses: Sequence[str],
        change: Change,
        *,
        confirm: int | None = None,
        below_use: bool = False,
        key: str = "",
        request: bytes = b"",
    ) -> StartedChange:
        """Start the run of a program, even for one mailbox.

        `confirm` is the number of a deletion. The same `key` with the same `request` gives the run of the first time.
        Raises KeyReused when the key came with another request, InvalidField when a confirmation that the change
        needs is missing.
        """
        request = b"change\n" + request
        run = self._idempotency.run(caller, key, request)
        if run is not None:
            self._runs.must_act(caller, run)
        else:
            proposed = self.propose(caller, addresses, change)
            proposed.must_be_agreed("" if confirm is None else str(confirm), below_use=below_use)
            days, once = self._settings.retention_days, key or proposed.key

            def begin() -> int:
                if isinstance(proposed.change, LaterDeletion):
                    return self._delete_later(caller, proposed.plan, proposed.change, key=once)
                return self._start_run(caller, proposed, days=days, key=once)

            run = self._idempotency.start(caller, key, request, begin)
        with self._store.read() as tx:
            there = {row.address for row in journal.rows(tx, run)}
        return StartedChange(run, tuple(address for address in addresses if address not in there))

    def _boxes(self, caller: Caller, change: Change, domains: Sequence[str]) -> pd.DataFrame:
        known, frames = self._lists.domains(caller), []
        _must(current(caller), change, domains)
        for domain in domains:
            if known.read_at is not None and domain not in known.names:
                raise NotFound(f"{domain} is not on this MXroute account.")
        self._lists.refresh(domains, newer_than=self._clock.now() - FRESH_FOR_START, patience=LONG_MAX_WAIT_S)
        for domain in domains:
            if self._lists.usernames(domain, newer_than=self._clock.now() - FRESH_FOR_START) is None:
                raise start_waits(domain, self._lists.trouble(domain))
            frames.append(self._lists.cached_frame(domain).assign(domain=domain))
        return pd.concat(frames, ignore_index=True)


def _must(caller: Caller, change: Change, domains: Sequence[str]) -> bool:
    """Raise Forbidden unless the caller may make this change in these domains.

    Returns whether they may also view what the mailboxes have now.
    """
    for domain in domains:
        if isinstance(change, Deletion | LaterDeletion):
            caller.require(Permission.DELETE, domain)
        if not isinstance(change, Deletion):
            caller.require(Permission.SUPPORT, domain)
    return all(caller.may(Permission.VIEW, domain) for domain in domains)
