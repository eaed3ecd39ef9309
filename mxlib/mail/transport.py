"""The ways that mail leaves, behind one protocol."""

from typing import Protocol

from mxlib.core.mails import MAX_WORDS, MailProblem, SendResult, Sent, TryLater, one_line
from mxlib.mail.message import Message

#: Seconds for one step of sending, and for all of it.
STEP_S, WHOLE_S = 15.0, 60.0


class Transport(Protocol):
    """A way that mail leaves. It never raises: every failure is a result."""

    #: Whether messages stay here instead of leaving.
    catches: bool

    def send(self, message: Message) -> SendResult:
        """Send one message."""
        ...


class Catcher:
    """The sandbox's way: nothing leaves."""

    catches = True

    def send(self, message: Message) -> SendResult:
        """Accept every message."""
        return Sent()


class NoServer:
    """No way at all: no mail server is set."""

    catches = False

    def send(self, message: Message) -> SendResult:
        """Accept no message."""
        return TryLater(MailProblem.NOT_SET)


def cleaned(words: str, *secrets: str) -> str:
    """Return a server's words fit to store: on one line, bounded, and without our own secrets.

    The words are bounded before the secrets are removed, and again afterwards.
    """
    text = words[: MAX_WORDS * 10]
    for secret in filter(None, secrets):
        text = text.replace(secret, "••••")
    return one_line(text, MAX_WORDS)
