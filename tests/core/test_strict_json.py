"""Request bodies as JSON: parsed when valid, and refused with the reason when not."""

import json
import pickle
import sys
from typing import Any

import pytest

from mxlib.core import strict_json
from mxlib.core.invalid_body import InvalidBody


def refusal(body: bytes) -> InvalidBody:
    with pytest.raises(InvalidBody) as caught:
        strict_json.parse(body)
    return caught.value


@pytest.mark.parametrize(
    "value",
    [
        {"rows": [{"username": "nina", "quota": 2048, "limit": None, "name": "Nina Özil"}]},
        {"a": {"b": [1, -2.5, 1e300, True, False, {}, []]}},
        [],
        "王伟 😀",
        None,
    ],
)
@pytest.mark.parametrize("is_ascii", [True, False])
def test_a_valid_body_is_parsed_as_it_was_written(value: Any, is_ascii: bool) -> None:
    assert strict_json.parse(json.dumps(value, ensure_ascii=is_ascii).encode()) == value


def test_whole_numbers_stay_whole_and_others_are_fractions() -> None:
    numbers = strict_json.parse(b"[1024, 1024.0]")
    assert [type(number) for number in numbers] == [int, float]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is no JSON (line 1, column 1)."),
        (b"username=nina", "The body is no JSON (line 1, column 1)."),
        (b'{"quota" 1024}', "The body is no JSON (line 1, column 10)."),
        (b'{"username":\n "nina"\n "quota": 1}', "The body is no JSON (line 3, column 2)."),
        (b'{"a": 1} {"a": 2}', "The body is no JSON (line 1, column 10)."),
        (b'"a line\nbreak"', "The body is no JSON (line 1, column 8)."),
        (b'"\xff"', "The body is no JSON."),
    ],
)
def test_a_body_that_is_no_json_is_refused_with_the_place(body: bytes, message: str) -> None:
    error = refusal(body)
    assert (str(error), error.field) == (message, "")


@pytest.mark.parametrize("name", ["NaN", "Infinity", "-Infinity"])
def test_names_of_numbers_that_json_lacks_are_refused(name: str) -> None:
    assert str(refusal(f'{{"quota": [{name}]}}'.encode())) == f"The body is no JSON: {name} is no number in it."


@pytest.mark.parametrize("digits", ["1" * 100, "-" + "1" * 99, "0." + "1" * 998, "1.7976931348623157e308"])
def test_the_largest_numbers_are_read(digits: str) -> None:
    assert strict_json.parse(digits.encode()) == pytest.approx(float(digits))


@pytest.mark.parametrize("digits", ["1" * 101, "-" + "1" * 100, "1" * 1_000_000, "0." + "1" * 999, "1e309", "-1e999"])
def test_a_number_that_is_too_large_is_refused_and_quoted_in_brief(digits: str) -> None:
    message = str(refusal(f'{{"quota": {digits}}}'.encode()))
    shown = message.removeprefix("The body holds a number that is too large: ").removesuffix(".")
    assert message != shown
    assert len(shown) <= 40
    assert digits.startswith(shown.removesuffix("…"))


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ('{"username": "a", "username": "b"}', "username"),
        ('{"username": "a", "username": "a"}', "username"),
        ('{"rows": [{"quota": 1}, {"limit": 1, "quota": 1, "quota": 2}]}', "quota"),
        ('{"once": 1, "twice": 1, "tw\\u0069ce": 1}', "twice"),
        ('{"a\\n\\u202eb": 1, "a\\n\\u202eb": 1}', "a b"),
    ],
)
def test_a_key_that_is_twice_in_one_object_is_refused_by_its_name(body: str, name: str) -> None:
    assert str(refusal(body.encode())) == f"The body says {name} twice in one object. Keep one."


def test_the_same_key_in_different_objects_is_allowed() -> None:
    body = b'{"quota": 1, "rows": [{"quota": 2}, {"quota": 3}]}'
    assert strict_json.parse(body) == {"quota": 1, "rows": [{"quota": 2}, {"quota": 3}]}


@pytest.mark.parametrize(
    "body",
    [
        rb'"Geheim.2026\ud83d"',
        rb'"\uDC00"',
        rb'"\ude00\ud83d"',
        rb'[{"name": {"\ud83d": 1}}]',
        rb'["\ud83d\ude00", "\ud83d"]',
    ],
)
def test_half_of_a_surrogate_pair_is_refused_anywhere_in_the_body(body: bytes) -> None:
    assert str(refusal(body)) == "The body holds half of a surrogate pair, which is no character."


@pytest.mark.parametrize(
    ("body", "text"), [(rb'"\ud83d\uDE00"', "😀"), (rb'"\\ud83d"', r"\ud83d"), (rb'"\ud7ff"', "\ud7ff")]
)
def test_whole_pairs_and_escapes_that_only_look_like_half_are_read(body: bytes, text: str) -> None:
    assert strict_json.parse(body) == text


@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_body_that_is_nested_too_deeply_is_refused(start: bytes, end: bytes) -> None:
    deep = 100 * sys.getrecursionlimit()
    assert str(refusal(start * deep + b"1" + end * deep)) == "The body is nested too deeply."


def test_a_refused_body_leaves_no_cause_with_its_content() -> None:
    error = refusal(b'{"password": "Geheim.2026x", oops}')
    assert error.__suppress_context__
    assert "Geheim" not in str(error)


def test_the_error_of_a_worker_process_arrives_with_its_field_and_message() -> None:
    error = pickle.loads(pickle.dumps(InvalidBody("rows", "rows: too many.")))
    assert type(error) is InvalidBody
    assert (error.field, str(error)) == ("rows", "rows: too many.")


@pytest.mark.parametrize("body", [b'"Geheim.2026x\xed\xa0\xbd"', '"\ud83d"'.encode("utf-16", "surrogatepass")])
def test_an_encoded_surrogate_is_refused_instead_of_replaced(body: bytes) -> None:
    assert str(refusal(body)) == "The body is no JSON."


def test_a_byte_order_mark_and_utf_16_are_read() -> None:
    assert strict_json.parse('"ü"'.encode("utf-8-sig")) == "ü"
    assert strict_json.parse('"ü"'.encode("utf-16")) == "ü"
