"""Mail by MXroute's SMTP API, for machines that reach no mail port.

It takes a subject and an HTML body, and makes the headers itself: Message-ID and Auto-Submitted do not get through.
"""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from mxlib.core.mails import MailProblem, Refused, SendResult, Sent, TryLater
from mxlib.mail.message import Message, read_parts
from mxlib.mail.transport import STEP_S, WHOLE_S, cleaned
from mxlib.mxroute.deadline import Deadline, enforce
from mxlib.settings import MailServer

ADDRESS = "https://smtpapi.mxroute.com/"

#: Most bytes of an answer; a good one has some sixty.
_MAX_ANSWER = 16_384

#: Answers that are about the sign-in, and those after which another try may do.
_SIGN_IN = frozenset({401, 403})
_LATER = frozenset({408, 425, 429})


class MXrouteMailTransport:
    """Sends by MXroute's SMTP API; may be called from any thread."""

    catches = False

    def __init__(self, server: MailServer, transport: httpx.BaseTransport | None = None) -> None:
        self._server = server
        self._transport = transport

    def send(self, message: Message) -> SendResult:
        """Send one message.

        A failure is returned, never raised: what httpx raises holds the request, and so the password.
        """
        parts, server = read_parts(message.content), self._server
        body = {
            "server": server.host, "username": server.user, "password": server.password,
            "from": message.sender, "to": message.recipient, "subject": parts.subject, "body": parts.html,
        }  # fmt: skip
        deadline = Deadline()
        try:
            with (
                httpx.Client(timeout=STEP_S, follow_redirects=False, transport=self._transport) as client,
                _within(client, deadline),
                client.stream("POST", ADDRESS, json=body, headers={"Accept-Encoding": "identity"}) as response,
            ):
                answer = bytearray()
                for chunk in response.iter_raw():
                    answer += chunk
                    if len(answer) > _MAX_ANSWER:
                        return TryLater(MailProblem.UNREADABLE_ANSWER, response.status_code)
                status = response.status_code
        except httpx.TimeoutException:
            return TryLater(MailProblem.TIMEOUT)
        except httpx.ConnectError as error:
            return TryLater(_why_not_connected(error))
        except httpx.RequestError:
            return TryLater(MailProblem.DISCONNECTED)
        return self._judge(status, bytes(answer))

    def _judge(self, status: int, answer: bytes) -> SendResult:
        try:
            said = json.loads(answer)
            words = cleaned(str(said.get("message", "")), self._server.password)
        except (ValueError, AttributeError, RecursionError):
            return TryLater(MailProblem.UNREADABLE_ANSWER, status)
        if status == 200 and said.get("success") is True:
            return Sent(status, words)
        if status in _SIGN_IN or "authenticat" in words.lower():
            return TryLater(MailProblem.SIGN_IN_REFUSED, status, words)
        if status >= 500 or status in _LATER:
            return TryLater(MailProblem.NOT_READY, status, words)
        if 400 <= status < 500:
            return Refused(MailProblem.ANSWERED, status, words)
        # The document names no codes for a failed delivery with status 200: another try decides.
        return TryLater(MailProblem.ANSWERED, status, words)


@contextmanager
def _within(client: httpx.Client, deadline: Deadline) -> Iterator[None]:
    """Bound all that a client does in the block."""
    enforce(client, deadline)
    with deadline.within(WHOLE_S):
        yield


def _why_not_connected(error: httpx.ConnectError) -> MailProblem:
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return MailProblem.CERTIFICATE
            case ssl.SSLError():
                return MailProblem.TLS_FAILED
            case socket.gaierror():
                return MailProblem.UNKNOWN_HOST
        cause = cause.__cause__ or cause.__context__
    return MailProblem.NOT_CONNECTED
