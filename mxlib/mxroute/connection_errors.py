"""Reasons why no response came, as errors for operators.

The name is unknown, nothing listens, the certificate is not trusted, or time ran out.
"""

import socket
import ssl

import httpx

from mxlib.mxroute.errors import Unreachable


def explain(error: httpx.RequestError, url: str, timeout: float, *, sent: bool) -> Unreachable:
    """Explain an error of httpx, without the error itself, since it holds the request."""
    parts = httpx.URL(url)
    place = f"{parts.host}:{parts.port}" if parts.port else parts.host
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return Unreachable(
                    f"The certificate of {place} is not to be trusted ({cause.verify_message.rstrip('.')}). Check the "
                    "clock of this server and MXROUTE_API_URL; nothing was sent.",
                    sent=sent, code="HOST_CERTIFICATE",
                )  # fmt: skip
            case ssl.SSLError():
                return Unreachable(
                    f"No encrypted connection to {place} can be made. Check MXROUTE_API_URL, and proxies in between.",
                    sent=sent, code="HOST_CERTIFICATE",
                )  # fmt: skip
            case socket.gaierror():
                return Unreachable(
                    f"The name {parts.host} cannot be found (DNS). Check this server's network and MXROUTE_API_URL.",
                    sent=sent, code="HOST_NAME_UNKNOWN",
                )  # fmt: skip
            case ConnectionRefusedError():
                return Unreachable(
                    f"Nobody listens at {place}: the connection is refused. Check MXROUTE_API_URL and the firewall.",
                    sent=sent, code="HOST_CLOSED",
                )  # fmt: skip
    if isinstance(error, httpx.TimeoutException):
        return late(timeout, sent=sent)
    return Unreachable(sent=sent)


def late(timeout: float, *, sent: bool = True) -> Unreachable:
    """Return the error for a request without a whole response within `timeout` seconds."""
    return Unreachable(f"MXroute did not answer within {timeout:g} s.", sent=sent, code="HOST_TIMEOUT")


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and those that led to it."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
