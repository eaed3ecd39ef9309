"""The last time at which the store was in use, to detect clock jumps.

After such a jump, retention would end too early. How long passwords are kept moves with the clock when that jumps by
over a day, ahead or back: what is left of it stays, whether the clock was wrong before or is wrong now. So time in
which the server was off for over a day does not count.

A server that was off for weeks looks the same as one with a wrong clock. So every deletion of old data asks here
first: after a jump of over a day nothing is deleted until an hour has passed, or an admin has confirmed the time.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit
from mxlib.store.tables import audit as entries
from mxlib.store.tables import manual_write, meta, run
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

#: Seconds after the last observed time from which the clock counts as having jumped.
JUMP_S = 86_400.0

#: Seconds after a jump in which nothing is deleted.
HELD_S = 3_600.0

_NAME = "time_seen"


@dataclass(frozen=True, slots=True)
class Jump:
    """The clock went ahead from `since` to `at`; Unix seconds."""

    since: float
    at: float

    @property
    def until(self) -> float:
        """Return until when nothing is deleted."""
        return self.at + HELD_S


def observe(tx: Tx, now: float) -> Jump | None:
    """Record that it is `now`; return the jump during which nothing may be deleted."""
    seen = _read(tx)
    last = seen.get("at")
    if last is None:  # a store from before this was recorded: its newest entry shows when it was in use
        last = tx.scalar(sa.select(entries.c.at).order_by(entries.c.id.desc()).limit(1))
    if last is not None and abs(now - last) > JUMP_S:
        _move_retention(tx, now - last)
    jump = _after(Jump(**seen["jump"]) if seen.get("jump") else None, now if last is None else last, now)
    _write(tx, now, jump)
    return jump


def may_forget(tx: Tx, now: float) -> bool:
    """Return whether data that is old by the clock may be deleted."""
    return observe(tx, now) is None


def jump(tx: Tx) -> Jump | None:
    """Return the jump during which nothing is deleted, as last recorded."""
    seen = _read(tx)
    return Jump(**seen["jump"]) if seen.get("jump") else None


def confirm(tx: Tx, by: audit.Identity, now: float) -> None:
    """Accept the clock as right; an audit entry says who ended a jump by that."""
    if observe(tx, now) is not None:
        audit.record(tx, by, AuditAction.TIME_CONFIRM, at=now, on="this server")
    _write(tx, now, None)


def _after(jump: Jump | None, last: float, now: float) -> Jump | None:
    if jump is None:
        return Jump(last, now) if now - last > JUMP_S else None
    if now - jump.since <= JUMP_S:
        return None  # the clock was put back
    if now < jump.at or now - last > JUMP_S:
        return Jump(jump.since, now)
    return jump if now < jump.until else None


def _move_retention(tx: Tx, seconds: float) -> None:
    for table in (run, manual_write):
        until = table.c.passwords_until
        tx.execute(table.update().where(until.is_not(None)).values(passwords_until=until + seconds))


def _read(tx: Tx) -> dict[str, Any]:
    value = tx.scalar(sa.select(meta.c.value).where(meta.c.name == _NAME))
    return dict(json.loads(value)) if value else {}


def _write(tx: Tx, now: float, jump: Jump | None) -> None:
    value = json.dumps({"at": now, "jump": asdict(jump) if jump else None})
    put_fact(tx, _NAME, value)
