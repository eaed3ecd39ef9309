"""The response to a preview: every row with its verdict, and the counts of each kind."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NotRequired

import pandas as pd
from typing_extensions import TypedDict

from mxlib.core.findings import SUGGESTING, FindingCode, FindingKind
from mxlib.core.notes import Note, NoteCode
from mxlib.core.text import findings
from mxlib.core.text import notes as note_texts
from mxlib.core.validation.row_kinds import UNCHANGED, UPDATE, kinds
from mxlib.core.validation.rules import SUGGESTED
from mxlib.core.vocabulary import Action, Verdict


class FindingShape(TypedDict):
    """A finding in a row; errors block the row.

    The column is null for a finding about the row as a whole. `suggestion` is the value that its cell evidently means,
    missing where none is evident.
    """

    code: FindingCode
    column: str | None
    message: str
    severity: Literal["error", "warning"]
    suggestion: NotRequired[str]


class PreviewRow(TypedDict):
    """A row and the values of its mailbox. Quota and limit are null where the cell is invalid.

    With `on_existing` update also the action, null for none, and its changes, one phrase each.
    """

    line: int
    domain: str
    username: str
    password: str
    recovery_email: str | None
    name: str | None
    quota: int | None
    limit: int | None
    valid: bool
    needs_password: bool
    already_exists: bool
    duplicate_in_csv: bool
    errors: list[str]
    verdict: Verdict
    warnings: list[str]
    findings: list[FindingShape]
    action: NotRequired[Literal[Action.CREATE, Action.UPDATE] | None]
    changes: NotRequired[list[str]]


class Summary(TypedDict):
    """Rows by kind.

    `invalid` counts every row that is not valid; `updated` and `unchanged` are valid ones.
    """

    total: int
    valid: int
    invalid: int
    needs_password: int
    already_exists: int
    duplicate_in_csv: int
    updated: NotRequired[int]
    unchanged: NotRequired[int]


class NoteShape(TypedDict):
    """A note about a file: what was not read, or was read in a way worth knowing.

    `lines` and `columns` are those that it is about, missing where it is about none in particular.
    """

    code: NoteCode
    message: str
    lines: NotRequired[list[int]]
    columns: NotRequired[list[str]]


class Preview(TypedDict):
    """Every row with its verdict.

    `notes` say how a file was read, `warnings` whether the ready rows fit the account.
    """

    rows: list[PreviewRow]
    summary: Summary
    notes: NotRequired[list[NoteShape]]
    warnings: NotRequired[list[str]]


def preview(validated: pd.DataFrame, *, updating: bool) -> Preview:
    """Return the validated rows, and the counts of each kind."""
    counts = validated["verdict"].value_counts()
    ready = int(counts.get(Verdict.READY, 0))
    shape: Preview = {
        "rows": list(_preview_rows(validated)),
        "summary": {
            "total": len(validated),
            "valid": ready,
            "invalid": len(validated) - ready,
            "needs_password": int(counts.get(Verdict.NEEDS_PASSWORD, 0)),
            "already_exists": int(counts.get(Verdict.EXISTS, 0)),
            "duplicate_in_csv": int(counts.get(Verdict.DUPLICATE, 0)),
        },
    }
    if updating:
        ready_ones = kinds(validated).value_counts()
        shape["summary"] |= {"updated": int(ready_ones.get(UPDATE, 0)), "unchanged": int(ready_ones.get(UNCHANGED, 0))}
        columns = (validated[name].tolist() for name in ("action", "changes", "change_codes"))
        for row, action, changes, codes in zip(shape["rows"], *columns, strict=True):
            row["action"] = action if row["valid"] else None
            found = findings.lines_by_kind(codes, changes)
            row["changes"] = [phrase for kind, phrase in found if kind.code is not FindingCode.NO_CHANGE]
    return shape


def notes(found: Iterable[Note]) -> list[NoteShape]:
    """Return the notes about a file."""
    shapes: list[NoteShape] = []
    for note in found:
        shape: NoteShape = {"code": note.code, "message": note_texts.sentence(note)}
        if note.lines:
            shape["lines"] = list(note.lines)
        if note.columns:
            shape["columns"] = list(note.columns)
        shapes.append(shape)
    return shapes


def _preview_rows(table: pd.DataFrame) -> Iterator[PreviewRow]:
    """Yield the rows, built column by column: ten thousand of them must not take a second."""
    names = (
        "line", "clean_domain", "clean_username", "password", "verdict", "clean_quota", "clean_limit",
        "clean_recovery_email", "clean_name", "reasons", "reason_codes", "warnings", "warning_codes",
    )  # fmt: skip
    suggested = {name: table[f"suggested_{name}"].tolist() for name in SUGGESTED}
    for at, (
        line,
        domain,
        username,
        password,
        verdict,
        quota,
        limit,
        email,
        full_name,
        reasons,
        codes,
        warnings,
        warning_codes,
    ) in enumerate(
        zip(
            *(_or_none(table[name]) if name.startswith("clean_") else table[name].tolist() for name in names),
            strict=True,
        )
    ):
        found = findings.lines_by_kind(codes, reasons)
        warned = findings.lines_by_kind(warning_codes, warnings)
        yield {
            "line": line,
            "domain": domain,
            "username": username,
            "password": password,
            "recovery_email": email or None,
            "name": full_name or None,
            "quota": quota,
            "limit": limit,
            "valid": verdict == Verdict.READY,
            "needs_password": any(kind.code is FindingCode.NEEDS_PASSWORD for kind, _ in found),
            "already_exists": verdict == Verdict.EXISTS,
            "duplicate_in_csv": verdict == Verdict.DUPLICATE,
            "errors": [text for kind, text in found if kind.code is not FindingCode.NEEDS_PASSWORD],
            "verdict": verdict,
            "warnings": [text for _, text in warned],
            "findings": [
                *_findings(found, "error", suggested, at),
                *_findings(warned, "warning", suggested, at),
            ],
        }


def _findings(
    found: Iterable[tuple[FindingKind, str]],
    severity: Literal["error", "warning"],
    suggested: Mapping[str, list[str]],
    at: int,
) -> Iterator[FindingShape]:
    """Yield the findings of the row at position `at`.

    `suggested` has the suggestions of the table by column.
    """
    for kind, message in found:
        shape: FindingShape = {
            "code": kind.code,
            "column": kind.column or None,
            "message": message,
            "severity": severity,
        }
        if kind.code in SUGGESTING and (meant := suggested[kind.column][at]):
            shape["suggestion"] = meant
        yield shape


def _or_none(cells: pd.Series) -> list[Any]:
    return [None if pd.isna(cell) else cell for cell in cells.tolist()]
