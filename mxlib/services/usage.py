"""Figures of use by the day, for callers who may view the domain."""

from dataclasses import dataclass, field

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller, Permission
from mxlib.clock import Clock
from mxlib.core.usage import DayFigures, Trend
from mxlib.services.exports import NotFound
from mxlib.store import Store, mailbox_lists, usage_history
from mxlib.store.usage_history import DomainDay

__all__ = ["DomainDay", "MailboxUse", "TooMuch", "UsageService"]

#: Days of one question at most.
MOST_DAYS = 400

#: Rows of one answer at most: one for each domain and day.
MOST_ROWS = 20_000


class TooMuch(ValueError):
    """More days are asked for than one answer holds."""


@dataclass(frozen=True, slots=True)
class MailboxUse:
    """The days of a mailbox that have figures, and its trend.

    `today` is the number of the day.
    """

    days: tuple[DayFigures, ...] = field(repr=False)
    trend: Trend
    today: int


@resolves_callers
class UsageService:
    """Returns the stored days of mailboxes and domains."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    @property
    def today(self) -> int:
        """Return the number of the day at the host."""
        return self._store.days.day(self._clock.now())

    def of_mailbox(self, caller: Caller, domain: str, username: str, days: int) -> MailboxUse:
        """Return so many days of one mailbox, today included."""
        caller.require(Permission.VIEW, domain)
        today = self.today
        with self._store.read() as tx:
            found = usage_history.numbers_of(tx, [f"{username}@{domain}"])
            numbers = list(found.values())
            stored = usage_history.of_mailboxes(tx, numbers, today - days + 1, today)
            trends = usage_history.trends_for(tx, numbers)
        of_one = next(iter(stored.values()), [])
        return MailboxUse(tuple(of_one), next(iter(trends.values()), Trend()), today)

    def of_domains(self, caller: Caller, domain: str, first: int, last: int) -> list[DomainDay]:
        """Return the totals of a domain by the day.

        Without one, those of all that the caller may view. Raises NotFound for a domain that the account does not
        have, Forbidden, and TooMuch.
        """
        with self._store.read() as tx:
            known = mailbox_lists.domains(tx)
            names = known.names if known else ()
            if domain:
                caller.require(Permission.VIEW, domain)
                if domain not in names:
                    raise NotFound(f"{domain} is not on this MXroute account.")
            mine = [domain] if domain else [name for name in names if caller.may(Permission.VIEW, name)]
            days = last - first + 1
            if days > MOST_DAYS or days * len(mine) > MOST_ROWS:
                raise TooMuch(days)
            return usage_history.of_domains(tx, mine, first, last) if mine and days > 0 else []
