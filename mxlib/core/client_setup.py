"""Settings of mail programs: MXroute's published ports, all of them encrypted from the first byte."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One mail service: its protocol, its use and its port."""

    name: str
    use: str
    port: int


SECURITY = "SSL/TLS"
SERVICES = (
    Service("IMAP", "Incoming mail", 993),
    Service("SMTP", "Outgoing mail", 465),
    Service("POP3", "Incoming mail (older apps)", 995),
)


def text(address: str, server: str, password: str = "") -> str:
    """Return the message for a mailbox's owner, with the password if given."""
    lines = [
        f"Mailbox: {address}",
        "",
        f"User name: {address} (the whole address, for incoming and outgoing mail)",
        f"Password: {password or 'handed to you separately'}",
        f"Server: {server}",
        "",
        *(f"{each.use} ({each.name}): port {each.port}, {SECURITY}" for each in SERVICES),
        "",
        "Outgoing mail needs the same user name and password. Choose IMAP unless you have a reason for POP3.",
    ]
    return "\n".join(lines) + "\n"
