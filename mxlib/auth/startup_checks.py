"""Checks at the start: who can reach this server, and whether its sign-in makes that safe."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from mxlib.auth.passwords import InvalidPassword, agency_words
from mxlib.auth.trusted_proxies import TrustedProxies
from mxlib.auth.users import Users
from mxlib.clock import Clock
from mxlib.settings import Settings, SettingsError
from mxlib.store import Store

_WAYS_IN = "Set MXM_ADMIN_USER and MXM_ADMIN_PASSWORD, or make a user: script/mxm user add NAME --admin"

#: How to keep to this machine, by whether the dashboard and the public pages have a public address.
_KEEP = {
    (False, False): "--server.address 127.0.0.1",
    (True, False): "unset MXM_PUBLIC_URL",
    (False, True): "unset MXM_PORTAL_URL",
    (True, True): "unset MXM_PUBLIC_URL and MXM_PORTAL_URL",
}


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
    public, portal = _public(settings.public_url, "MXM_PUBLIC_URL"), _portal(settings)
    if not way_in and (beyond or public or portal):
        served = "the sandbox" if settings.sandbox else "a real MXroute account"
        address_of = settings.public_url if public else settings.portal_url
        where = f"at {address_of}" if public or portal else f"on {address or 'every address'}"
        raise SettingsError(
            f"It would serve {served} {where}, and nobody could sign in. {_WAYS_IN}. "
            f"Or keep to this machine: {_KEEP[public, portal]}."
        )
    if not way_in and not settings.sandbox:
        raise SettingsError(f"It would serve a real MXroute account, and nobody could sign in. {_WAYS_IN}.")
    if beyond and not settings.public_url:
        raise SettingsError(
            f"It would serve on {address or 'every address'} without knowing its own name. Set MXM_PUBLIC_URL to the "
            "address that people open, such as https://mxm.agency.example."
        )
    for is_beyond, variable, value in (
        (public, "MXM_PUBLIC_URL", settings.public_url),
        (portal, "MXM_PORTAL_URL", settings.portal_url),
    ):
        if is_beyond and not settings.sandbox and not value.lower().startswith("https:"):
            raise SettingsError(
                f"{variable} is {value}: passwords would travel in clear. Put a proxy that speaks https "
                "in front, or give the server a certificate (--server.sslCertFile, --server.sslKeyFile), and set "
                f"{variable} to the https address."
            )


def ensure_first_admin(settings: Settings, clock: Clock) -> bool:
    """Create the first admin that the environment names, if missing.

    Return whether anyone can sign in. Raises SettingsError when the name or the password is not valid.
    """
    name, password = settings.admin_user, settings.admin_password.get_secret_value()
    if bool(name) != bool(password):
        missing = "MXM_ADMIN_PASSWORD" if name else "MXM_ADMIN_USER"
        raise SettingsError(f"{missing} is not set: the first admin needs both a name and a password.")
    store = Store.configured(
        settings.data_dir, settings.database_url.get_secret_value(), clock, settings.secret_key.get_secret_value()
    )
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


def _public(address: str, variable: str) -> bool:
    """Return whether people come from beyond this machine; raises SettingsError for a bad address."""
    if not address:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if not host or parts.scheme.lower() not in ("http", "https"):
        raise SettingsError(f"{variable} has to be an address such as https://mxm.agency.example.")
    return not is_loopback(host)


def _portal(settings: Settings) -> bool:
    """Return whether people come to the public pages from beyond this machine.

    Raises SettingsError for an address that is bad, or shares its host with the dashboard.
    """
    beyond = _public(settings.portal_url, "MXM_PORTAL_URL")
    if not settings.portal_url:
        return False
    parts = urlsplit(settings.portal_url)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingsError(
            "MXM_PORTAL_URL has to be an address without a path, such as https://password.agency.example."
        )
    if settings.public_url and parts.hostname == urlsplit(settings.public_url).hostname:
        raise SettingsError(
            "MXM_PORTAL_URL has the host name of MXM_PUBLIC_URL. Give the public pages a name of their own, or unset "
            "it: they are at the address of the dashboard then."
        )
    return beyond
