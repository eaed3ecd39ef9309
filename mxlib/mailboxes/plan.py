"""A plan: what exactly will be done, row by row, frozen when the operator confirms."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from mxlib.mailboxes.columns import Verdict


class Action(StrEnum):
    """What a row asks of the host."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """One input row and what will become of it; `left_out` is the reason when it will not be sent."""

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
    before: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """The full address; as far as it is known, for a row that is invalid."""
        return f"{self.username}@{self.domain}" if self.domain else self.username

    @property
    def will_be_sent(self) -> bool:
        """Whether this row costs a request."""
        return not self.left_out


@dataclass(frozen=True)
class Plan:
    """All rows of one confirmed import, in file order; every input row is here, sent or left out."""

    file_name: str
    file_digest: str
    rows: tuple[PlannedRow, ...] = field(repr=False)

    def sent(self) -> Iterator[PlannedRow]:
        """The rows that cost a request."""
        return (row for row in self.rows if row.will_be_sent)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domains that will be written to, sorted."""
        return tuple(sorted({row.domain for row in self.sent()}))

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
