"""Changes to selected mailboxes: the planned rows, and the figures to know first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Self

import pandas as pd

from mxlib.core import addresses, full_names, passwords, quotas
from mxlib.core.arrow_text import BLANKS
from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.schema import NAME, RECOVERY_EMAIL, VALUES, Column
from mxlib.core.text import findings
from mxlib.core.vocabulary import CLEAR, RowReason, RunKind

_TIMES = re.compile(r"[x×*]\s*(\d{1,4}(?:\.\d{1,2})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NewQuota:
    """A quota in MB (0 = unlimited): `value`, or computed from the current quota of each mailbox."""

    value: int | None = None
    times: Decimal = Decimal(1)
    plus: int = 0

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Read `2048`, `2 GB`, `unlimited`, `× 2` or `+ 1024`; return None for anything else."""
        text = text.strip(BLANKS)
        if found := _TIMES.fullmatch(text):
            times = Decimal(found[1])
            return cls(times=times) if times else None
        if text.startswith("+"):
            plus = quotas.quota(text[1:])
            return cls(plus=plus) if plus else None
        value = quotas.quota(text)
        return None if value is None else cls(value)

    def of(self, quota: int) -> int:
        """Return the new quota for a current one, in MB.

        Unlimited stays unlimited unless a value is asked for.
        """
        if self.value is not None:
            return self.value
        # Rounded up, so that nothing becomes 0, which is unlimited.
        return int((quota * self.times).to_integral_value(ROUND_CEILING)) + self.plus if quota else 0


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A generated password for each mailbox."""


@dataclass(frozen=True, slots=True)
class NewStored:
    """Values of a column that MXM stores, by address in lower case; blank deletes one.

    An address that is not in `values` keeps its current value.
    """

    values: Mapping[str, str] = field(repr=False)
    column: Column = RECOVERY_EMAIL


@dataclass(frozen=True, slots=True)
class NewLock:
    """A password that nobody knows, for each mailbox; the reason may be blank."""

    reason: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unlocking:
    """A new password for each locked mailbox, which ends its lock.

    It is generated, unless `password` has that of a single mailbox.
    """

    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Deletion:
    """Deletion of the mailboxes, with all their mail."""


@dataclass(frozen=True, slots=True)
class LaterDeletion:
    """A lock of the mailboxes now, and their deletion at `due_at` (Unix seconds)."""

    due_at: float


Change = NewQuota | NewPassword | NewStored | NewLock | Unlocking | Deletion | LaterDeletion


@dataclass(frozen=True, slots=True)
class OverQuota:
    """A mailbox that would hold more than its quota; all in MB."""

    address: str
    usage: float
    quota: int


@dataclass(frozen=True)
class ChangeSummary:
    """The figures of a change.

    Quotas are sums of MB over mailboxes that have one; `mail` is the mail they hold, in MB. The last field is false
    for a reader who may not see these figures; then only the number of mailboxes is filled in.
    """

    mailboxes: int
    acting: int
    quota_before: int
    quota_after: int
    unlimited: int
    suspended: int
    mail: float
    below: tuple[OverQuota, ...] = ()
    has_figures: bool = True

    def without_figures(self) -> Self:
        """Return the summary for a reader who may delete the mailboxes but not view them."""
        return type(self)(self.mailboxes, self.mailboxes, 0, 0, 0, 0, 0.0, has_figures=False)


def normalised(change: NewStored) -> tuple[NewStored, str]:
    """Return the values as they will be stored, and the first problem with them.

    The second is "" when all are valid.
    """
    typed = {address.lower(): value.strip() for address, value in change.values.items()}
    if change.column is NAME:
        typed = dict(zip(typed, full_names.names(pd.Series(list(typed.values()), dtype=str)).to_pylist(), strict=True))
        return replace(change, values=typed), next(filter(None, map(full_names.trouble, set(typed.values()))), "")
    emails = {address: addresses.email(email) for address, email in typed.items()}
    for address, email in emails.items():
        if email == address:
            return change, f"{address}: {findings.RECOVERS_ITSELF}"
        if email and not addresses.is_email(email):
            return change, findings.recovery_email(typed[address])
    return replace(change, values=emails), ""


def make_plan(boxes: pd.DataFrame, change: Change, name: str) -> tuple[Plan, ChangeSummary]:
    """Return the plan of a change to `boxes`, and its figures; `name` names the run.

    `boxes` has the columns address, username, domain, VALUES, usage and suspended, and may have sent and is_locked. A
    row that changes nothing is in the plan and sends nothing.
    """
    records: list[dict[str, Any]] = boxes.to_dict("records")  # type: ignore[assignment]
    rows = tuple(_row(position, box, change) for position, box in enumerate(records))
    plan = Plan(name, "", rows, RunKind.DELETE if isinstance(change, Deletion) else RunKind.CHANGE)
    after = [int(box["quota"]) if row.quota is None else row.quota for box, row in zip(records, rows, strict=True)]
    below = (
        OverQuota(row.address, float(box["usage"]), row.quota)
        for box, row in zip(records, rows, strict=True)
        if row.quota and box["usage"] > row.quota
    )
    return plan, ChangeSummary(
        mailboxes=len(rows),
        acting=len(rows) if isinstance(change, LaterDeletion) else sum(row.acts for row in rows),
        quota_before=int(boxes["quota"].sum()),
        quota_after=sum(after),
        unlimited=int((boxes["quota"] == 0).sum()),
        suspended=int(boxes["suspended"].sum()),
        mail=float(boxes["usage"].sum()),
        below=tuple(below),
    )


def _row(position: int, box: Mapping[str, Any], change: Change) -> PlannedRow:
    place = (position, position + 1, str(box["username"]), str(box["domain"]))
    had = {
        **{column.name: int(box[column.name]) if column.is_number else str(box[column.name]) for column in VALUES},
        "usage": float(box["usage"]),
        "sent": int(box["sent"]) if "sent" in box else None,
    }
    password, quota, stored = "", None, {}
    is_locked = bool(box.get("is_locked"))
    locked = is_locked or bool(box.get("being_locked"))
    against = Reason(RowReason.LOCKED)
    match change:
        case NewQuota():
            asked, has = change.of(int(box["quota"])), int(box["quota"])
            quota = asked if asked != has else None
        case NewPassword() if locked:
            return PlannedRow.update(*place, before=had, reason=against)
        case NewPassword():
            password = passwords.generate()
        case LaterDeletion():
            before = {**had, "for_deletion": True}
            return PlannedRow.lock(*place, before=before, reason=against if is_locked else None)
        case NewLock(why):
            return PlannedRow.lock(*place, before=had, why=why, reason=against if is_locked else None)
        case Unlocking() if not locked:
            return PlannedRow.unlock(*place, before=had, reason=Reason(RowReason.NOT_LOCKED))
        case Unlocking(typed):
            return PlannedRow.unlock(*place, before=had, password=typed or passwords.generate(), generated=not typed)
        case NewStored(values, column):
            value = values.get(str(box["address"]), str(box[column.name]))
            stored = {} if value == box[column.name] else {column.name: value or CLEAR}
        case Deletion():
            return PlannedRow.delete(*place, before=had)
    return PlannedRow.update(
        *place, before=had, password=password, generated=bool(password), quota=quota, stored=stored
    )
