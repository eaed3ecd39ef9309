"""Findings of validation by code, column and figures, kept rule by rule; `core.text.findings` renders them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask
from mxlib.core.schema import COLUMNS


class FindingCode(StrEnum):
    """Codes of what validation finds in a row, or of what a row changes.

    They are public, and never change.
    """

    # Errors: they block the row.
    NO_PERMISSION = "no_permission"
    UNREADABLE_ROW = "unreadable_row"
    FORMULA_FAILED = "formula_failed"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    DATE_IN_CELL = "date_in_cell"
    INVALID_USERNAME = "invalid_username"
    DOMAIN_MISMATCH = "domain_mismatch"
    UNKNOWN_DOMAIN = "unknown_domain"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - a code, not a secret
    PASSWORD_BLANK_AT_END = "password_blank_at_end"  # noqa: S105
    PASSWORD_UNTYPABLE = "password_untypable"  # noqa: S105
    PASSWORD_HASH = "password_hash"  # noqa: S105
    MAILBOX_LOCKED = "mailbox_locked"
    INVALID_QUOTA = "invalid_quota"
    QUOTA_OVER_CAP = "quota_over_cap"
    INVALID_LIMIT = "invalid_limit"
    INVALID_RECOVERY_EMAIL = "invalid_recovery_email"
    RECOVERS_ITSELF = "recovers_itself"
    INVALID_NAME = "invalid_name"
    TOO_LONG = "too_long"
    DUPLICATE = "duplicate"
    MAILBOXES_OVER_CAP = "mailboxes_over_cap"
    ALREADY_EXISTS = "already_exists"
    NEEDS_PASSWORD = "needs_password"  # noqa: S105
    # Warnings: they block nothing.
    MISTYPED_RECOVERY_EMAIL = "mistyped_recovery_email"
    LIMIT_IGNORED = "limit_ignored"
    LIMIT_STAYS = "limit_stays"
    LIMIT_UNCERTAIN = "limit_uncertain"
    TINY_QUOTA = "tiny_quota"
    HUGE_QUOTA = "huge_quota"
    BELOW_USE = "below_use"
    NO_SPECIAL_CHARACTER = "no_special_character"
    FORMULA_PASSWORD = "formula_password"  # noqa: S105
    PASSWORD_ODD_BLANK = "password_odd_blank"  # noqa: S105
    ZEROS_LOST = "zeros_lost"
    SPREADSHEET_CHANGED = "spreadsheet_changed"
    NAME_DAMAGED = "name_damaged"
    NOT_CHECKED = "not_checked"
    NOT_COUNTED = "not_counted"
    # Changes: what an update does to a mailbox.
    QUOTA_CHANGED = "quota_changed"
    LIMIT_CHANGED = "limit_changed"
    RECOVERY_SET = "recovery_set"
    RECOVERY_CHANGED = "recovery_changed"
    RECOVERY_REMOVED = "recovery_removed"
    NAME_SET = "name_set"
    NAME_CHANGED = "name_changed"
    NAME_REMOVED = "name_removed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    NO_CHANGE = "no_change"


#: What an update does to a column that is stored here: sets, changes or removes its value.
STORED_CHANGES = {
    "recovery_email": (FindingCode.RECOVERY_SET, FindingCode.RECOVERY_CHANGED, FindingCode.RECOVERY_REMOVED),
    "name": (FindingCode.NAME_SET, FindingCode.NAME_CHANGED, FindingCode.NAME_REMOVED),
}

#: The column that a code is about; codes about the whole row are missing, and TOO_LONG is about any column.
_COLUMNS = {
    FindingCode.NO_PERMISSION: "domain",
    FindingCode.INVALID_USERNAME: "username",
    FindingCode.DOMAIN_MISMATCH: "domain",
    FindingCode.UNKNOWN_DOMAIN: "domain",
    FindingCode.WEAK_PASSWORD: "password",
    FindingCode.PASSWORD_BLANK_AT_END: "password",
    FindingCode.PASSWORD_UNTYPABLE: "password",
    FindingCode.PASSWORD_HASH: "password",
    FindingCode.MAILBOX_LOCKED: "password",
    FindingCode.INVALID_QUOTA: "quota",
    FindingCode.QUOTA_OVER_CAP: "quota",
    FindingCode.INVALID_LIMIT: "limit",
    FindingCode.INVALID_RECOVERY_EMAIL: "recovery_email",
    FindingCode.RECOVERS_ITSELF: "recovery_email",
    FindingCode.INVALID_NAME: "name",
    FindingCode.DUPLICATE: "username",
    FindingCode.MAILBOXES_OVER_CAP: "domain",
    FindingCode.ALREADY_EXISTS: "username",
    FindingCode.NEEDS_PASSWORD: "password",
    FindingCode.MISTYPED_RECOVERY_EMAIL: "recovery_email",
    FindingCode.LIMIT_IGNORED: "limit",
    FindingCode.LIMIT_STAYS: "limit",
    FindingCode.LIMIT_UNCERTAIN: "limit",
    FindingCode.TINY_QUOTA: "quota",
    FindingCode.HUGE_QUOTA: "quota",
    FindingCode.BELOW_USE: "quota",
    FindingCode.NO_SPECIAL_CHARACTER: "password",
    FindingCode.FORMULA_PASSWORD: "password",
    FindingCode.PASSWORD_ODD_BLANK: "password",
    FindingCode.ZEROS_LOST: "username",
    FindingCode.SPREADSHEET_CHANGED: "username",
    FindingCode.NAME_DAMAGED: "name",
    FindingCode.NOT_CHECKED: "domain",
    FindingCode.NOT_COUNTED: "domain",
    FindingCode.QUOTA_CHANGED: "quota",
    FindingCode.LIMIT_CHANGED: "limit",
    FindingCode.PASSWORD_CHANGED: "password",
    **{code: column for column, codes in STORED_CHANGES.items() for code in codes},
}

#: Codes whose last figure is a suggestion: the value that the cell of the column evidently means, blank for none.
SUGGESTING = frozenset(
    {
        FindingCode.NO_PERMISSION,
        FindingCode.INVALID_USERNAME,
        FindingCode.DOMAIN_MISMATCH,
        FindingCode.UNKNOWN_DOMAIN,
        FindingCode.INVALID_QUOTA,
        FindingCode.QUOTA_OVER_CAP,
        FindingCode.INVALID_LIMIT,
        FindingCode.INVALID_RECOVERY_EMAIL,
        FindingCode.INVALID_NAME,
        FindingCode.MISTYPED_RECOVERY_EMAIL,
        FindingCode.TINY_QUOTA,
        FindingCode.HUGE_QUOTA,
    }
)

Figures = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class FindingKind:
    """A code and the column that it is about; blank for the whole row."""

    code: FindingCode
    column: str


#: Every kind, in the order in which a row's findings are reported. A row has each at most once.
KINDS: tuple[FindingKind, ...] = tuple(
    FindingKind(code, column)
    for code in FindingCode
    for column in (COLUMNS if code is FindingCode.TOO_LONG else (_COLUMNS.get(code, ""),))
)
_BITS = {kind: 1 << number for number, kind in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one row."""

    code: FindingCode
    column: str = ""
    figures: Figures = ()


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """The findings of one rule: the rows, their distinct figures, and which of these each row has."""

    kind: FindingKind
    rows: npt.NDArray[np.int64]
    figures: Sequence[Figures]
    which: npt.NDArray[np.int64]


class Findings:
    """The findings of many rows, rule by rule, in the order of KINDS."""

    def __init__(self, rows: int) -> None:
        self.rules: list[RuleFindings] = []
        #: A mask of the rows with a finding, and for each row the bits of its kinds.
        self.found: Mask = np.zeros(rows, dtype=bool)
        self.codes = np.zeros(rows, dtype=np.int64)

    def add(self, where: Mask, code: FindingCode, *figures: object, column: str = "") -> None:
        """Add the same finding to every row of `where`."""
        if where.any():
            rows = np.flatnonzero(where)
            self._add(code, column, rows, [figures], np.zeros(len(rows), dtype=np.int64))

    def add_each_row(self, where: Mask, code: FindingCode, values: npt.NDArray[np.int64]) -> None:
        """Add a finding to every row of `where`, with one value each, in their order."""
        if where.any():
            distinct, which = np.unique(values, return_inverse=True)
            self._add(code, "", np.flatnonzero(where), [(value,) for value in distinct.tolist()], which)

    def add_by_value(
        self,
        where: Mask,
        code: FindingCode,
        cells: pa.Array,
        read: Callable[[str], Figures | None] | None = None,
    ) -> None:
        """Add a finding to the rows of `where`, with figures that `read` returns.

        It gets the text of the cell; without `read` the text itself is the figure. None means no finding.
        """
        if not where.any():
            return
        rows = np.flatnonzero(where)
        which, different = arrow_text.distinct(cells.filter(pa.array(where)))
        figures: list[Figures | None] = [read(text) if read else (text,) for text in different]
        if None in figures:
            has = np.array([each is not None for each in figures])
            rows, which = rows[has[which]], (np.cumsum(has) - 1)[which[has[which]]]
        if len(rows):
            self._add(code, "", rows, [each for each in figures if each is not None], which)

    def _add(
        self, code: FindingCode, column: str, rows: npt.NDArray[np.int64], figures: Sequence[Figures],
        which: npt.NDArray[np.int64],
    ) -> None:  # fmt: skip
        kind = FindingKind(code, column or _COLUMNS.get(code, ""))
        self.rules.append(RuleFindings(kind, rows, figures, which))
        self.found[rows] = True
        self.codes[rows] |= _BITS[kind]

    def of_row(self, row: int) -> Iterator[Finding]:
        """Yield the findings of one row."""
        for rule in self.rules:
            at = int(np.searchsorted(rule.rows, row))
            if at < len(rule.rows) and rule.rows[at] == row:
                yield Finding(rule.kind.code, rule.kind.column, rule.figures[rule.which[at]])


def add_suggestions(found: Findings, into: dict[str, npt.NDArray[np.object_]]) -> None:
    """Collect the suggestions of every row, one array of texts a column.

    It is blank for rows without a suggestion.
    """
    for rule in found.rules:
        if rule.kind.code in SUGGESTING and any(figures[-1] for figures in rule.figures):
            texts = np.array([figures[-1] for figures in rule.figures], dtype=object)[rule.which]
            given = texts != ""
            column = into.setdefault(rule.kind.column, np.full(len(found.found), "", dtype=object))
            column[rule.rows[given]] = texts[given]


@lru_cache(maxsize=4096)
def kinds_of(codes: int) -> tuple[FindingKind, ...]:
    """Return the kinds whose bits `codes` has, in the order of a row's sentences."""
    return tuple(kind for kind, bit in _BITS.items() if codes & bit)


def bits_of(*codes: FindingCode) -> int:
    """Return the bits of every kind with one of `codes`."""
    return sum(bit for kind, bit in _BITS.items() if kind.code in codes)
