"""When a user leaves: the passwords that they could have read, and what becomes of their open runs and drafts."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from mxlib.auth.authority import resolves_callers
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Permission
from mxlib.auth.roles import is_external
from mxlib.auth.token_owners import Released, known_as, names_of
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.core.plans.changes import NewPassword
from mxlib.core.vocabulary import AT_AN_END, AuditAction
from mxlib.runs.manager import RunManager
from mxlib.services.changes import ChangeService, StartedChange
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.run_visibility import may_act
from mxlib.store import Store, Tx, audit, dated_deletions, drafts, erasure, journal, known_passwords, tokens
from mxlib.store.audit import Actor
from mxlib.store.dated_deletions import DatedDeletion
from mxlib.store.drafts import DraftSummary
from mxlib.store.known_passwords import KnownPassword, KnownPasswords
from mxlib.store.records import RunRecord
from mxlib.store.users import UserRecord

__all__ = [
    "DatedDeletion",
    "Departure",
    "DepartureService",
    "KnownPassword",
    "KnownPasswords",
    "Released",
    "Unfinished",
]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Open runs and drafts of a user."""

    runs: tuple[RunRecord, ...] = field(default=(), repr=False)
    drafts: tuple[DraftSummary, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.runs or self.drafts)


@dataclass(frozen=True, slots=True)
class Departure:
    """Unfinished runs and drafts of a user who leaves, and passwords that they know."""

    unfinished: Unfinished
    passwords: KnownPasswords
    #: The dated deletions that they and their tokens asked for.
    dated: tuple[DatedDeletion, ...] = ()


@resolves_callers
class DepartureService:
    """Disables users with what follows: unfinished runs and drafts, and passwords that they could have read."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        users: Users,
        runs: RunManager,
        changes: ChangeService,
        lists: MailboxLists,
    ) -> None:
        self._store, self._clock, self._users, self._runs = store, clock, users, runs
        self._changes, self._lists = changes, lists

    def of(self, by: Caller, number: int) -> Departure:
        """Return what a user leaves behind; only admins see it."""
        user = self.user(by, number)
        with self._store.read() as tx:
            names = names_of(tx, user)
            dated = tuple(each for each in dated_deletions.every(tx) if each.who in names)
            return Departure(_unfinished(tx, user), known_passwords.find(tx, names), dated)

    def successors(self, by: Caller, number: int) -> tuple[str, ...]:
        """Return the users who may take over all unfinished runs and drafts of a user.

        The caller comes first.
        """
        user = self.user(by, number)
        with self._store.read() as tx:
            unfinished = _unfinished(tx, user)
        able = [each.name for each in self._users.list_all(by) if each.disabled_at is None and each.id != number]
        external = self._is_external(user)
        fit = [name for name in able if not _refusal(self._users.caller(name), unfinished, external=external)]
        return tuple(sorted(fit, key=lambda name: (name != by.name, name)))

    def disable(
        self, by: Caller, number: int, *, hand_over: Collection[int] = (), to: str = "", successor: str = "",
        end: bool = False,
    ) -> Released:  # fmt: skip
        """Disable a user; their open runs and drafts go to `successor`, or `end`.

        With neither they stay as they are. Tokens in `hand_over` go to the admin `to`, the others are revoked. Raises
        InvalidPassword, with nothing done, when the successor may not do what the runs do.
        """
        user, actor = self.user(by, number), Actor.of(by)
        with self._store.read() as tx:
            unfinished = _unfinished(tx, user, hand_over) if successor or end else Unfinished()
        if successor:
            self._must_be_fit(successor, user, unfinished)
        external = self._is_external(user)
        released = self._users.disable(by, number, hand_over=hand_over, to=to)
        with self._store.read() as tx:  # they may have started more until now
            unfinished = _unfinished(tx, user) if successor or end else Unfinished()
        if successor:
            self._give(actor, user, _fit(self._users.caller(successor), unfinished, external=external), successor)
        elif end:
            self._end(actor, user, unfinished)
        return released

    def reset(self, by: Caller, number: int, shown: Collection[str]) -> StartedChange:
        """Start a run that sets new passwords for those of `shown` that are still unchanged.

        The user has to be disabled. Raises InvalidPassword when none is left, and as `ChangeService.start` does.
        """
        user = self.user(by, number)
        if user.disabled_at is None:
            raise InvalidPassword(f"{user.name} could read the new passwords, too. Disable {user.name} first.")
        known = {each.address for each in self.of(by, number).passwords.unchanged}
        listed = self._lists.domains(by)
        chosen = [
            address
            for address in sorted(known & set(shown))
            if listed.read_at is None or address.rpartition("@")[2] in listed.names
        ]
        if not chosen:
            raise InvalidPassword("These passwords were changed meanwhile, or their domains are gone. Look again.")
        return self._changes.start(by, chosen, NewPassword())

    def user(self, by: Caller, number: int) -> UserRecord:
        """Return a user; raises Forbidden for anyone but an admin."""
        user = next((user for user in self._users.list_all(by) if user.id == number), None)
        if user is None:
            raise InvalidPassword(f"There is no user {number}. Look at the list of users again.")
        return user

    def _must_be_fit(self, successor: str, user: UserRecord, unfinished: Unfinished) -> None:
        found = self._users.find(successor)
        if found is None or found.disabled_at is not None or found.id == user.id:
            raise InvalidPassword(f"{successor} cannot take anything over. Name another user who is not disabled.")
        if why := _refusal(self._users.caller(found.name), unfinished, external=self._is_external(user)):
            raise InvalidPassword(why)

    def _is_external(self, user: UserRecord) -> bool:
        return not user.admin and is_external(user.permissions, user.client_admin)

    def _give(self, by: Actor, user: UserRecord, unfinished: Unfinished, successor: str) -> None:
        for run in unfinished.runs:
            self._runs.take_over(run.id, successor, by=by)
        with self._store.write() as tx:
            for draft in unfinished.drafts:
                if drafts.state(tx, draft.id)[0] == user.name:
                    drafts.take_over(tx, draft.id, successor)
                    self._record(tx, by, AuditAction.DRAFT_TAKE_OVER, draft, f"from {user.name} to {successor}")

    def _end(self, by: Actor, user: UserRecord, unfinished: Unfinished) -> None:
        outcome, now = f"{user.name} is disabled", self._clock.now()
        for run in unfinished.runs:
            note = partial(audit.record, by=by, action=AuditAction.RUN_STOP, at=now, run=run.id, outcome=outcome)
            self._runs.stop(run.id, note)
        with self._store.write() as tx:
            gone = [draft for draft in unfinished.drafts if drafts.state(tx, draft.id)[0] == user.name]
            for draft in gone:
                self._record(tx, by, AuditAction.DRAFT_DISCARD, draft, f"of {user.name}")
            if drafts.drop(tx, [draft.id for draft in gone]):
                erasure.begin(tx)
        erasure.finish(self._store)

    def _record(self, tx: Tx, by: Actor, action: AuditAction, draft: DraftSummary, outcome: str) -> None:
        on = draft.file_name or "rows added by hand"
        audit.record(tx, by, action, at=self._clock.now(), on=on, outcome=outcome)


def _unfinished(tx: Tx, user: UserRecord, handed_over: Collection[int] = ()) -> Unfinished:
    """Return what a user and their tokens have open; tokens of others do not count."""
    others = {
        known_as(token.id, token.name)
        for token in tokens.list_tokens(tx)
        if token.id in handed_over or (token.owner is not None and token.owner.id != user.id)
    }
    names = names_of(tx, user) - others
    open_runs = [run for run in journal.open_runs(tx) if run.operator in names and run.status not in AT_AN_END]
    return Unfinished(tuple(open_runs), tuple(kept for kept in drafts.list_drafts(tx) if kept.operator == user.name))


def _fit(successor: Caller, unfinished: Unfinished, *, external: bool) -> Unfinished:
    """Return what a user may take over of this."""
    runs = (run for run in unfinished.runs if not _refusal(successor, Unfinished(runs=(run,)), external=external))
    kept = (each for each in unfinished.drafts if not _refusal(successor, Unfinished((), (each,)), external=external))
    return Unfinished(tuple(runs), tuple(kept))


def _refusal(successor: Caller, unfinished: Unfinished, *, external: bool) -> str:
    """Return why a user may not take this over; blank when they may.

    `external`: whether the user who leaves is of a client. Others leave nothing to people of clients.
    """
    if successor.external and not external:
        return f"{successor.name} belongs to a client. Choose a person of the agency."
    for run in unfinished.runs:
        if not all(may_act(successor, run, domain) for domain in run.domains):
            return f"{successor.name} may not do what run {run.id} does in all of its domains. Name an admin instead."
    for draft in unfinished.drafts:
        entitled = bool(draft.domains) and all(successor.may(Permission.IMPORT, domain) for domain in draft.domains)
        if not successor.admin and not entitled:
            name = draft.file_name or "rows added by hand"
            return f"{successor.name} may not import into all domains of the draft {name}. Name an admin instead."
    return ""
