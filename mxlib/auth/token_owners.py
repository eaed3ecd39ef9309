"""The owners of tokens: the present rights of a token, and its end when the owner is disabled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from mxlib.auth import roles
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import EVERY_DOMAIN, Caller, Permission, with_implied
from mxlib.core.format import count
from mxlib.core.vocabulary import AuditAction
from mxlib.store import Tx, audit, client_grants, tokens, users
from mxlib.store.tokens import TokenRecord
from mxlib.store.users import UserRecord

_DAY = 86_400.0

#: Days before its end, and days without use, from which a token is marked.
NEAR_END_DAYS, UNUSED_DAYS = 30, 90


class Mark(StrEnum):
    """Reason for an admin to check a token in the list."""

    ENDING = "ending"
    UNUSED = "unused"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class Released:
    """Tokens of a user who was disabled: revoked ones, and those another admin owns now."""

    revoked: tuple[TokenRecord, ...] = ()
    handed_over: tuple[TokenRecord, ...] = ()


def known_as(number: int, name: str) -> str:
    """Return the name of a token in runs and in the audit log.

    Names alone need not be unique.
    """
    return f"{name} (token {number})"


def names_of(tx: Tx, user: UserRecord) -> set[str]:
    """Return the names under which a user acts: their own, and those of their tokens.

    Their tokens are those that they made, and those that they own.
    """
    theirs = [
        token
        for token in tokens.list_tokens(tx)
        if token.created_by == user.name or (token.owner is not None and token.owner.id == user.id)
    ]
    return {user.name, *(known_as(token.id, token.name) for token in theirs)}


def works(token: TokenRecord, now: float) -> bool:
    """Return whether a token opens the API."""
    return _lives(token, now) and (token.owner is None or token.owner.disabled_at is None)


def marks(token: TokenRecord, now: float) -> tuple[Mark, ...]:
    """Return the marks of a token that works."""
    if not works(token, now):
        return ()
    ending = token.expires_at is not None and token.expires_at - now <= NEAR_END_DAYS * _DAY
    unused = now - (token.last_used_at or token.created_at) >= UNUSED_DAYS * _DAY
    limited = token.owner is not None and not token.owner.admin
    found = {Mark.ENDING: ending, Mark.UNUSED: unused, Mark.LIMITED: limited}
    return tuple(mark for mark, holds in found.items() if holds)


def describe_mark(token: TokenRecord, mark: Mark, now: float) -> str:
    """Return a mark in words."""
    match mark:
        case Mark.ENDING:
            return f"ends in {count(max(1, ceil(((token.expires_at or now) - now) / _DAY)), 'day')}"
        case Mark.UNUSED:
            unused = count(int((now - (token.last_used_at or token.created_at)) // _DAY), "day")
            return f"unused for {unused}" if token.last_used_at else f"never used in {unused}"
        case _:
            return f"limited to what {token.owner.name if token.owner else ''} may do"


def maker(token: TokenRecord) -> str:
    """Return who created a token, and who owns it now."""
    if token.owner is None:
        return f"{token.created_by}, no user"
    return token.created_by if token.owner.name == token.created_by else f"{token.created_by}, now {token.owner.name}"


def expanded(tx: Tx, given: Mapping[str, Collection[str]]) -> dict[str, frozenset[Permission]]:
    """Return permissions by domain, those of a client in the domains that it has now."""
    return roles.expanded(given, client_grants.domains(tx, roles.clients_in(given)))


def is_external(token: TokenRecord) -> bool:
    """Return whether the owner of a token belongs to a client."""
    owner = token.owner
    return owner is not None and not owner.admin and roles.is_external(owner.permissions, owner.client_admin)


def client_domains(tx: Tx, token: TokenRecord) -> dict[int, tuple[str, ...]]:
    """Return the domains of clients in the permissions of a token and its owner."""
    theirs = token.owner.permissions if token.owner else {}
    return client_grants.domains(tx, roles.clients_in([*token.permissions, *theirs]))


def rights(token: TokenRecord, domains: Mapping[int, Collection[str]]) -> tuple[bool, dict[str, frozenset[Permission]]]:
    """Return whether a token is an admin's, and its permissions by domain.

    They never exceed those that its owner has today. `domains` are those of clients, by number.
    """
    own, owner = roles.expanded(token.permissions, domains), token.owner
    if owner is None or owner.admin:
        return token.admin, own
    theirs = roles.expanded(owner.permissions, domains)
    if token.admin:
        return False, theirs
    shared = {domain: _shared(_of(own, domain), _of(theirs, domain)) for domain in own.keys() | theirs.keys()}
    return False, {domain: both for domain, both in shared.items() if both}


def hand_over(tx: Tx, by: Caller, token: TokenRecord, to: str, at: float) -> None:
    """Make the admin `to` the owner of a token.

    Raises InvalidPassword when that is not an admin who can sign in.
    """
    if not _lives(token, at):
        raise InvalidPassword(f"{known_as(token.id, token.name)} no longer works, and nobody needs to answer for it.")
    admin = users.named(tx, to.strip().lower())
    if admin is None or not admin.admin or admin.disabled_at is not None:
        raise InvalidPassword(f"{to.strip() or 'Nobody'} is no admin here. Name an admin who is not disabled.")
    if token.owner is not None and token.owner.id == admin.id:
        raise InvalidPassword(f"{admin.name} answers for {known_as(token.id, token.name)} already.")
    tokens.hand_over(tx, token.id, admin.id)
    before = token.owner.name if token.owner else token.created_by
    outcome = f"from {before} to {admin.name}"
    audit.record(tx, by, AuditAction.TOKEN_HAND_OVER, at=at, on=known_as(token.id, token.name), outcome=outcome)


def release(tx: Tx, by: Caller, user: UserRecord, keep: Collection[int], to: str, at: float) -> Released:
    """Hand the tokens `keep` of a user over to another admin, and revoke the others.

    `to` is the name of that admin. Raises InvalidPassword.
    """
    living = [token for token in tokens.of_owner(tx, user.id) if _lives(token, at)]
    if missing := set(keep) - {token.id for token in living}:
        raise InvalidPassword(f"Token {min(missing)} is no token of {user.name} that works. Look at the list again.")
    if keep and to.strip().lower() == user.name:
        raise InvalidPassword(f"{user.name} is being disabled. Hand the tokens to another admin.")
    revoked, handed = [], []
    for token in living:
        if token.id in keep:
            hand_over(tx, by, token, to, at)
            handed.append(token)
        else:
            tokens.revoke(tx, token.id, at)
            outcome = f"its maker is disabled: {user.name}"
            audit.record(tx, by, AuditAction.TOKEN_REVOKE, at=at, on=known_as(token.id, token.name), outcome=outcome)
            revoked.append(token)
    return Released(tuple(revoked), tuple(handed))


def _lives(token: TokenRecord, now: float) -> bool:
    return token.revoked_at is None and (token.expires_at is None or token.expires_at > now)


def _shared(own: frozenset[Permission], theirs: frozenset[Permission]) -> frozenset[Permission]:
    """Return what both lists allow, as far as one of them lists it."""
    return (own & with_implied(theirs)) | (with_implied(own) & theirs)


def _of(given: Mapping[str, frozenset[Permission]], domain: str) -> frozenset[Permission]:
    return given.get(domain, frozenset()) | given.get(EVERY_DOMAIN, frozenset())
