"""Hosts that requests may go to: those on the internet, and those in private networks that a setting names.

A name is looked up once, and the connection goes to an address of that answer. So a name that leads elsewhere a moment
later changes nothing.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from mxlib.core.outgoing import SendFailure, SendProblem

IPAddress = IPv4Address | IPv6Address

#: Returns the addresses of a host as text; raises OSError.
Resolve = Callable[[str, int], Sequence[str]]

#: Networks whose addresses hold an IPv4 address, and the bit where that begins, from the right.
_EMBEDDING = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))

#: Networks that lead to others in disguise (Teredo, IPv4-compatible, NAT64 of one network), or to none.
_REFUSED = tuple(map(IPv6Network, ("2001::/32", "::/96", "64:ff9b:1::/48", "fec0::/10")))

#: Addresses of one name that are tried.
_MOST_ADDRESSES = 4


class NotSent(Exception):
    """A request was not sent, or not answered; nothing of it is in here."""

    def __init__(self, problem: SendProblem, status: int = 0) -> None:
        super().__init__(problem.value)
        self.failure = SendFailure(problem, status)


def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses that this machine finds for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


@dataclass(frozen=True, slots=True)
class Hosts:
    """The hosts that may be reached. `named` are in lower case, each with or without a port."""

    named: frozenset[str] = frozenset()
    resolve: Resolve = field(default=look_up, repr=False)

    def is_named(self, host: str, port: int) -> bool:
        """Return whether the setting names a host, or a host and this port."""
        name = host.lower().rstrip(".")
        return name in self.named or f"{name}:{port}" in self.named

    def addresses(self, host: str, port: int) -> list[str]:
        """Look a host up, once; return the addresses to connect to.

        Raises NotSent when one of them is private and the host is not named: a public one beside it is a trick.
        """
        try:
            found = [ip_address(each.partition("%")[0]) for each in self.resolve(host, port)]
        except (OSError, UnicodeError, ValueError):
            raise NotSent(SendProblem.UNKNOWN_HOST) from None
        if not found:
            raise NotSent(SendProblem.UNKNOWN_HOST)
        if not self.is_named(host, port) and not all(map(is_public, found)):
            raise NotSent(SendProblem.PRIVATE_ADDRESS)
        return [str(each) for each in found[:_MOST_ADDRESSES]]


def is_public(address: IPAddress) -> bool:
    """Return whether an address is on the internet.

    One that holds an IPv4 address is judged by that.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _REFUSED):
            return False
        for network, shift in _EMBEDDING:
            if address in network:
                return is_public(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast and not address.is_reserved
