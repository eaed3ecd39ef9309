"""Figures of the Overview: totals of the stored lists, and open work of the caller; no request to MXroute."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.vocabulary import RunStatus
from mxlib.runs.run_view import RunView
from mxlib.services import mailbox_totals
from mxlib.services.clients import ClientService
from mxlib.services.dated_deletions import DatedDeletions
from mxlib.services.drafts import DraftService
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.services.mailbox_totals import Totals
from mxlib.services.runs import RunService
from mxlib.store import Store, Tx, mailbox_lists, mailbox_locks
from mxlib.store.dated_deletions import DatedDeletion
from mxlib.store.drafts import DraftSummary


@dataclass(frozen=True, slots=True)
class ClientUse:
    """Use of storage by the mailboxes of a client, in MB; number 0: domains without a client."""

    number: int
    name: str
    mailboxes: int
    usage: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Totals of the domains that a caller may view, and how far they go.

    `oldest` is when the oldest of their lists was read (Unix seconds).
    """

    totals: Totals
    locked: int
    by_client: tuple[ClientUse, ...]
    domains: int
    never_read: tuple[str, ...]
    oldest: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open work of the caller: paused runs, passwords to hand over, drafts, deletions that ask."""

    paused: tuple[RunView, ...]
    with_passwords: tuple[RunView, ...]
    drafts: tuple[DraftSummary, ...]
    deletions: tuple[DatedDeletion, ...]

    def __bool__(self) -> bool:
        return bool(self.paused or self.with_passwords or self.drafts or self.deletions)


@resolves_callers
class OverviewService:
    """Adds up the stored lists of all domains that the caller may view."""

    def __init__(
        self, store: Store, lists: MailboxLists, runs: RunService, drafts: DraftService, dated: DatedDeletions,
        clients: ClientService,
    ) -> None:  # fmt: skip
        self._store, self._lists, self._runs = store, lists, runs
        self._drafts, self._dated, self._clients = drafts, dated, clients
        self._known: dict[str, tuple[float, Totals]] = {}

    def figures(self, caller: Caller) -> Figures:
        """Return the totals; each domain is added up once per read of its list."""
        with self._store.read() as tx:
            known = mailbox_lists.domains(tx)
            mine = [name for name in (known.names if known else ()) if caller.may(Permission.VIEW, name)]
            read_at = mailbox_lists.read_times(tx)
            totals = {name: self._totals(tx, name, read_at[name]) for name in mine if name in read_at}
            locked = self._locked(tx, totals)
        return Figures(
            totals=mailbox_totals.in_all(totals.values()),
            locked=locked,
            by_client=self._by_client(caller, totals),
            domains=len(mine),
            never_read=tuple(name for name in mine if name not in read_at),
            oldest=min((read_at[name] for name in totals), default=None),
        )

    def waiting(self, caller: Caller) -> Waiting:
        """Return what waits for the caller."""
        return Waiting(
            paused=tuple(view for view in self._runs.unended(caller) if view.status is RunStatus.PAUSED),
            with_passwords=self._runs.to_hand_over(caller),
            drafts=self._drafts.offered(caller),
            deletions=tuple(each for each in self._dated.every(caller) if each.why),
        )

    def _totals(self, tx: Tx, domain: str, read_at: float) -> Totals:
        cached = self._known.get(domain)
        if cached is None or cached[0] != read_at:
            stored = mailbox_lists.mailboxes(tx, domain)
            cached = (read_at, mailbox_totals.of_domain(domain, stored.mailboxes if stored else ()))
            self._known[domain] = cached
        return cached[1]

    def _locked(self, tx: Tx, domains: Collection[str]) -> int:
        """Count the locked mailboxes of the stored lists."""
        locked = mailbox_locks.usernames(tx)
        listed = self._lists.usernames_in(tx, locked.keys() & set(domains))
        return sum(len(locked[domain] & usernames) for domain, usernames in listed.items())

    def _by_client(self, caller: Caller, totals: Mapping[str, Totals]) -> tuple[ClientUse, ...]:
        """Return what each client uses, the most first; empty when no domain has a client."""
        clients = self._clients.list_all(caller)
        groups = {(client.id, client.details.name): client.details.domains for client in clients}
        if not groups:
            return ()
        of_clients = {domain for domains in groups.values() for domain in domains}
        groups[0, ""] = tuple(domain for domain in totals if domain not in of_clients)
        found = []
        for (number, name), domains in groups.items():
            own = [totals[domain] for domain in domains if domain in totals]
            if boxes := sum(each.mailboxes for each in own):
                found.append(ClientUse(number, name, boxes, sum(each.usage for each in own)))
        return tuple(sorted(found, key=lambda use: (-use.usage, use.name)))
