"""Reasons of the outcomes of run rows, and of pauses: codes and facts, rendered by `core.text`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypedDict, Unpack, cast

from mxlib.core.vocabulary import PauseCode, RowReason

#: The change of a value that is stored here.
StoredChange = Literal["set", "changed", "removed"]


class FindingDetail(TypedDict):
    """A finding that left a row out: its code, and its column; blank for the row as a whole."""

    code: str
    column: str


class FigureDetail(TypedDict):
    """A quota or limit: as asked, at MXroute, right before the row, and as planned; None where unknown."""

    asked: int
    has: int
    had: int | None
    planned: int | None


class ReasonDetail(TypedDict, total=False):
    """The facts of a reason; each code has its own, and none holds a password."""

    findings: list[FindingDetail]
    #: How often the row was sent.
    tries: int
    #: The run that created the mailbox; None for a person.
    run: int | None
    #: What the mailbox holds in MB, and how many messages it sent today.
    usage: float
    sent: int
    #: The column that others changed, and the value that it has now where that is a number.
    column: str
    value: int
    #: A limit that was not asked for, since no password was changed.
    limit: int
    #: What MXroute refused with: its status, its own code, and the field that it is about.
    status: int
    error: str
    field: str
    #: Whether MXroute was asked for anything; how that is known to be done, blank by its answer.
    asks_host: bool
    proof: str
    #: Whether the password was changed, and the changes of values stored here, by column.
    password: bool
    stored: dict[str, StoredChange]
    figures: dict[str, FigureDetail]


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason of a row's outcome.

    `words` are others' own: the host's message, or the sentences of the findings that left the row out.
    """

    code: RowReason
    detail: ReasonDetail = field(default_factory=lambda: ReasonDetail())
    words: str = ""

    @classmethod
    def of(cls, code: RowReason, words: str = "", /, **detail: Unpack[ReasonDetail]) -> Self:
        """Return the reason of a code with its facts."""
        return cls(code, detail, words)

    @classmethod
    def from_columns(cls, code: str, detail: Mapping[str, Any] | None, words: str) -> Self | None:
        """Return the reason that the columns of a row hold; None without a code."""
        return cls(RowReason(code), cast("ReasonDetail", detail or {}), words) if code else None


@dataclass(frozen=True, slots=True)
class PauseReason:
    """The reason of a pause, and what to do, as whole sentences.

    Two are the same when code and the host's `words` are.
    """

    code: PauseCode | None
    text: str = field(compare=False)
    words: str = ""
