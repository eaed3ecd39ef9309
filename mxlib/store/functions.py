"""SQL functions that each database has under another name."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from mxlib.store import storable_text
from mxlib.store.column_types import Integer, Text


class position(FunctionElement[int]):
    """The place of a text in another, from 1; 0 where it is not."""

    name = "position"
    type = sa.Integer()
    inherit_cache = True


class as_text(FunctionElement[str]):
    """A JSON column as the text that is stored."""

    name = "as_text"
    type = Text
    inherit_cache = True


class json_values(FunctionElement[str]):
    """The values of a JSON list, one a row."""

    name = "json_values"
    type = Text
    inherit_cache = True


class json_item(FunctionElement[str]):
    """The value at a place of a JSON list, from 0."""

    name = "json_item"
    type = Text
    inherit_cache = True


class json_length(FunctionElement[int]):
    """The number of values of a JSON list."""

    name = "json_length"
    type = sa.Integer()
    inherit_cache = True


_FORMS = {
    position: ("instr({0}, {1})", "strpos({0}, {1})"),
    as_text: ("{0}", '(CAST({0} AS TEXT) COLLATE "C")'),
    json_values: ("json_each({0})", "json_array_elements_text(CAST({0} AS JSON))"),
    json_item: ("json_extract({0}, '$[' || {1} || ']')", "(CAST({0} AS JSON) ->> {1})"),
    json_length: ("json_array_length({0})", "json_array_length({0})"),
}


def _compile(form: str) -> Any:
    def compiled(element: FunctionElement[Any], compiler: SQLCompiler, **options: Any) -> str:
        return form.format(*(compiler.process(each, **options) for each in element.clauses))

    return compiled


for _function, (_sqlite, _postgresql) in _FORMS.items():
    compiles(_function, "sqlite")(_compile(_sqlite))
    compiles(_function, "postgresql")(_compile(_postgresql))


def each_value(of: sa.ColumnElement[Any] | list[Any]) -> sa.TableValuedAlias:
    """Return the values of a JSON column, or of a list, as a table.

    Its column is `value`.
    """
    given = sa.literal(storable_text.dumps(of), sa.Text) if isinstance(of, list) else of
    return json_values(given).table_valued(sa.column("value", Text))


def texts(values: Iterable[str]) -> sa.Select[tuple[Any]]:
    """Return a query of texts: there may be more of them than one statement has parameters."""
    return sa.select(each_value(sorted(values)).c.value)


def numbers(values: Iterable[int]) -> sa.Select[tuple[Any]]:
    """Return a query of whole numbers, as `texts`."""
    return sa.select(sa.cast(each_value(sorted(values)).c.value, Integer))
