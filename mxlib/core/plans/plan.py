"""A plan: what exactly will be done, row by row, frozen when the operator confirms."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from mxlib.core.vocabulary import Action, RunKind, Verdict


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One input row and what will become of it; `left_out` is the reason when it will not be sent.

    In an update a blank `password` or `recovery_email` and a missing `quota` or `limit` keep what there is, and a limit
    without a password is not sent: the host would not take it. `before` holds what was known when the plan was made:
    `quota`, `limit`, `recovery_email`, `usage`, `sent`; `unused` in a delete means that it goes only if the mailbox,
    read right before, is still unused and has that quota and limit; `unchanged` in an update that it is done only if
    the mailbox still has
    what is in `before`. A figure that is not known there may be any.
    `sealed_cells` stand for `cells` in a row that comes of an earlier run's.
    """

    position: int
    line: int
    username: str
    domain: str
    password: str = field(repr=False)
    generated: bool
    quota: int | None
    limit: int | None
    recovery_email: str
    verdict: Verdict
    left_out: str = ""
    action: Action = Action.CREATE
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealed_cells: bytes | None = field(default=None, repr=False)
    before: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """The full address; as far as it is known, for a row that is invalid."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def asks_host(self) -> bool:
        """Whether this row costs a write; a recovery email is kept here alone."""
        changes = self.action is not Action.UPDATE or bool(self.password) or self.quota is not None
        return changes and not self.left_out

    @property
    def acts(self) -> bool:
        """Whether this row changes anything, at the host or here."""
        return self.asks_host or bool(self.recovery_email and not self.left_out)


@dataclass(frozen=True)
class Plan:
    """All rows of one confirmed import, in file order; every input row is here, sent or left out."""

    file_name: str
    file_digest: str
    rows: tuple[PlannedRow, ...] = field(repr=False)
    kind: RunKind = RunKind.IMPORT
    undo_of: int | None = None

    def sent(self) -> Iterator[PlannedRow]:
        """The rows that cost a write."""
        return (row for row in self.rows if row.asks_host)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains whose mailboxes will change, sorted."""
        return tuple(sorted({row.domain for row in self.rows if row.acts}))

    @cached_property
    def digest(self) -> str:
        """What makes two plans the same plan; passwords count through a hash only."""
        told = hashlib.sha256()
        for row in self.rows:
            told.update(
                json.dumps(
                    [
                        row.position,
                        row.action,
                        row.username,
                        row.domain,
                        row.quota,
                        row.limit,
                        row.recovery_email,
                        row.left_out,
                        hashlib.sha256(row.password.encode()).hexdigest(),
                    ]
                ).encode()
            )
        return told.hexdigest()
