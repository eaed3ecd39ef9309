"""Origins of requests, as browsers compare them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}

#: Characters of the longest origin that any browser sends.
_LONGEST_ORIGIN = 400


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, as browsers compare them."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, address: str) -> "Origin | None":
        """Return the origin of an address; None without one, as for `null`."""
        if len(address) > _LONGEST_ORIGIN:
            return None
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if not host or "@" in parts.netloc:
            return None
        return cls(parts.scheme, host, port or _PORTS.get(parts.scheme))
