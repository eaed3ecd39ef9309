"""Self-service reset: limits of requests, what becomes of one, and how often a link is mailed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from mxlib.core.links import LinkRefusal

#: The span in seconds over which requests and mails are counted.
HOUR_S = 3_600.0

#: Bytes of an address in a request; a longer one is stored as blank, and gets no mail.
MAX_ADDRESS_BYTES = 320

#: Requests that wait at most, in all and for one address. One that waits does for its owner what theirs would do, and
#: waits for seconds: so those of others lock no owner out, as they would if an hour of them counted.
MAX_WAITING = 1_000
MAX_OF_ADDRESS = 3

#: Requests of an hour, in all and of one network.
MAX_IN_ALL = 20_000
MAX_OF_NETWORK = 30

#: Mails with a link that a mailbox gets in an hour at most.
MAX_MAILS = 3

#: Seconds for which the outcomes of requests are kept.
KEPT_S = 30 * 86_400.0

#: Seconds after a change of a recovery email in which a reset mentions it.
RECENT_S = 86_400.0

#: Seconds for which a request waits for a list that cannot be read.
PATIENCE_S = 1_800.0

#: Signs of a code that is read out: no look-alikes.
CODE_SIGNS = "ABCDEFGHJKLMNPQRTUVWXY346789"
CODE_LENGTH = 6


class ResetOutcome(StrEnum):
    """The outcome of a request that found its mailbox; a stored value never changes. Refusals are `LinkRefusal`."""

    #: A new link was mailed.
    MAILED = "mailed"
    #: The link that lives was mailed again.
    MAILED_AGAIN = "mailed_again"
    #: As many mails as may leave in an hour have left.
    MAILED_ENOUGH = "mailed_enough"
    NO_MAIL_SERVER = "no_mail_server"
    #: The address in the list of recovery emails cannot get mail.
    NO_ADDRESS = "no_address"


Answer = ResetOutcome | LinkRefusal

#: Outcomes of which a mail left.
MAILED = frozenset({ResetOutcome.MAILED, ResetOutcome.MAILED_AGAIN})


def answer_of(stored: str) -> Answer:
    """Return a stored outcome as what it was."""
    return ResetOutcome(stored) if stored in set(ResetOutcome) else LinkRefusal(stored)


@dataclass(frozen=True, slots=True)
class Mailed:
    """A mail with a link that left earlier: when (Unix seconds), and whether that link was new."""

    at: float
    is_new: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """The requests so far, the new one among them.

    Those that wait, in all and for its address; those of the last hour, in all and of its network.
    """

    waiting: int
    of_address: int
    in_all: int
    of_network: int

    @property
    def is_over(self) -> bool:
        """Return whether the new one is over a limit."""
        return (
            self.waiting > MAX_WAITING
            or self.in_all > MAX_IN_ALL
            or self.of_address > MAX_OF_ADDRESS
            or self.of_network > MAX_OF_NETWORK
        )


def padded(address: str) -> bytes:
    """Return an address as bytes of one size; blank for one that is too long."""
    content = address.strip().encode(errors="replace")
    if len(content) > MAX_ADDRESS_BYTES:
        content = b""
    return len(content).to_bytes(2, "big") + content.ljust(MAX_ADDRESS_BYTES, b"\0")


def unpadded(content: bytes) -> str:
    """Return the address of `padded` bytes."""
    return content[2 : 2 + int.from_bytes(content[:2], "big")].decode(errors="replace")


def may_mail(earlier: Sequence[Mailed], now: float, *, is_new: bool, minutes: int) -> bool:
    """Return whether a link may be mailed, by the mails of the last hour.

    Mails of the living link leave room for each new one that may follow it within an hour. So however often others ask,
    the link that follows an expired one is always mailed.
    """
    last = [mail for mail in earlier if now - HOUR_S < mail.at <= now]
    if len(last) >= MAX_MAILS:
        return False
    again = sum(not mail.is_new for mail in last)
    return is_new or again < MAX_MAILS - ceil(HOUR_S / (60 * minutes))


def code_of(digest: bytes) -> str:
    """Return the code that a hash makes, which a person can read out."""
    number, signs = int.from_bytes(digest[:8], "big"), []
    for _ in range(CODE_LENGTH):
        number, at = divmod(number, len(CODE_SIGNS))
        signs.append(CODE_SIGNS[at])
    return "".join(signs)
