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
