"""Checks at the start: who can reach this server, and whether its sign-in makes that safe."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from mxlib.auth.passwords import InvalidPassword, agency_words
from mxlib.auth.trusted_proxies import TrustedProxies
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.settings import Settings, SettingsError
from mxlib.store import FILE, Store

_WAYS_IN = "Set MXM_ADMIN_USER and MXM_ADMIN_PASSWORD, or make a user: script/mxm user add NAME --admin"


def is_loopback(host: str) -> bool:
    """Return whether `host`, a name or a bare address, always means this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_exposure(settings: Settings, address: str | None, *, way_in: bool) -> None:
    """Raise SettingsError when the server would be open to others without sign-in or encryption.

    `address` is what the server binds to, as Streamlit has it: None and "" mean every address. `way_in` is whether
    anyone can sign in. A real account is never open without sign-in, not even to the people at the machine.
    """
    TrustedProxies(settings.trusted_proxies)
    beyond = not address or not is_loopback(address)
    public = _public(settings)
    if not way_in and (beyond or public):
        served = "the sandbox" if settings.sandbox else "a real MXroute account"
        where = f"at {settings.public_url}" if public else f"on {address or 'every address'}"
        raise SettingsError(
            f"It would serve {served} {where}, and nobody could sign in. {_WAYS_IN}. "
            f"Or keep to this machine: {'unset MXM_PUBLIC_URL' if public else '--server.address 127.0.0.1'}."
        )
    if not way_in and not settings.sandbox:
        raise SettingsError(f"It would serve a real MXroute account, and nobody could sign in. {_WAYS_IN}.")
    if beyond and not settings.public_url:
        raise SettingsError(
            f"It would serve on {address or 'every address'} without knowing its own name. Set MXM_PUBLIC_URL to the "
            "address that people open, such as https://mxm.agency.example."
        )
    if public and not settings.sandbox and not settings.public_url.lower().startswith("https:"):
        raise SettingsError(
            f"MXM_PUBLIC_URL is {settings.public_url}: passwords would travel in clear. Put a proxy that speaks https "
            "in front, or give the server a certificate (--server.sslCertFile, --server.sslKeyFile), and set "
            "MXM_PUBLIC_URL to the https address."
        )


def ensure_first_admin(settings: Settings, clock: Clock) -> bool:
    """Create the first admin that the environment names, if missing.

    Return whether anyone can sign in. Raises SettingsError when the name or the password is not valid.
    """
    name, password = settings.admin_user, settings.admin_password.get_secret_value()
    if bool(name) != bool(password):
        missing = "MXM_ADMIN_PASSWORD" if name else "MXM_ADMIN_USER"
        raise SettingsError(f"{missing} is not set: the first admin needs both a name and a password.")
    store = Store.open(settings.data_dir / FILE, clock, settings.secret_key.get_secret_value())
    users = Users(
        store, clock, provider=bool(settings.oidc_issuer), agency=agency_words(settings)
    )  # fmt: skip
    try:
        if name:
            users.first_admin(name, password)
        return users.can_sign_in()
    except InvalidPassword as error:
        if users.find(name) is not None:  # another process that starts now has just created it
            return users.can_sign_in()
        raise SettingsError(f"MXM_ADMIN_USER, MXM_ADMIN_PASSWORD: {error}") from None
    finally:
        store.close()


def _public(settings: Settings) -> bool:
    """Return whether people come from beyond this machine; raises SettingsError for a bad address."""
    if not settings.public_url:
        return False
    try:
        parts = urlsplit(settings.public_url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme.lower() not in ("http", "https"):
        raise SettingsError("MXM_PUBLIC_URL has to be an address such as https://mxm.agency.example.")
    return not is_loopback(host)
