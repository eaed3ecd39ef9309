"""Counts of run rows by domain, and the rows that are shown one by one."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NamedTuple

import sqlalchemy as sa

from mxlib.core.text import reasons
from mxlib.store.records import RowRecord
from mxlib.store.tables import run_row
from mxlib.store.transaction import Tx

_ROW = [run_row.c[column.name] for column in fields(RowRecord)]

#: The domain, the verdict and the outcome of rows.
Group = tuple[str, str, str]


class Invalid(NamedTuple):
    """Text of an invalid row, without its cells."""

    domain: str
    username: str
    outcome: str
    action: str
    code: str
    detail: dict[str, Any] | None
    words: str

    @property
    def reason(self) -> str:
        """Return why it has its outcome, as text."""
        return reasons.stored_text(self.code, self.detail, self.words, self.action)


def by_domain(tx: Tx, numbers: Iterable[int]) -> dict[int, dict[Group, int]]:
    """Return how many rows of each run have each domain, verdict and outcome."""
    parts = run_row.c.run, run_row.c.domain, run_row.c.verdict, run_row.c.outcome
    query = sa.select(*parts, sa.func.count()).where(run_row.c.run.in_(list(numbers))).group_by(*parts)
    found: dict[int, dict[Group, int]] = {}
    for number, domain, verdict, outcome, count in tx.execute(query):
        found.setdefault(number, {})[domain, verdict, outcome] = count
    return found


def domains(tx: Tx, number: int) -> set[str]:
    """Return the domains that the rows of a run name, left-out rows included."""
    return set(tx.execute(sa.select(run_row.c.domain).where(run_row.c.run == number).distinct()).scalars())


def invalid(tx: Tx, numbers: Iterable[int]) -> dict[int, list[Invalid]]:
    """Return the texts of the invalid rows of each run, in file order."""
    parts = run_row.c.run, *(run_row.c[name] for name in Invalid._fields)
    where = run_row.c.run.in_(list(numbers)), run_row.c.verdict == "invalid"
    found: dict[int, list[Invalid]] = {}
    for number, *said in tx.execute(sa.select(*parts).where(*where).order_by(run_row.c.run, run_row.c.position)):
        found.setdefault(number, []).append(Invalid(*said))
    return found


def differing(tx: Tx, number: int) -> list[RowRecord]:
    """Return the rows of a run that differ at the host, in file order."""
    return _rows(tx, (run_row.c.run == number) & (run_row.c.differs != ""))


def _rows(tx: Tx, where: sa.ColumnElement[bool]) -> list[RowRecord]:
    return [RowRecord(*row) for row in tx.execute(sa.select(*_ROW).where(where).order_by(run_row.c.position))]
