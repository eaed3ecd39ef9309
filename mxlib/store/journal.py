"""The journal of runs: plan, requests and responses, and the outcome of each row.

Outcomes and statuses are the words of `mxlib.core.vocabulary`; here they are text.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.schema import STORED_HERE
from mxlib.core.vocabulary import RowReason, RunKind, RunStatus
from mxlib.store import own_cells, run_notes, text_search
from mxlib.store.encryption import ServerKey
from mxlib.store.ownership import OwnershipLost
from mxlib.store.records import RowRecord, RunRecord, reason_columns
from mxlib.store.tables import attempt, audit, run, run_key, run_row
from mxlib.store.transaction import Tx


class RowChanged(OwnershipLost):
    """Another process has changed a row since this process left it."""


class AlreadyOpen(Exception):
    """An open run has this plan, or undoes the same run: another process has stored it meanwhile."""


#: The key of a run is in a table of its own.
_RUN = [run_key.c.wrapped if column.name == "wrapped_key" else run.c[column.name] for column in fields(RunRecord)]
_WITH_KEY = run.outerjoin(run_key, run_key.c.run == run.c.id)
_ROW = [run_row.c[column.name] for column in fields(RowRecord)]

#: An update or a deletion that costs a write: its mailbox is inspected right before.
_INSPECTED = run_row.c.action.in_(("delete", "lock", "unlock")) | (
    (run_row.c.action == "update") & (run_row.c.sealed_password.is_not(None) | run_row.c.quota.is_not(None))
)

#: Rows that undo something.
_GUARDED = sa.or_(*(run_row.c.before[name].as_boolean().is_(True) for name in ("unused", "unchanged")))

#: Statements that are run once a row, built once.
_ONE_ROW = sa.select(*_ROW).where(run_row.c.run == sa.bindparam("of"), run_row.c.position == sa.bindparam("at"))
_SENDING = (
    run_row.update()
    .where(run_row.c.run == sa.bindparam("of"), run_row.c.position == sa.bindparam("at"))
    .where(run_row.c.outcome == "waiting")
    .values(outcome="sending", tries=run_row.c.tries + 1)
)
_FOUND = (
    run_row.update()
    .where(run_row.c.run == sa.bindparam("of"), run_row.c.position == sa.bindparam("at"))
    .values({name: sa.bindparam(name) for name in ("code", "detail", "words", "differs", "host_quota", "host_limit")})
)
_HEARD = (
    attempt.update()
    .where(attempt.c.id == sa.bindparam("of"))
    .values(heard_at=sa.bindparam("when"), answer=sa.bindparam("what"))
)


def add_run(
    tx: Tx,
    plan: Plan,
    server_key: ServerKey,
    *,
    operator: str,
    status: str,
    at: float,
    retention_days: int,
    idempotency_key: str | None = None,
    retry_of: int | None = None,
    unanswered: Collection[int] = (),
) -> int:
    """Store a whole plan before anything of it is sent; return the run's number.

    `unanswered` are positions that an earlier run may have carried out without a response. Raises AlreadyOpen, after
    which the transaction can only be rolled back.
    """
    key, wrapped = server_key.new_run_key()
    secrets = any(row.password for row in plan.rows)
    insert = run.insert().values(
        status=status,
        operator=operator,
        file_name=plan.file_name,
        file_digest=plan.file_digest,
        plan_digest=plan.digest,
        idempotency_key=idempotency_key,
        retry_of=retry_of,
        kind=plan.kind.value,
        undo_of=plan.undo_of,
        domains=list(plan.domains),
        total=len(plan.rows),
        created_at=at,
        retention_days=retention_days,
        passwords_until=at + retention_days * 86_400 if secrets else None,
        sealed_notes=run_notes.seal(server_key, plan.notes),
        planned_after=sa.func.coalesce(
            sa.select(run.c.planned_after).where(run.c.id == retry_of).scalar_subquery(),
            sa.select(sa.func.max(audit.c.id)).scalar_subquery(),
            0,
        ),
    )
    try:
        (number,) = tx.execute(insert).inserted_primary_key or (0,)
    except IntegrityError as error:
        raise AlreadyOpen from error
    if secrets:
        tx.execute(run_key.insert().values(run=number, wrapped=wrapped))
    rows = [
        {
            "run": number,
            "position": row.position,
            "line": row.line,
            "action": row.action.value,
            "username": row.username,
            "domain": row.domain,
            "sealed_password": key.seal_password(row.password, row.position) if row.password else None,
            "generated": row.generated,
            "quota": row.quota,
            "limit": row.limit,
            **{column.name: row.stored.get(column.name, "") for column in STORED_HERE},
            "verdict": row.verdict.value,
            "cells": {},
            "sealed_cells": own_cells.seal(server_key, row.cells, row.password) if row.cells else row.sealed_cells,
            "before": dict(row.before),
            "outcome": "waiting" if row.acts else "skipped" if row.reason else "unchanged",
            **reason_columns(row.reason or _nothing_to_do(row)),
            "unanswered": row.position in unanswered,
        }
        for row in plan.rows
    ]
    if rows:
        tx.execute(run_row.insert(), rows)
    return int(number)


def add_link_run(
    tx: Tx, *, operator: str, domains: Collection[str], total: int, at: float, idempotency_key: str | None = None
) -> int:
    """Store a run that sends links; it asks nothing of the host and has ended.

    Return its number.
    """
    inserted = tx.execute(
        run.insert().values(
            status=RunStatus.FINISHED, operator=operator, file_name="", file_digest="", plan_digest=RunKind.LINKS,
            idempotency_key=idempotency_key, kind=RunKind.LINKS, domains=list(domains), total=total, created_at=at,
            started_at=at, finished_at=at, seen=True, retention_days=0,
        )
    )  # fmt: skip
    return int((inserted.inserted_primary_key or (0,))[0])


def _nothing_to_do(row: PlannedRow) -> Reason | None:
    """Return why a row does nothing; None when it does something."""
    if row.acts:
        return None
    return Reason(RowReason.NO_CHANGE) if row.limit is None else Reason.of(RowReason.NO_CHANGE, limit=row.limit)


def find_run(tx: Tx, *, operator: str, idempotency_key: str | None, plan_digest: str) -> int | None:
    """Return the run that this start already started.

    It has the same key of the same operator, or the same plan and has not ended.
    """
    same_plan = (run.c.plan_digest == plan_digest) & run.c.status.not_in(("finished", "stopped"))
    same_key = (run.c.operator == operator) & (run.c.idempotency_key == idempotency_key)
    found = same_plan if idempotency_key is None else same_plan | same_key
    return tx.execute(sa.select(run.c.id).where(found).order_by(run.c.id).limit(1)).scalar()


def find_undo(tx: Tx, of: int) -> int | None:
    """Return the open run that undoes this run, or the rest that an undo left."""
    open_undo = (run.c.undo_of == of) & run.c.status.not_in(("finished", "stopped"))
    return tx.execute(sa.select(run.c.id).where(open_undo).order_by(run.c.id).limit(1)).scalar()


def get_run(tx: Tx, number: int) -> RunRecord | None:
    """Return one run."""
    return next(iter(_runs(tx, run.c.id == number)), None)


def latest_runs(tx: Tx, most: int) -> list[RunRecord]:
    """Return the newest runs, newest first."""
    return _runs(tx, sa.true(), most)


def ended_runs(tx: Tx, *, kind: str = "", operator: str = "", before: int | None = None, most: int) -> list[RunRecord]:
    """Return ended runs, newest first, older than run `before`.

    They are of one kind, and of operators whose names contain `operator`, where these are given.
    """
    asked: list[sa.ColumnElement[bool]] = [run.c.status.in_(("finished", "stopped"))]
    if kind:
        asked.append(run.c.kind == kind)
    if operator:
        asked.append(text_search.contains(run.c.operator, operator))
    if before is not None:
        asked.append(run.c.id < before)
    return _runs(tx, sa.and_(*asked), most)


def unended_runs(tx: Tx) -> list[RunRecord]:
    """Return the runs that are not at their end, newest first."""
    return _runs(tx, run.c.status.not_in(("finished", "stopped")))


def runs_with_passwords(tx: Tx, operator: str) -> list[RunRecord]:
    """Return the ended runs of an operator whose passwords are kept, newest first."""
    kept = run.c.passwords_until.is_not(None) & run.c.handed_over_at.is_(None)
    return _runs(tx, run.c.status.in_(("finished", "stopped")) & (run.c.operator == operator) & kept)


def open_runs(tx: Tx) -> list[RunRecord]:
    """Return runs not ended, or stopped with rows of unknown outcome, oldest first."""
    unsettled = sa.select(run_row.c.run).where(run_row.c.outcome.in_(("sending", "settling")))
    stopped = (run.c.status == "stopped") & run.c.id.in_(unsettled)
    return _runs(tx, run.c.status.not_in(("finished", "stopped")) | stopped)[::-1]


def lineage(tx: Tx, record: RunRecord) -> list[RunRecord]:
    """Return a run and those whose rows it retries, the first of them last."""
    records = [record]
    while (origin := records[-1].retry_of) is not None and (before := get_run(tx, origin)) is not None:
        records.append(before)
    return records


def unseen_runs(tx: Tx, operator: str) -> list[RunRecord]:
    """Return the runs of an operator that ended or paused unseen, newest first."""
    halted = run.c.status.in_(("finished", "stopped", "paused"))
    return _runs(tx, halted & (run.c.operator == operator) & run.c.seen.is_(False))


def runs_of_file(tx: Tx, file_digest: str) -> list[int]:
    """Return the runs that imported a file of this digest, newest first."""
    return list(
        tx.execute(sa.select(run.c.id).where(run.c.file_digest == file_digest).order_by(run.c.id.desc())).scalars()
    )


def _runs(tx: Tx, where: sa.ColumnElement[bool], most: int | None = None) -> list[RunRecord]:
    found = tx.execute(sa.select(*_RUN).select_from(_WITH_KEY).where(where).order_by(run.c.id.desc()).limit(most))
    return [RunRecord(*row) for row in found]


def undos(tx: Tx, numbers: Iterable[int]) -> dict[int, list[int]]:
    """Return the runs that undo each of these, or did, oldest first."""
    query = sa.select(run.c.undo_of, run.c.id).where(run.c.undo_of.in_(list(numbers))).order_by(run.c.id)
    found: dict[int, list[int]] = {}
    for of, number in tx.execute(query):
        found.setdefault(of, []).append(number)
    return found


def set_run(tx: Tx, number: int, **values: object) -> None:
    """Change columns of a run."""
    tx.execute(run.update().where(run.c.id == number).values(**values))


def begin(tx: Tx, number: int, at: float) -> None:
    """Record when a run first started to send."""
    tx.execute(run.update().where(run.c.id == number, run.c.started_at.is_(None)).values(started_at=at))


def counts(tx: Tx, numbers: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return how many rows of each run have each outcome."""
    found: dict[int, dict[str, int]] = {}
    query = (
        sa.select(run_row.c.run, run_row.c.outcome, sa.func.count())
        .where(run_row.c.run.in_(list(numbers)))
        .group_by(run_row.c.run, run_row.c.outcome)
    )
    for number, outcome, count in tx.execute(query):
        found.setdefault(number, {})[outcome] = count
    return found


def get_row(tx: Tx, number: int, position: int, *, having: str | None = None) -> RowRecord:
    """Return one row of a run.

    Raises RowChanged unless its outcome is `having`, where that is given.
    """
    row = RowRecord(*tx.execute(_ONE_ROW, {"of": number, "at": position}).one())
    if having is not None and row.outcome != having:
        raise RowChanged
    return row


def rows(tx: Tx, number: int, *, outcomes: Collection[str] = (), domain: str | None = None) -> list[RowRecord]:
    """Return rows of a run in file order: all, or of some outcomes or one domain."""
    query = sa.select(*_ROW).where(run_row.c.run == number).order_by(run_row.c.position)
    if outcomes:
        query = query.where(run_row.c.outcome.in_(list(outcomes)))
    if domain is not None:
        query = query.where(run_row.c.domain == domain)
    return [RowRecord(*row) for row in tx.execute(query)]


def rows_over_quota(tx: Tx, number: int, domains: Collection[str], most: int) -> list[tuple[str, str, int]]:
    """Return the rows of a run that wait to set a quota over `most` MB.

    They are those in `domains`, in file order, each as domain, username and quota. An unlimited quota (0) is over
    every other.
    """
    query = sa.select(run_row.c.domain, run_row.c.username, run_row.c.quota).where(
        run_row.c.run == number,
        run_row.c.outcome == "waiting",
        run_row.c.action.in_(("create", "update")),
        run_row.c.domain.in_(list(domains)),
        (run_row.c.quota > most) | (run_row.c.quota == 0),
    )
    return [(row.domain, row.username, row.quota) for row in tx.execute(query.order_by(run_row.c.position))]


def waiting_positions(tx: Tx, number: int, *, asking: bool = True) -> list[int]:
    """Return the positions of the rows that wait to be sent, in file order.

    With `asking` False, only rows that wait and need no request to the host.
    """
    asks = (run_row.c.action != "update") | run_row.c.sealed_password.is_not(None) | run_row.c.quota.is_not(None)
    query = sa.select(run_row.c.position).where(
        run_row.c.run == number, run_row.c.outcome == "waiting", asks if asking else ~asks
    )
    return list(tx.execute(query.order_by(run_row.c.position)).scalars())


def guarded(tx: Tx, number: int) -> dict[int, tuple[str, str]]:
    """Return the rows whose mailbox is inspected right before they are sent.

    By position: domain and username.
    """
    query = sa.select(run_row.c.position, run_row.c.domain, run_row.c.username).where(
        run_row.c.run == number, _GUARDED | _INSPECTED
    )
    return {position: (domain, username) for position, domain, username in tx.execute(query)}


def domains_to_check(tx: Tx, number: int) -> list[str]:
    """Return the domains in which this run changed something, or may have, whatever its responses."""
    sent = run_row.c.outcome.in_(("created", "updated", "deleted", "failed", "not_attempted")) & (run_row.c.tries > 0)
    touched = sent | run_row.c.unanswered
    query = sa.select(run_row.c.domain).where(run_row.c.run == number, touched)
    return sorted(set(tx.execute(query).scalars()))


def send(tx: Tx, number: int, position: int, at: float) -> tuple[RowRecord, int]:
    """Mark a row as being sent, before its request is sent.

    Returns the row as it now is, and the number of the attempt. Raises RowChanged unless the row was waiting.
    """
    if not tx.execute(_SENDING, {"of": number, "at": position}).rowcount:
        raise RowChanged
    row = get_row(tx, number, position)
    return row, _attempt(tx, number, position, row.action, at)


def record_response(tx: Tx, number: int, at: float, answer: str) -> None:
    """Record the response to an attempt."""
    tx.execute(_HEARD, {"of": number, "when": at, "what": answer})


def record_read(tx: Tx, number: int, position: int | None, sent_at: float, received_at: float, answer: str) -> None:
    """Record a read that has ended."""
    attempt_number = _attempt(tx, number, position, "read", sent_at)
    record_response(tx, attempt_number, received_at, answer)


def _attempt(tx: Tx, number: int, position: int | None, kind: str, at: float) -> int:
    inserted = tx.execute(attempt.insert(), {"run": number, "position": position, "kind": kind, "sent_at": at})
    return int((inserted.inserted_primary_key or (0,))[0])


def set_row(tx: Tx, number: int, position: int, *, having: str | None = None, **values: object) -> None:
    """Change columns of one row.

    `reason` is a Reason, or None for a row without one. Raises RowChanged unless its outcome is `having`, where that
    is given.
    """
    row = run_row.update().where(run_row.c.run == number, run_row.c.position == position)
    if having is not None:
        row = row.where(run_row.c.outcome == having)
    if not tx.execute(row.values(**_columns(values))).rowcount:
        raise RowChanged


def set_rows(tx: Tx, number: int, having: str, *, only: bool | None = None, **values: object) -> None:
    """Change columns of every row whose outcome is `having`; `reason` as in `set_row`.

    With `only`, of those alone whose `unanswered` is the same.
    """
    where = (run_row.c.run == number) & (run_row.c.outcome == having)
    if only is not None:
        where &= run_row.c.unanswered.is_(only)
    tx.execute(run_row.update().where(where).values(**_columns(values)))


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by column, where a reason has three."""
    others = {name: value for name, value in values.items() if name != "reason"}
    return others | reason_columns(values["reason"]) if "reason" in values else others


def mark_unknown(tx: Tx, number: int) -> None:
    """Mark the rows that were `sending` when the process died.

    Creates and guarded rows are read back, others can be sent again.
    """
    after = sa.case(((run_row.c.action == "create") | _GUARDED, "settling"), else_="waiting")
    set_rows(tx, number, "sending", outcome=after, unanswered=True)


def set_found(tx: Tx, number: int, found: Iterable[tuple[int, Reason, str, int | None, int | None]]) -> None:
    """Record what the host has for each row.

    Each is position, reason, what differs ("" for nothing), quota and limit.
    """
    names = ("differs", "host_quota", "host_limit")
    values = [
        {"of": number, "at": position} | reason_columns(reason) | dict(zip(names, others, strict=True))
        for position, reason, *others in found
    ]
    if values:
        tx.execute(_FOUND, values)


def attempts_since(tx: Tx, at: float) -> list[tuple[str, float]]:
    """Return what was sent since `at`, oldest first: "read" or "write", and when."""
    query = sa.select(attempt.c.kind, attempt.c.sent_at).where(attempt.c.sent_at >= at).order_by(attempt.c.sent_at)
    return [("read" if kind == "read" else "write", sent_at) for kind, sent_at in tx.execute(query)]


def differences(tx: Tx, number: int) -> tuple[int, str]:
    """Return how many rows differ at MXroute from the request, and the first difference."""
    query = sa.select(sa.func.count(), sa.func.min(run_row.c.position)).where(
        run_row.c.run == number, run_row.c.differs != ""
    )
    count, first = tx.execute(query).one()
    return count, get_row(tx, number, first).differs if count else ""
