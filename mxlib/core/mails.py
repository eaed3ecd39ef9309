"""Mails that MXM sends: their states, and how sending ends. Pure.

What they are about is a closed set of facts (`core/mail_contents`), and none has room for a password.
"""

from dataclasses import dataclass, field
from enum import StrEnum

#: Most characters of a mail server's words that are kept.
MAX_WORDS = 300

#: Seconds from each failed try to the next one. Greylisting needs minutes; the last try is two days after the first.
PAUSES = (60, 300, 900, 3_600, 7_200, 14_400, *(28_800,) * 5)

#: Longest display name of a recipient.
MAX_NAME = 100


class MailCause(StrEnum):
    """The cause of a mail; a stored value never changes."""

    TEST = "test"
    LINK = "link"
    RESET = "reset"
    RECOVERY = "recovery"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a cause
    RECOVERY_CHANGED = "recovery_changed"
    MONTH = "month"
    NOTICE = "notice"


class MailStatus(StrEnum):
    """The state of a mail in the outbox; a stored value never changes."""

    WAITING = "waiting"
    SENT = "sent"
    #: Of the sandbox: it would have left.
    CAUGHT = "caught"
    REFUSED = "refused"
    NOT_DELIVERED = "not_delivered"
    DISCARDED = "discarded"


class MailProblem(StrEnum):
    """The reason of a failed try; a stored value never changes."""

    #: The server answered about this mail: 4xx, or 5xx for good.
    ANSWERED = "answered"
    UNKNOWN_HOST = "unknown_host"
    NOT_CONNECTED = "not_connected"
    TIMEOUT = "timeout"
    DISCONNECTED = "disconnected"
    CERTIFICATE = "certificate"
    TLS_FAILED = "tls_failed"
    NO_STARTTLS = "no_starttls"
    SIGN_IN_REFUSED = "sign_in_refused"
    NOT_READY = "not_ready"
    UNREADABLE_ANSWER = "unreadable_answer"
    NOT_SET = "not_set"
    SEALED = "sealed"

    @property
    def is_of_server(self) -> bool:
        """Return whether every other mail would have failed as well."""
        return self not in {MailProblem.ANSWERED, MailProblem.SEALED}


@dataclass(frozen=True, slots=True)
class Sent:
    """The server accepted the mail."""

    code: int = 250
    words: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server refused the mail for good."""

    problem: MailProblem
    code: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class TryLater:
    """The mail was not accepted, or no answer says so: it is tried again."""

    problem: MailProblem
    code: int = 0
    words: str = ""


SendResult = Sent | Refused | TryLater


@dataclass(frozen=True, slots=True)
class TrialMail:
    """The content of a test mail: who asked for it, of which MXM."""

    asked_by: str
    dashboard: str


@dataclass(frozen=True, slots=True)
class MailText:
    """The words of a mail in one language; `links` are addresses in it to follow."""

    subject: str
    paragraphs: tuple[str, ...] = field(repr=False)
    language: str = "en"
    footer: str = "MXM wrote this mail by itself. Answers to it are not read by MXM."
    links: tuple[str, ...] = field(default=(), repr=False)


def retry_pause(tries: int) -> float | None:
    """Return the seconds from this failed try to the next; None after the last."""
    return float(PAUSES[tries - 1]) if tries <= len(PAUSES) else None


def one_line(text: str, most: int) -> str:
    """Return text without control characters and line breaks, at most `most` characters long."""
    cut = "".join(sign if sign.isprintable() else " " for sign in text[: most * 4])
    return " ".join(cut.split())[:most].strip()
