"""The rows in view: by badge, by search, and their order."""

from typing import Any

import pandas as pd
import pytest

from mxlib.core.editing import filters
from mxlib.core.editing.filters import SortOrder
from mxlib.core.schema import make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

ACCOUNT = AccountSnapshot(frozenset({"a.nl", "b.nl"}), {"a.nl": frozenset({"there"}), "b.nl": frozenset()})
GOOD = "Geheim.2026x"


@pytest.fixture
def validated() -> pd.DataFrame:
    rows = make_rows(
        {
            "username": ["zoe", "has space", "there", "zoe", "kim@b.nl", "out", "noPass"],
            "password": [GOOD, GOOD, "", GOOD, "Geheim2026x", GOOD, ""],
            "recovery_email": ["Zoe@Example.org", "", "", "", "", "", ""],
            "name": ["Zoë Bakker", "", "", "", "Kim Özil", "", ""],
        },
        line=list(range(2, 9)),
        ticked=[True] * 5 + [False, True],
    )
    return validate(rows, ACCOUNT, Defaults("a.nl"))


def lines(validated: pd.DataFrame, mask: Any) -> list[int]:
    return [int(line) for line in validated.loc[mask, "line"]]


def test_every_badge_selects_its_rows_and_left_out_rows_have_no_other_kind(validated: pd.DataFrame) -> None:
    kinds: dict[str, list[int]] = {
        filters.ALL: [2, 3, 4, 5, 6, 7, 8], Verdict.READY: [2, 6], Verdict.INVALID: [3], Verdict.EXISTS: [4],
        Verdict.DUPLICATE: [5], filters.WARNINGS: [6], filters.LEFT_OUT: [7], Verdict.NEEDS_PASSWORD: [8],
    }  # fmt: skip
    assert {kind: lines(validated, filters.select_kind(validated, kind)) for kind in kinds} == kinds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zoe", [2, 5]),
        ("ZOE@example", [2]),
        ("kim@b.nl", [6]),
        ("kim ö", [6]),
        ("there@a.nl", [4]),
        ("try has.space", [3]),
        ("special character", [6]),
        ("nopass", [8]),
        ("  out@ ", [7]),
        ("", [2, 3, 4, 5, 6, 7, 8]),
        ("a.*l", []),
        (GOOD, []),
    ],
)
def test_search_covers_addresses_names_recovery_emails_and_reasons_never_passwords(
    validated: pd.DataFrame, text: str, found: list[int]
) -> None:
    assert lines(validated, filters.select_text(validated, text)) == found


def test_rows_are_sorted_by_line_by_urgency_or_by_address(validated: pd.DataFrame) -> None:
    every = filters.select_kind(validated, filters.ALL)

    def lines_by(order: SortOrder) -> list[int]:
        return [at + 2 for at in filters.sort(validated, every, order)]

    assert lines_by(SortOrder.LINE) == [2, 3, 4, 5, 6, 7, 8]
    assert lines_by(SortOrder.PROBLEMS) == [3, 5, 8, 4, 6, 2, 7]
    assert lines_by(SortOrder.ADDRESS) == [3, 8, 7, 4, 2, 5, 6]


def test_sorting_no_rows_gives_no_rows(validated: pd.DataFrame) -> None:
    nothing = filters.select_text(validated, "nobody")
    assert [filters.sort(validated, nothing, order) for order in SortOrder] == [[], [], []]
    empty = validated.iloc[:0]
    assert filters.sort(empty, filters.select_text(empty, "x"), SortOrder.ADDRESS) == []
