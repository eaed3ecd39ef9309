"""Roles: what people are, as the permissions that come with it, in a client's domains, in single ones or in all."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

from mxlib.auth.permissions import EVERY_DOMAIN, Permission, with_included
from mxlib.core.format import listed

#: Permissions as given: names of permissions by domain, EVERY_DOMAIN or the key of a client.
Given = Mapping[str, Iterable[Permission | str]]

_CLIENT = "client:"


class Role(StrEnum):
    """The part of a person in the domains of a grant."""

    VIEWER = "viewer"
    HELPDESK = "helpdesk"
    MANAGER = "manager"
    CLIENT_ADMIN = "client admin"


_ALL_OF_A_MANAGER = frozenset({Permission.VIEW, Permission.IMPORT, Permission.EXPORT, Permission.DELETE})

#: The permissions of each role. A client admin differs from a manager by what MXM hides from people of a client.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.HELPDESK: frozenset({Permission.VIEW, Permission.SUPPORT}),
    Role.MANAGER: _ALL_OF_A_MANAGER,
    Role.CLIENT_ADMIN: _ALL_OF_A_MANAGER,
}


def client_key(number: int) -> str:
    """Return the key of a grant for a client, `client:3`."""
    return f"{_CLIENT}{number}"


def client_of(key: str) -> int | None:
    """Return the number of the client of a grant; None for a domain."""
    number = key.removeprefix(_CLIENT)
    return int(number) if number != key and number.isascii() and number.isdigit() and len(number) < 10 else None


def clients_in(keys: Iterable[str]) -> frozenset[int]:
    """Return the numbers of the clients that these grants are for."""
    return frozenset(number for number in map(client_of, keys) if number is not None)


def can_be_given(role: Role, key: str) -> bool:
    """Return whether a role can be given there: nobody is a client admin everywhere."""
    return role is not Role.CLIENT_ADMIN or key != EVERY_DOMAIN


def role_of(key: str, rights: Iterable[Permission | str], client_admin: Collection[str] = ()) -> Role | None:
    """Return the role with exactly these permissions; None when no role has them.

    A client admin with other permissions has none: the roles of the agency would show them as its people.
    """
    own = with_included(rights)
    if key in client_admin:
        return Role.CLIENT_ADMIN if own == PERMISSIONS[Role.CLIENT_ADMIN] else None
    return next((role for role in (Role.VIEWER, Role.HELPDESK, Role.MANAGER) if own == PERMISSIONS[role]), None)


def is_external(given: Given, client_admin: Collection[str]) -> bool:
    """Return whether a person belongs to a client: in each grant they are a client admin, whatever they may do."""
    return bool(given) and all(key in client_admin for key in given)


def expanded(given: Given, domains: Mapping[int, Iterable[str]]) -> dict[str, frozenset[Permission]]:
    """Return permissions by domain, those of clients in the domains that each has now."""
    found: dict[str, frozenset[Permission]] = {}
    for key, rights in given.items():
        number = client_of(key)
        for domain in (key,) if number is None else domains.get(number, ()):
            found[domain] = found.get(domain, frozenset()) | with_included(rights)
    return found


def describe(
    admin: bool, given: Given, client_admin: Collection[str] = (), clients: Mapping[int, str] | None = None, *,
    most: int = 3,
) -> str:  # fmt: skip
    """Describe what a person may do: `Helpdesk in b.nl; viewer in every domain`.

    Places beyond `most` are counted. `clients` are names by number.
    """
    if admin:
        return "Admin: everything"
    alike: dict[str, list[str]] = {}
    for key, rights in given.items():
        if own := with_included(rights):
            role = role_of(key, own, client_admin)
            words = role.value if role else ", ".join(right for right in Permission if right in own)
            if role is None and key in client_admin:
                words = f"{Role.CLIENT_ADMIN.value} with {words}"
            alike.setdefault(words, []).append(place(key, clients))
    text = "; ".join(f"{words} in {listed(sorted(places), most=most, noun='more')}" for words, places in alike.items())
    return text[:1].upper() + text[1:] or "Nothing yet"


def place(key: str, clients: Mapping[int, str] | None = None) -> str:
    """Return where a grant holds, in words."""
    number = client_of(key)
    if number is not None:
        name = (clients or {}).get(number)
        return f"the domains of {name}" if name else f"the domains of client {number}"
    return "every domain" if key == EVERY_DOMAIN else key
