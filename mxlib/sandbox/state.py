"""The account of the simulated host: domains and their mailboxes, changed only by a `Change`."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Self

STANDARD_QUOTA = 1024  # MB
HIGHEST_LIMIT = 9600  # sends a day
_COST = 2**12  # of scrypt: some ms a password; it protects sandbox passwords, which are used nowhere else


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox as the host stores it.

    Quota and usage in MB, limit and sent in messages a day.
    """

    username: str
    quota: int = STANDARD_QUOTA
    usage: float = 0.0
    limit: int = HIGHEST_LIMIT
    sent: int = 0
    suspended: bool = False
    digest: str = field(default="", repr=False)  # of the password: salt and hash
    password: str | None = field(default=None, repr=False)  # only where tests need it


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one mailbox; a None stays as it is."""

    op: Literal["create", "update", "delete"]
    domain: str
    username: str
    quota: int | None = None
    limit: int | None = None
    digest: str | None = field(default=None, repr=False)  # of a new password; blank where no hash is stored
    password: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Return the address of the mailbox that changes."""
        return f"{self.username}@{self.domain}"


@dataclass(slots=True)
class Account:
    """A hosting account, with the behaviour of its host as known from the live service."""

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
        """Create an account of empty domains."""
        return cls({domain: {} for domain in domains})

    def mailboxes(self) -> Iterator[tuple[str, Mailbox]]:
        """Yield every mailbox with its address."""
        for domain, boxes in self.domains.items():
            for box in boxes.values():
                yield f"{box.username}@{domain}", box

    def mailbox(self, address: str) -> Mailbox | None:
        """Return the mailbox of this address; None when it does not exist."""
        username, _, domain = address.partition("@")
        return self.domains.get(domain, {}).get(username)

    def full(self) -> bool:
        """Return whether the plan allows no further mailbox."""
        return self.max_mailboxes is not None and sum(map(len, self.domains.values())) >= self.max_mailboxes

    def apply(self, change: Change) -> None:
        """Apply `change`; a missing mailbox or domain is created, or counts as deleted."""
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
        """Return whether the next PATCH with a password applies its limit too."""
        return self.limit_sticks_every > 0 and (self.password_updates + 1) % self.limit_sticks_every == 0


def digest_of(password: str, salt: str = "") -> str:
    """Return a salted hash to store instead of the password."""
    salt = salt or secrets.token_hex(8)
    return f"{salt}${hashlib.scrypt(password.encode(), salt=salt.encode(), n=_COST, r=8, p=1).hex()}"


def password_fits(box: Mailbox, password: str) -> bool:
    """Return whether this is the mailbox's password, as far as the account stores it."""
    if box.password is not None:
        return box.password == password
    salt, _, _ = box.digest.partition("$")
    return bool(salt) and hmac.compare_digest(box.digest, digest_of(password, salt))
