"""Terms of clients in their domains: quotas, and the room for mailboxes."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.core.clients import ClientDetails, DomainTerms
from mxlib.core.format import count
from mxlib.core.text import findings
from mxlib.runs.manager import InvalidState
from mxlib.services.mailbox_lists import MailboxLists
from mxlib.store import Store, Tx, clients, journal, mailbox_lists, unlisted_creates

_NO_ROOM_FOR_RUN = "Check the rows again, or ask an admin to raise the number."
_NO_ROOM_FOR_WRITE = "Leave it out, or ask an admin to raise the number."


class NoRoom(InvalidState):
    """A client may not have so many mailboxes."""


class QuotaOverCap(InvalidState):
    """A mailbox may not get a quota over the largest of its client."""


@dataclass(frozen=True, slots=True)
class _Count:
    """The mailboxes of a client by its lists, and those under way."""

    mailboxes: int = 0
    under_way: int = 0
    #: Whether a list could not be read.
    is_uncertain: bool = False


@resolves_callers
class ClientTerms:
    """Finds the terms of domains, and counts the mailboxes of capped clients."""

    def __init__(self, store: Store, lists: MailboxLists) -> None:
        self._store, self._lists = store, lists

    def of(
        self, caller: Caller, domains: Collection[str], *, newer_than: float | None = None
    ) -> dict[str, DomainTerms]:
        """Return the terms that hold in each of `domains` that has a client.

        Mailboxes are counted by the cached lists, which must be `newer_than` that to be certain, and by what is under
        way. That the caller may act in `domains` is checked before.
        """
        with self._store.read() as tx:
            records = clients.of_domains(tx, domains)
        counts = self._counts(_capped(record.details for record in records), newer_than)
        found: dict[str, DomainTerms] = {}
        for record in records:
            details, figures = record.details, counts.get(record.details.name, _Count())
            shown = all(caller.may(Permission.VIEW, name) for name in details.domains)
            terms = DomainTerms(
                details.name, details.terms, figures.mailboxes, figures.under_way, shown, figures.is_uncertain
            )
            found |= {name: terms for name in details.domains if name in domains}
        return found

    def counted(self, domains: Collection[str]) -> frozenset[str]:
        """Return the domains of the account whose mailboxes count when some are made in `domains`."""
        with self._store.read() as tx:
            capped = _capped(record.details for record in clients.of_domains(tx, domains))
            account = mailbox_lists.domains(tx) if capped else None
        there = frozenset(account.names) if account else frozenset()
        return there.intersection(name for details in capped for name in details.domains)

    def check_for_run(self, domains: Collection[str]) -> Callable[[Tx, int], None]:
        """Return the check that terms of clients allow what a run does in `domains`.

        It raises NoRoom or QuotaOverCap in the transaction that stores the run: two runs cannot both take the last
        place, and terms that changed since the rows were validated hold.
        """
        self._read_ahead(domains)

        def check(tx: Tx, run: int) -> None:
            found = [record.details for record in clients.of_domains(tx, domains)] if domains else []
            for details in found:
                _must_fit_quota(tx, run, details)
            for details in _capped(found):
                creates = unlisted_creates.find(tx, details.domains)
                new = {each.address for each in creates if each.run == run}
                taken = self._listed(tx, details) | {each.address for each in creates if each.run != run}
                _must_fit(details, new - taken, taken, _NO_ROOM_FOR_RUN)

        return check

    def room_for_write(self, domain: str, username: str) -> Callable[[Tx], None]:
        """Return the check that a client has room for a mailbox made by hand.

        It raises NoRoom in the transaction that journals the write, before the write is in it.
        """
        self._read_ahead([domain])

        def check(tx: Tx) -> None:
            for details in _capped(record.details for record in clients.of_domains(tx, [domain])):
                taken = self._listed(tx, details)
                taken |= {each.address for each in unlisted_creates.find(tx, details.domains)}
                _must_fit(details, {f"{username}@{domain}"} - taken, taken, _NO_ROOM_FOR_WRITE)

        return check

    def _read_ahead(self, domains: Collection[str]) -> None:
        """Unpack the lists that a check counts, so that its transaction is short."""
        with self._store.read() as tx:
            capped = _capped(record.details for record in clients.of_domains(tx, domains)) if domains else []
        self._lists.cached_usernames([name for details in capped for name in details.domains])

    def _listed(self, tx: Tx, details: ClientDetails) -> set[str]:
        listed = self._lists.usernames_in(tx, details.domains)
        return {f"{username}@{name}" for name, usernames in listed.items() for username in usernames}

    def _counts(self, capped: Collection[ClientDetails], newer_than: float | None) -> dict[str, _Count]:
        if not capped:
            return {}
        names = [name for details in capped for name in details.domains]
        with self._store.read() as tx:
            account = mailbox_lists.domains(tx)
            creates = unlisted_creates.find(tx, names)
        on_account = frozenset(account.names) if account else frozenset()
        cached = self._lists.cached_usernames(names)
        under_way: dict[str, set[str]] = {}
        for each in creates:
            if each.domain not in cached or each.username not in cached[each.domain][1]:
                under_way.setdefault(each.domain, set()).add(each.username)

        def is_missing(name: str) -> bool:
            if name not in cached:
                return name in on_account
            return newer_than is not None and not self._lists.is_current(cached[name][0], newer_than)

        return {
            details.name: _Count(
                sum(len(cached[name][1]) for name in details.domains if name in cached),
                sum(len(under_way.get(name, ())) for name in details.domains),
                any(map(is_missing, details.domains)),
            )
            for details in capped
        }


def quota_refusal(terms: Mapping[str, DomainTerms], domain: str, quota: int | None, had: object) -> str:
    """Return why a mailbox may not get this quota; blank when it may.

    A quota that it `had` may stay.
    """
    of_client = terms.get(domain)
    if of_client is None or quota is None or quota == had or of_client.terms.allows_quota(quota):
        return ""
    return findings.quota_over_cap(of_client.terms.max_quota or 0, of_client.client)


def _capped(found: Iterable[ClientDetails]) -> list[ClientDetails]:
    """Return the clients that may have a number of mailboxes."""
    return [details for details in found if details.terms.max_mailboxes is not None]


def _must_fit_quota(tx: Tx, run: int, details: ClientDetails) -> None:
    """Raise QuotaOverCap when a run sets a quota that the client may not have.

    A quota that a mailbox has already may stay.
    """
    most = details.terms.max_quota
    over = journal.rows_over_quota(tx, run, details.domains, most) if most is not None else []
    lists = {domain: mailbox_lists.mailboxes(tx, domain) for domain, _, _ in over}
    boxes = {(domain, box.username.lower()): box for domain, kept in lists.items() if kept for box in kept.mailboxes}
    for domain, username, quota in over:
        box = boxes.get((domain, username.lower()))
        if box is None or box.quota != quota:
            raise QuotaOverCap(f"{username}@{domain}: {findings.quota_over_cap(most or 0, details.name)}")


def _must_fit(details: ClientDetails, new: Collection[str], taken: Collection[str], what_to_do: str) -> None:
    """Raise NoRoom when a client has no room for the `new` mailboxes besides those `taken`."""
    most = details.terms.max_mailboxes or 0
    if len(new) > max(0, most - len(taken)):
        mailboxes = count(most, "mailbox", "mailboxes")
        raise NoRoom(f"{details.name} may have {mailboxes}, and has no room for {len(new):,} more by now. {what_to_do}")
