"""Permissions of a caller, domain by domain."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mxlib.auth.passwords import InvalidPassword
from mxlib.core import addresses
from mxlib.core.vocabulary import CallerKind


class Permission(StrEnum):
    """Acts on a domain's mailboxes; `import` means create and update, and allows what `support` does."""

    VIEW = "view"
    SUPPORT = "support"
    IMPORT = "import"
    EXPORT = "export"
    DELETE = "delete"


_TO = {
    Permission.VIEW: "view",
    Permission.SUPPORT: "support mailboxes of",
    Permission.IMPORT: "import into",
    Permission.EXPORT: "export from",
    Permission.DELETE: "delete from",
}

#: Every domain of the account, future ones included.
EVERY_DOMAIN = "*"

#: What a permission includes.
INCLUDES = {permission: frozenset({Permission.VIEW}) for permission in (Permission.SUPPORT, Permission.IMPORT)}

#: What a permission allows besides, without being listed: people who may change mailboxes may also support them.
_IMPLIES = {Permission.IMPORT: frozenset({Permission.SUPPORT})}


class Forbidden(Exception):
    """The caller lacks a permission; the message names it."""


class NotRecent(Forbidden):
    """The act needs a recent caller, who has to confirm first who they are."""

    def __init__(self) -> None:
        super().__init__("Confirm who you are first: this needs a sign-in within the last 15 minutes.")


@dataclass(frozen=True, slots=True)
class Caller:
    """The identity that acts: an operator at a page, or a token at the API.

    The rights are those of the moment at which it was resolved; `source` resolves the same identity again. Only a
    caller that is neither user nor token, such as the command line, has none.
    """

    name: str
    admin: bool = False
    domains: Mapping[str, frozenset[Permission]] = field(default_factory=dict)
    address: str = ""
    kind: CallerKind = CallerKind.OPERATOR
    source: "Callable[[], Caller] | None" = field(default=None, repr=False, compare=False)
    #: Whether a person confirmed within 15 minutes who they are; others, such as tokens, need not.
    recent: bool = field(default=True, compare=False)
    #: Whether this is a person of a client: nothing of the agency and of other clients is shown to them.
    external: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "domains", {domain: with_included(given) for domain, given in self.domains.items()})

    def may(self, permission: Permission, domain: str) -> bool:
        """Return whether this caller has `permission` for `domain`; an admin has every one."""
        return self.admin or any(self._has(permission, name) for name in (domain, EVERY_DOMAIN))

    def require(self, permission: Permission, domain: str) -> None:
        """Raise Forbidden unless this caller has `permission` for `domain`."""
        if not self.may(permission, domain):
            raise Forbidden(refusal_of(permission, domain))

    def require_recent(self) -> None:
        """Raise NotRecent unless this caller is recent."""
        if not self.recent:
            raise NotRecent

    def may_anywhere(self, permission: Permission, domains: Iterable[str]) -> bool:
        """Return whether this caller has `permission` in any of `domains`, the account's."""
        return self.admin or any(self._has(permission, name) for name in (EVERY_DOMAIN, *domains))

    def _has(self, permission: Permission, name: str) -> bool:
        return permission in with_implied(self.domains.get(name, ()))


def with_included(given: Iterable[Permission | str]) -> frozenset[Permission]:
    """Return the permissions `given` in a domain with those that they include."""
    rights = frozenset(map(Permission, given))
    return rights.union(*(INCLUDES.get(right, ()) for right in rights))


def with_implied(given: Iterable[Permission]) -> frozenset[Permission]:
    """Return the permissions `given` in a domain with those that a check takes from them."""
    rights = frozenset(given)
    return rights.union(*(_IMPLIES.get(right, ()) for right in rights))


def lacking(permission: Permission, domain: str) -> str:
    """Return the sentence for a missing permission."""
    return f"You have no permission to {_TO[permission]} {domain}."


def refusal_of(permission: Permission, domain: str) -> str:
    """Return the sentence for a missing permission, and the one that says whom to ask."""
    return f"{lacking(permission, domain)} Ask an admin for it."


NO_IMPORT = "You have no permission to import into any domain. Ask an admin for it."

#: The person at this machine while no way to sign in is set up.
LOCAL = Caller("local operator", admin=True)


def normalise_grant_domain(domain: str) -> str:
    """Return the domain of a permission as the host writes it, or EVERY_DOMAIN.

    Raises InvalidPassword for neither.
    """
    name = addresses.domain(domain)
    if name != EVERY_DOMAIN and not addresses.is_domain(name):
        raise InvalidPassword(f"{domain!r} is no domain. Name one, such as clienta.nl, or {EVERY_DOMAIN} for all.")
    return name


def describe_grants(admin: bool, domains: Mapping[str, Iterable[str]]) -> str:
    """Return permissions for lists and the audit log.

    The text is `admin`, or `clienta.nl: view, import; clientb.nl: view`.
    """
    if admin:
        return "admin"
    return "; ".join(f"{on}: {', '.join(may)}" for on, may in domains.items())
