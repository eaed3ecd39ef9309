"""Where a request really comes from: what proxies say counts only for proxies that were named."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from mxlib.settings import SettingsError


class TrustedProxies:
    """The proxies of MXM_TRUSTED_PROXIES: addresses and networks, comma-separated."""

    def __init__(self, told: str) -> None:
        """Raises SettingsError for what is neither an address nor a network."""
        self._networks: list[IPv4Network | IPv6Network] = []
        for part in filter(None, (part.strip() for part in told.split(","))):
            try:
                self._networks.append(ip_network(part, strict=False))
            except ValueError:
                raise SettingsError(
                    f"MXM_TRUSTED_PROXIES: {part} is neither an address nor a network such as 10.0.0.0/8."
                ) from None

    def address(self, scope: Scope) -> str:
        """The address that the request came from: the first one, seen from here, that is no proxy of ours.

        Every proxy adds on the right whom it heard; what is further left than the first stranger, anybody may have
        written.
        """
        peer = _peer(scope)
        seen = _address(peer)
        if seen is None:
            return peer
        for hop in reversed(",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")):
            told = _address(hop)
            if not self._is_ours(seen) or told is None:
                break
            seen = told
        return str(seen)

    def secure(self, scope: Scope) -> bool:
        """Whether the browser spoke https, to us or to a proxy of ours."""
        if scope.get("scheme") in ("https", "wss"):
            return True
        peer = _address(_peer(scope))
        told = Headers(scope=scope).getlist("x-forwarded-proto")
        return bool(peer and self._is_ours(peer) and told) and told[-1].rpartition(",")[2].strip().lower() == "https"

    def _is_ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def household(address: str) -> str:
    """What counts as one address: itself, or the /64 of an IPv6 one, of which one subscriber has 2^64."""
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return address if found is None else str(found)


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _address(told: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it, with or without a port; None when it is none."""
    told = told.strip()
    if told.startswith("["):
        told = told[1:].partition("]")[0]
    elif told.count(":") == 1:
        told = told.partition(":")[0]
    try:
        address = ip_address(told)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
