"""Totals of mailboxes: their use, and how many are full, near a limit or closed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from heapq import nlargest

from mxlib.core.usage import NEAR_SEND_LIMIT, NEARLY_FULL
from mxlib.mxroute.protocol import Mailbox

#: Mailboxes in the list of the fullest.
MOST_FULLEST = 10


@dataclass(frozen=True, slots=True, order=True)
class Fullest:
    """A mailbox by the share of its quota that it uses; MB."""

    share: float
    address: str
    usage: float
    quota: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals of mailboxes. Use and quotas are in MB; unlimited mailboxes have no part in the quota."""

    mailboxes: int = 0
    usage: float = 0.0
    limited_usage: float = 0.0
    quota: int = 0
    unlimited: int = 0
    over_quota: int = 0
    nearly_full: int = 0
    near_send_limit: int = 0
    suspended: int = 0
    fullest: tuple[Fullest, ...] = field(default=(), repr=False)

    @property
    def unlimited_usage(self) -> float:
        """Return the MB that unlimited mailboxes use."""
        return self.usage - self.limited_usage


def of_domain(domain: str, boxes: Collection[Mailbox]) -> Totals:
    """Return the totals of the mailboxes of one domain."""
    limited = [box for box in boxes if box.quota > 0]
    full = (
        Fullest(box.usage / box.quota, f"{box.username}@{domain}", box.usage, box.quota) for box in limited if box.usage
    )
    return Totals(
        mailboxes=len(boxes),
        usage=sum(box.usage for box in boxes),
        limited_usage=sum(box.usage for box in limited),
        quota=sum(box.quota for box in limited),
        unlimited=len(boxes) - len(limited),
        over_quota=sum(box.usage >= box.quota for box in limited),
        nearly_full=sum(box.usage >= NEARLY_FULL * box.quota for box in limited),
        near_send_limit=sum(box.limit > 0 and box.sent >= NEAR_SEND_LIMIT * box.limit for box in boxes),
        suspended=sum(box.suspended for box in boxes),
        fullest=tuple(nlargest(MOST_FULLEST, full)),
    )


def in_all(parts: Iterable[Totals]) -> Totals:
    """Return the totals of several domains."""
    parts = tuple(parts)
    return Totals(
        mailboxes=sum(part.mailboxes for part in parts),
        usage=sum(part.usage for part in parts),
        limited_usage=sum(part.limited_usage for part in parts),
        quota=sum(part.quota for part in parts),
        unlimited=sum(part.unlimited for part in parts),
        over_quota=sum(part.over_quota for part in parts),
        nearly_full=sum(part.nearly_full for part in parts),
        near_send_limit=sum(part.near_send_limit for part in parts),
        suspended=sum(part.suspended for part in parts),
        fullest=tuple(nlargest(MOST_FULLEST, (each for part in parts for each in part.fullest))),
    )
