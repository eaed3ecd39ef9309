"""The check value of the server's key: a start with another key is refused, before anything is written with it."""

import sqlalchemy as sa

from mxlib.store import audit_chain
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import meta
from mxlib.store.transaction import Tx
from mxlib.store.upsert import put_fact

_NAME = "key_check"
_READ = sa.select(meta.c.value).where(meta.c.name == _NAME)


def is_known(tx: Tx, *, has_chain: bool) -> bool:
    """Return whether the database knows its key: by the check value, else by its audit log, where that `has_chain`."""
    return tx.scalar(_READ) is not None or (has_chain and audit_chain.newest_key(tx) is not None)


def fits(tx: Tx, key: ServerKey, *, has_chain: bool) -> bool:
    """Return whether this is the key of the database, or it knows none."""
    recorded = tx.scalar(_READ)
    if recorded is not None:
        return bool(recorded == key.check)
    return not has_chain or audit_chain.newest_key(tx) in (None, key.audit.id)


def is_recorded(tx: Tx) -> bool:
    """Return whether the check value is in the database; earlier releases stored none."""
    return tx.scalar(_READ) is not None


def record(tx: Tx, key: ServerKey) -> None:
    """Store the check value of the key, in place of that of another one."""
    put_fact(tx, _NAME, key.check)
