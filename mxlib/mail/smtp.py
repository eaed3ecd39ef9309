"""Mail over SMTP. Certificates are always checked, and every step has a bound.

A 5xx about this message ends it. A 5xx before that, such as of a sign-in, is about the server: the mail waits.
"""

import smtplib
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress

from mxlib.core.mails import MailProblem, Refused, SendResult, Sent, TryLater
from mxlib.mail.message import Message
from mxlib.mail.transport import STEP_S, WHOLE_S, cleaned
from mxlib.settings import MailSecurity, MailServer

#: Most bytes of all answers of one connection.
_MAX_ANSWERS = 65_536

_PERMANENT = 500


class _TooLate(TimeoutError):
    """The whole exchange took too long."""


class _Answers:
    """The server's lines, with a bound on their bytes and their time; smtplib bounds neither."""

    def __init__(self, sock: socket.socket, until: float, step: float) -> None:
        self._sock, self._until, self._step = sock, until, step
        self._buffer, self._left = b"", _MAX_ANSWERS

    def readline(self, most: int) -> bytes:
        while b"\n" not in self._buffer and len(self._buffer) < most:
            remaining = self._until - time.monotonic()
            if remaining <= 0:
                raise _TooLate
            self._sock.settimeout(min(remaining, self._step))
            more = self._sock.recv(4_096)
            self._left -= len(more)
            if not more or self._left < 0:
                break
            self._buffer += more
        end = self._buffer.find(b"\n") + 1 or len(self._buffer)
        line, self._buffer = self._buffer[: min(end, most)], self._buffer[min(end, most) :]
        self._sock.settimeout(self._step)
        return line

    def close(self) -> None:
        """Do nothing: the socket is closed by its owner."""


class _Bounded(smtplib.SMTP):
    """SMTP whose answers are bounded.

    `file` is new after STARTTLS, so that nothing that came in clear remains.
    """

    until = 0.0
    step = STEP_S

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock, self.until, self.step)
        return super().getreply()


class _BoundedTLS(_Bounded, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class SmtpTransport:
    """Sends over SMTP, one connection a message; may be called from any thread."""

    catches = False

    def __init__(
        self, server: MailServer, context: ssl.SSLContext | None = None, *, step: float = STEP_S, whole: float = WHOLE_S
    ) -> None:
        self._server, self._step, self._whole = server, step, whole
        self._context = context or ssl.create_default_context()

    def send(self, message: Message) -> SendResult:
        """Send one message on a connection of its own."""
        smtp: _Bounded | None = None
        try:
            smtp = self._new()
            return self._prepare(smtp) or self._hand_over(smtp, message)
        except ssl.SSLCertVerificationError as error:
            return TryLater(MailProblem.CERTIFICATE, words=cleaned(error.verify_message))
        except ssl.SSLError:
            return TryLater(MailProblem.TLS_FAILED)
        except socket.gaierror:
            return TryLater(MailProblem.UNKNOWN_HOST)
        except TimeoutError:
            return TryLater(MailProblem.TIMEOUT)
        except smtplib.SMTPServerDisconnected as error:  # smtplib raises this for a timeout, too
            late = isinstance(error.__context__, TimeoutError)
            return TryLater(MailProblem.TIMEOUT if late else MailProblem.DISCONNECTED)
        except smtplib.SMTPResponseException as error:
            return self._later(MailProblem.NOT_READY, error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, UnicodeError, ValueError):
            return TryLater(MailProblem.UNREADABLE_ANSWER)
        except OSError:
            connected = smtp is not None and smtp.sock is not None
            return TryLater(MailProblem.DISCONNECTED if connected else MailProblem.NOT_CONNECTED)
        finally:
            if smtp is not None:
                smtp.close()

    def _new(self) -> _Bounded:
        """Return a client that has not connected yet."""
        # The name of this machine is nobody's business, and looking it up may take long.
        name, over_tls = "[127.0.0.1]", self._server.security is MailSecurity.TLS
        smtp = (
            _BoundedTLS(local_hostname=name, timeout=self._step, context=self._context)
            if over_tls
            else _Bounded(local_hostname=name, timeout=self._step)
        )
        smtp.until, smtp.step = time.monotonic() + self._whole, self._step
        return smtp

    def _prepare(self, smtp: _Bounded) -> TryLater | None:
        """Connect, encrypt and sign in; return what stands against that."""
        server = self._server
        # Names the host whose certificate is checked; the constructor would connect at once.
        smtp._host = server.host  # type: ignore[attr-defined]
        code, words = smtp.connect(server.host, server.port)
        if code != 220:
            return self._later(MailProblem.NOT_READY, code, words)
        smtp.ehlo_or_helo_if_needed()
        if server.security is MailSecurity.STARTTLS:
            if not smtp.has_extn("starttls"):
                return TryLater(MailProblem.NO_STARTTLS)
            try:
                smtp.starttls(context=self._context)
            except smtplib.SMTPResponseException as error:
                return self._later(MailProblem.NO_STARTTLS, error.smtp_code, error.smtp_error)
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            try:
                smtp.login(server.user, server.password)
            except smtplib.SMTPAuthenticationError as error:
                if error.smtp_code < _PERMANENT:
                    raise
                return self._later(MailProblem.SIGN_IN_REFUSED, error.smtp_code, error.smtp_error)
            except smtplib.SMTPNotSupportedError:
                return TryLater(MailProblem.SIGN_IN_REFUSED)
        return None

    def _hand_over(self, smtp: _Bounded, message: Message) -> SendResult:
        """Send the envelope and the message; the first answer that is not good ends it."""
        steps: tuple[Callable[[], tuple[int, bytes]], ...] = (
            lambda: smtp.mail(message.sender),
            lambda: smtp.rcpt(message.recipient),
            lambda: _data(smtp, message.content),
        )
        for step in steps:
            code, words = step()
            if code // 100 != 2:
                return self._answered(code, words)
        with suppress(smtplib.SMTPException, OSError):  # it is accepted, however the connection ends
            smtp.docmd("QUIT")
        return Sent(code, self._words(words))

    def _answered(self, code: int, words: bytes) -> SendResult:
        if code == 421:  # the server closes: that is not about this mail
            return self._later(MailProblem.NOT_READY, code, words)
        how = Refused if code >= _PERMANENT else TryLater
        return how(MailProblem.ANSWERED, code, self._words(words))

    def _later(self, problem: MailProblem, code: int, words: bytes | str) -> TryLater:
        return TryLater(problem, code, self._words(words))

    def _words(self, words: bytes | str) -> str:
        """Return the server's words; one that repeats what it was sent repeats no secret."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        user, password = self._server.user, self._server.password
        plain = (f"\0{user}\0{password}", password)
        return cleaned(text, *(b64encode(each.encode()).decode() for each in plain if password), password)


def _data(smtp: _Bounded, content: bytes) -> tuple[int, bytes]:
    """Send the message itself; return the answer that decides."""
    try:
        return smtp.data(content)
    except smtplib.SMTPDataError as error:  # it asked for no data
        words = error.smtp_error
        return error.smtp_code, words if isinstance(words, bytes) else words.encode()
