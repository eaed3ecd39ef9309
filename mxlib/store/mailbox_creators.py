"""Creators of mailboxes, by the audit log.

A mailbox that exists without a successful response may have been created by someone else.
"""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import MAILBOX_REPLACED, AuditAction
from mxlib.store.tables import audit
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class Maker:
    """Creator of a mailbox: a run, or a person by hand (None)."""

    run: int | None


def find_maker(tx: Tx, address: str, *, after: int = 0, at: float = 0.0, but: Collection[int] = ()) -> Maker | None:
    """Return who created the mailbox `address`, other than the runs `but`.

    It looks for creations after entry `after` and since `at`. A mailbox that they deleted since, or that MXroute did
    not create though it reported so, does not count.
    """
    query = sa.select(audit.c.what, audit.c.run).where(
        audit.c.on == address,
        audit.c.id > after,
        audit.c.at >= at,
        audit.c.what.in_((*MAILBOX_REPLACED, AuditAction.MAILBOX_NOT_DONE)),
        audit.c.run.is_(None) | audit.c.run.not_in(list(but)),
    )
    maker: Maker | None = None
    for what, run in tx.execute(query.order_by(audit.c.id)):
        if what == AuditAction.MAILBOX_CREATE:
            maker = Maker(run)
        elif what == AuditAction.MAILBOX_DELETE or (maker is not None and run is not None and run == maker.run):
            maker = None
    return maker
