"""Entries of the audit log as rows, for tests that look at a few of them."""

import sqlalchemy as sa

from mxlib.store import Tx
from mxlib.store.tables import audit


def audit_entries(tx: Tx, *, most: int = 500, run: int | None = None) -> list[sa.RowMapping]:
    """Return the latest entries, newest first."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(most)
    if run is not None:
        query = query.where(audit.c.run == run)
    return list(tx.execute(query).mappings())
