"""Validate a single mailbox by the rules of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mxlib.core import passwords
from mxlib.core.arrow_text import BLANKS
from mxlib.core.clients import DomainTerms
from mxlib.core.findings import FindingCode
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.mapping import json_rows
from mxlib.core.text import findings
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import Verdict

Cells = Mapping[str, object]


@dataclass(frozen=True)
class ValidatedRow:
    """The validated row of some cells, with the values to send.

    `faults` are the errors that stop it, by cell, the first one first.
    """

    row: Mapping[str, Any] = field(repr=False)
    faults: Mapping[str, str]

    @property
    def message(self) -> str:
        """Return all faults in one text, cell by cell."""
        return " ".join(self.faults.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings, which stop nothing."""
        return tuple(str(self.row["warnings"]).splitlines())


def validate_row(
    domain: str,
    cells: Cells,
    defaults: Defaults,
    *,
    existing: frozenset[str] = frozenset(),
    terms: Mapping[str, DomainTerms] | None = None,
) -> ValidatedRow:
    """Validate one row as a mailbox of `domain`; it exists already if `existing` names it.

    `terms` are those of the domain's client, by domain.
    """
    account = AccountSnapshot(frozenset({domain}), {domain: existing}, terms=terms or {})

    found = rules.validate(json_rows.rows_from_json([{**cells, "domain": domain}]), account, defaults)
    row: Mapping[str, Any] = found.to_dict("records")[0]  # type: ignore[assignment]
    if row["verdict"] in (Verdict.READY, Verdict.EXISTS):
        return ValidatedRow(row, {})
    faults: dict[str, str] = {}
    for kind, reason in findings.lines_by_kind(int(row["reason_codes"]), str(row["reasons"])):
        if kind.code is FindingCode.ALREADY_EXISTS:
            continue  # expected: the mailbox exists, and is to be changed
        if kind.code is FindingCode.NEEDS_PASSWORD:
            reason = findings.NO_PASSWORD  # the form has no tick to generate one
        # The domain is not one of the cells, so that only the username can name another one.
        name = "username" if kind.code is FindingCode.DOMAIN_MISMATCH else kind.column.replace("domain", "")
        if kind.code is FindingCode.UNREADABLE_ROW:
            name = str(row["fault_column"])
        faults[name] = f"{faults[name]} {reason}" if name in faults else reason
    return ValidatedRow(row, faults)


def is_given(name: str, cell: object) -> bool:
    """Return whether a cell sets a value.

    A blank cell keeps the current value, and so does a mask instead of a password.
    """
    text = "" if cell is None else str(cell)
    return not passwords.is_missing(text) if name == "password" else bool(text.strip(BLANKS))


def changed(had: int, changes: Mapping[str, str | int]) -> MailboxChange:
    """Return a manual change of a mailbox whose quota was `had`."""
    quota, limit = (int(changes[name]) if name in changes else None for name in ("quota", "limit"))
    return MailboxChange(password="password" in changes, had=had, quota=quota, limit=limit)
