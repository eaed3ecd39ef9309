"""Strict JSON for request bodies: it refuses duplicate keys, and numbers and characters that do not exist."""

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

from mxlib.core.format import readable
from mxlib.core.invalid_body import InvalidBody

#: Digits of the longest integer; no cell needs more.
_LONGEST_NUMBER = 100

_HALF_A_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


def parse(data: bytes) -> Any:
    """Parse a request body; raise InvalidBody when it is not valid JSON.

    Duplicate keys, NaN, Infinity, numbers that are too large and lone surrogates are refused as well.
    """
    try:
        # Strict, unlike json.loads(bytes), which lets encoded surrogates through.
        text = data.decode(json.detect_encoding(data))
        body = json.loads(
            text, parse_constant=_no_number, parse_float=_float, parse_int=_int, object_pairs_hook=_object
        )
        if _HALF_A_PAIR.search(text):
            json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidBody("", "The body holds half of a surrogate pair, which is no character.") from None
    except RecursionError:
        raise InvalidBody("", "The body is nested too deeply.") from None
    except ValueError as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidBody("", f"The body is no JSON{where}.") from None
    return body


def _no_number(name: str) -> NoReturn:
    raise InvalidBody("", f"The body is no JSON: {name} is no number in it.")


def _float(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER * 10:
        raise _too_long(digits)
    number = float(digits)
    if math.isinf(number):
        raise _too_long(digits)
    return number


def _int(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise _too_long(digits)
    return int(digits)


def _too_long(digits: str) -> InvalidBody:
    return InvalidBody("", f"The body holds a number that is too large: {readable(digits)}.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build one object; refuse duplicate keys, as either value could be the intended one."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InvalidBody("", f"The body says {readable(twice)} twice in one object. Keep one.")
    return members
