"""Tables of the Overview, made of the mailboxes in view. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

import pandas as pd

from mxlib.core.usage import NEARLY_FULL, SOON_DAYS

#: Rows at most of a table that names mailboxes.
MOST_ROWS = 100

#: Mailboxes in the table of what was sent.
MOST_SENDERS = 10

#: Shares of the quota that the mailboxes are grouped by, in percent; the last group is what is over.
STEPS = (0, 20, 40, 60, 80, 90, 100)


@dataclass(frozen=True, slots=True)
class FullSoon:
    """A mailbox that is full, nearly full or full soon; MB.

    `days_left` is 0 for a full one, and None where nothing is foreseen.
    """

    address: str
    usage: float
    quota: int
    days_left: int | None

    @property
    def share(self) -> float:
        """Return the part of the quota that is used."""
        return self.usage / self.quota


@dataclass(frozen=True, slots=True)
class ClientUse:
    """Use of storage by the mailboxes of a client, in MB; number 0: a domain without a client, by its name."""

    number: int
    name: str
    mailboxes: int
    usage: float


@dataclass(frozen=True, slots=True)
class FillGroup:
    """Mailboxes whose use is from one share of their quota to another, in percent.

    `upper` None: what is at the quota or over. `lower` None: unlimited ones.
    """

    lower: int | None
    upper: int | None
    mailboxes: int


@dataclass(frozen=True, slots=True)
class Sender:
    """A mailbox that sent today, and its limit a day."""

    address: str
    sent: int
    limit: int


def full_soon(mailboxes: pd.DataFrame) -> pd.DataFrame:
    """Return the mailboxes that are full, nearly full or full soon, the most urgent first."""
    share = mailboxes["usage"] / mailboxes["quota"].where(mailboxes["quota"] > 0)
    chosen = (mailboxes["days_left"] <= SOON_DAYS) | (share >= NEARLY_FULL)
    return (
        mailboxes.assign(share=share)
        .loc[chosen]
        .sort_values(["days_left", "share"], ascending=[True, False], kind="stable", na_position="last")
    )


def full_soon_rows(found: pd.DataFrame, most: int = MOST_ROWS) -> tuple[FullSoon, ...]:
    """Return the first rows of `full_soon`."""
    shown = found.head(most)
    columns = (shown[name].tolist() for name in ("address", "usage", "quota", "days_left"))
    return tuple(
        FullSoon(address, usage, quota, None if isnan(left) else int(left))
        for address, usage, quota, left in zip(*columns, strict=True)
    )


def by_client(
    mailboxes: pd.DataFrame, clients: Mapping[str, tuple[int, str]], domains: Sequence[str]
) -> tuple[ClientUse, ...]:
    """Return what each client uses, the most first.

    A domain without one counts as its own. `clients` has the number and the name of the client of a domain,
    `domains` the order of those in view.
    """
    by_domain = mailboxes.groupby("domain", sort=False)["usage"]
    sizes, sums = by_domain.size().to_dict(), by_domain.sum().to_dict()
    found: dict[tuple[int, str], tuple[int, float]] = {}
    for domain in domains:
        if domain not in sizes:
            continue
        key = clients.get(domain, (0, domain))
        before = found.get(key, (0, 0.0))
        found[key] = (before[0] + int(sizes[domain]), before[1] + float(sums[domain]))
    uses = (ClientUse(number, name, boxes, usage) for (number, name), (boxes, usage) in found.items())
    return tuple(sorted(uses, key=lambda use: (-use.usage, use.name)))


def how_full(mailboxes: pd.DataFrame) -> tuple[FillGroup, ...]:
    """Return how many mailboxes use which share of their quota; unlimited ones come last."""
    limited = mailboxes.loc[mailboxes["quota"] > 0]
    share = 100 * limited["usage"] / limited["quota"]
    groups = [
        FillGroup(lower, upper, int(((share >= lower) & (share < upper)).sum())) for lower, upper in pairwise(STEPS)
    ]
    over = FillGroup(STEPS[-1], None, int((share >= STEPS[-1]).sum()))
    return (*groups, over, FillGroup(None, None, len(mailboxes) - len(limited)))


def most_sent(mailboxes: pd.DataFrame, most: int = MOST_SENDERS) -> tuple[Sender, ...]:
    """Return the mailboxes that sent most of their limit today."""
    sent = mailboxes.loc[(mailboxes["limit"] > 0) & (mailboxes["sent"] > 0)]
    share = sent["sent"] / sent["limit"]
    shown = sent.loc[share.sort_values(ascending=False, kind="stable").index].head(most)
    columns = (shown[name].tolist() for name in ("address", "sent", "limit"))
    return tuple(Sender(address, number, limit) for address, number, limit in zip(*columns, strict=True))


def sums_by_day(figures: Mapping[str, Mapping[int, float]], first: int, last: int) -> tuple[float | None, ...]:
    """Return the sum over all domains at the end of each day.

    `figures` are those of each domain by the day; one that has none on a day counts with its last known one. None
    before the first figure of all.
    """
    known: dict[str, float] = {}
    sums: list[float | None] = []
    days = [day for of_domain in figures.values() for day in of_domain]
    for day in range(min([first, *days]), last + 1):
        for domain, of_domain in figures.items():
            if day in of_domain:
                known[domain] = of_domain[day]
        if day >= first:
            sums.append(sum(known.values()) if known else None)
    return tuple(sums)
