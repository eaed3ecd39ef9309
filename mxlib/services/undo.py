"""Undo of a run: what it would change, what it keeps and why, and the run that does it."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden
from mxlib.clock import Clock
from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.schema import MEANINGS, RECOVERY_EMAIL, STORED_HERE, Column
from mxlib.core.text import findings, undo_questions
from mxlib.core.vocabulary import AT_AN_END, CLEAR, RETRIED, Action, Outcome, RunKind
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs import messages as sentences
from mxlib.runs import undo_plan
from mxlib.runs.manager import InvalidState, RunManager
from mxlib.runs.run_view import RunView
from mxlib.runs.undo_plan import UndoStep
from mxlib.runs.write_guard import KeepCode
from mxlib.services.client_terms import ClientTerms, quota_refusal
from mxlib.services.failures import start_waits
from mxlib.services.imports import FRESH_FOR_START
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.mailboxes import InvalidField
from mxlib.services.run_visibility import may_see
from mxlib.services.runs import RunService, require_recent_for
from mxlib.store import Store, Tx, changed_since, journal, mailbox_lists, stored_columns

#: Outcomes of rows that changed something.
_DONE = (Outcome.CREATED, Outcome.UPDATED)

#: Days for which a run that has no passwords would keep them.
_DAYS = 7


class _Overtaken(Exception):
    """Another undo of the run began and ended since this one was planned."""


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """The plan of an undo.

    `sentence` asks for it, and `typed` is the number that confirms it.
    """

    run: int
    sentence: str
    steps: tuple[UndoStep, ...] = field(repr=False)
    seconds: float
    #: Whether an earlier run undid some of it already.
    rest: bool
    plan: Plan = field(repr=False)
    note: str = undo_questions.SENT_TODAY_ONLY

    @property
    def to_delete(self) -> tuple[PlannedRow, ...]:
        """Return the mailboxes that will be deleted, unless they are used by then."""
        return tuple(row for row in self.plan.rows if row.acts and row.action is Action.DELETE)

    @property
    def to_restore(self) -> tuple[PlannedRow, ...]:
        """Return the mailboxes whose former figures will be restored."""
        return tuple(row for row in self.plan.rows if row.acts and row.action is not Action.DELETE)

    @property
    def kept(self) -> tuple[PlannedRow, ...]:
        """Return the mailboxes that stay as they are, each with the reason."""
        return tuple(row for row in self.plan.rows if row.reason)

    def what(self, row: PlannedRow) -> str:
        """Describe what happens to a mailbox, as a phrase."""
        if row.reason or row.action is Action.DELETE:
            return row.left_out or undo_questions.DELETED_IF_UNUSED
        if row.action in {Action.LOCK, Action.UNLOCK}:
            return undo_questions.LOCKED_AGAIN if row.action is Action.LOCK else undo_questions.UNLOCKED
        phrases = []
        if row.quota is not None:
            had = row.before.get("quota")
            phrases.append(findings.changes("quota", had if isinstance(had, int) else None, row.quota))
        for name, value in row.stored.items():
            column = MEANINGS[name]
            phrases.append(findings.stored_removed(column) if value == CLEAR else f"{column.noun} {value}")
        return "; ".join(phrases)

    @property
    def typed(self) -> int:
        """Return the number that confirms it; 0 when there is nothing to do."""
        return len(self.to_delete) or len(self.to_restore)


@resolves_callers
class UndoService:
    """Undoes runs, with permissions and audit."""

    def __init__(
        self,
        store: Store,
        lists: MailboxLists,
        runs: RunManager,
        running: RunService,
        terms: ClientTerms,
        clock: Clock,
    ) -> None:
        self._store, self._lists, self._clock = store, lists, clock
        self._runs, self._running, self._terms = runs, running, terms

    def possible(self, caller: Caller, view: RunView) -> bool:
        """Return whether an undo of this run, or its rest, is offered to the caller."""
        whole = self._runs.view(view.id)
        return whole is not None and self._running.may_undo(caller, view.id) and not self._against(whole)

    def look(self, caller: Caller, run: int) -> UndoPlan:
        """Return the mailboxes that an undo would change now, and those it keeps.

        Lists are at most a minute old. Raises Forbidden, InvalidState with the reason when there is nothing to undo,
        and ListUnavailable when a list cannot be read.
        """
        view = self._seen(caller, run)
        if against := self._against(view):
            raise InvalidState(against)
        self._lists.refresh(view.domains, newer_than=self._clock.now() - FRESH_FOR_START)
        for domain in view.domains:
            if self._lists.usernames(domain, newer_than=self._clock.now() - FRESH_FOR_START) is None:
                raise start_waits(domain, self._lists.trouble(domain))
        return self.still(current(caller), self._plan(caller, view))  # reading the lists took time

    def still(self, caller: Caller, planned: UndoPlan) -> UndoPlan:
        """Return an earlier plan; raises Forbidden when the caller may not undo the run now."""
        self._seen(caller, planned.run)
        return planned

    def start(self, caller: Caller, run: int, typed: str | int) -> int:
        """Start the run that undoes `run`; return its number.

        When a run does so already or has done it, its number is returned. Raises InvalidField unless `typed` is the
        number that confirms it now; else as `look`.
        """
        while True:
            with suppress(_Overtaken):
                return self._start(caller, run, typed)

    def _start(self, caller: Caller, run: int, typed: str | int) -> int:
        view = self._seen(caller, run)
        if view.undone_by and self._against(view):
            if self._running.get(caller, view.undone_by[-1]) is None:
                raise InvalidState(sentences.DONE_BY_ANOTHER)
            return view.undone_by[-1]
        planned = self.look(caller, run)
        if not planned.typed:
            raise InvalidState(planned.sentence)
        if str(typed).strip() != str(planned.typed):
            raise InvalidField("confirm", undo_questions.confirm_undo(planned.typed, len(planned.to_delete)))
        self._seen(caller := current(caller), run)
        require_recent_for(caller, len(planned.to_delete))
        fits = self._terms.check_for_run(planned.plan.domains)

        def store(tx: Tx, number: int) -> None:
            if journal.undos(tx, [run])[run] != [*view.undone_by, number]:
                raise _Overtaken
            fits(tx, number)

        return self._runs.start(
            planned.plan, caller.name, retention_days=_DAYS, address=caller.address, kind=caller.kind, also=store,
            visible=partial(may_see, caller),
        )  # fmt: skip

    def _seen(self, caller: Caller, run: int) -> RunView:
        view = self._runs.view(run)
        if view is None or self._running.get(caller, run) is None:
            raise Forbidden(f"There is no run {run} that you may see.")
        self._running.must_undo(caller, run)
        return view

    def _against(self, view: RunView) -> str:
        """Return why a run cannot be undone now; blank when it can."""
        if view.kind not in {RunKind.IMPORT, RunKind.CHANGE}:
            return f"Run {view.id} is not an import: what it did cannot be undone."
        if view.status not in AT_AN_END:
            return f"Run {view.id} is not at its end yet. Stop it first, or wait."
        if view.open:
            return sentences.not_settled(view.open)
        if view.undone_by:
            last = self._runs.view(view.undone_by[-1])
            if last is not None and last.status not in AT_AN_END:
                return sentences.undoes_already(last.id, view.id)
            if not self._left(view):
                return f"Run {view.undone_by[-1]} has taken run {view.id} back."
        if not any(view.counts.get(outcome, 0) for outcome in _DONE):
            return f"Run {view.id} made and changed nothing."
        return ""

    def _left(self, view: RunView) -> set[str]:
        """Return the addresses that earlier undo runs were to change and could not get to."""
        left: set[str] = set()
        with self._store.read() as tx:
            for number in view.undone_by:
                for row in journal.rows(tx, number):
                    (left.add if row.outcome in RETRIED else left.discard)(row.address)
        return left

    def _plan(self, caller: Caller, view: RunView) -> UndoPlan:
        rest = bool(view.undone_by)
        left = self._left(view) if rest else set()
        boxes: dict[str, Mailbox] = {}
        stored: dict[str, dict[str, str]] = {column.name: {} for column in STORED_HERE}
        with self._store.read() as tx:
            rows = [row for row in journal.rows(tx, view.id) if not rest or row.address in left]
            for domain in view.domains:
                listed = mailbox_lists.mailboxes(tx, domain)
                boxes |= {f"{box.username.lower()}@{domain}": box for box in (listed.mailboxes if listed else ())}
                for column, values in stored.items():
                    of_domain = stored_columns.of_domain(tx, column, domain)
                    values |= {f"{name}@{domain}": value for name, value in of_domain.items()}
            done = (row for row in rows if row.outcome in _DONE)
            changed = changed_since.find(tx, view.id, {row.address: row.action == Action.UPDATE for row in done})
        terms = self._terms.of(caller, view.domains)
        steps = tuple(
            undo_plan.kept_by_cap(step)
            if quota_refusal(terms, step.row.domain, step.row.quota, _quota(boxes.get(step.row.address)))
            else step
            for step in undo_plan.plan_steps(rows, boxes, stored, changed)
        )
        # Not the digest of the file: this run imports nothing, and must not be reported when the file comes again.
        plan = Plan(view.file_name, f"undo of run {view.id}", tuple(step.row for step in steps), RunKind.UNDO, view.id)
        seconds = self._running.estimate(sum(1 for _ in plan.sent()))
        planned = UndoPlan(view.id, "", steps, seconds, rest, plan)
        why = Counter(step.why for step in steps)

        def restores(column: Column) -> bool:
            return any(column.name in row.stored for row in planned.to_restore)

        return replace(
            planned,
            sentence=undo_questions.undo(
                view.file_name or f"run {view.id}",
                len(planned.to_delete),
                hold_mail=why[KeepCode.MAIL],
                sent_today=why[KeepCode.SENT],
                changed=why[KeepCode.CHANGED],
                seconds=planned.seconds,
                restored=len(planned.to_restore),
                values=[
                    "quota",
                    *(column.noun for column in STORED_HERE if column is RECOVERY_EMAIL or restores(column)),
                ],
                lasting=why[KeepCode.LASTING],
                gone=why[KeepCode.GONE],
                capped=why[KeepCode.CAPPED],
                unlocked=sum(row.action is Action.UNLOCK for row in planned.to_restore),
                locked=sum(row.action is Action.LOCK for row in planned.to_restore),
            ),
        )


def _quota(box: Mailbox | None) -> int | None:
    return box.quota if box else None
