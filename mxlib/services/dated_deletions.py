"""Deletions that have a date: asked for with a lock, looked at once more on their day, and carried out as runs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import pandas as pd

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.tokens import Tokens
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.format import day
from mxlib.core.plans import changes
from mxlib.core.plans.changes import Deletion
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.text import dated_deletions as texts
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.mxroute import errors, protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.runs.manager import RunManager
from mxlib.services.exports import NotFound
from mxlib.services.imports import FRESH_FOR_START
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S, MailboxLists
from mxlib.settings import MOST_DAYS_LATER, Settings
from mxlib.store import Store, Tx, audit, clock_guard, dated_deletions, first_seen, hold, mailbox_locks
from mxlib.store.audit import Actor
from mxlib.store.dated_deletions import DatedDeletion

__all__ = ["DatedDeletion", "DatedDeletions"]


#: Name of the runs that carry them out.
RUN_NAME = "Dated deletions"

#: MB by which two reads of the same mail may differ.
_ROUNDING = 0.01

#: Retention that a run must name; these runs hold no passwords.
_DAYS = 7

_DAY = 86_400.0

#: Seconds between two looks at a mailbox on the day before its deletion.
_LOOK_EVERY_S = 3_600.0


class _Changed(Exception):
    """Dated deletions may no longer be carried out: called off, say, while others were looked at."""

    def __init__(self, deletions: Collection[DatedDeletion]) -> None:
        super().__init__()
        self.deletions = deletions


@resolves_callers
class DatedDeletions:
    """Stores, carries out and calls off deletions that have a date."""

    def __init__(
        self, settings: Settings, store: Store, host: MXrouteClient, lists: MailboxLists, runs: RunManager,
        users: Users, tokens: Tokens, clock: Clock,
    ) -> None:  # fmt: skip
        self._host = host
        self._settings, self._store, self._lists, self._runs, self._clock = settings, store, lists, runs, clock
        self._users, self._tokens = users, tokens

    def default_day(self) -> float:
        """Return when a mailbox is deleted unless another day is chosen (Unix seconds)."""
        return self._start_of_day(self._settings.delete_later_days)

    def last_day(self) -> float:
        """Return the last day that a deletion may have (Unix seconds)."""
        return self._start_of_day(MOST_DAYS_LATER)

    def _start_of_day(self, days: int) -> float:
        """Return when the day so many days from now begins."""
        today = datetime.fromtimestamp(self._clock.now()).date()
        return datetime.combine(today + timedelta(days=days), time()).timestamp()

    def every(self, caller: Caller) -> tuple[DatedDeletion, ...]:
        """Return the dated deletions in domains where the caller may delete, those that ask first."""
        with self._store.read() as tx:
            found = dated_deletions.every(tx)
        return tuple(each for each in found if caller.may(Permission.DELETE, each.domain))

    def of_mailbox(self, caller: Caller, domain: str, username: str) -> DatedDeletion | None:
        """Return the dated deletion of a mailbox that the caller may view; None without one."""
        caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            return dated_deletions.get(tx, domain, username)

    def on_hold(self, caller: Caller) -> str:
        """Return the sentence that nothing dated is deleted since a restore; blank without a hold."""
        with self._store.read() as tx:
            held = hold.current(tx)
        waiting = len(self.every(caller)) if held is not None else 0
        return texts.on_hold(waiting) if waiting else ""

    def may_call_off(self, caller: Caller, deletion: DatedDeletion) -> bool:
        """Return whether the caller may call a deletion off."""
        return caller.may(Permission.DELETE, deletion.domain)

    def call_off(self, caller: Caller, domain: str, username: str) -> str:
        """Delete the date of a deletion; return the sentence that says so.

        This unlocks nothing. Raises NotFound for a mailbox without one.
        """
        domain, username = domain.lower(), username.lower()
        caller.require(Permission.DELETE, domain)
        with self._runs.storing() as tx:
            if not dated_deletions.drop(tx, domain, username):
                raise NotFound(texts.none(f"{username}@{domain}"))
            locked = mailbox_locks.of_mailbox(tx, domain, username) is not None
            address, action = f"{username}@{domain}", AuditAction.MAILBOX_DELETE_CALLED_OFF
            audit.record(tx, caller, action, at=self._clock.now(), on=address)
        return texts.called_off(address, locked=locked)

    def store_dates(self, tx: Tx, caller: Caller, rows: Iterable[PlannedRow], due_at: float) -> None:
        """Store the date of a deletion of each mailbox in these rows."""
        now = self._clock.now()
        for row in rows:
            known = dated_deletions.get(tx, row.domain, row.username)
            if known is not None and known.due_at == due_at:
                continue
            before = {name: row.before.get(name) for name in ("usage", "quota")}
            dated_deletions.put(
                tx,
                DatedDeletion(
                    row.domain, row.username, due_at, now, caller.name, caller.kind.value, caller.address, before, ""
                ),
            )
            outcome, detail = f"on {day(due_at, now)}", {"due_at": due_at}
            audit.record(
                tx, caller, AuditAction.MAILBOX_DELETE_LATER, at=now, on=row.address, outcome=outcome, detail=detail
            )

    def store_dates_later(self, caller: Caller, rows: Sequence[PlannedRow], due_at: float) -> None:
        """Store the dates where another act had started the run already."""
        with self._runs.storing() as tx:
            self.store_dates(tx, caller, rows, due_at)

    # What the background does.

    def work(self) -> int:
        """Look at the mailboxes whose day has come; delete them by runs, or ask. Returns how many were looked at.

        Nothing is done while a restore waits for an admin, or while it is not certain that the clock is right. A domain
        whose list cannot be read waits.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            may = hold.current(tx) is None and clock_guard.may_forget(tx, now)
            due = dated_deletions.due(tx, now) if may else []
            soon = {each.domain for each in dated_deletions.due(tx, now + _DAY)} if may else set()
        if soon:  # the count of sent messages restarts each day, so the day before is looked at, too
            self._lists.refresh(sorted(soon), newer_than=now - _LOOK_EVERY_S, patience=LONG_MAX_WAIT_S)
        if not due:
            return 0
        domains = sorted({each.domain for each in due})
        self._lists.refresh(domains, newer_than=now - FRESH_FOR_START, patience=LONG_MAX_WAIT_S)
        looked = 0
        ready: dict[Actor, list[tuple[DatedDeletion, Mapping[str, object]]]] = defaultdict(list)
        for domain in domains:
            if self._lists.usernames(domain, newer_than=now - FRESH_FOR_START) is None:
                continue
            boxes = {str(box["username"]): box for box in self._lists.cached_frame(domain).to_dict("records")}
            for each in (deletion for deletion in due if deletion.domain == domain):
                looked += 1
                box = boxes.get(each.username)
                if self._is_ready(each, box) and box is not None:
                    actor = Actor(each.who, CallerKind(each.kind), each.address)
                    ready[actor].append((each, {str(name): value for name, value in box.items()} | {"domain": domain}))
        for actor, found in ready.items():
            self._start(actor, found)
        return looked

    def _is_ready(self, deletion: DatedDeletion, box: Mapping[object, object] | None) -> bool:
        """Return whether a mailbox may be deleted now.

        The deletion of a gone one is forgotten, that of a used one asks. It asks as well when the asker may no longer
        delete there.
        """
        may, now = self._may_still(deletion), self._clock.now()
        if box is None and not self._is_gone(deletion):  # one list may lack it
            return False
        with self._runs.storing() as tx:
            if hold.current(tx) is not None or dated_deletions.get(tx, deletion.domain, deletion.username) != deletion:
                return False  # called off, or restored, while the lists were read
            if box is None:
                dated_deletions.end_gone(tx, deletion.domain, deletion.username, now)
                return False
            refused = AskReason(AskCode.NOT_ALLOWED, {"domain": deletion.domain})
            reason = _against(tx, deletion, box, now) if may else refused
            if reason is not None:
                dated_deletions.ask(tx, deletion, reason, now)
        return reason is None

    def _is_gone(self, deletion: DatedDeletion) -> bool:
        """Return whether MXroute has no such mailbox, by a read of it alone."""
        try:
            self._host.send(protocol.read_mailbox(deletion.domain, deletion.username), patience=LONG_MAX_WAIT_S)
        except errors.MXrouteError as error:
            return isinstance(error, errors.NotFound)
        return False

    def _may_still(self, deletion: DatedDeletion) -> bool:
        """Return whether the asker of a deletion may delete in that domain today."""
        if deletion.kind == CallerKind.TOKEN:
            caller = self._tokens.acting_as(deletion.who)
        elif deletion.who == LOCAL.name:
            return True
        else:
            try:
                caller = self._users.caller(deletion.who)
            except Forbidden:
                return False
        return caller is not None and caller.may(Permission.DELETE, deletion.domain)

    def _start(self, actor: Actor, found: Sequence[tuple[DatedDeletion, Mapping[str, object]]]) -> None:
        """Start the run of these deletions, without those that changed since they were looked at."""
        while found:
            plan, _ = changes.make_plan(pd.DataFrame([box for _, box in found]), Deletion(), RUN_NAME)
            plan = replace(plan, rows=tuple(map(_dated, plan.rows, [deletion for deletion, _ in found])))
            due = [deletion for deletion, _ in found]

            def forget(tx: Tx, _run: int, due: Sequence[DatedDeletion] = due) -> None:
                if changed := [deletion for deletion in due if not _stands(tx, deletion)]:
                    raise _Changed(changed)
                for deletion in due:
                    dated_deletions.drop(tx, deletion.domain, deletion.username)

            try:
                self._runs.start(
                    plan, actor.name, retention_days=_DAYS, address=actor.address, kind=actor.kind, also=forget
                )
            except _Changed as changed:
                found = [each for each in found if each[0] not in changed.deletions]
            except NotFound:
                return
            else:
                return


def _dated(row: PlannedRow, deletion: DatedDeletion) -> PlannedRow:
    """Return the row of a dated deletion, with its date in case it is kept."""
    kept = {name: getattr(deletion, name) for name in ("due_at", "asked_at", "kind", "before")}
    return replace(row, before=dict(row.before) | {"dated": kept})


def _stands(tx: Tx, deletion: DatedDeletion) -> bool:
    """Return whether a deletion is still asked for, and its mailbox stayed locked."""
    return (
        hold.current(tx) is None
        and dated_deletions.get(tx, deletion.domain, deletion.username) == deletion
        and mailbox_locks.of_mailbox(tx, deletion.domain, deletion.username) is not None
        and not dated_deletions.is_unlocked_since(tx, deletion)
    )


def _against(tx: Tx, deletion: DatedDeletion, box: Mapping[object, object], now: float) -> AskReason | None:
    """Return why a mailbox is not deleted unasked; None when nothing is against it.

    Mail that came in is no reason.
    """
    place = (tx, deletion.domain, deletion.username)
    first, had = first_seen.since(*place), deletion.before.get("usage")
    if (
        first is not None
        and first > deletion.asked_at
        and first_seen.is_listed_since(tx, deletion.domain, deletion.asked_at)
    ):
        return AskReason(AskCode.MADE_AGAIN)
    if dated_deletions.is_unlocked_since(tx, deletion):
        return AskReason(AskCode.UNLOCKED)
    if mailbox_locks.of_mailbox(*place) is None:
        return AskReason(AskCode.NOT_LOCKED)
    usage, sent = box.get("usage"), box.get("sent")
    if not isinstance(usage, int | float) or not isinstance(sent, int | float):
        return AskReason(AskCode.NOT_KNOWN)
    if sent:
        return AskReason(AskCode.SENT, {"messages": int(sent), "at": now})
    holds_less = isinstance(had, int | float) and usage < had - _ROUNDING
    return AskReason(AskCode.LESS_MAIL) if holds_less else None
