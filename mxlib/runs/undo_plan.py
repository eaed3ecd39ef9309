"""Plan an undo: pure, from what the run did and the current state."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import CLEAR, Action, Outcome, Verdict
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs import messages, write_guard
from mxlib.runs.write_guard import KeepCode, KeepReason
from mxlib.store.records import RowRecord


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One mailbox of the run to undo; `why` it is kept, None when it is not."""

    row: PlannedRow
    why: KeepCode | None = None


def plan_steps(
    rows: Iterable[RowRecord], boxes: Mapping[str, Mailbox], emails: Mapping[str, str], touched: Collection[str]
) -> list[UndoStep]:
    """Plan each mailbox that `rows` made or changed.

    `boxes` and `emails` are the current state, by address; `touched` are addresses that others changed here since.
    """
    done = (row for row in rows if row.outcome in {Outcome.CREATED, Outcome.UPDATED})
    return [
        _step(position, row, boxes.get(row.address), emails.get(row.address, ""), touched=row.address in touched)
        for position, row in enumerate(done)
    ]


def _step(position: int, row: RowRecord, box: Mailbox | None, email: str, *, touched: bool) -> UndoStep:
    planned = replace(_deletion(row) if row.action == Action.CREATE else _restoration(row), position=position)
    kept: KeepReason | None = None
    if box is None:
        kept = KeepReason(KeepCode.GONE, messages.GONE_MEANWHILE)
    elif not planned.acts:
        kept = KeepReason(KeepCode.LASTING, messages.NOT_TO_RESTORE)
    else:
        kept = write_guard.reason_to_keep(planned.action, planned.before, box, email)
        kept = kept or (KeepReason(KeepCode.CHANGED, messages.CHANGED_HERE) if touched else None)
    return UndoStep(replace(planned, left_out=kept.reason), kept.why) if kept else UndoStep(planned)


def _deletion(row: RowRecord) -> PlannedRow:
    return _row(row, Action.DELETE, _left(row, _set_here(row)) | {"unused": True})


def _restoration(row: RowRecord) -> PlannedRow:
    """Plan an update back to the earlier state; a password cannot be restored, nor a limit without one."""
    was, left = row.was, _left(row, _set_here(row) if row.recovery_email else None)
    quota = was.get("quota") if row.quota is not None and was.get("quota") != left["quota"] else None
    email = str(was.get("recovery_email") or "")
    recovery = (email or CLEAR) if row.recovery_email and email != _set_here(row) else ""
    return replace(
        _row(row, Action.UPDATE, left | {"unchanged": True}),
        quota=None if quota is None else int(quota),
        recovery_email=recovery,
    )


def _left(row: RowRecord, recovery_email: str | None) -> dict[str, object]:
    """Return the state in which its row left a mailbox, as far as known."""
    quota = row.quota if row.host_quota is None else row.host_quota
    return {"quota": quota, "limit": row.host_limit, "recovery_email": recovery_email}


def _set_here(row: RowRecord) -> str:
    return "" if row.recovery_email == CLEAR else row.recovery_email


def _row(row: RowRecord, action: Action, before: Mapping[str, object]) -> PlannedRow:
    return PlannedRow(
        position=0,
        line=row.line,
        username=row.username,
        domain=row.domain,
        password="",
        generated=False,
        quota=None,
        limit=None,
        recovery_email="",
        verdict=Verdict.READY,
        action=action,
        sealed_cells=row.sealed_cells,
        before=before,
    )
