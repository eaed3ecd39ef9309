"""Leases by a clock that a test moves."""

import sqlalchemy as sa

from mxlib.clock import Clock
from mxlib.store import Store


def by_clock(store: Store, clock: Clock) -> None:
    """Let a store take the time of leases from `clock`: PostgreSQL would take that of its server."""

    def time() -> sa.ColumnElement[float]:
        return sa.bindparam(None, callable_=clock.now, type_=sa.Float())

    store.database.time = time  # type: ignore[method-assign]
