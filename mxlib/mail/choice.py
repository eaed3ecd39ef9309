"""The way that mail leaves by the settings."""

from mxlib.mail.mxroute_api import MXrouteMailTransport
from mxlib.mail.smtp import SmtpTransport
from mxlib.mail.transport import Catcher, NoServer, Transport
from mxlib.settings import MailSecurity, Settings


def leaves_by_mxroute(settings: Settings) -> bool:
    """Return whether mail leaves by MXroute: by its API, or by the mail server of the account."""
    found = settings.mail_server
    if found is None:
        return False
    names = {settings.server.strip().lower(), "smtpapi.mxroute.com"}
    is_theirs = found.host.lower() in names or found.host.lower().endswith((".mxrouting.net", ".mxroute.com"))
    return found.security is MailSecurity.API or is_theirs


def choose_transport(settings: Settings, *, sandbox: bool) -> Transport:
    """Return the way by the settings; on the sandbox nothing leaves, whatever they say."""
    if sandbox:
        return Catcher()
    server = settings.mail_server
    if server is None:
        return NoServer()
    return MXrouteMailTransport(server) if server.security is MailSecurity.API else SmtpTransport(server)
