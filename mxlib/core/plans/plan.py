"""A plan: what exactly will be done, row by row, frozen when the operator confirms."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self, TypedDict, Unpack

from mxlib.core.schema import STORED_HERE
from mxlib.core.vocabulary import Action, RunKind, Verdict


class Asked(TypedDict, total=False):
    """What a row may ask for, beside who it is about."""

    verdict: Verdict
    password: str
    generated: bool
    quota: int | None
    limit: int | None
    stored: Mapping[str, str]
    left_out: str
    cells: Mapping[str, str]
    sealed_cells: bytes | None


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One input row and what will become of it; `left_out` is the reason when it will not be sent.

    `stored` has the values that are kept in the app's own database, by column; CLEAR forgets one. In an update a blank
    one, a blank `password` and a missing `quota` or `limit` keep what there is, and a limit without a password is not
    sent: the host would not take it. `before` holds what was known when the plan was made, by column, with `usage` and
    `sent`; `unused` in a delete means that it goes only if the mailbox,
    read right before, is still unused and has that quota and limit; `unchanged` in an update that it is done only if
    the mailbox still has
    what is in `before`. A figure that is not known there may be any.
    `sealed_cells` stand for `cells` in a row that comes of an earlier run's.
    """

    position: int
    line: int
    username: str
    domain: str
    action: Action = Action.CREATE
    verdict: Verdict = Verdict.READY
    password: str = field(default="", repr=False)
    generated: bool = False
    quota: int | None = None
    limit: int | None = None
    stored: Mapping[str, str] = field(default_factory=dict)
    left_out: str = ""
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)
    sealed_cells: bytes | None = field(default=None, repr=False)
    before: Mapping[str, object] = field(default_factory=dict, repr=False)

    @classmethod
    def create(cls, position: int, line: int, username: str, domain: str, **asked: Unpack[Asked]) -> Self:
        """A row that makes a mailbox."""
        return cls(position, line, username, domain, **asked)

    @classmethod
    def update(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        **asked: Unpack[Asked],
    ) -> Self:
        """A row that changes a mailbox, which had `before`."""
        return cls(position, line, username, domain, Action.UPDATE, before=before, **asked)

    @classmethod
    def delete(
        cls,
        position: int,
        line: int,
        username: str,
        domain: str,
        *,
        before: Mapping[str, object],
        sealed_cells: bytes | None = None,
    ) -> Self:
        """A row that deletes a mailbox, which had `before`."""
        return cls(position, line, username, domain, Action.DELETE, before=before, sealed_cells=sealed_cells)

    @property
    def address(self) -> str:
        """The full address; as far as it is known, for a row that is invalid."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def asks_host(self) -> bool:
        """Whether this row costs a write; what is stored here alone does not."""
        changes = self.action is not Action.UPDATE or bool(self.password) or self.quota is not None
        return changes and not self.left_out

    @property
    def acts(self) -> bool:
        """Whether this row changes anything, at the host or here."""
        return self.asks_host or bool(any(self.stored.values()) and not self.left_out)


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
                        *(row.stored.get(column.name, "") for column in STORED_HERE),
                        row.left_out,
                        hashlib.sha256(row.password.encode()).hexdigest(),
                    ]
                ).encode()
            )
        return told.hexdigest()
