"""Creates that a mailbox list may not show yet: those under way, and those done since it was read."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from mxlib.core.vocabulary import AT_AN_END, OPEN, Action, Outcome
from mxlib.store import manual_writes
from mxlib.store.tables import last_list, run, run_row
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class Create:
    """A mailbox that a run creates or created; `run` is None by hand."""

    run: int | None
    domain: str
    username: str

    @property
    def address(self) -> str:
        """Return the full address."""
        return f"{self.username}@{self.domain}"


def find(tx: Tx, domains: Collection[str]) -> list[Create]:
    """Return the creates in these domains that the last lists may not show."""
    names = list(domains)
    oldest = sa.select(sa.func.min(last_list.c.read_at)).where(last_list.c.domain.in_(names)).scalar_subquery()
    recent = sa.select(run.c.id).where(run.c.status.not_in(AT_AN_END) | (run.c.finished_at >= oldest))
    rows = sa.select(run_row.c.run, run_row.c.domain, run_row.c.username).where(
        run_row.c.run.in_(recent),
        run_row.c.domain.in_(names),
        run_row.c.action == Action.CREATE,
        run_row.c.outcome.in_((*OPEN, Outcome.CREATED)),
    )
    found = [Create(number, domain, username.lower()) for number, domain, username in tx.execute(rows)]
    by_hand = ((name, username) for name in names for username in manual_writes.usernames_on_their_way(tx, name))
    return [*found, *(Create(None, domain, username) for domain, username in by_hand)]
