"""The passwords of runs: sealed with a key of each run's own, opened while they are kept, then forgotten for good."""

from collections.abc import Mapping

import sqlalchemy as sa

from mxlib.store import clock_guard
from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.records import RunRecord
from mxlib.store.tables import run, run_row
from mxlib.store.transaction import Tx


def due(tx: Tx, now: float) -> list[int]:
    """Runs at an end whose passwords were kept long enough; a row that is not settled may need its own yet."""
    unsettled = sa.select(run_row.c.run).where(run_row.c.outcome.in_(("sending", "settling")))
    ended = run.c.status.in_(("finished", "stopped"))
    return list(
        tx.execute(
            sa.select(run.c.id)
            .where(ended, run.c.wrapped_key.is_not(None), run.c.passwords_until <= now)
            .where(run.c.id.not_in(unsettled))
        ).scalars()
    )


def keep_from(tx: Tx, number: int, at: float) -> None:
    """Keep the passwords of a run that ends `at` for as long as was chosen from then on, or longer."""
    clock_guard.observe(tx, at)
    until = sa.func.max(run.c.passwords_until, at + run.c.retention_days * 86_400)
    tx.execute(run.update().where(run.c.id == number, run.c.wrapped_key.is_not(None)).values(passwords_until=until))


def drop(tx: Tx, number: int) -> None:
    """Forget a run's passwords and the key that opens them; `Store.scrub` then clears the log of them too."""
    tx.execute(run_row.update().where(run_row.c.run == number).values(sealed_password=None))
    # The digest holds a hash of the passwords, by which short ones could be guessed; at its end nothing asks for it.
    forgotten_run = run.update().where(run.c.id == number)
    tx.execute(forgotten_run.values(wrapped_key=None, passwords_until=None, plan_digest=""))


def forgotten(record: RunRecord) -> bool:
    """Whether a run had passwords that can be read no more."""
    return not record.plan_digest


def locked(server_key: ServerKey, record: RunRecord) -> bool:
    """Whether a run's passwords are kept, and this is not the key that opens them."""
    try:
        return record.wrapped_key is not None and not server_key.unwrap(record.wrapped_key)
    except DecryptionFailed:
        return True


def opened(tx: Tx, server_key: ServerKey, number: int, wanted: Mapping[int, bytes]) -> dict[int, str]:
    """The opened passwords of the rows `wanted` (position to sealed password); empty once they were forgotten."""
    wrapped = tx.execute(sa.select(run.c.wrapped_key).where(run.c.id == number)).scalar()
    if wrapped is None:
        return {}
    key = server_key.unwrap(wrapped)
    return {position: key.open_password(sealed, position) for position, sealed in wanted.items()}
