"""Passwords of runs, sealed with each run's own key, readable during retention, then deleted."""

from collections.abc import Mapping

import sqlalchemy as sa

from mxlib.store import clock_guard, hand_over
from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.records import RunRecord
from mxlib.store.tables import run, run_key, run_row
from mxlib.store.transaction import Tx

#: Runs whose passwords can be read.
_KEPT = run.c.id.in_(sa.select(run_key.c.run))


def due(tx: Tx, now: float) -> list[int]:
    """Return the ended runs whose passwords are due for deletion.

    A run with rows that still have to be read back keeps them, since such a row may need its own.
    """
    unsettled = sa.select(run_row.c.run).where(run_row.c.outcome.in_(("sending", "settling")))
    ended = run.c.status.in_(("finished", "stopped"))
    return list(
        tx.execute(
            sa.select(run.c.id).where(ended, _KEPT, run.c.passwords_until <= now).where(run.c.id.not_in(unsettled))
        ).scalars()
    )


def ending(tx: Tx, now: float, until: float) -> list[tuple[int, float]]:
    """Return the ended runs whose passwords are deleted after `now` and by `until`.

    Each comes with that time.
    """
    ended = run.c.status.in_(("finished", "stopped"))
    kept = (_KEPT, run.c.passwords_until > now, run.c.passwords_until <= until)
    query = sa.select(run.c.id, run.c.passwords_until).where(ended, *kept).order_by(run.c.id)
    return [(row.id, row.passwords_until) for row in tx.execute(query)]


def keep_from(tx: Tx, number: int, at: float) -> None:
    """Keep the passwords of a run that ends `at` for its retention from then on.

    A later end that was set before stays.
    """
    clock_guard.observe(tx, at)
    until = at + run.c.retention_days * 86_400
    later = sa.case((run.c.passwords_until > until, run.c.passwords_until), else_=until)
    tx.execute(run.update().where(run.c.id == number, _KEPT).values(passwords_until=later))


def drop(tx: Tx, number: int) -> None:
    """Delete a run's passwords and the key that opens them; `Store.scrub` then clears the log.

    Who had one stays known.
    """
    hand_over.keep_owners(tx, number)
    tx.execute(run_row.update().where(run_row.c.run == number).values(sealed_password=None))
    # The digest holds a hash of the passwords, by which short ones could be guessed; an ended run needs it no longer.
    forgotten_run = run.update().where(run.c.id == number)
    tx.execute(run_key.delete().where(run_key.c.run == number))
    tx.execute(forgotten_run.values(passwords_until=None, plan_digest=""))


def renew(tx: Tx, server_key: ServerKey, number: int, position: int, password: str) -> bool:
    """Put a new password in the place of a row's.

    Return whether it is kept: that of a run whose passwords were deleted is not.
    """
    wrapped = tx.execute(sa.select(run_key.c.wrapped).where(run_key.c.run == number)).scalar()
    if wrapped is None:
        return False
    sealed = server_key.unwrap(wrapped).seal_password(password, position)
    row = run_row.update().where(run_row.c.run == number, run_row.c.position == position)
    tx.execute(row.values(sealed_password=sealed))
    return True


def forgotten(record: RunRecord) -> bool:
    """Return whether a run had passwords that can no longer be read."""
    return not record.plan_digest


def locked(server_key: ServerKey, record: RunRecord) -> bool:
    """Return whether a run's passwords are stored, but this key does not open them."""
    try:
        return record.wrapped_key is not None and not server_key.unwrap(record.wrapped_key)
    except DecryptionFailed:
        return True


def opened(tx: Tx, server_key: ServerKey, number: int, sealed_passwords: Mapping[int, bytes]) -> dict[int, str]:
    """Return the decrypted passwords of the rows `sealed_passwords`, by position; empty once they were deleted.

    `sealed_passwords` has the sealed password of each position.
    """
    wrapped = tx.execute(sa.select(run_key.c.wrapped).where(run_key.c.run == number)).scalar()
    if wrapped is None:
        return {}
    key = server_key.unwrap(wrapped)
    return {position: key.open_password(sealed, position) for position, sealed in sealed_passwords.items()}
