"""The mail ports of the account's server, and what the last look at each found. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

#: Days before the end of a certificate from which it is reported.
CERTIFICATE_DAYS = 14

_DAY = 86_400.0

#: Looks in a row that must fail before a port counts as unreachable: one lost connection is no outage.
LOOKS_IN_VAIN = 2

#: Seconds after which a look is too old to be the present state: five were missed.
OLD_S = 600.0


class MailPort(StrEnum):
    """The ports that mail programs and browsers use; a stored value never changes."""

    IMAP = "imap"
    SMTP = "smtp"
    WEBMAIL = "webmail"

    @property
    def number(self) -> int:
        """Return the number of the port; each is encrypted from the first byte."""
        return {MailPort.IMAP: 993, MailPort.SMTP: 465, MailPort.WEBMAIL: 443}[self]


class PortProblem(StrEnum):
    """The reason why a port does not serve; a stored value never changes."""

    UNKNOWN_HOST = "unknown_host"
    NOT_CONNECTED = "not_connected"
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    CERTIFICATE = "certificate"
    TLS_FAILED = "tls_failed"
    #: The greeting is not that of this service.
    GREETING = "greeting"


@dataclass(frozen=True, slots=True)
class PortLook:
    """One look at one port: its problem, and the end of its certificate (Unix seconds); None for none."""

    port: MailPort
    problem: PortProblem | None = None
    certificate_until: float | None = None


@dataclass(frozen=True, slots=True)
class PortState:
    """The state of a port after its last look.

    `silent_since` is the first of the looks in a row that failed, and `failed` their number.
    """

    look: PortLook
    silent_since: float | None = None
    failed: int = 0

    def after(self, look: PortLook, at: float) -> Self:
        """Return the state after another look."""
        if look.problem is None:
            return type(self)(look)
        return type(self)(look, at if self.silent_since is None else self.silent_since, self.failed + 1)


@dataclass(frozen=True, slots=True)
class MailPorts:
    """The state of all ports, and when they were looked at (Unix seconds)."""

    at: float
    ports: tuple[PortState, ...]

    @property
    def silent(self) -> tuple[PortState, ...]:
        """Return the ports that do not serve."""
        return tuple(state for state in self.ports if state.look.problem is not None)

    @property
    def certificate_until(self) -> float | None:
        """Return when the first of the certificates ends; None while none is known."""
        ends = [end for state in self.ports if (end := state.look.certificate_until) is not None]
        return min(ends, default=None)

    def ends_soon(self, now: float) -> float | None:
        """Return when a certificate ends, if that is within CERTIFICATE_DAYS."""
        end = self.certificate_until
        return end if end is not None and end - now < CERTIFICATE_DAYS * _DAY else None

    @property
    def unreachable(self) -> tuple[PortState, ...]:
        """Return the ports that failed at LOOKS_IN_VAIN looks in a row."""
        return tuple(state for state in self.silent if state.failed >= LOOKS_IN_VAIN)

    def after(self, looks: tuple[PortLook, ...], at: float) -> "MailPorts":
        """Return the state after another look at all ports."""
        known = {state.look.port: state for state in self.ports}
        return MailPorts(at, tuple(known.get(look.port, PortState(look)).after(look, at) for look in looks))

    def to_figures(self) -> Mapping[str, int | float | str]:
        """Return it as the result of a background task."""
        figures: dict[str, int | float | str] = {"at": self.at, "ports": len(self.ports) - len(self.silent)}
        for state in self.ports:
            name, look = state.look.port.value, state.look
            figures[f"{name}_problem"] = look.problem.value if look.problem else ""
            figures[f"{name}_until"] = look.certificate_until or 0.0
            figures[f"{name}_silent_since"] = state.silent_since or 0.0
            figures[f"{name}_failed"] = state.failed
        return figures

    @classmethod
    def from_figures(cls, figures: Mapping[str, int | float | str]) -> "MailPorts | None":
        """Return it as a background task stored it; None before the first look."""
        if not figures.get("at"):
            return None
        ports = [
            PortState(
                PortLook(
                    port,
                    PortProblem(problem) if (problem := str(figures[f"{port}_problem"])) else None,
                    float(figures[f"{port}_until"]) or None,
                ),
                float(figures[f"{port}_silent_since"]) or None,
                int(figures[f"{port}_failed"]),
            )
            for port in MailPort
            if f"{port}_problem" in figures
        ]
        return cls(float(figures["at"]), tuple(ports))
