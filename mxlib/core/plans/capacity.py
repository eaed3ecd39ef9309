"""Check a batch against the account's storage. MXroute does not report a limit on mailboxes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from mxlib.core.format import count, moment
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import Action

_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Growth:
    """The growth that rows add to an account.

    `mailboxes` and `unlimited` are numbers of mailboxes, the latter of those without a limit; `quota` is in MB.
    """

    mailboxes: int = 0
    quota: int = 0
    unlimited: int = 0

    @classmethod
    def of(cls, rows: Iterable[PlannedRow]) -> Self:
        """Return what the rows to be sent add to the account.

        Quotas that shrink count as 0, since they do not reduce anyone's mail.
        """
        mailboxes = quota = unlimited = 0
        for row in rows:
            if row.action is Action.DELETE or row.quota is None:
                continue
            had = row.before.get("quota") if row.action is Action.UPDATE else 0
            mailboxes += row.action is Action.CREATE
            unlimited += row.quota == 0
            quota += max(0, row.quota - had) if isinstance(had, int) else 0
        return cls(mailboxes, quota, unlimited)


def storage(
    growth: Growth, used: int | None, limit: int | None, read_at: float, now: float, grace_until: str = ""
) -> str:
    """Return why the account's storage needs attention; blank when it does not.

    `used` and `limit` are in bytes; a limit of 0 means no limit, and None means unknown.
    """
    if limit == 0 or not (growth.mailboxes or growth.quota or growth.unlimited):
        return ""
    if limit is None or used is None:
        return _not_known(growth, used, limit, moment(read_at, now))
    has = f"{_size(used)} of {_size(limit)} used at {moment(read_at, now)}"
    if used >= limit:
        until = f" MXroute gives until {grace_until}." if grace_until else ""
        return f"The account is full: {has}.{until} Free space or raise the plan, or new mail is refused."
    free = limit - used
    # Mailboxes without a limit cannot be counted: they are mentioned only along with quotas that do not fit.
    if growth.quota * _MB <= free:
        return ""
    adds = f"These quotas add {_size(growth.quota * _MB)}"
    if growth.unlimited:
        adds += f" and {count(growth.unlimited, 'mailbox', 'mailboxes')} without a limit"
    return f"{adds}; the account has {_size(free)} free ({has}). MXroute takes them; full, it refuses all new mail."


def _not_known(growth: Growth, used: int | None, limit: int | None, at: str) -> str:
    """Return what can be said while a figure of the account is missing."""
    adds = f"these quotas add {_size(growth.quota * _MB)}"
    if limit is None:
        known = "" if used is None else f"; {_size(used)} was used"
        return f"The room on the account is not known: MXroute did not report its limit at {at}{known}, and {adds}."
    missing = f"MXroute did not report at {at} how much of its {_size(limit)} is used"
    if growth.quota * _MB > limit:
        return f"T{adds[1:]}, more than the whole account may hold; {missing}."
    return f"The room on the account is not known: {missing}, and {adds}."


def plan_full(growth: Growth, refused_at: float, now: float) -> str:
    """Warn that the host's plan was full at the last create.

    Blank when nothing is to be created.
    """
    if not growth.mailboxes:
        return ""
    return (
        f"MXroute refused the last mailbox it was asked for, at {moment(refused_at, now)}: the plan was full. Raise it "
        "first, or the run pauses at its first rows; none is lost."
    )


def _size(amount: int) -> str:
    gigabytes = amount / 1024**3
    return f"{gigabytes:,.1f} GB" if gigabytes >= 1 else f"{amount / _MB:,.0f} MB"
