"""Codes and figures of why a deletion that has a date asks instead. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from mxlib.core.reasons import Reason


class AskCode(StrEnum):
    """Codes of why a dated deletion asks. They are public; a stored value never changes."""

    NOT_LOCKED = "not_locked"
    UNLOCKED = "unlocked"
    #: It was listed for the first time since, so it may be another mailbox of the name.
    MADE_AGAIN = "made_again"
    LESS_MAIL = "less_mail"
    #: It sent `messages` on the day of `at`, in Unix seconds.
    SENT = "sent"
    #: MXroute does not report whether it was used.
    NOT_KNOWN = "not_known"
    #: The person who asked may no longer delete in `domain`.
    NOT_ALLOWED = "not_allowed"
    RESTORED = "restored"
    STOPPED = "stopped"
    #: Its run left the mailbox there, for the reason `code`, `detail` and `words` of its row.
    NOT_DONE = "not_done"
    #: An earlier release wrote `text`.
    EARLIER = "earlier"


@dataclass(frozen=True, slots=True)
class AskReason:
    """A code with the figures that fill its text."""

    code: AskCode
    figures: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def not_done(cls, reason: Reason) -> Self:
        """Return the reason of a row that left its mailbox there."""
        figures = {"code": reason.code.value, "detail": dict(reason.detail), "words": reason.words}
        return cls(AskCode.NOT_DONE, figures)

    @classmethod
    def stored(cls, code: str, figures: Mapping[str, Any]) -> Self | None:
        """Return the reason that is stored; None for none.

        An earlier release stored a text.
        """
        if not code:
            return None
        known = code in set(AskCode)
        return cls(AskCode(code), figures) if known else cls(AskCode.EARLIER, {"text": code})
