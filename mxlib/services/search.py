"""Find a mailbox in all domains, by the cached lists alone: typing costs no request."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core.format import age, count
from mxlib.core.mailbox_search import Query
from mxlib.core.schema import MAX_CELL_LENGTH, NAME, RECOVERY_EMAIL
from mxlib.services.mailbox_lists import MailboxLists, OnProgress
from mxlib.store import Store, mailbox_lists, stored_columns

MOST = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A mailbox that was found.

    Quota (0 = unlimited) and usage in MB, limit and sent in messages a day.
    """

    domain: str
    username: str
    address: str
    recovery_email: str
    name: str
    usage: float
    quota: int
    sent: int
    limit: int
    suspended: bool
    #: Days until it is full; not a number where nothing is foreseen.
    days_left: float
    made_elsewhere: bool
    is_locked: bool
    being_locked: bool
    #: Unix seconds; not a number without a lock.
    locked_since: float
    locked_by: str
    lock_reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """The best of `total` hits, with their reliability.

    That is: the domains never read, and the time of the oldest list.
    """

    hits: tuple[Hit, ...]
    total: int
    domains: int
    never_read: tuple[str, ...]
    oldest: float | None

    def describe(self, now: float) -> str:
        """Describe how many domains were searched, and how old the lists are."""
        searched = self.domains - len(self.never_read)
        every = f"All {self.domains:,} domains" if self.domains > 1 else "The 1 domain"
        some = f"{searched:,} of {self.domains:,} domains"
        where = f"{every if searched == self.domains else some} searched"
        if self.oldest is not None:
            where += f"; the oldest list is {age(now - self.oldest)} old"
        if self.never_read:
            where += f". {count(len(self.never_read), 'domain')} not loaded"
        return f"{where}."


@resolves_callers
class MailboxSearch:
    """Searches addresses, recovery emails and names of every domain that the caller may view."""

    def __init__(self, store: Store, lists: MailboxLists, clock: Clock) -> None:
        self._store, self._lists, self._clock = store, lists, clock
        self._index: dict[str, tuple[float, tuple[str, ...]]] = {}

    def find(self, caller: Caller, text: str, *, most: int = MOST) -> Found:
        """Return mailboxes whose address, name and recovery email contain every word of `text`.

        Exact addresses come first, then usernames that begin with it, then people, then domains.
        """
        query = Query(text if len(text) <= MAX_CELL_LENGTH else "")
        with self._store.read() as tx:
            known = mailbox_lists.domains(tx)
            read_at = mailbox_lists.read_times(tx)
            names = stored_columns.by_address(tx, NAME.name) if query else {}
            emails = stored_columns.by_address(tx, RECOVERY_EMAIL.name) if query else {}
        mine = [name for name in (known.names if known else ()) if caller.may(Permission.VIEW, name)]
        listed = [name for name in mine if name in read_at]
        found = [
            (address != query.text, rank, address)
            for domain in (listed if query else ())
            for address in self._addresses(domain, read_at[domain])
            if (rank := query.rank(address, names.get(address, ""), emails.get(address, ""))) is not None
        ]
        best = [address for *_, address in sorted(found)[:most]]
        return Found(
            hits=self._hits(best),
            total=len(found),
            domains=len(mine),
            never_read=tuple(name for name in mine if name not in read_at),
            oldest=min((read_at[name] for name in listed), default=None),
        )

    def read(self, caller: Caller, *, on_progress: OnProgress | None = None) -> None:
        """Read the lists of all domains that the caller may view, if due."""
        names = [name for name in self._lists.domains(caller).names if caller.may(Permission.VIEW, name)]
        self._lists.every(caller, names, on_progress=on_progress)

    def _addresses(self, domain: str, read_at: float) -> tuple[str, ...]:
        cached = self._index.get(domain)
        if cached is None or cached[0] != read_at:
            addresses = tuple(self._lists.cached_frame(domain)["address"].str.lower())
            self._index[domain] = cached = (read_at, addresses)
        return cached[1]

    def _hits(self, addresses: list[str]) -> tuple[Hit, ...]:
        by_address: dict[str, dict[str, Any]] = {}
        for domain in {address.rpartition("@")[2] for address in addresses}:
            frame: pd.DataFrame = self._lists.cached_frame(domain)
            rows = frame.loc[frame["address"].str.lower().isin(addresses)].to_dict("records")
            by_address |= {str(row["address"]).lower(): {str(k): v for k, v in row.items()} for row in rows}
        return tuple(
            Hit(domain=address.rpartition("@")[2], **by_address[address])
            for address in addresses
            if address in by_address
        )
