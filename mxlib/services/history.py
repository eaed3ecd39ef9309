"""History of one mailbox: where it came from, and who changed it."""

from dataclasses import dataclass, replace

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.format import day
from mxlib.core.schema import MEANINGS
from mxlib.core.text import findings
from mxlib.core.vocabulary import ACTION_DONE, OPEN, Action, Outcome
from mxlib.services import audit_labels
from mxlib.store import Store, mailbox_history, stored_columns
from mxlib.store import first_seen as seen
from mxlib.store.mailbox_history import InRun, ManualAction

MOST = 100

#: The columns whose values are stored here, by what the audit log calls setting one.
_STORED = {str(action): MEANINGS[column] for column, action in stored_columns.ACTIONS.items()}
_DID = {
    Action.CREATE: "Created",
    Action.UPDATE: "Changed",
    Action.DELETE: "Deleted",
    Action.LOCK: "Locked",
    Action.UNLOCK: "Unlocked",
}
_TRIED = {
    Action.CREATE: "Create failed",
    Action.UPDATE: "Change failed",
    Action.DELETE: "Delete failed",
    Action.LOCK: "Lock failed",
    Action.UNLOCK: "Unlock failed",
}

#: What was done, by what the audit log calls it.
_ACTIONS = {str(entry): action for action, entry in ACTION_DONE.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One recorded act; `run` and `file` where a run did it.

    `did`: what was done to the mailbox at MXroute, None where nothing was.
    """

    at: float
    who: str
    what: str
    detail: str = ""
    run: int | None = None
    file: str = ""
    did: Action | None = None


@dataclass(frozen=True, slots=True)
class MailboxHistory:
    """The latest events, newest first.

    `first_seen`: when a mailbox that MXM did not make was first listed (Unix s).
    """

    events: tuple[Event, ...]
    first_seen: float | None

    @property
    def made_here(self) -> bool:
        """Return whether MXM made the mailbox that exists now."""
        lives = (event for event in self.events if event.did in {Action.CREATE, Action.DELETE})
        last = next(lives, None)
        return last is not None and last.did is Action.CREATE and (self.first_seen or 0.0) <= last.at

    def origin(self, now: float) -> str:
        """Describe where the mailbox came from; blank when an event shows it."""
        if self.made_here:
            return ""
        if any(event.did is Action.DELETE for event in self.events):
            return "Deleted here once; someone else created it again."
        if any(event.did is Action.CREATE for event in self.events):
            again = f" First seen {day(self.first_seen, now)}." if self.first_seen else ""
            return f"Created here once, and gone; someone else created it again.{again}"
        return "Created outside MXM." + (f" First seen {day(self.first_seen, now)}." if self.first_seen else "")


@resolves_callers
class MailboxHistoryService:
    """Returns the history of mailboxes to callers who may view them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, caller: Caller, domain: str, username: str) -> MailboxHistory:
        """Return the history of one mailbox, whether it still exists or not."""
        domain, username = domain.lower(), username.lower()
        caller.require(Permission.VIEW, domain)
        with self._store.read() as tx:
            by_runs = mailbox_history.in_runs(tx, domain, username, MOST)
            manual = mailbox_history.manual_actions(tx, domain, username, MOST)
            first = seen.since(tx, domain, username)
        if caller.external:  # the files of others may name other clients
            by_runs = [row if row.who == caller.name else replace(row, file_name="") for row in by_runs]
        events = [*map(_of_run, by_runs), *map(_of_manual_action, manual)]
        return MailboxHistory(tuple(sorted(events, key=lambda event: event.at, reverse=True)[:MOST]), first)


def _of_run(row: InRun) -> Event:
    if row.outcome in OPEN:
        return Event(row.at, row.who, "On its way", "", row.run, row.file_name)
    action = Action(row.action)
    failed = row.outcome == Outcome.FAILED
    what, did = (_TRIED[action], None) if failed else (_DID[action], action)
    return Event(row.at, row.who, what, row.reason, row.run, row.file_name, did)


def _of_manual_action(entry: ManualAction) -> Event:
    if column := _STORED.get(entry.what):
        phrase = findings.stored_removed(column) if _is_removal(entry) else findings.stored_set(column)
        return Event(entry.at, entry.who, phrase.capitalize())
    did = _ACTIONS.get(entry.what)
    what = _DID[did] if did else audit_labels.action_label(entry.what)
    return Event(entry.at, entry.who, what, entry.outcome, did=did)


def _is_removal(entry: ManualAction) -> bool:
    """Return whether a stored value was removed.

    An entry of an earlier release has no detail, and an outcome only for a removal.
    """
    return bool(entry.outcome) if entry.detail is None else bool(entry.detail["removed"])
