"""Texts about the mail ports of the account's server."""

from collections.abc import Mapping
from math import floor

from mxlib.core.format import age, clock_time, count, listed
from mxlib.core.mail_ports import OLD_S, MailPort, MailPorts, PortProblem, PortState

LABELS: Mapping[MailPort, str] = {MailPort.IMAP: "IMAP", MailPort.SMTP: "SMTP", MailPort.WEBMAIL: "webmail"}

_PROBLEMS: Mapping[PortProblem, str] = {
    PortProblem.UNKNOWN_HOST: "the name of the server is not found",
    PortProblem.NOT_CONNECTED: "no connection is accepted",
    PortProblem.TIMEOUT: "the answer takes too long",
    PortProblem.DISCONNECTED: "the connection ends before the greeting",
    PortProblem.CERTIFICATE: "the certificate is not valid",
    PortProblem.TLS_FAILED: "no encrypted connection is possible",
    PortProblem.GREETING: "the greeting is not that of a mail server",
}

SANDBOX = "Mail: the sandbox has no mail ports"
NOT_YET = "Mail: not looked at yet"


def line(state: MailPorts | None, now: float) -> str:
    """Return the line of the sidebar: what hinders most comes first."""
    if state is None:
        return NOT_YET
    if now - state.at > OLD_S:
        return f"Mail: not looked at for {age(now - state.at)}"
    if state.silent:
        names = listed([LABELS[each.look.port] for each in state.silent])
        fail = "fails" if len(state.silent) == 1 else "fail"
        since = min(each.silent_since or state.at for each in state.silent)
        return f"Mail: {names} {fail} since {clock_time(since)}"
    if (end := state.ends_soon(now)) is not None:
        return f"Mail: certificate ends in {count(max(0, floor((end - now) / 86_400)), 'day')}"
    return f"Mail: reachable, looked at {age(now - state.at)} ago"


def details(state: MailPorts | None, server: str, now: float) -> str:
    """Return what the line means: each port, and the end of the certificate."""
    if state is None:
        return "The first look is due within two minutes."
    parts = [port(each) for each in state.ports]
    if (end := state.certificate_until) is not None:
        parts.append(f"The certificate holds for {count(max(0, floor((end - now) / 86_400)), 'more day')}.")
    return " ".join([f"{server}, without signing in.", *parts])


def port(state: PortState) -> str:
    """Return what the last look at one port found, as a sentence."""
    found = "answers" if state.look.problem is None else _PROBLEMS[state.look.problem]
    return f"{LABELS[state.look.port]} ({state.look.port.number}): {found}."
