"""Groups of rows that have one problem in common, each with its fixes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from mxlib.core import addresses, arrow_text
from mxlib.core.arrow_text import Mask
from mxlib.core.findings import FindingCode, bits_of

#: Examples that a group shows.
_MOST_SAMPLES = 2


class FixKind(StrEnum):
    """The effect of a fix on the rows of its group."""

    #: Put the suggested value into the cell.
    SUGGESTED = "suggested"
    #: Generate a password.
    GENERATE = "generate"
    #: Remove the blanks around a password.
    STRIP = "strip"
    #: Empty the cell.
    CLEAR = "clear"
    #: Exclude the rows.
    EXCLUDE = "exclude"
    #: Include rows that were excluded.
    INCLUDE = "include"
    #: Show what the rows would change in the mailboxes that exist; it edits no row.
    SHOW_CHANGES = "show_changes"


#: Fixes that give a cell a value, and that a click in the row itself applies.
ROW_FIXES = frozenset({FixKind.SUGGESTED, FixKind.GENERATE, FixKind.STRIP})


class Problem(StrEnum):
    """The problem that the rows of a group share, in the order of pages."""

    USERNAME_SPACE = "username_space"
    USERNAME_LETTERS = "username_letters"
    USERNAME_OTHER = "username_other"
    UNKNOWN_DOMAIN = "unknown_domain"
    DOMAIN_NOT_ALLOWED = "domain_not_allowed"
    TWO_DOMAINS = "two_domains"
    WEAK_PASSWORD = "weak_password"  # noqa: S105 - a code, not a secret
    UNUSABLE_PASSWORD = "unusable_password"  # noqa: S105
    PASSWORD_HASHES = "password_hashes"  # noqa: S105
    MAILBOX_LOCKED = "mailbox_locked"
    PASSWORD_BLANKS = "password_blanks"  # noqa: S105
    EXISTING_PASSWORD = "existing_password"  # noqa: S105
    NEEDS_PASSWORD = "needs_password"  # noqa: S105
    QUOTA_MEANT = "quota_meant"
    QUOTA_UNREADABLE = "quota_unreadable"
    QUOTA_OVER_CAP = "quota_over_cap"
    LIMIT_MEANT = "limit_meant"
    LIMIT_UNREADABLE = "limit_unreadable"
    RECOVERY_MEANT = "recovery_meant"
    RECOVERY_UNREADABLE = "recovery_unreadable"
    RECOVERS_ITSELF = "recovers_itself"
    RECOVERY_MISTYPED = "recovery_mistyped"
    NAME_UNREADABLE = "name_unreadable"
    TINY_QUOTA = "tiny_quota"
    HUGE_QUOTA = "huge_quota"
    DUPLICATE = "duplicate"
    MAILBOXES_OVER_CAP = "mailboxes_over_cap"
    ALREADY_EXISTS = "already_exists"
    MAYBE_NAMESAKE = "maybe_namesake"
    NO_PERMISSION = "no_permission"
    DOMAIN_NOT_FOUND = "domain_not_found"
    UNREADABLE_ROW = "unreadable_row"


@dataclass(frozen=True, slots=True)
class _Rule:
    """The findings of a problem, the column at fault, and its fixes.

    The main fix is first. `suggested` says whether the cell needs a suggestion, must not have one, or may have one
    (None).
    """

    codes: tuple[FindingCode, ...]
    column: str
    fixes: tuple[FixKind, ...]
    suggested: bool | None = None


_BAD_USERNAME = _Rule((FindingCode.INVALID_USERNAME,), "username", (FixKind.SUGGESTED,), suggested=True)

_RULES: Mapping[Problem, _Rule] = {
    Problem.USERNAME_SPACE: _BAD_USERNAME,
    Problem.USERNAME_LETTERS: _BAD_USERNAME,
    Problem.USERNAME_OTHER: _BAD_USERNAME,
    Problem.UNKNOWN_DOMAIN: _Rule((FindingCode.UNKNOWN_DOMAIN,), "domain", (FixKind.SUGGESTED,), suggested=True),
    Problem.DOMAIN_NOT_ALLOWED: _Rule((FindingCode.NO_PERMISSION,), "domain", (FixKind.SUGGESTED,), suggested=True),
    Problem.TWO_DOMAINS: _Rule((FindingCode.DOMAIN_MISMATCH,), "domain", (FixKind.SUGGESTED,), suggested=True),
    Problem.WEAK_PASSWORD: _Rule((FindingCode.WEAK_PASSWORD,), "password", (FixKind.GENERATE,)),
    Problem.UNUSABLE_PASSWORD: _Rule((FindingCode.PASSWORD_UNTYPABLE,), "password", (FixKind.GENERATE,)),
    Problem.PASSWORD_HASHES: _Rule((FindingCode.PASSWORD_HASH,), "password", (FixKind.GENERATE,)),
    Problem.PASSWORD_BLANKS: _Rule((FindingCode.PASSWORD_BLANK_AT_END,), "password", (FixKind.STRIP,)),
    Problem.EXISTING_PASSWORD: _Rule(
        (FindingCode.WEAK_PASSWORD, FindingCode.PASSWORD_UNTYPABLE, FindingCode.PASSWORD_HASH),
        "password",
        (FixKind.CLEAR,),
    ),
    Problem.MAILBOX_LOCKED: _Rule((FindingCode.MAILBOX_LOCKED,), "password", (FixKind.CLEAR,)),
    Problem.NEEDS_PASSWORD: _Rule((FindingCode.NEEDS_PASSWORD,), "password", (FixKind.GENERATE,)),
    Problem.QUOTA_MEANT: _Rule((FindingCode.INVALID_QUOTA,), "quota", (FixKind.SUGGESTED,), suggested=True),
    Problem.QUOTA_UNREADABLE: _Rule((FindingCode.INVALID_QUOTA,), "quota", (FixKind.CLEAR,), suggested=False),
    Problem.QUOTA_OVER_CAP: _Rule((FindingCode.QUOTA_OVER_CAP,), "quota", (FixKind.SUGGESTED,), suggested=True),
    Problem.LIMIT_MEANT: _Rule((FindingCode.INVALID_LIMIT,), "limit", (FixKind.SUGGESTED,), suggested=True),
    Problem.LIMIT_UNREADABLE: _Rule((FindingCode.INVALID_LIMIT,), "limit", (FixKind.CLEAR,), suggested=False),
    Problem.RECOVERY_MEANT: _Rule(
        (FindingCode.INVALID_RECOVERY_EMAIL,), "recovery_email", (FixKind.SUGGESTED, FixKind.CLEAR), suggested=True
    ),
    Problem.RECOVERY_UNREADABLE: _Rule(
        (FindingCode.INVALID_RECOVERY_EMAIL,), "recovery_email", (FixKind.CLEAR,), suggested=False
    ),
    Problem.RECOVERS_ITSELF: _Rule((FindingCode.RECOVERS_ITSELF,), "recovery_email", (FixKind.CLEAR,)),
    Problem.RECOVERY_MISTYPED: _Rule(
        (FindingCode.MISTYPED_RECOVERY_EMAIL,), "recovery_email", (FixKind.SUGGESTED,), suggested=True
    ),
    Problem.NAME_UNREADABLE: _Rule((FindingCode.INVALID_NAME,), "name", (FixKind.SUGGESTED,), suggested=True),
    Problem.TINY_QUOTA: _Rule((FindingCode.TINY_QUOTA,), "quota", (FixKind.SUGGESTED,), suggested=True),
    Problem.HUGE_QUOTA: _Rule((FindingCode.HUGE_QUOTA,), "quota", (FixKind.SUGGESTED,), suggested=True),
    Problem.DUPLICATE: _Rule((FindingCode.DUPLICATE,), "username", (FixKind.EXCLUDE,)),
    Problem.MAILBOXES_OVER_CAP: _Rule((FindingCode.MAILBOXES_OVER_CAP,), "domain", (FixKind.EXCLUDE,)),
    Problem.ALREADY_EXISTS: _Rule((FindingCode.ALREADY_EXISTS,), "username", (FixKind.EXCLUDE, FixKind.SHOW_CHANGES)),
    Problem.MAYBE_NAMESAKE: _Rule((), "username", (FixKind.INCLUDE,)),
    Problem.NO_PERMISSION: _Rule((FindingCode.NO_PERMISSION,), "domain", (FixKind.EXCLUDE,), suggested=False),
    Problem.DOMAIN_NOT_FOUND: _Rule((FindingCode.UNKNOWN_DOMAIN,), "domain", (FixKind.EXCLUDE,), suggested=False),
    Problem.UNREADABLE_ROW: _Rule((FindingCode.UNREADABLE_ROW,), "", (FixKind.EXCLUDE,)),
}

#: Problems of new mailboxes alone, and of existing ones alone.
_NEW_ONLY = frozenset(
    {Problem.WEAK_PASSWORD, Problem.UNUSABLE_PASSWORD, Problem.PASSWORD_HASHES, Problem.NEEDS_PASSWORD}
)
_WARNINGS = bits_of(FindingCode.MISTYPED_RECOVERY_EMAIL, FindingCode.TINY_QUOTA, FindingCode.HUGE_QUOTA)
_SPACE, _LETTERS = r"\s", r"[^\x00-\x7F]"


@dataclass(frozen=True, eq=False)
class FixGroup:
    """Rows with one problem, by origin, and the fixes to choose from.

    The main fix is first. `samples` are what some cells become, or have where nothing is suggested; never a password.
    `seen` are the cells of the rows as the group was made, and `becomes` those that the suggestion puts there, both by
    column.
    """

    problem: Problem
    column: str
    fixes: tuple[FixKind, ...]
    origins: npt.NDArray[np.int64]
    samples: tuple[str, ...]
    more: bool
    seen: Mapping[str, Sequence[str]] = field(repr=False)
    becomes: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.origins)


def find(validated: pd.DataFrame) -> list[FixGroup]:
    """Return the groups of the ticked rows, in the order of Problem.

    A row with several problems is in several groups. One that could not be read reliably can only be excluded,
    since its cells may hold what belongs elsewhere; one that already exists and is skipped needs no other fix. Where
    all of them exist, the page asks once whether to update them.
    """
    ticked = validated["ticked"].to_numpy(bool)
    reasons = validated["reason_codes"].to_numpy(np.int64)
    codes = reasons | (validated["warning_codes"].to_numpy(np.int64) & _WARNINGS)
    if not (codes[ticked] != 0).any():
        return []
    unreadable = (reasons & bits_of(FindingCode.UNREADABLE_ROW)) != 0
    skipped = (reasons & bits_of(FindingCode.ALREADY_EXISTS)) != 0
    exists = validated["exists"].to_numpy(bool)
    all_exist = bool(skipped[ticked].all())
    found = []
    taken: dict[tuple[FindingCode, ...], Mask] = {}
    for problem, rule in _RULES.items():
        where = ticked & ((codes & bits_of(*rule.codes)) != 0)
        if problem is not Problem.UNREADABLE_ROW:
            where &= ~unreadable
        if problem is not Problem.ALREADY_EXISTS:
            where &= ~skipped
        elif all_exist:
            continue
        if problem in _NEW_ONLY:
            where &= ~exists
        elif problem is Problem.EXISTING_PASSWORD:
            where &= exists
        if rule.suggested is not None and where.any():
            suggested = arrow_text.cells_of(validated[f"suggested_{rule.column}"])
            where &= arrow_text.is_blank(suggested) != rule.suggested
        if rule is _BAD_USERNAME and where.any():
            where &= ~taken.get(rule.codes, np.zeros_like(where))
            where[where] = _of_usernames(problem, validated["clean_username"].iloc[np.flatnonzero(where)])
            taken[rule.codes] = taken.get(rule.codes, np.zeros_like(where)) | where
        if where.any():
            found.append(_group(problem, rule, validated[_read_by(rule)].iloc[np.flatnonzero(where)]))
    return found


def of_row(validated: pd.DataFrame, position: int) -> list[FixGroup]:
    """Return the groups of one row whose main fix gives a cell a value."""
    return [group for group in find(validated.iloc[[position]]) if group.fixes[0] in ROW_FIXES]


def of_namesakes(rows: pd.DataFrame) -> FixGroup:
    """Return the group of excluded rows whose mailboxes may be those of namesakes."""
    return _group(Problem.MAYBE_NAMESAKE, _RULES[Problem.MAYBE_NAMESAKE], rows)


def _of_usernames(problem: Problem, names: pd.Series) -> Mask:
    """Return which usernames have the problem."""
    if problem is Problem.USERNAME_OTHER:
        return np.ones(len(names), dtype=bool)
    return arrow_text.contain(arrow_text.cells_of(names), _SPACE if problem is Problem.USERNAME_SPACE else _LETTERS)


def _group(problem: Problem, rule: _Rule, rows: pd.DataFrame) -> FixGroup:
    seen = {name: rows[name].tolist() for name in _columns(rule)}
    becomes = _suggested(rule, rows) if FixKind.SUGGESTED in rule.fixes else {}
    samples, more = _samples(problem, rule, rows)
    return FixGroup(problem, rule.column, rule.fixes, rows["origin"].to_numpy(np.int64), samples, more, seen, becomes)


def _read_by(rule: _Rule) -> list[str]:
    """Return the columns that a group is made of: to take the others of thousands of rows costs the most time."""
    suggested = [f"suggested_{rule.column}"] if FixKind.SUGGESTED in rule.fixes else []
    return list(
        dict.fromkeys(["origin", "username", "domain", "clean_username", "clean_domain", *_columns(rule), *suggested])
    )


def _columns(rule: _Rule) -> tuple[str, ...]:
    """Return the columns whose cells a fix writes."""
    if rule.column in ("username", "domain"):
        return ("username", "domain")
    return (rule.column,) if rule.column else ()


def _suggested(rule: _Rule, rows: pd.DataFrame) -> dict[str, list[str]]:
    """Return the cells with the suggestion in them.

    A username keeps the domain that is written in its cell; a domain is written wherever the row names one.
    """
    meant = rows[f"suggested_{rule.column}"].tolist()
    if rule.column not in ("username", "domain"):
        return {rule.column: meant}
    typed = arrow_text.stripped(arrow_text.cells_of(rows["username"]))
    whole = arrow_text.match(typed, addresses.SPLITS).tolist()
    parts = [cell.partition("@") if at else (cell, "", "") for cell, at in zip(typed.to_pylist(), whole, strict=True)]
    if rule.column == "username":
        return {"username": [f"{name}{at}{after}" for name, (_, at, after) in zip(meant, parts, strict=True)]}
    in_column = rows["domain"].tolist()
    return {
        "username": [
            f"{before}@{domain}" if at else cell
            for domain, (before, at, _), cell in zip(meant, parts, rows["username"].tolist(), strict=True)
        ],
        "domain": [
            domain if not at or cell.strip(arrow_text.BLANKS) else cell
            for domain, (_, at, _), cell in zip(meant, parts, in_column, strict=True)
        ],
    }


def _samples(problem: Problem, rule: _Rule, rows: pd.DataFrame) -> tuple[tuple[str, ...], bool]:
    """Return some different examples of a group, and whether there are more."""
    if rule.column == "password" or problem is Problem.UNREADABLE_ROW:
        return (), False
    if FixKind.SUGGESTED in rule.fixes:
        cells = rows[f"suggested_{rule.column}"]
    elif rule.column == "username":
        cells = rows["clean_username"]
    elif rule.column == "domain":
        cells = rows["clean_domain"]
    else:
        return (), False
    different = pc.unique(arrow_text.cells_of(cells).slice(0, 200))
    return tuple(different.slice(0, _MOST_SAMPLES).to_pylist()), len(different) > _MOST_SAMPLES
