"""The account that the stand-in keeps: domains and their mailboxes, changed by nothing but a `Change`."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Self

STANDARD_QUOTA = 1024  # MB
HIGHEST_LIMIT = 9600  # sends a day
_COST = 2**12  # of scrypt: some ms a password; it guards sandbox passwords, which nobody else uses


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as the host knows it; quota and usage in MB, limit and sent in messages a day."""

    username: str
    quota: int = STANDARD_QUOTA
    usage: float = 0.0
    limit: int = HIGHEST_LIMIT
    sent: int = 0
    suspended: bool = False
    digest: str = field(default="", repr=False)  # of the password: salt and hash
    password: str | None = field(default=None, repr=False)  # only where tests ask for it


@dataclass(frozen=True, slots=True)
class Change:
    """One thing done to one mailbox; what is None stays as it is."""

    op: Literal["create", "update", "delete"]
    domain: str
    username: str
    quota: int | None = None
    limit: int | None = None
    digest: str | None = field(default=None, repr=False)  # of a new password; blank where no hash is kept
    password: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The mailbox that changes."""
        return f"{self.username}@{self.domain}"


@dataclass(slots=True)
class Account:
    """A hosting account, and the ways of its host that are known from the live service."""

    domains: dict[str, dict[str, Mailbox]] = field(default_factory=dict)
    max_mailboxes: int | None = None  # of the plan, all domains together
    storage_mb: int = 0  # of the plan; 0 = unlimited
    limit_sticks_every: int = 3  # a PATCH with password and limit applies the limit each so many times; 0: never
    special_character: bool = False  # whether passwords need one
    pointers_as_object: bool = False  # the live service answers either way
    bare_quota: bool = False  # /quota and /quota/email without the envelope, as published; the live service uses it
    password_updates: int = 0

    @classmethod
    def of(cls, *domains: str) -> Self:
        """An account of empty domains."""
        return cls({domain: {} for domain in domains})

    def mailboxes(self) -> Iterator[tuple[str, Mailbox]]:
        """Every mailbox with its address."""
        for domain, boxes in self.domains.items():
            for box in boxes.values():
                yield f"{box.username}@{domain}", box

    def mailbox(self, address: str) -> Mailbox | None:
        """The mailbox of this address, if there is one."""
        username, _, domain = address.partition("@")
        return self.domains.get(domain, {}).get(username)

    def full(self) -> bool:
        """Whether the plan holds no further mailbox."""
        return self.max_mailboxes is not None and sum(map(len, self.domains.values())) >= self.max_mailboxes

    def apply(self, change: Change) -> None:
        """Do what `change` says; a mailbox or domain that is not there is made, or is gone already."""
        boxes = self.domains.setdefault(change.domain, {})
        if change.op == "delete":
            boxes.pop(change.username, None)
            return
        old = boxes.get(change.username) if change.op == "update" else None
        box = old or Mailbox(change.username)
        boxes[change.username] = replace(
            box,
            quota=box.quota if change.quota is None else change.quota,
            limit=box.limit if change.limit is None else change.limit,
            digest=box.digest if change.digest is None else change.digest,
            password=box.password if change.password is None else change.password,
        )
        if change.op == "update" and change.digest is not None:
            self.password_updates += 1

    def limit_sticks(self) -> bool:
        """Whether the next PATCH with a password applies its limit too."""
        return self.limit_sticks_every > 0 and (self.password_updates + 1) % self.limit_sticks_every == 0


def digest_of(password: str, salt: str = "") -> str:
    """A salted hash to keep instead of the password."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}${hashlib.scrypt(password.encode(), salt=salt.encode(), n=_COST, r=8, p=1).hex()}"


def password_fits(box: Mailbox, password: str) -> bool:
    """Whether this is the mailbox's password, as far as the account kept anything of it."""
    if box.password is not None:
        return box.password == password
    salt, _, _ = box.digest.partition("$")
    return bool(salt) and hmac.compare_digest(box.digest, digest_of(password, salt))
