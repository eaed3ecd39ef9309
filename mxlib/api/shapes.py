"""What the API answers, shape by shape: the functions make them, the OpenAPI document describes them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from math import ceil
from typing import Any, Generic, Literal, NotRequired, TypeVar

import pandas as pd
from typing_extensions import TypedDict

from mxlib.auth.permissions import Caller
from mxlib.mailboxes import reasons
from mxlib.mailboxes.columns import Verdict
from mxlib.mailboxes.kinds import UNCHANGED, UPDATE, kinds
from mxlib.mailboxes.plan import Action, Kind
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.runs.view import RunView
from mxlib.services.mailboxes import Kept
from mxlib.services.undoing import UndoPlan

T = TypeVar("T")


class Success(TypedDict, Generic[T]):
    """The envelope of a yes."""

    success: Literal[True]
    data: T


class Listed(TypedDict, Generic[T]):
    """The envelope of a list: when it was read from MXroute, and why it is an old one if it is."""

    success: Literal[True]
    data: T
    read_at: str | None
    problem: NotRequired[str]


class Error(TypedDict):
    """What went wrong; `field` names the cell or the parameter where there is one."""

    code: str
    message: str
    field: NotRequired[str]


class Failure(TypedDict):
    """The envelope of a no."""

    success: Literal[False]
    error: Error


class Me(TypedDict):
    """Whoever holds the token; `permissions` by domain."""

    name: str
    admin: bool
    permissions: dict[str, list[str]]


class MailboxShape(TypedDict):
    """A mailbox as MXroute has it, with the recovery email kept by MXM. Quota and usage in MB, quota 0 = unlimited."""

    username: str
    email: str
    quota: int
    usage: float
    limit: int
    sent: int
    suspended: bool
    recovery_email: str | None
    has_recovery_email: bool
    warnings: NotRequired[list[str]]


class RecoveryShape(TypedDict):
    """The recovery email of a mailbox."""

    email: str
    recovery_email: str | None
    has_recovery_email: bool


class Deleted(TypedDict):
    """The address that is no more."""

    email: str


class PreviewRow(TypedDict):
    """A row and what its mailbox would have. Quota and limit are null where the cell is invalid.

    With `on_existing` update also what would be done, null for nothing, and what that changes, phrase by phrase.
    """

    line: int
    domain: str
    username: str
    password: str
    recovery_email: str | None
    quota: int | None
    limit: int | None
    valid: bool
    needs_password: bool
    already_exists: bool
    duplicate_in_csv: bool
    errors: list[str]
    verdict: Verdict
    warnings: list[str]
    action: NotRequired[Literal[Action.CREATE, Action.UPDATE] | None]
    changes: NotRequired[list[str]]


class Summary(TypedDict):
    """Rows by kind; `invalid` counts every row that is not valid, `updated` and `unchanged` are valid ones."""

    total: int
    valid: int
    invalid: int
    needs_password: int
    already_exists: int
    duplicate_in_csv: int
    updated: NotRequired[int]
    unchanged: NotRequired[int]


class Preview(TypedDict):
    """Every row judged; `notes` say how a file was read."""

    rows: list[PreviewRow]
    summary: Summary
    notes: NotRequired[list[str]]


class RunShape(TypedDict):
    """How it stands with a run. `counts` by outcome; the times are UTC.

    `undo_of` is the run that it takes back, `undone_by` are those that take it back or did.
    """

    id: int
    kind: Kind
    undo_of: int | None
    undone_by: list[int]
    status: RunStatus
    total: int
    counts: dict[Outcome, int]
    operator: str
    file: str | None
    created_at: str
    eta_seconds: int | None
    paused_reason: str | None


class HostShape(TypedDict):
    """What MXroute had when the run was compared with it."""

    quota: int | None
    limit: int | None


class BeforeShape(TypedDict):
    """What a mailbox had before a row that found it there; null where that is not known."""

    quota: int | None
    limit: int | None
    recovery_email: str | None


class ResultRow(TypedDict):
    """What became of one row. `password` is null where none was made, was kept, or may be seen."""

    line: int
    domain: str
    username: str
    action: Action
    verdict: Verdict
    outcome: Outcome
    message: str
    password: str | None
    quota: int | None
    limit: int | None
    recovery_email: str | None
    host: HostShape | None
    before: BeforeShape | None


class UndoRow(TypedDict):
    """What would become of one mailbox when its run is taken back; `message` says why it is kept."""

    email: str
    action: Literal["delete", "restore", "keep"]
    quota: int | None
    recovery_email: str | None
    message: str


class UndoShape(TypedDict):
    """What taking a run back comes to. `confirm` is the number to send back; 0 when nothing can be done."""

    run: int
    question: str
    notes: list[str]
    confirm: int
    eta_seconds: int
    rows: list[UndoRow]


class Results(TypedDict):
    """Every row of a run, in the order in which they came."""

    rows: list[ResultRow]


def me(caller: Caller) -> Me:
    """The caller, told about itself."""
    permissions = {domain: sorted(map(str, rights)) for domain, rights in sorted(caller.domains.items())}
    return {"name": caller.name, "admin": caller.admin, "permissions": permissions}


def mailbox(kept: Kept) -> MailboxShape:
    """One mailbox."""
    box = kept.box
    told: MailboxShape = {
        "username": box.username,
        "email": f"{box.username}@{kept.domain}",
        "quota": box.quota,
        "usage": box.usage,
        "limit": box.limit,
        "sent": box.sent,
        "suspended": box.suspended,
        "recovery_email": kept.recovery_email or None,
        "has_recovery_email": bool(kept.recovery_email),
    }
    return told | {"warnings": list(kept.warnings)} if kept.warnings else told


def mailboxes(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The mailboxes of a domain's list."""
    told: Iterable[dict[Any, Any]] = frame.rename(columns={"address": "email"}).to_dict("records")
    return [{**row, **_kept(row["recovery_email"])} for row in told]


def recovery(email: str, kept: str) -> RecoveryShape:
    """The recovery email of the mailbox `email`."""
    return {"email": email, "recovery_email": kept or None, "has_recovery_email": bool(kept)}


def preview(judged: pd.DataFrame, *, updating: bool) -> Preview:
    """Judged rows, and how many there are of each kind."""
    counts = judged["verdict"].value_counts()
    ready = int(counts.get(Verdict.READY, 0))
    told: Preview = {
        "rows": list(_preview_rows(judged)),
        "summary": {
            "total": len(judged),
            "valid": ready,
            "invalid": len(judged) - ready,
            "needs_password": int(counts.get(Verdict.NEEDS_PASSWORD, 0)),
            "already_exists": int(counts.get(Verdict.EXISTS, 0)),
            "duplicate_in_csv": int(counts.get(Verdict.DUPLICATE, 0)),
        },
    }
    if updating:
        ready_ones = kinds(judged).value_counts()
        told["summary"] |= {"updated": int(ready_ones.get(UPDATE, 0)), "unchanged": int(ready_ones.get(UNCHANGED, 0))}
        for row, action, changes in zip(
            told["rows"], judged["action"].tolist(), judged["changes"].tolist(), strict=True
        ):
            row["action"] = action if row["valid"] else None
            row["changes"] = changes.split("; ") if changes not in ("", reasons.NO_CHANGE) else []
    return told


def _preview_rows(judged: pd.DataFrame) -> Iterator[PreviewRow]:
    """The rows, column by column: ten thousand of them must not take a second."""
    names = ("line", "clean_domain", "clean_username", "password", "clean_recovery_email", "verdict", "reasons",
             "warnings")  # fmt: skip
    numbers = (_or_none(judged["clean_quota"]), _or_none(judged["clean_limit"]))
    for line, domain, username, password, recovery_email, verdict, told, warnings, quota, limit in zip(
        *(judged[name].tolist() for name in names), *numbers, strict=True
    ):
        errors = [reason for reason in told.split("\n") if reason and not reason.endswith(reasons.NEEDS_PASSWORD)]
        yield {
            "line": line,
            "domain": domain,
            "username": username,
            "password": password,
            "recovery_email": recovery_email or None,
            "quota": quota,
            "limit": limit,
            "valid": verdict == Verdict.READY,
            "needs_password": reasons.NEEDS_PASSWORD in told,
            "already_exists": verdict == Verdict.EXISTS,
            "duplicate_in_csv": verdict == Verdict.DUPLICATE,
            "errors": errors,
            "verdict": verdict,
            "warnings": warnings.split("\n") if warnings else [],
        }


def run(view: RunView, now: float) -> RunShape:
    """How it stands with a run."""
    return {
        "id": view.id,
        "kind": view.kind,
        "undo_of": view.undo_of,
        "undone_by": list(view.undone_by),
        "status": view.status,
        "total": view.total,
        "counts": {outcome: view.counts.get(outcome, 0) for outcome in Outcome},
        "operator": view.operator,
        "file": view.file_name or None,
        "created_at": moment(view.created_at) or "",
        "eta_seconds": None if view.eta_at is None else max(0, ceil(view.eta_at - now)),
        "paused_reason": view.paused_reason or None,
    }


def undo(planned: UndoPlan) -> UndoShape:
    """What taking a run back comes to."""
    return {
        "run": planned.run,
        "question": planned.sentence,
        "notes": [planned.note],
        "confirm": planned.typed,
        "eta_seconds": ceil(planned.seconds),
        "rows": [
            {
                "email": row.address,
                "action": "keep" if row.left_out else "delete" if row.action is Action.DELETE else "restore",
                "quota": None if row.left_out else row.quota,
                "recovery_email": None if row.left_out else row.recovery_email or None,
                "message": row.left_out,
            }
            for row in planned.plan.rows
        ],
    }


def results(told: Iterable[tuple[Any, str]]) -> Results:
    """Every row of a run: as the journal has it, and its password."""
    return {
        "rows": [
            {
                "line": row.line,
                "domain": row.domain,
                "username": row.username,
                "action": row.action,
                "verdict": row.verdict,
                "outcome": row.outcome,
                "message": row.reason,
                "password": password or None,
                "quota": row.quota,
                "limit": row.limit,
                "recovery_email": row.recovery_email or None,
                "host": None
                if row.host_quota is None and row.host_limit is None
                else {"quota": row.host_quota, "limit": row.host_limit},
                "before": _before(row.was) if row.was else None,
            }
            for row, password in told
        ]
    }


def moment(at: float | None) -> str | None:
    """A time as it is written in answers: UTC, to the second."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _before(was: Mapping[str, Any]) -> BeforeShape:
    return {
        "quota": was.get("quota"),
        "limit": was.get("limit"),
        "recovery_email": was.get("recovery_email") or None,
    }


def _kept(email: str) -> dict[str, Any]:
    return {"recovery_email": email or None, "has_recovery_email": bool(email)}


def _or_none(numbers: pd.Series) -> list[int | None]:
    return [None if number is pd.NA else number for number in numbers.tolist()]
