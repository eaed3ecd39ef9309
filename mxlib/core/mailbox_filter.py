"""The filter of a table of mailboxes, and its parameters in an address."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pandas as pd

from mxlib.core.mailbox_search import Query
from mxlib.core.schema import MAX_CELL_LENGTH
from mxlib.core.usage import NEAR_SEND_LIMIT, NEARLY_FULL, SOON_DAYS

#: Most values of one parameter that count.
MAX_VALUES = 500

#: Characters of the longest name of a domain, and of the largest number of a client.
_LONGEST_DOMAIN, _LONGEST_NUMBER = 253, 9


class MailboxState(StrEnum):
    """A state that mailboxes can be filtered by."""

    OVER_QUOTA = "over_quota"
    NEARLY_FULL = "nearly_full"
    FULL_SOON = "full_soon"
    NEAR_SEND_LIMIT = "near_send_limit"
    SUSPENDED = "suspended"
    LOCKED = "locked"
    NO_RECOVERY_EMAIL = "no_recovery_email"
    MADE_ELSEWHERE = "made_elsewhere"


LABELS = {
    MailboxState.OVER_QUOTA: "Over quota",
    MailboxState.NEARLY_FULL: "90 % or more",
    MailboxState.FULL_SOON: f"Full within {SOON_DAYS} days",
    MailboxState.NEAR_SEND_LIMIT: "Near send limit",
    MailboxState.SUSPENDED: "Suspended",
    MailboxState.LOCKED: "Locked",
    MailboxState.NO_RECOVERY_EMAIL: "No recovery email",
    MailboxState.MADE_ELSEWHERE: "Created outside MXM",
}


class MailboxOrder(StrEnum):
    """An order of a table of mailboxes."""

    DOMAIN = "domain"
    ADDRESS = "address"
    NAME = "name"
    FULLEST = "fullest"
    SOONEST = "soonest"
    USED = "used"
    SENT = "sent"


ORDER_LABELS = {
    MailboxOrder.DOMAIN: "Domain",
    MailboxOrder.ADDRESS: "Address",
    MailboxOrder.NAME: "Full name",
    MailboxOrder.FULLEST: "Fullest first",
    MailboxOrder.SOONEST: "Soonest full first",
    MailboxOrder.USED: "Largest first",
    MailboxOrder.SENT: "Most sent first",
}


@dataclass(frozen=True, slots=True)
class MailboxFilter:
    """Domains, clients (by number) and states of mailboxes, a search, and an order.

    A mailbox has to be of one of the domains and of one of the clients, and to have every state.
    """

    domains: tuple[str, ...] = ()
    clients: tuple[int, ...] = ()
    states: tuple[MailboxState, ...] = ()
    text: str = ""
    order: MailboxOrder = MailboxOrder.DOMAIN

    @classmethod
    def read(cls, parameters: Mapping[str, Sequence[str]]) -> "MailboxFilter":
        """Return the filter of these parameters, without values that mean nothing."""
        values = {name: list(dict.fromkeys(given[:MAX_VALUES])) for name, given in parameters.items()}
        domains = (value.strip().lower() for value in values.get("domain", ()))
        return cls(
            tuple(dict.fromkeys(name for name in domains if 0 < len(name) <= _LONGEST_DOMAIN)),
            tuple(dict.fromkeys(int(value) for value in values.get("client", ()) if _is_number(value))),
            tuple(state for state in MailboxState if state in values.get("state", ())),
            (values.get("q") or [""])[0].strip()[:MAX_CELL_LENGTH],
            next((order for order in MailboxOrder if order in values.get("sort", ())), MailboxOrder.DOMAIN),
        )

    def parameters(self) -> dict[str, list[str]]:
        """Return the parameters of an address; no filter gives no parameter."""
        every = {
            "domain": list(self.domains),
            "client": [str(number) for number in self.clients],
            "state": [state.value for state in self.states],
            "q": [self.text] if self.text else [],
            "sort": [self.order.value] if self.order is not MailboxOrder.DOMAIN else [],
        }
        return {name: values for name, values in every.items() if values}


def has_state(mailboxes: pd.DataFrame, state: MailboxState) -> "pd.Series[bool]":
    """Return which mailboxes have this state."""
    limited = mailboxes["quota"] > 0
    match state:
        case MailboxState.OVER_QUOTA:
            found = limited & (mailboxes["usage"] >= mailboxes["quota"])
        case MailboxState.NEARLY_FULL:
            found = limited & (mailboxes["usage"] >= NEARLY_FULL * mailboxes["quota"])
        case MailboxState.FULL_SOON:
            found = (mailboxes["days_left"] > 0) & (mailboxes["days_left"] <= SOON_DAYS)
        case MailboxState.NEAR_SEND_LIMIT:
            found = (mailboxes["limit"] > 0) & (mailboxes["sent"] >= NEAR_SEND_LIMIT * mailboxes["limit"])
        case MailboxState.SUSPENDED:
            found = mailboxes["suspended"]
        case MailboxState.LOCKED:
            found = mailboxes["is_locked"] | mailboxes["being_locked"]
        case MailboxState.NO_RECOVERY_EMAIL:
            found = mailboxes["recovery_email"] == ""
        case MailboxState.MADE_ELSEWHERE:
            found = mailboxes["made_elsewhere"]
    return found.astype("bool")


def with_text(mailboxes: pd.DataFrame, text: str) -> pd.DataFrame:
    """Return the mailboxes whose address, name and recovery email contain every word of `text`."""
    if len(text) > MAX_CELL_LENGTH:
        return mailboxes.iloc[:0]
    query = Query(text)
    if not query:
        return mailboxes
    cells = (mailboxes[name].tolist() for name in ("address", "name", "recovery_email"))
    found = [query.rank(address.lower(), name, email) is not None for address, name, email in zip(*cells, strict=True)]
    return mailboxes.loc[found]


def with_states(mailboxes: pd.DataFrame, states: Collection[MailboxState]) -> pd.DataFrame:
    """Return the mailboxes that have every one of these states."""
    for state in states:
        mailboxes = mailboxes.loc[has_state(mailboxes, state)]
    return mailboxes


def in_order(mailboxes: pd.DataFrame, order: MailboxOrder) -> pd.DataFrame:
    """Return the mailboxes in this order; those without a value come last."""
    match order:
        case MailboxOrder.DOMAIN:
            return mailboxes
        case MailboxOrder.ADDRESS:
            key, descending = mailboxes["address"], False
        case MailboxOrder.NAME:
            key, descending = mailboxes["name"].str.casefold().where(mailboxes["name"] != ""), False
        case MailboxOrder.FULLEST:
            key, descending = mailboxes["usage"] / mailboxes["quota"].where(mailboxes["quota"] > 0), True
        case MailboxOrder.SOONEST:
            key, descending = mailboxes["days_left"], False
        case MailboxOrder.USED:
            key, descending = mailboxes["usage"], True
        case MailboxOrder.SENT:
            key, descending = mailboxes["sent"], True
    key = key.reset_index(drop=True).sort_values(ascending=not descending, kind="stable", na_position="last")
    return mailboxes.iloc[key.index]


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER
