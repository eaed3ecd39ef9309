"""A change of many mailboxes as a program asks for it in JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mxlib.core import addresses
from mxlib.core.arrow_text import BLANKS
from mxlib.core.format import quoted
from mxlib.core.mapping.json_rows import InvalidBody, flag_of, only, text_of
from mxlib.core.mapping.secret_cells import masked_cell
from mxlib.core.plans import change_text
from mxlib.core.plans.changes import Change, Deletion, NewPassword, NewQuota, NewRecovery
from mxlib.core.vocabulary import CLEAR

KINDS = ("quota", "generate_password", "recovery_email", "delete")

#: Any name that a mailbox may have been given elsewhere, fit to be told of in a line.
_NAME = re.compile(r"[^\s@\x00-\x1f\x7f]{1,64}")

_ONE_KIND = f"Say what to do by one of {', '.join(KINDS[:-1])} and {KINDS[-1]}."
_CONFIRM = "confirm: the number of mailboxes is needed, as dry_run tells it."


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """What is to be done to which mailboxes, and what was agreed to: `confirm` is the number of a deletion."""

    addresses: tuple[str, ...]
    change: Change = field(repr=False)
    confirm: int | None
    below_use: bool
    dry_run: bool


def parse_change(body: Any, most: int) -> ChangeRequest:
    """Read the body of a change of at most `most` mailboxes; raises Malformed."""
    told = only(body, "addresses", *KINDS, "confirm", "below_use", "dry_run")
    mailboxes = _addresses(told, most)
    confirm = told.get("confirm")
    if confirm is not None and type(confirm) is not int:
        raise InvalidBody("confirm", _CONFIRM)
    return ChangeRequest(
        mailboxes, _change(told, mailboxes), confirm, flag_of(told, "below_use"), flag_of(told, "dry_run")
    )


def selected_addresses(body: Any, most: int) -> tuple[str, ...]:
    """Read a body that names at most `most` mailboxes and nothing else; raises Malformed."""
    return _addresses(only(body, "addresses"), most)


def _addresses(told: Mapping[str, Any], most: int) -> tuple[str, ...]:
    """The `addresses` of an object as the lists have them, each once."""
    items = told.get("addresses")
    if not isinstance(items, list) or not items:
        raise InvalidBody("addresses", 'addresses: a list of mailboxes is needed, ["jan@clienta.nl"] say.')
    if len(items) > most:
        raise InvalidBody("addresses", change_text.too_many(len(items), most))
    named = {f"addresses.{number}": item for number, item in enumerate(items)}
    return tuple(dict.fromkeys(_address(named, name) for name in named))


def _address(named: Mapping[str, Any], name: str) -> str:
    text = text_of(named, name).strip(BLANKS)
    before, _, after = text.lower().rpartition("@")
    domain = addresses.domain(after)
    if not _NAME.fullmatch(before) or not addresses.is_domain(domain):
        raise InvalidBody(name, f"{name}: {quoted(masked_cell(text))} is no address; write it like jan@clienta.nl.")
    return f"{before}@{domain}"


def _change(told: Mapping[str, Any], mailboxes: tuple[str, ...]) -> Change:
    flags = {name: flag_of(told, name) for name in ("generate_password", "delete")}
    asked = [name for name in KINDS if flags.get(name, name in told and (name != "quota" or told[name] is not None))]
    if len(asked) != 1:
        raise InvalidBody(asked[1] if asked else "", _ONE_KIND)
    match asked[0]:
        case "quota":
            return _quota(told)
        case "generate_password":
            return NewPassword()
        case "recovery_email":
            email = text_of(told, "recovery_email").strip(BLANKS)
            return NewRecovery(dict.fromkeys(mailboxes, "" if email == CLEAR else email))
        case _:
            return Deletion()


def _quota(told: Mapping[str, Any]) -> NewQuota:
    quota = None if isinstance(told["quota"], bool) else NewQuota.read(text_of(told, "quota"))
    if quota is None:
        raise InvalidBody("quota", f"quota: {change_text.NOT_A_QUOTA}")
    return quota
