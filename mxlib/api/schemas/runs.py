"""Shapes of the API's responses about runs."""

from collections.abc import Iterable, Mapping
from math import ceil
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from mxlib.api.schemas import previews
from mxlib.api.schemas.common import iso_time
from mxlib.core.vocabulary import Action, HandOverWay, Outcome, PauseCode, RowReason, RunKind, RunStatus, Verdict, Wish
from mxlib.runs.run_view import Passwords, RunView
from mxlib.services import handover as services_handover
from mxlib.services.changes import ChangeProposal
from mxlib.services.handover import Person, Progress
from mxlib.services.undo import UndoPlan


class RunShape(TypedDict):
    """The status of a run. `counts` by outcome; the times are UTC.

    `total` and `counts` are about rows of domains that the caller may see; `hidden_rows` counts the others, where
    there are any.

    `undo_of` is the run that it undoes, `undone_by` are those that undo it or did. `passwords` that were forgotten
    are `erasing` until no file of the server holds them any longer. `notes` say how the file was read. `requested`
    is what another server was asked for, which sends the run, and has not done yet.
    """

    id: int
    kind: RunKind
    undo_of: int | None
    undone_by: list[int]
    status: RunStatus
    total: int
    counts: dict[Outcome, int]
    hidden_rows: NotRequired[int]
    operator: str
    file: str | None
    created_at: str
    eta_seconds: int | None
    paused_reason: str | None
    paused_code: PauseCode | None
    passwords: Passwords
    notes: NotRequired[list[previews.NoteShape]]
    requested: NotRequired[Wish]


class ChangeShape(RunShape):
    """The status of a run of changes.

    `gone` are the addresses that are not in it: those mailboxes do not exist.
    """

    gone: list[str]


class BelowShape(TypedDict):
    """A mailbox that would hold more than its quota; both in MB."""

    email: str
    usage: float
    quota: int


class ProposalShape(TypedDict):
    """The effect of a change.

    `mailboxes` exist, and `unchanged` of them already are as requested. `confirm` is the number to send with a
    deletion; null when there is nothing to confirm.
    """

    question: str
    mailboxes: int
    unchanged: int
    gone: list[str]
    below: list[BelowShape]
    confirm: int | None
    eta_seconds: int
    warnings: list[str]


class HostShape(TypedDict):
    """The figures of MXroute when the run was compared with it."""

    quota: int | None
    limit: int | None


class BeforeShape(TypedDict):
    """The figures of an existing mailbox before its row; null where unknown."""

    quota: int | None
    limit: int | None
    recovery_email: str | None
    name: str | None


class ResultRow(TypedDict):
    """The outcome of one row.

    `password` is null where none was made, none is kept, or the caller may not see it.
    """

    line: int
    domain: str
    username: str
    action: Action
    verdict: Verdict
    outcome: Outcome
    message: str
    code: RowReason | None
    password: str | None
    quota: int | None
    limit: int | None
    recovery_email: str | None
    name: str | None
    host: HostShape | None
    before: BeforeShape | None


class UndoRow(TypedDict):
    """The effect of an undo on one mailbox; `message` says why it is kept."""

    email: str
    action: Literal["delete", "restore", "keep"]
    quota: int | None
    recovery_email: str | None
    name: str | None
    message: str
    code: RowReason | None


class UndoShape(TypedDict):
    """The effect of an undo.

    `confirm` is the number to send back; 0 when nothing can be done.
    """

    run: int
    question: str
    notes: list[str]
    confirm: int
    eta_seconds: int
    rows: list[UndoRow]


class Results(TypedDict):
    """Every row of a run that the caller may see, in its order.

    `hidden_rows` counts the others.
    """

    rows: list[ResultRow]
    hidden_rows: NotRequired[int]


class HandedOver(TypedDict):
    """The mark of a person: when it was set, by whom, and how their password reached them."""

    at: str
    by: str
    way: HandOverWay | None


class Mark(TypedDict):
    """A person with a password of a run.

    `handed_over` is when, how and by whom they were marked as having it; null: not yet. `taken_at` is when a file or
    message with it last left MXM. `changed`: something set another password since.
    """

    email: str
    name: str | None
    recovery_email: str | None
    handed_over: HandedOver | None
    taken_at: str | None
    changed: bool


class Marks(TypedDict):
    """The people who got a password by a run.

    `handed_over` of `to_have` people do; these are all whose password was not changed since.
    """

    handed_over: int
    to_have: int
    people: list[Mark]


class Marked(TypedDict):
    """Changed marks, and addresses that cannot have one.

    The run gave these no password, or it was changed since.
    """

    changed: int
    left_out: list[str]


def marks(progress: Progress, people: Iterable[Person]) -> Marks:
    """Return who has their password."""
    return {"handed_over": progress.done, "to_have": progress.to_have, "people": [_mark(each) for each in people]}


def marked(done: services_handover.Marked) -> Marked:
    """Return what an act on marks did."""
    return {"changed": done.number, "left_out": list(done.left_out)}


def _mark(person: Person) -> Mark:
    owner, stored = person.owner, person.hand_over
    at = iso_time(stored.at)
    return {
        "email": owner.address,
        "name": owner.name or None,
        "recovery_email": owner.recovery_email or None,
        "handed_over": {"at": at, "by": stored.who, "way": stored.way} if at else None,
        "taken_at": iso_time(stored.taken_at),
        "changed": person.changed,
    }


def run(view: RunView, now: float) -> RunShape:
    """Return the status of a run."""
    shape: RunShape = {
        "id": view.id,
        "kind": view.kind,
        "undo_of": view.undo_of,
        "undone_by": list(view.undone_by),
        "status": view.status,
        "total": view.total,
        "counts": {outcome: view.counts.get(outcome, 0) for outcome in Outcome},
        "operator": view.operator,
        "file": view.file_name or None,
        "created_at": iso_time(view.created_at) or "",
        "eta_seconds": None if view.eta_at is None else max(0, ceil(view.eta_at - now)),
        "paused_reason": view.paused_reason or None,
        "paused_code": view.paused_code,
        "passwords": view.passwords,
    }
    if view.hidden:
        shape["hidden_rows"] = view.hidden
    if view.notes:
        shape["notes"] = previews.notes(view.notes)
    if view.wish:
        shape["requested"] = view.wish
    return shape


def change(view: RunView, now: float, gone: Iterable[str]) -> ChangeShape:
    """Return the status of a run of changes."""
    return {**run(view, now), "gone": list(gone)}


def proposal(proposed: ChangeProposal, readable_until: float) -> ProposalShape:
    """Return the effect of a change; its passwords would be readable until then (Unix seconds)."""
    figures = proposed.figures
    return {
        "question": proposed.text(readable_until, as_run=True),
        "mailboxes": figures.mailboxes,
        "unchanged": figures.mailboxes - figures.acting,
        "gone": list(proposed.gone),
        "below": [{"email": each.address, "usage": each.usage, "quota": each.quota} for each in figures.below],
        "confirm": int(proposed.typed) if proposed.typed else None,
        "eta_seconds": ceil(proposed.seconds),
        "warnings": [*filter(None, [proposed.below]), *proposed.capacity_warnings],
    }


def undo(planned: UndoPlan) -> UndoShape:
    """Return the effect of an undo."""
    return {
        "run": planned.run,
        "question": planned.sentence,
        "notes": [planned.note],
        "confirm": planned.typed,
        "eta_seconds": ceil(planned.seconds),
        "rows": [
            {
                "email": row.address,
                "action": "keep" if row.reason else "delete" if row.action is Action.DELETE else "restore",
                "quota": None if row.reason else row.quota,
                "recovery_email": None if row.reason else row.stored.get("recovery_email"),
                "name": None if row.reason else row.stored.get("name"),
                "message": row.left_out,
                "code": row.reason.code if row.reason else None,
            }
            for row in planned.plan.rows
        ],
    }


def results(rows: Iterable[tuple[Any, str]], hidden: int) -> Results:
    """Return every row of a run as the journal has it, with its password.

    `hidden` is the number of rows that the caller may not see.
    """
    found: Results = {
        "rows": [
            {
                "line": row.line,
                "domain": row.domain,
                "username": row.username,
                "action": row.action,
                "verdict": row.verdict,
                "outcome": row.outcome,
                "message": row.reason,
                "code": row.code or None,
                "password": password or None,
                "quota": row.quota,
                "limit": row.limit,
                "recovery_email": row.recovery_email or None,
                "name": row.name or None,
                "host": None
                if row.host_quota is None and row.host_limit is None
                else {"quota": row.host_quota, "limit": row.host_limit},
                "before": _before(row.was) if row.was else None,
            }
            for row, password in rows
        ],
    }
    if hidden:
        found["hidden_rows"] = hidden
    return found


def _before(was: Mapping[str, Any]) -> BeforeShape:
    return {
        "quota": was.get("quota"),
        "limit": was.get("limit"),
        "recovery_email": was.get("recovery_email") or None,
        "name": was.get("name") or None,
    }
