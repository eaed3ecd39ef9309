"""The month of each domain and each client, for invoices: rules over stored days. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mxlib.core.months import Month

#: Days before a month in which a mailbox or a domain is looked for that was there already.
LOOK_BACK = 31


@dataclass(frozen=True, slots=True)
class DomainFigures:
    """Totals of a domain on one day: use at its end and at most, in KB."""

    day: int
    mailboxes: int
    usage: int
    usage_max: int


@dataclass(frozen=True, slots=True)
class Presence:
    """The days on which a mailbox was listed: the last one before the month, and first and last within.

    `gone_on` is the day on which it was gone; None while it is there.
    """

    username: str
    before: int | None
    first: int | None
    last: int | None
    gone_on: int | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """A mailbox that is new or gone, and since when."""

    address: str
    day: int


@dataclass(frozen=True, slots=True)
class DomainMonth:
    """The month of one domain; use in KB at its end and at most."""

    domain: str
    mailboxes: int
    most_mailboxes: int
    usage: int
    peak: int
    new: tuple[Move, ...] = ()
    gone: tuple[Move, ...] = ()
    days: tuple[DomainFigures, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ClientMonth:
    """The month of one client with all its domains.

    A domain without a client counts as its own.
    """

    name: str
    domains: tuple[DomainMonth, ...]

    @property
    def mailboxes(self) -> int:
        """Return the mailboxes at the end of the month."""
        return sum(each.mailboxes for each in self.domains)

    @property
    def usage(self) -> int:
        """Return the use at the end of the month in KB."""
        return sum(each.usage for each in self.domains)

    @property
    def most_mailboxes(self) -> int:
        """Return the most mailboxes that all domains had on one day."""
        return max(self._sums("mailboxes"), default=0)

    @property
    def peak(self) -> int:
        """Return the most that all domains used on one day, in KB."""
        return max(self._sums("usage_max"), default=0)

    @property
    def new(self) -> tuple[Move, ...]:
        """Return the new mailboxes of all domains."""
        return tuple(move for each in self.domains for move in each.new)

    @property
    def gone(self) -> tuple[Move, ...]:
        """Return the mailboxes that all domains no longer have."""
        return tuple(move for each in self.domains for move in each.gone)

    def _sums(self, name: str) -> list[int]:
        """Return the sum over the domains on each day.

        One that was not read counts with its day before, and one that has left with nothing.
        """
        by_domain = [{each.day: int(getattr(each, name)) for each in domain.days} for domain in self.domains]
        for days, domain in zip(by_domain, self.domains, strict=True):
            if days and not domain.mailboxes:
                days.setdefault(max(days) + 1, 0)
        sums, known = [], [0] * len(by_domain)
        for day in sorted({day for days in by_domain for day in days}):
            known = [days.get(day, before) for days, before in zip(by_domain, known, strict=True)]
            sums.append(sum(known))
        return sums


def has_left(last: int, next_day: int | None, read_days: Collection[int], *, is_on_account: bool) -> bool:
    """Return whether a domain left the account after `last`, by its totals.

    `next_day` is the next one with its totals, `read_days` are those with totals of any domain.
    """
    is_away = not is_on_account if next_day is None else next_day > last + LOOK_BACK
    # While no other list was read either, nothing is known: the server may have been off.
    return is_away and any(last < day <= last + LOOK_BACK for day in read_days)


def of_domain(
    month: Month, domain: str, days: Sequence[DomainFigures], mailboxes: Iterable[Presence], *, left: bool = False
) -> DomainMonth | None:
    """Return the month of a domain by its days in order.

    Those before the month are among them. None without figures in the month. `left`: the domain is not on the account
    at the end, which decides about mailboxes of which only the totals are stored.
    """
    within = tuple(each for each in days if month.first <= each.day <= month.last)
    if not within:
        return None
    earlier = [each.day for each in days if each.day < month.first]
    before = earlier[-1] if earlier else None
    new, gone, there, away = [], [], 0, 0
    for box in mailboxes:
        address = f"{box.username}@{domain}"
        if (day := _new_on(box, before, within[0].day)) is not None:
            new.append(Move(address, day))
        was_last = box.last == within[-1].day
        if (day := _gone_on(box, month, before, within)) is not None:
            gone.append(Move(address, day))
            away += was_last
        else:
            there += was_last
    last = within[-1]
    # A list may have been read on the last day before a mailbox was gone, or after, when it counts it out already.
    at_end = min(last.mailboxes, there if left else max(there, last.mailboxes - away))
    return DomainMonth(
        domain, at_end, max(each.mailboxes for each in within), last.usage if at_end else 0,
        max(each.usage_max for each in within), _in_order(new), _in_order(gone), within,
    )  # fmt: skip


def by_client(domains: Iterable[DomainMonth], clients: Mapping[str, str]) -> tuple[ClientMonth, ...]:
    """Return the month of each client by name.

    `clients` has the client of each domain that has one.
    """
    found: dict[tuple[bool, str], list[DomainMonth]] = {}
    for each in domains:
        name = clients.get(each.domain)
        found.setdefault((name is None, name or each.domain), []).append(each)
    return tuple(
        ClientMonth(name, tuple(sorted(own, key=lambda each: each.domain)))
        for (_, name), own in sorted(found.items(), key=lambda item: (item[0][0], item[0][1].casefold()))
    )


def _new_on(box: Presence, before: int | None, begin: int) -> int | None:
    """Return the day on which a mailbox was new.

    None for one that was there before, or as long as MXM knows.
    """
    if box.first is None:
        return None
    if before is None:
        return box.first if box.first > begin else None
    return None if box.before is not None and box.before >= before else box.first


def _gone_on(box: Presence, month: Month, before: int | None, within: Sequence[DomainFigures]) -> int | None:
    """Return the day of the month on which a mailbox was gone.

    None for one that is there.
    """
    if box.gone_on is not None and month.first <= box.gone_on <= month.last:
        return box.gone_on
    if box.first is None:
        was_there = before is not None and box.before is not None and box.before >= before
        return within[0].day if was_there else None
    return next((each.day for each in within if box.last is not None and each.day > box.last), None)


def _in_order(moves: Iterable[Move]) -> tuple[Move, ...]:
    return tuple(sorted(moves, key=lambda move: (move.day, move.address)))
