"""Statements for the driver itself, whose rows keep the types that are stored.

They are written as SQLite has them: each `?` is a parameter, and none is within a text.
"""

from functools import cache
from typing import Any

import sqlalchemy as sa

from mxlib.store.transaction import Tx

#: The detail of an audit entry as the text that is stored, which its hash is of.
DETAIL = "AS_STORED(detail)"


def execute(tx: Tx, statement: str, *parameters: object) -> sa.CursorResult[*tuple[Any, ...]]:
    """Execute a statement."""
    return tx.exec_driver_sql(_written(statement, tx.dialect.name), parameters)


@cache
def _written(statement: str, dialect: str) -> str:
    if dialect == "sqlite":
        return statement.replace(DETAIL, "detail")
    return statement.replace(DETAIL, "CAST(detail AS TEXT)").replace("?", "%s")
