"""Searches for parts of texts, in SQL."""

from typing import Any

import sqlalchemy as sa

#: Characters of the longest part that any stored text could hold; SQLite refuses patterns of 50,000 bytes.
LONGEST = 1_000


def contains(column: sa.Column[Any], text: str) -> sa.ColumnElement[bool]:
    """Match rows whose `column` contains `text`, in any case."""
    return column.icontains(text, autoescape=True) if len(text) <= LONGEST else sa.false()


def begins(column: sa.Column[Any], text: str) -> sa.ColumnElement[bool]:
    """Match rows whose `column` begins with `text`."""
    return column.startswith(text, autoescape=True) if len(text) <= LONGEST else sa.false()
