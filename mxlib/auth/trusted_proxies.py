"""True client address of a request: forwarded headers count only from trusted proxies."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from mxlib.settings import SettingsError


class TrustedProxies:
    """The proxies of MXM_TRUSTED_PROXIES: addresses and networks, comma-separated."""

    def __init__(self, setting: str) -> None:
        """Raise SettingsError for a part that is neither an address nor a network."""
        self._networks: list[IPv4Network | IPv6Network] = []
        for part in filter(None, (part.strip() for part in setting.split(","))):
            try:
                self._networks.append(ip_network(part, strict=False))
            except ValueError:
                raise SettingsError(
                    f"MXM_TRUSTED_PROXIES: {part} is neither an address nor a network such as 10.0.0.0/8."
                ) from None

    def address(self, scope: Scope) -> str:
        """Return the address that the request came from.

        It is the first one, seen from here, that is no proxy of ours. Every proxy adds the sender on the right; anyone
        may have written what is further left than the first stranger.
        """
        peer = _peer(scope)
        seen = _address(peer)
        if seen is None:
            return peer
        for hop in reversed(",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")):
            forwarded = _address(hop)
            if not self._is_ours(seen) or forwarded is None:
                break
            seen = forwarded
        return str(seen)

    def secure(self, scope: Scope) -> bool:
        """Return whether the browser used https, to us or to a proxy of ours."""
        if scope.get("scheme") in ("https", "wss"):
            return True
        peer = _address(_peer(scope))
        protocols = Headers(scope=scope).getlist("x-forwarded-proto")
        return (
            bool(peer and self._is_ours(peer) and protocols)
            and protocols[-1].rpartition(",")[2].strip().lower() == "https"
        )

    def _is_ours(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def household(address: str) -> str:
    """Return what counts as one address: itself, or the /64 of an IPv6 one.

    One subscriber has 2^64 addresses in a /64.
    """
    found = _address(address)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found) >> 64 << 64, 64)))
    return address if found is None else str(found)


def _peer(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address as proxies write it, with or without a port.

    None for other text.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
