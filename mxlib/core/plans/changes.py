"""What is done to mailboxes that were picked: planned rows, and what has to be known before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any, Self

import pandas as pd

from mxlib.core import addresses, full_names, passwords, quotas
from mxlib.core.arrow_text import BLANKS
from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.schema import NAME, RECOVERY_EMAIL, VALUES, Column
from mxlib.core.text import findings
from mxlib.core.vocabulary import CLEAR, RunKind

_TIMES = re.compile(r"[x×*]\s*(\d{1,4}(?:\.\d{1,2})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NewQuota:
    """A quota in MB (0 = unlimited): `value`, or reckoned from the one that each mailbox has."""

    value: int | None = None
    times: Decimal = Decimal(1)
    plus: int = 0

    @classmethod
    def read(cls, text: str) -> Self | None:
        """`2048`, `2 GB`, `unlimited`, `× 2` or `+ 1024`; None for anything else."""
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
        """The quota that comes of one; unlimited stays unlimited unless a value is asked for."""
        if self.value is not None:
            return self.value
        # Rounded up, so that nothing becomes 0, which is unlimited.
        return int((quota * self.times).to_integral_value(ROUND_CEILING)) + self.plus if quota else 0


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A generated password for each."""


@dataclass(frozen=True, slots=True)
class NewStored:
    """Values of a column that is kept here, by address in lower case; blank forgets one.

    An address that is not there keeps its own.
    """

    values: Mapping[str, str] = field(repr=False)
    column: Column = RECOVERY_EMAIL


@dataclass(frozen=True, slots=True)
class Deletion:
    """Gone, with all mail."""


Change = NewQuota | NewPassword | NewStored | Deletion


@dataclass(frozen=True, slots=True)
class OverQuota:
    """A mailbox that would hold more than its quota; all in MB."""

    address: str
    usage: float
    quota: int


@dataclass(frozen=True)
class ChangeSummary:
    """What a change comes to. Quotas are sums of MB over mailboxes that have one; `mail` is what they hold in MB.

    `told` is whether the reader may see the figures of these mailboxes; without them there is only their number.
    """

    mailboxes: int
    acting: int
    quota_before: int
    quota_after: int
    unlimited: int
    suspended: int
    mail: float
    below: tuple[OverQuota, ...] = ()
    told: bool = True

    def without_figures(self) -> Self:
        """Return the summary for somebody who may delete the mailboxes, but not view them."""
        return type(self)(self.mailboxes, self.mailboxes, 0, 0, 0, 0, 0.0, told=False)


def mended(change: NewStored) -> tuple[NewStored, str]:
    """The values as they will be kept, and what is wrong with the first that can be none ("" when nothing is)."""
    typed = {address.lower(): value.strip() for address, value in change.values.items()}
    if change.column is NAME:
        return replace(change, values=typed), next(filter(None, map(full_names.trouble, set(typed.values()))), "")
    emails = {address: addresses.email(email) for address, email in typed.items()}
    for address, email in emails.items():
        if email == address:
            return change, f"{address}: {findings.RECOVERS_ITSELF}"
        if email and not addresses.is_email(email):
            return change, findings.recovery_email(typed[address])
    return replace(change, values=emails), ""


def make_plan(boxes: pd.DataFrame, change: Change, name: str) -> tuple[Plan, ChangeSummary]:
    """The plan of a change to `boxes`, and its figures; `name` is what the run will be called.

    `boxes`: address, username, domain, recovery_email, usage, quota, limit, suspended. A row that changes nothing is in
    the plan and asks for nothing.
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
        acting=sum(row.acts for row in rows),
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
    match change:
        case NewQuota():
            asked, has = change.of(int(box["quota"])), int(box["quota"])
            quota = asked if asked != has else None
        case NewPassword():
            password = passwords.generate()
        case NewStored(values, column):
            value = values.get(str(box["address"]), str(box[column.name]))
            stored = {} if value == box[column.name] else {column.name: value or CLEAR}
        case Deletion():
            return PlannedRow.delete(*place, before=had)
    return PlannedRow.update(
        *place, before=had, password=password, generated=bool(password), quota=quota, stored=stored
    )
