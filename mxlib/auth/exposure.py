"""Who can reach this server, and whether that is safe without a way to sign in."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from mxlib.settings import Settings, SettingsError


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or a bare address, always means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_exposed(settings: Settings, address: str | None) -> None:
    """Raise SettingsError when others could reach this server; nobody can sign in yet, so nobody else may.

    `address` is what the server binds to, as Streamlit says it: None and "" mean every address.
    """
    served = "the sandbox" if settings.sandbox else "a real MXroute account"
    if not address or not is_loopback(address):
        raise SettingsError(
            f"It would serve {served} on {address or 'every address'}, with no sign-in. Use --server.address 127.0.0.1."
        )
    public = urlsplit(settings.public_url).hostname
    if settings.public_url and not (public and is_loopback(public)):
        raise SettingsError(
            f"It would serve {served} at {settings.public_url}, with no sign-in. Unset MXM_PUBLIC_URL, and reach it "
            "on this machine or through an SSH tunnel."
        )
