"""Background tasks as stored: when each is due, who runs it, and how it ended last.

A lease is taken, renewed and ended by one statement each, whose condition names what was read before. So of several
processes one at most gets a task, whatever database keeps the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.store.tables import background_task as table
from mxlib.store.transaction import Tx

#: Seconds for which a lease holds unless it is renewed.
LEASE_S = 30.0


class LeaseLost(Exception):
    """Another process may run this task now."""

    def __init__(self) -> None:
        super().__init__("Another process has taken over this background task.")


@dataclass(frozen=True, slots=True)
class Lease:
    """The right of one process to run a task once. No other lease has its owner."""

    name: TaskName
    owner: str

    def check(self, tx: Tx) -> None:
        """Raise LeaseLost unless this lease still holds: a late process writes nothing."""
        if tx.scalar(sa.select(table.c.lease_owner).where(table.c.name == self.name)) != self.owner:
            raise LeaseLost


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One background task as stored; times in Unix seconds."""

    name: str
    next_at: float
    #: When a run was asked for, out of its turn; None without that.
    requested_at: float | None
    #: Who runs it now; blank while nobody does.
    lease_owner: str
    lease_until: float
    #: Runs since the last one that did not fail.
    attempts: int
    started_at: float | None
    finished_at: float | None
    failing_since: float | None
    code: str
    figures: Mapping[str, Any]

    def is_leased(self, now: float) -> bool:
        """Return whether a process runs it.

        A lease that ends too far ahead is of a clock that was wrong.
        """
        return bool(self.lease_owner) and now < self.lease_until <= now + 2 * LEASE_S

    def is_due(self, now: float, longest: float) -> bool:
        """Return whether it is to run now.

        A next time of more than `longest` seconds ahead is of a clock that was wrong.
        """
        return self.requested_at is not None or self.next_at <= now or self.next_at > now + longest


_COLUMNS = [table.c[column.name] for column in fields(TaskRecord)]


def every(tx: Tx) -> dict[str, TaskRecord]:
    """Return the background tasks by name."""
    return {row.name: TaskRecord(*row) for row in tx.execute(sa.select(*_COLUMNS))}


def introduce(tx: Tx, name: TaskName, now: float, *, at_start: bool) -> None:
    """Store a new task, due at once. A known one is due again if it runs `at_start`."""
    if tx.execute(sa.select(table.c.name).where(table.c.name == name)).first() is None:
        tx.execute(table.insert().values(name=name, next_at=now))
    elif at_start:
        request(tx, name, now)


def request(tx: Tx, name: TaskName, at: float) -> bool:
    """Make a task due at once, or again if it runs. Return whether it is known."""
    return tx.execute(table.update().where(table.c.name == name).values(requested_at=at)).rowcount > 0


def take(tx: Tx, record: TaskRecord, now: float, retry_at: float) -> Lease | None:
    """Take the lease of a task that is due, as `record` shows it.

    None when another process was first. `retry_at` is when to try again if nothing is heard of this run. A lease that
    was never ended counts as a failure.
    """
    lease = Lease(TaskName(record.name), uuid4().hex)
    values: dict[str, Any] = {
        "lease_owner": lease.owner, "lease_until": now + LEASE_S, "requested_at": None, "next_at": retry_at,
        "attempts": record.attempts + 1, "started_at": now,
    }  # fmt: skip
    if record.lease_owner:
        since = record.started_at if record.failing_since is None else record.failing_since
        values |= {"code": TaskCode.INTERRUPTED, "figures": {}, "failing_since": since}
    unchanged = (
        table.c.name == record.name,
        table.c.lease_owner == record.lease_owner,
        table.c.lease_until == record.lease_until,
        table.c.attempts == record.attempts,
    )
    return lease if tx.execute(table.update().where(*unchanged).values(values)).rowcount else None


def renew(tx: Tx, lease: Lease, now: float) -> bool:
    """Let a lease hold on; return whether it does."""
    return tx.execute(table.update().where(*_held(lease)).values(lease_until=now + LEASE_S)).rowcount > 0


def end(tx: Tx, lease: Lease, result: TaskResult, now: float, next_at: float) -> bool:
    """Store how a run ended, and end its lease; return whether it still held. Else nothing is stored."""
    values: dict[str, Any] = {
        "lease_owner": "", "lease_until": 0.0, "next_at": next_at, "finished_at": now,
        "code": result.code, "figures": dict(result.figures),
    }  # fmt: skip
    if result.failed:
        values["failing_since"] = sa.func.coalesce(table.c.failing_since, now)
    else:
        values |= {"failing_since": None, "attempts": 0}
    return tx.execute(table.update().where(*_held(lease)).values(values)).rowcount > 0


def _held(lease: Lease) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.name == lease.name, table.c.lease_owner == lease.owner
