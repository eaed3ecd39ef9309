"""Looks at the mail ports of a server as a mail program meets them: connection, TLS, certificate, greeting."""

import socket
import ssl
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime

from mxlib.core.mail_ports import MailPort, PortLook, PortProblem

#: Seconds for the look at one port.
LOOK_S = 10.0

#: Most bytes of a greeting.
_MAX_GREETING = 4_096

#: What a client says before the greeting, where it speaks first, and how the greeting begins.
_HELLO: Mapping[MailPort, bytes] = {MailPort.WEBMAIL: b"HEAD / HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"}
_GREETINGS: Mapping[MailPort, bytes] = {MailPort.IMAP: b"* OK", MailPort.SMTP: b"220", MailPort.WEBMAIL: b"HTTP/"}
_GOODBYE: Mapping[MailPort, bytes] = {MailPort.IMAP: b"a LOGOUT\r\n", MailPort.SMTP: b"QUIT\r\n"}


class MailProbe:
    """Looks at the ports of one server, all at once. It never signs in."""

    def __init__(
        self, server: str, ports: Mapping[MailPort, int] | None = None, context: ssl.SSLContext | None = None, *,
        address: str = "", seconds: float = LOOK_S,
    ) -> None:  # fmt: skip
        """`address` is where to connect to instead of the server's own."""
        self._server, self._address, self._seconds = server.strip(), address, seconds
        self._ports = ports or {port: port.number for port in MailPort}
        self._context = context

    def look(self) -> tuple[PortLook, ...]:
        """Return what each port shows now; takes LOOK_S seconds at most."""
        context = self._context or ssl.create_default_context()
        until = time.monotonic() + self._seconds
        pool = ThreadPoolExecutor(len(self._ports), "mxm-mail-port")
        try:
            begun = {port: pool.submit(self._look, port, number, context) for port, number in self._ports.items()}
            found = []
            for port, future in begun.items():
                try:
                    found.append(future.result(max(0.0, until - time.monotonic())))
                except NotInTime:  # the look-up of a name has no time-out of its own
                    found.append(PortLook(port, PortProblem.TIMEOUT))
            return tuple(found)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _look(self, port: MailPort, number: int, context: ssl.SSLContext) -> PortLook:
        until = time.monotonic() + self._seconds * 0.9
        try:
            with socket.create_connection((self._address or self._server, number), self._seconds * 0.5) as plain:
                plain.settimeout(_left(until))
                with context.wrap_socket(plain, server_hostname=self._server) as secure:
                    certificate = secure.getpeercert() or {}
                    end = float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))
                    return PortLook(port, self._greeting(port, secure, until), end)
        except ssl.SSLCertVerificationError:
            return PortLook(port, PortProblem.CERTIFICATE)
        except TimeoutError:
            return PortLook(port, PortProblem.TIMEOUT)
        except ssl.SSLError:
            return PortLook(port, PortProblem.TLS_FAILED)
        except (socket.gaierror, UnicodeError):
            return PortLook(port, PortProblem.UNKNOWN_HOST)
        except ConnectionResetError:
            return PortLook(port, PortProblem.DISCONNECTED)
        except OSError:
            return PortLook(port, PortProblem.NOT_CONNECTED)

    def _greeting(self, port: MailPort, secure: ssl.SSLSocket, until: float) -> PortProblem | None:
        """Read the first line; return what is wrong with it."""
        try:
            if port in _HELLO:
                secure.sendall(_HELLO[port] % self._server.encode("ascii", "replace"))
            line = b""
            while b"\n" not in line and len(line) < _MAX_GREETING:
                secure.settimeout(_left(until))
                more = secure.recv(_MAX_GREETING)
                if not more:
                    break
                line += more
            if line.startswith(_GREETINGS[port]):
                if port in _GOODBYE:
                    secure.sendall(_GOODBYE[port])
                return None
            return PortProblem.GREETING if line else PortProblem.DISCONNECTED
        except TimeoutError:
            return PortProblem.TIMEOUT
        except OSError:
            return PortProblem.DISCONNECTED


def _left(until: float) -> float:
    """Return the seconds left; raise TimeoutError after the end."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
