"""Plan an undo: pure, from what the run did and the current state."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from mxlib.core import passwords
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.schema import STORED_HERE, Column
from mxlib.core.vocabulary import CLEAR, Action, Outcome, RowReason
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs import write_guard
from mxlib.runs.write_guard import KeepCode, KeepReason
from mxlib.store.records import RowRecord


@dataclass(frozen=True, slots=True)
class UndoStep:
    """The plan for one mailbox of an undo; `why` is the reason to keep it.

    A mailbox without a reason (None) is not kept.
    """

    row: PlannedRow
    why: KeepCode | None = None


def plan_steps(
    rows: Iterable[RowRecord],
    boxes: Mapping[str, Mailbox],
    stored: Mapping[str, Mapping[str, str]],
    touched: Collection[str],
) -> list[UndoStep]:
    """Plan each mailbox that `rows` made or changed.

    `boxes` has the current state by address, and `stored` the values stored here, by column and address; `touched`
    are addresses that others changed here since.
    """
    done = (row for row in rows if row.outcome in {Outcome.CREATED, Outcome.UPDATED})
    return [
        _step(
            position,
            row,
            boxes.get(row.address),
            {name: values.get(row.address, "") for name, values in stored.items()},
            touched=row.address in touched,
        )
        for position, row in enumerate(done)
    ]


def _step(position: int, row: RowRecord, box: Mailbox | None, stored: Mapping[str, str], *, touched: bool) -> UndoStep:
    planned = replace(_reverse(row), position=position)
    kept: KeepReason | None = None
    if box is None:
        kept = KeepReason(KeepCode.GONE, Reason(RowReason.GONE))
    elif not planned.acts:
        kept = KeepReason(KeepCode.LASTING, Reason(RowReason.NOT_RESTORABLE))
    else:
        kept = write_guard.reason_to_keep(planned.action, planned.before, box, stored)
        kept = kept or (KeepReason(KeepCode.CHANGED, Reason(RowReason.CHANGED_SINCE_RUN)) if touched else None)
    return UndoStep(replace(planned, reason=kept.reason), kept.why) if kept else UndoStep(planned)


def kept_by_cap(step: UndoStep) -> UndoStep:
    """Keep a mailbox whose former quota is over the largest of its client."""
    return step if step.why else UndoStep(replace(step.row, reason=Reason(RowReason.QUOTA_OVER_CAP)), KeepCode.CAPPED)


def _reverse(row: RowRecord) -> PlannedRow:
    match Action(row.action):
        case Action.CREATE:
            return _deletion(row)
        case Action.LOCK:
            password = passwords.generate()
            return PlannedRow.unlock(
                0, row.line, row.username, row.domain, before={"unchanged": True}, password=password, generated=True
            )
        case Action.UNLOCK:
            return PlannedRow.lock(0, row.line, row.username, row.domain, before={"unchanged": True})
        case _:
            return _restoration(row)


def _deletion(row: RowRecord) -> PlannedRow:
    left = _left(row) | {column.name: _set_here(row, column) for column in STORED_HERE} | {"unused": True}
    return PlannedRow.delete(0, row.line, row.username, row.domain, before=left, sealed_cells=row.sealed_cells)


def _restoration(row: RowRecord) -> PlannedRow:
    """Plan an update back to the earlier state. A password cannot be restored, nor a limit without one."""
    was, left = row.was, _left(row)
    quota = was.get("quota") if row.quota is not None and was.get("quota") != left["quota"] else None
    stored = {}
    for column in STORED_HERE:
        left[column.name] = _set_here(row, column) if column.name in row.stored else None
        old = str(was.get(column.name) or "")
        if left[column.name] not in (None, old):
            stored[column.name] = old or CLEAR
    return PlannedRow.update(
        0,
        row.line,
        row.username,
        row.domain,
        before=left | {"unchanged": True},
        quota=None if quota is None else int(quota),
        stored=stored,
        sealed_cells=row.sealed_cells,
    )


def _left(row: RowRecord) -> dict[str, object]:
    """Return the quota and limit that a row left at MXroute, as far as known."""
    return {"quota": row.quota if row.host_quota is None else row.host_quota, "limit": row.host_limit}


def _set_here(row: RowRecord, column: Column) -> str:
    asked = row.stored.get(column.name, "")
    return "" if asked == CLEAR else asked
