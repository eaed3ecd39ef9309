"""How a mail program reaches a mailbox: MXroute's published ports, all of them encrypted from the first byte."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One way in or out: what it is called, what it is for, and its port."""

    name: str
    use: str
    port: int


SECURITY = "SSL/TLS"
SERVICES = (
    Service("IMAP", "Incoming mail", 993),
    Service("SMTP", "Outgoing mail", 465),
    Service("POP3", "Incoming mail, instead of IMAP", 995),
)


def text(address: str, server: str) -> str:
    """What to hand to the person whose mailbox it is; the password is not in it."""
    lines = [
        f"Mailbox: {address}",
        "",
        f"User name: {address} (the whole address, for incoming and outgoing mail)",
        "Password: handed to you separately",
        f"Server: {server}",
        "",
        *(f"{each.use} ({each.name}): port {each.port}, {SECURITY}" for each in SERVICES),
        "",
        "Outgoing mail needs the same user name and password. Choose IMAP unless you have a reason for POP3.",
    ]
    return "\n".join(lines) + "\n"
