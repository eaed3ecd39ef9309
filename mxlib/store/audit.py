"""The audit trail: who did what, on what, when, from where. It only grows."""

import sqlalchemy as sa

from mxlib.store.database import Tx
from mxlib.store.tables import audit, meta


def append(
    tx: Tx,
    *,
    at: float,
    who: str,
    kind: str,
    what: str,
    on: str,
    address: str = "",
    run: int | None = None,
    outcome: str = "",
) -> None:
    """Add one entry: `kind` is operator, token or engine, `what` such as "run.start" or "mailbox.create"."""
    tx.execute(
        audit.insert().values(at=at, who=who, kind=kind, what=what, on=on, address=address, run=run, outcome=outcome)
    )


def entries(tx: Tx, *, most: int = 500, run: int | None = None) -> list[sa.RowMapping]:
    """The latest entries, newest first."""
    query = sa.select(audit).order_by(audit.c.id.desc()).limit(most)
    if run is not None:
        query = query.where(audit.c.run == run)
    return list(tx.execute(query).mappings())


def forget(tx: Tx, before: float) -> int:
    """Drop what is older than `before`, and only that: a trigger guards everything younger; how many entries went."""
    kept_since = meta.insert().prefix_with("OR REPLACE").values(name="audit_kept_since", value=str(before))
    tx.execute(kept_since)
    return tx.execute(audit.delete().where(audit.c.at < before)).rowcount
