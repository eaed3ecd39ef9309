"""The columns of a preview: what is wrong comes first, and what is empty is hidden."""

from typing import Any

import pandas as pd

from mxlib.core.editing import columns
from mxlib.core.editing.columns import LONG
from mxlib.core.schema import COLUMNS, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate

ACCOUNT = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
GOOD = "Winter-2026"


def validated(*rows: dict[str, Any], line: int = 2) -> pd.DataFrame:
    names = {name for row in rows for name in row} | {"username"}
    cells = {name: [row.get(name, "") for row in rows] for name in names - {"ticked"}}
    ticked = [row.get("ticked", True) for row in rows]
    return validate(make_rows(cells, line=[line] * len(rows), ticked=ticked), ACCOUNT, Defaults("a.nl"))


def test_columns_without_any_value_are_hidden_and_the_name_is_beside_the_username() -> None:
    rows = validated({"username": "ann", "password": GOOD, "name": "Ann Smit"}, {"username": "bob", "password": GOOD})
    assert columns.choose(rows, [0, 1]).names == ("name", "username", "password")


def test_columns_with_errors_come_first_those_with_most_before_the_others() -> None:
    rows = validated(
        {"username": "ann", "password": GOOD, "limit": "many", "quota": "1"},
        {"username": "bob", "password": GOOD, "limit": "many"},
        {"username": "cas", "password": GOOD, "quota": "lots"},
        {"username": "dirk", "password": "weak", "ticked": False},
    )
    assert columns.choose(rows, [0, 1, 2, 3]).names == ("username", "limit", "quota", "password")


def test_an_empty_column_with_an_error_is_shown() -> None:
    assert columns.choose(validated({"username": "ann"}), [0]).names == ("username", "password")


def test_every_column_is_shown_on_request_and_while_a_row_added_by_hand_is_empty() -> None:
    rows = validated({"username": "ann", "password": GOOD})
    assert set(columns.choose(rows, [0], every=True).names) == set(COLUMNS)
    assert set(columns.choose(validated({"username": ""}, line=0), [0]).names) == set(COLUMNS)


def test_rows_wrap_when_a_tenth_of_those_on_the_page_have_a_long_problem() -> None:
    fine = [{"username": f"name{number}", "password": GOOD} for number in range(19)]
    rows = validated({"username": "a b", "password": "weak", "quota": "lots"}, *fine)
    (longest, *_) = map(len, columns.problems(rows))
    assert longest > LONG
    chosen = columns.choose(rows, list(range(20)))
    assert (chosen.longest, chosen.wraps) == (longest, False)
    assert columns.choose(rows, list(range(10))).wraps
    assert not columns.choose(rows, list(range(1, 10))).wraps
