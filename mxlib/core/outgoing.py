"""Requests to others than MXroute: how they end. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum


class SendProblem(StrEnum):
    """The reason of a request that did not arrive; a stored value never changes."""

    #: An answer came, and its status is not a good one.
    ANSWERED = "answered"
    #: It says that the address is gone for good (410).
    GONE = "gone"
    #: It leads to another address, which is not followed.
    REDIRECTED = "redirected"
    UNKNOWN_HOST = "unknown_host"
    #: The name leads into a private network, and MXM_NOTIFY_HOSTS does not name it.
    PRIVATE_ADDRESS = "private_address"
    #: http, and MXM_NOTIFY_HOSTS does not name the host.
    NOT_ENCRYPTED = "not_encrypted"
    #: No address that a request can be sent to.
    NOT_AN_ADDRESS = "not_an_address"
    NOT_CONNECTED = "not_connected"
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    CERTIFICATE = "certificate"
    TLS_FAILED = "tls_failed"
    UNREADABLE_ANSWER = "unreadable_answer"
    #: The address of the channel cannot be decrypted.
    SEALED = "sealed"
    #: An admin disabled the channel while it waited.
    DISABLED = "disabled"
    #: A fault of MXM itself.
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request; `body` is bounded."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class SendFailure:
    """The failure of a request, with the status of its answer where one came."""

    problem: SendProblem
    status: int = 0


def failure_of(answer: Answer) -> SendFailure | None:
    """Return what is wrong with an answer; None for one of 2xx."""
    if 200 <= answer.status < 300:
        return None
    if answer.status == 410:
        return SendFailure(SendProblem.GONE, answer.status)
    problem = SendProblem.REDIRECTED if 300 <= answer.status < 400 else SendProblem.ANSWERED
    return SendFailure(problem, answer.status)
