"""Text as every database can store it: PostgreSQL refuses the NUL character, which files and requests may hold.

The replacement character takes its place, as in decoders. It is not dropped: a name with a NUL would then be
the one without, and guesses of its password in many spellings would be counted apart. It is done here, for
every parameter of every statement, so that no border can forget it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

#: What takes the place of a NUL character.
REPLACEMENT = "\ufffd"

_ESCAPED = "\\u0000"


def storable(text: str) -> str:
    """Return the text without NUL characters."""
    return text.replace("\0", REPLACEMENT) if "\0" in text else text


def dumps(value: object) -> str:
    """Return a value as JSON without NUL characters."""
    text = json.dumps(value)
    return json.dumps(_without(json.loads(text))) if _ESCAPED in text else text


def watch(engine: sa.Engine) -> None:
    """Replace NUL characters in the parameters of every statement."""
    event.listen(engine, "before_cursor_execute", _replace, retval=True)


def _replace(
    _tx: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
) -> tuple[str, Any]:
    return statement, [_clean(each) for each in parameters] if executemany else _clean(parameters)


def _clean(parameters: Any) -> Any:
    values = parameters.values() if isinstance(parameters, Mapping) else parameters or ()
    if not any(type(value) is str and "\0" in value for value in values):
        return parameters
    if isinstance(parameters, Mapping):
        return {name: _of(value) for name, value in parameters.items()}
    return tuple(map(_of, parameters))


def _of(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def _without(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable(name): _without(each) for name, each in value.items()}
    if isinstance(value, Sequence):
        return [_without(each) for each in value]
    return value
