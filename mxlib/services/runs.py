"""Runs as callers may see and control them."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import pandas as pd

from mxlib.auth.authority import current, resolves_callers
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.clock import Clock
from mxlib.core.files.errors import Unread
from mxlib.core.handover import letters
from mxlib.core.handover.letters import Recipient
from mxlib.core.handover.texts import TextKind
from mxlib.core.plans.plan import Plan
from mxlib.core.text import handover as handover_words
from mxlib.core.text import run_status, undo_questions
from mxlib.core.vocabulary import (
    AT_AN_END,
    RETRIED,
    Action,
    AuditAction,
    HandOverWay,
    Outcome,
    RunKind,
    RunStatus,
    Wish,
)
from mxlib.runs import messages as sentences
from mxlib.runs import results
from mxlib.runs.manager import AlsoStored, InvalidState, RunManager
from mxlib.runs.results import RowVisibility
from mxlib.runs.run_view import RunView
from mxlib.services import handover_files
from mxlib.services.client_terms import ClientTerms
from mxlib.services.handover_files import FileOptions
from mxlib.services.handover_texts import HandoverTexts
from mxlib.services.run_visibility import RunVisibility, may_act, may_see, may_undo, names_hidden, needed_for, sees
from mxlib.store import Store, StoreUnavailable, Tx, audit, hand_over, journal, run_relations
from mxlib.store.records import RowRecord, RunRecord

__all__ = ["REFUSALS", "UNASKED", "AlsoStored", "PreviousImport", "RunService"]

#: Mailboxes that one act may delete, or whose passwords one file of a draft may hold, without a confirmation.
UNASKED = 10

#: Errors that refuse a request about a run; each message is one sentence.
REFUSALS = (Forbidden, InvalidState, StoreUnavailable)

#: Seconds before the end of a run's passwords from which its operator is warned.
PASSWORD_WARNING_S = 48 * 3600.0

#: Seconds after the end of a run in which the caller who started it may undo it.
UNDO_WINDOW_S = 24 * 3600.0

#: Words of a search for runs that count.
_MOST_WORDS = 10

#: The status of a run in which a request is already done, so that asking twice does nothing twice.
_ALREADY = {
    AuditAction.RUN_PAUSE: frozenset({RunStatus.PAUSED}),
    AuditAction.RUN_RESUME: frozenset({RunStatus.QUEUED, RunStatus.RUNNING}),
    AuditAction.RUN_STOP: frozenset({RunStatus.STOPPING, RunStatus.STOPPED}),
}


def _needed(plan: Plan, action: Action) -> Permission:
    """Return the permission that a row of a plan needs in its domain."""
    if action is Action.DELETE:
        return Permission.DELETE
    return Permission.SUPPORT if plan.kind is RunKind.CHANGE and action is not Action.CREATE else Permission.IMPORT


def _must(caller: Caller, run: RunView | RunRecord) -> None:
    """Raise Forbidden unless the caller has the permission today in each of the run's domains."""
    for domain in run.domains:
        if may_act(caller, run, domain):
            continue
        if sees(caller, run, domain):
            caller.require(needed_for(RunKind(run.kind)), domain)
        raise Forbidden(run_status.no_longer_allowed(run.id))


def require_recent_for(caller: Caller, mailboxes: int) -> None:
    """Raise NotRecent when an act on so many mailboxes needs a caller who is recent."""
    if mailboxes > UNASKED:
        caller.require_recent()


@dataclass(frozen=True, slots=True)
class PreviousImport:
    """A run that once imported the same file."""

    run: int
    operator: str
    at: float
    domains: tuple[str, ...]
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class RunFilter:
    """The ended runs to list: their kind, a part of their operator's name, and words."""

    kind: str = ""
    person: str = ""
    text: str = ""

    def matches(self, caller: Caller, record: RunRecord) -> bool:
        """Return whether a run has each word: in its number, file, operator or a domain that the caller sees."""
        words = self.text.casefold().split()[:_MOST_WORDS]
        if not words:
            return True
        domains = (domain for domain in record.domains if caller.admin or sees(caller, record, domain))
        texts = "\n".join((str(record.id), record.file_name, record.operator, *domains)).casefold()
        return all(word in texts for word in words)


@resolves_callers
class RunService:
    """Starts, shows and controls runs, with permissions and audit."""

    def __init__(
        self, store: Store, runs: RunManager, terms: ClientTerms, texts: HandoverTexts, clock: Clock, server: str
    ) -> None:
        self._store, self._runs, self._terms, self._clock, self._server = store, runs, terms, clock, server
        self._texts = texts
        self._visibility = RunVisibility(store)

    def start(
        self, caller: Caller, plan: Plan, *, days: int, key: str | None = None,
        allowed: Collection[int] | None = None, since: float | None = None, also: AlsoStored | None = None,
    ) -> int:  # fmt: skip
        """Start `plan`, or find the run that it already started; return the number.

        `also` is called with the number in the transaction of a new run.

        Raises SameImport when a run of the same import that is not in `allowed` is open, or was started since
        `since` (Unix seconds); with `allowed` None it never does. Raises NoRoom or QuotaOverCap when a client may not
        have the new mailboxes or quotas, InvalidState when another run does this already that the caller may not see.
        """
        caller = current(caller)  # the caller may have waited for lists
        for domain, needed in sorted({(row.domain, _needed(plan, row.action)) for row in plan.rows if row.acts}):
            caller.require(needed, domain)
        require_recent_for(caller, sum(row.acts and row.action is Action.DELETE for row in plan.rows))
        fits = self._terms.check_for_run(plan.domains)

        def store(tx: Tx, run: int) -> None:
            fits(tx, run)
            if also is not None:
                also(tx, run)

        return self._runs.start(
            plan, caller.name, retention_days=days, idempotency_key=key, address=caller.address, kind=caller.kind,
            allowed=allowed, since=since, also=store, visible=partial(may_see, caller),
        )  # fmt: skip

    def get(self, caller: Caller, run: int) -> RunView | None:
        """Return one run; None when it does not exist or is not visible."""
        view = (
            self._runs.view(run) if 0 < run < 2**63 else None
        )  # a number larger than the store can hold belongs to no run
        return self._visibility.restrict(caller, [view])[0] if view is not None and may_see(caller, view) else None

    def all(self, caller: Caller, *, most: int = 200) -> tuple[RunView, ...]:
        """Return the latest runs that the caller may see, newest first."""
        views = self._runs.views(most, None if caller.admin else partial(may_see, caller))
        return self._visibility.restrict(caller, views)

    def ended(
        self, caller: Caller, asked: RunFilter, *, before: int | None = None, most: int = 50
    ) -> tuple[tuple[RunView, ...], int | None]:
        """Return ended runs that the caller may see, newest first.

        With them comes the number before which there are others.
        """
        views, further = self._runs.ended(
            lambda record: may_see(caller, record) and asked.matches(caller, record),
            kind=asked.kind, operator=asked.person.strip(), before=before, most=most,
        )  # fmt: skip
        return self._visibility.restrict(caller, views), further

    def unended(self, caller: Caller) -> tuple[RunView, ...]:
        """Return the unended runs that the caller may see, newest first."""
        return self._visibility.restrict(caller, self._runs.unended(partial(may_see, caller)))

    def to_hand_over(self, caller: Caller) -> tuple[RunView, ...]:
        """Return the caller's ended runs whose passwords are kept, those that end soonest first."""
        views = [view for view in self._runs.with_passwords(caller.name) if may_see(caller, view)]
        mine = [view for view in views if self._may_have(caller, view)]
        return self._visibility.restrict(caller, sorted(mine, key=lambda view: view.passwords_until or 0.0))

    def rows(self, caller: Caller, run: int) -> pd.DataFrame:
        """Return every row of a run that the caller may see, with its outcome.

        Passwords are not included.
        """
        return results.rows_frame(self._store, run, seen=self._visibility.of(caller, self._seen(caller, run)))

    def results(self, caller: Caller, run: int) -> list[tuple[RowRecord, str]]:
        """Return every row that the caller may see, with its password.

        Passwords are for the run's operator and admins, blank for others.
        """
        view = self._seen(caller, run)
        visible, mine = self._visibility.of(caller, view), self._may_have(caller, view)
        rows = results.all_rows(self._store, run, with_passwords=mine, seen=visible)
        if mine and not self._may_have(current(caller), view):
            raise Forbidden(run_status.no_longer_allowed(run))
        people = tuple(Recipient(row.name, row.address, each) for row, each in rows if each)
        if people:
            caller.require_recent()
            self._record_download(caller, run, "as JSON", people)
        return rows

    def pause(self, caller: Caller, run: int) -> None:
        """Pause after the requests in flight.

        Raises InvalidState at the run's end, as do the next two.
        """
        self._control(caller, run, AuditAction.RUN_PAUSE, partial(self._runs.pause, by=caller.name))

    def resume(self, caller: Caller, run: int) -> None:
        """Continue from where the run paused."""
        self._control(caller, run, AuditAction.RUN_RESUME, self._runs.resume)

    def stop(self, caller: Caller, run: int) -> None:
        """End after what is in flight; the rest is not attempted."""
        self._control(caller, run, AuditAction.RUN_STOP, self._runs.stop)

    def retry(self, caller: Caller, run: int) -> int:
        """Start a new run of the rows that are not done; return its number."""
        view = self._seen(caller, run)
        origin = self._runs.view(view.undo_of) if view.undo_of is not None else None
        if origin is None:
            self._must(caller, view)
        else:
            self.must_undo(caller, origin.id)
        with self._store.read() as tx:
            rows = list(journal.rows(tx, run, outcomes=RETRIED))
            own = run_relations.started_by(tx, run, caller.name, caller.kind)
        if view.kind == RunKind.CHANGE and not own:
            # The quotas of others may be above what a caller with support alone may set.
            for domain in sorted({row.domain for row in rows if row.quota is not None}):
                caller.require(Permission.IMPORT, domain)
        require_recent_for(caller, sum(row.action == Action.DELETE for row in rows))
        fits = self._terms.check_for_run(view.domains)
        return self._runs.retry_failed(
            run, caller.name, kind=caller.kind, address=caller.address, also=fits, visible=partial(may_see, caller)
        )

    def may_undo(self, caller: Caller, run: int) -> bool:
        """Return whether the caller may undo this run.

        Anyone who may view and delete in all of its domains may; the caller who started it may for a day after its
        end.
        """
        try:
            self.must_undo(caller, run)
        except Forbidden:
            return False
        return True

    def must_undo(self, caller: Caller, run: int) -> None:
        """Raise Forbidden unless the caller may undo this run.

        Where it locked or unlocked mailboxes, that takes `support`, too: its undo sets their passwords.
        """
        view = self._runs.view(run)
        if view is None or not self._may_undo(caller, view):
            raise Forbidden(undo_questions.undo_not_allowed(run))
        self._must_lock(caller, view)

    def _must_lock(self, caller: Caller, view: RunView) -> None:
        """Raise Forbidden unless the caller may lock where the run locks or unlocks."""
        lacking = [domain for domain in view.domains if not caller.may(Permission.SUPPORT, domain)]
        if lacking:
            with self._store.read() as tx:
                locking = run_relations.locking_in(tx, view.id)
            for domain in sorted(locking.intersection(lacking)):
                caller.require(Permission.SUPPORT, domain)

    def _must(self, caller: Caller, view: RunView) -> None:
        """Raise Forbidden unless the caller may do what the run does in each domain today."""
        _must(caller, view)
        self._must_lock(caller, view)

    def _may_undo(self, caller: Caller, view: RunView) -> bool:
        if all(may_undo(caller, domain) for domain in view.domains):
            return True
        fresh = view.finished_at is not None and self._clock.now() - view.finished_at <= UNDO_WINDOW_S
        if not fresh or not all(caller.may(needed_for(RunKind(view.kind)), domain) for domain in view.domains):
            return False
        with self._store.read() as tx:
            return run_relations.started_by(tx, view.id, caller.name, caller.kind)

    def take_over(self, caller: Caller, run: int) -> None:
        """Make the caller this run's operator."""
        self._must(caller, self._seen(caller, run))
        self._runs.take_over(run, caller.name, kind=caller.kind, address=caller.address)

    def handed_over(self, caller: Caller, run: int) -> None:
        """Forget the passwords for good: they have reached their owners."""
        if self.must_have(caller, run).forgotten:
            return
        self._runs.handed_over(run, caller.name, kind=caller.kind, address=caller.address)

    def extend(self, caller: Caller, run: int, days: int) -> None:
        """Keep the passwords readable for `days` from now."""
        self.must_have(caller, run)
        self._runs.extend(run, days, self._entry(caller, AuditAction.RUN_EXTEND, run, f"{days} days"))

    def file(self, caller: Caller, run: int, kind: str, options: FileOptions = handover_files.USUAL) -> bytes:
        """Return one of `exports.RUN_FILES`, each of which may hold passwords.

        Raises InvalidState where a file needs passwords, and MXM has none of this run.
        """
        view = self.must_have(caller, run)
        if view.has_passwords:
            caller.require_recent()
        visible = self._chosen(caller, view, kind, options)
        # Failed rows have no passwords of their owners, and all of a run's take time to open.
        prints = kind in (handover_files.LETTERS, handover_files.CLIENTS)
        people = (
            () if kind.startswith("failed.") else handover_files.collect(self._store, run, visible, with_cells=prints)
        )
        content = self._content(run, kind, visible, people, options)
        self.must_have(caller := current(caller), run)
        self._record_download(caller, run, kind, people)
        return content

    def _chosen(self, caller: Caller, view: RunView, kind: str, options: FileOptions) -> RowVisibility:
        visible = self._visibility.of(caller, view)
        if kind not in handover_files.WAYS:
            return visible
        return handover_files.chosen(self._store, view.id, options, visible)

    def _content(
        self, run: int, kind: str, visible: RowVisibility, people: Sequence[Recipient], options: FileOptions
    ) -> bytes:
        stem, ending = kind.split(".")
        layout = results.Layout(
            self._server, for_people=not options.for_programs, delimiter=options.delimiter,
            mail_merge=kind == handover_files.MAIL_MERGE,
        )  # fmt: skip
        if kind in handover_files.WAYS and not people:
            raise InvalidState((run_status.all_marked if options.only_unmarked else run_status.no_passwords)(run))
        if kind in (*handover_files.FILES, handover_files.CLIENTS):
            return self._handover_file(run, kind, people, options, visible)
        if stem == "failed":
            return results.failed_file(self._store, run, ending, visible, layout)
        if ending == "zip":
            return results.results_zip(self._store, run, visible, layout)
        return results.results_file(self._store, run, ending, visible, layout)

    def _handover_file(
        self, run: int, kind: str, people: Sequence[Recipient], options: FileOptions, visible: RowVisibility
    ) -> bytes:
        if kind in (handover_files.LETTERS, handover_files.CLIENTS):
            if len(people) > handover_files.MAX_LETTERS:
                raise InvalidState(run_status.too_many_letters(len(people), handover_files.MAX_LETTERS))
            if kind == handover_files.LETTERS and len(letters.check(people).left_out) == len(people):
                raise InvalidState(run_status.NO_LETTER)
        try:
            domains = {each.address.rpartition("@")[2] for each in people}
            stationery = self._texts.stationery(TextKind.LETTER, domains, language=options.language)
            if kind == handover_files.CLIENTS:
                return handover_files.make_client_files(
                    self._store, run, people, visible, self._server, stationery, options.paper
                )
            return handover_files.make(people, kind, self._server, run, stationery, options.paper)
        except Unread as error:
            raise InvalidState(run_status.LETTERS_NOT_MADE) from error

    def not_handed_over(self, caller: Caller, run: int, options: FileOptions = handover_files.USUAL) -> tuple[str, ...]:
        """Return what letters and logins of a run lack, for those who may have them."""
        visible = self._chosen(caller, self.must_have(caller, run), handover_files.LETTERS, options)
        return handover_files.lacks(self._store, run, visible)

    def left_out_of_letters(self, caller: Caller, run: int, *, language: str = "") -> tuple[str, ...]:
        """Return what letters of a run leave out since it is blank, one sentence each."""
        view = self.must_have(caller, run)
        domains = [domain for domain in view.domains if sees(caller, view, domain)]
        with self._store.read() as tx:
            first = journal.get_row(tx, run, 0)
        # The rows of a file have the same columns, and which cells of one are blank is not about the text.
        cells = dict.fromkeys(results.own_cells_of(self._store, first), "filled in")
        by_domain = self._texts.stationery(TextKind.LETTER, domains, language=language)
        lacking: dict[tuple[str, ...], list[str]] = {}
        for domain, stationery in by_domain.items():
            lacking.setdefault(stationery.left_out(cells), []).append(domain)
        return tuple(handover_words.left_out(what, where) for what, where in lacking.items() if what)

    def unseen(self, caller: Caller) -> tuple[RunView, ...]:
        """Return the caller's runs that ended or paused since the caller last looked."""
        return self._visibility.restrict(
            caller, (view for view in self._runs.unseen(caller.name) if may_see(caller, view))
        )

    def seen(self, caller: Caller, run: int) -> None:
        """Record that the caller saw how this run ended or paused; only its operator counts."""
        view = self.get(caller, run)
        if view is not None and view.operator == caller.name and not view.seen:
            with suppress(StoreUnavailable):  # a full disk must not keep anyone from reading that it is full
                self._runs.seen(run)

    def ending_soon(self, caller: Caller) -> tuple[RunView, ...]:
        """Return the caller's runs whose passwords will be forgotten within 48 hours."""
        soon = self._clock.now() + PASSWORD_WARNING_S
        return tuple(
            view
            for view in self.all(caller)
            if view.operator == caller.name and view.status in AT_AN_END and (view.passwords_until or soon) < soon
            if self._may_have(caller, view)
        )

    def estimate(self, writes: int) -> float:
        """Return the seconds that `writes` more writes will take, after those of other runs ahead."""
        return self._runs.estimate(writes)

    def ahead(self, caller: Caller) -> int:
        """Count the rows of other runs that wait before a new run's.

        People of a client get the time only, and 0 here.
        """
        return 0 if caller.external else self._runs.backlog()

    def problems(self, caller: Caller) -> list[str]:
        """Return the problems of the runs that the caller may see, one sentence each."""
        return self._runs.problems(partial(self._shows, caller))

    def _shows(self, caller: Caller, run: int, problem: str) -> bool:
        if caller.admin:
            return True
        with self._store.read() as tx:
            record = journal.get_run(tx, run)
        return record is not None and may_see(caller, record) and not names_hidden(caller, record, problem)

    def active(self) -> int:
        """Count the runs that are neither at an end nor paused."""
        return self._runs.active()

    def earlier(self, caller: Caller, digest: str) -> tuple[PreviousImport, ...]:
        """Return visible runs that imported a file of this digest, newest first."""
        with self._store.read() as tx:
            numbers = journal.runs_of_file(tx, digest)
        views = [view for number in numbers if (view := self.get(caller, number)) is not None]
        return tuple(
            PreviousImport(
                v.id,
                v.operator,
                v.created_at,
                v.domains,
                v.counts.get(Outcome.CREATED, 0),
                v.counts.get(Outcome.UPDATED, 0),
            )
            for v in views
        )

    def _view_ended(self, run: int) -> bool:
        view = self._runs.view(run)
        return view is not None and view.status in AT_AN_END

    def _seen(self, caller: Caller, run: int) -> RunView:
        """Return a run that the caller may see, unfiltered: decisions about it depend on all its domains."""
        view = self._runs.view(run)
        if view is None or not may_see(caller, view):
            raise Forbidden(f"There is no run {run} that you may see.")
        return view

    def must_act(self, caller: Caller, run: int) -> None:
        """Raise Forbidden unless the caller may see and control a run.

        That takes the run's permission in each of its domains.
        """
        self._must(caller, self._seen(caller, run))

    def may_control(self, caller: Caller, view: RunView) -> bool:
        """Return whether the caller may pause, stop, repeat and take over this run."""
        return self._may_act(caller, view)

    def may_have(self, caller: Caller, view: RunView) -> bool:
        """Return whether the caller may have this run's results, which may hold passwords."""
        return self._may_have(caller, view)

    def _may_have(self, caller: Caller, view: RunView) -> bool:
        return caller.admin or (view.operator == caller.name and self._may_act(caller, view))

    def _may_act(self, caller: Caller, view: RunView) -> bool:
        """Return whether the caller has the permission today in each domain.

        Domains that `view` hides count, too.
        """
        try:
            self.must_act(caller, view.id)
        except Forbidden:
            return False
        return True

    def must_have(self, caller: Caller, run: int) -> RunView:
        """Return a run whose results the caller may have; raises Forbidden."""
        view = self._seen(caller, run)
        if not caller.admin and view.operator != caller.name:
            raise Forbidden(f"Only {view.operator}, who runs it, and admins may have this. Take the run over first.")
        self._must(caller, view)
        return view

    def _control(self, caller: Caller, run: int, action: AuditAction, do: Callable[..., object]) -> None:
        view = self._seen(caller, run)
        self._must(caller, view)
        is_done = view.wish is None and view.status in _ALREADY[action]
        if is_done and not (view.held and action is AuditAction.RUN_PAUSE):
            return
        status = RunStatus.STOPPING if view.wish is Wish.STOP else view.status
        if status in {*AT_AN_END, RunStatus.STOPPING}:
            if action is AuditAction.RUN_STOP and status is RunStatus.STOPPING:
                return
            raise InvalidState(sentences.over(run, status))
        do(run, note=self._entry(caller, action, run))

    def _record_download(self, caller: Caller, run: int, kind: str, people: Sequence[Recipient]) -> None:
        """Record a file or an answer with the passwords of these people: who took it, and what it held."""
        failed, now = kind.startswith("failed."), self._clock.now()
        way = handover_files.WAYS.get(kind, HandOverWay.RESULTS)
        left_out = letters.check(people).left_out if kind == handover_files.LETTERS else ()
        taken = {each.address for each in people}.difference(left_out)
        ended = self._view_ended(run)
        with self._store.write() as tx:
            holds = hand_over.has_unused(tx, run) if failed else bool(taken)
            action = AuditAction.RESULTS_DOWNLOAD if holds else AuditAction.RESULTS_DOWNLOAD_BARE
            self._entry(caller, action, run, kind)(tx)
            if taken:
                found = hand_over.positions_of(tx, run, taken).values()
                positions = [position for some in found for position in some]
                hand_over.take(tx, run, positions, way, now)
                if ended:
                    journal.set_run(tx, run, downloaded_at=now)

    def _entry(self, caller: Caller, action: AuditAction, run: int, outcome: str = "") -> Callable[[Tx], None]:
        """Return a function that writes an audit entry of this moment in a later transaction."""
        return partial(audit.record, by=caller, action=action, at=self._clock.now(), run=run, outcome=outcome)
