"""Drafts: every operation returns a new draft, and no input of a browser is trusted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mxlib.core.editing.draft import Draft
from mxlib.core.schema import COLUMNS, MASK, ROW_METADATA, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

ACCOUNT = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
FAULT = "One value too many: put a password with a comma in quotes."


@pytest.fixture
def draft() -> Draft:
    rows = make_rows(
        {"username": ["ann", "bob", "cas"], "password": ["Winter-2026", "Gener-ated1", ""]},
        line=[2, 3, 5], origin=[0, 1, 2], generated=[False, True, False],
        fault=["", "", FAULT], fault_column=["", "", "password"],
    )  # fmt: skip
    return Draft(rows, ("Column 'Phone' is not used.",))


def cells(draft: Draft, column: str) -> list[Any]:
    return draft.rows[column].tolist()


def test_edits_change_their_cells_and_leave_the_previous_draft_unchanged(draft: Draft):
    before = draft.rows.copy(deep=True)
    edited = draft.edited({0: {"username": "anna", "quota": "2 GB"}, 2: {"username": "cees", "ticked": False}})
    assert cells(edited, "username") == ["anna", "bob", "cees"]
    assert cells(edited, "quota") == ["2 GB", "", ""]
    assert cells(edited, "ticked") == [True, True, False]
    pd.testing.assert_frame_equal(draft.rows, before)


def test_every_operation_keeps_columns_types_and_notes(draft: Draft):
    for other in (
        draft.edited({0: {"username": "x"}}),
        draft.ticked([1], False),
        draft.added(2),
        draft.deleted([0]),
        draft.deleted([0, 1, 2]),
        draft.without_generated(),
        draft.with_passwords(validate(draft.rows, ACCOUNT, Defaults("a.nl"))),
    ):
        assert list(other.rows.columns) == [*COLUMNS, *ROW_METADATA]
        assert other.rows.dtypes.equals(draft.rows.dtypes)
        assert other.rows.index.equals(pd.RangeIndex(len(other)))
        assert other.notes == draft.notes


def test_a_cleared_cell_is_blank_and_a_number_is_text(draft: Draft):
    edited = draft.edited({0: {"username": None, "quota": 2048}})
    assert (cells(edited, "username")[0], cells(edited, "quota")[0]) == ("", "2048")


@pytest.mark.parametrize(
    "changes",
    [
        {7: {"username": "x"}},
        {-1: {"username": "x"}},
        {0: {"line": 9}},
        {0: {"generated": True}},
        {0: {"fault": ""}},
        {0: {"nonsense": "x"}},
        {0: {"ticked": "no"}},
    ],
)
def test_invalid_edits_change_nothing(draft: Draft, changes: dict[int, dict[str, Any]]):
    pd.testing.assert_frame_equal(draft.edited(changes).rows, draft.rows)


@pytest.mark.parametrize("typed", [MASK, f"{MASK}x", f" {MASK}", "••"])
def test_a_mask_is_never_saved_as_a_password(draft: Draft, typed: str):
    pd.testing.assert_frame_equal(draft.edited({0: {"password": typed}, 1: {"password": typed}}).rows, draft.rows)


def test_a_typed_password_is_no_longer_a_generated_one(draft: Draft):
    edited = draft.edited({1: {"password": "Summer-2026"}})
    assert cells(edited, "generated") == [False, False, False]
    assert cells(edited, "password")[1] == "Summer-2026"


def test_an_edit_of_another_cell_leaves_the_password_generated(draft: Draft):
    assert cells(draft.edited({1: {"username": "bo"}}), "generated")[1] is True


def test_editing_the_faulty_cell_clears_the_fault(draft: Draft):
    assert cells(draft.edited({2: {"username": "cees"}}), "fault")[2] == FAULT
    fixed = draft.edited({2: {"password": "Comma,in-2026"}})
    assert cells(fixed, "fault")[2] == ""
    assert validate(fixed.rows, ACCOUNT, Defaults("a.nl"))["verdict"][2] == Verdict.READY


def test_a_lone_surrogate_in_an_edit_is_replaced(draft: Draft):
    assert cells(draft.edited({0: {"username": "a\ud800b"}}), "username")[0] == "a?b"


def test_a_cleared_tick_is_unticked(draft: Draft):
    assert cells(draft.edited({0: {"ticked": None}}), "ticked") == [False, True, True]


def test_ticks_are_cleared_and_set_again(draft: Draft):
    off = draft.ticked([0, 2], False)
    assert cells(off, "ticked") == [False, True, False]
    assert cells(off.ticked([2], True), "ticked") == [False, True, True]


def test_rows_are_added_on_top_without_a_line(draft: Draft):
    added = draft.added(2)
    assert cells(added, "line") == [0, 0, 2, 3, 5]
    assert cells(added, "username") == ["", "", "ann", "bob", "cas"]


def test_rows_added_by_hand_have_unique_negative_origins(draft: Draft):
    twice = draft.added(2).added().deleted([1]).added()
    origins = cells(twice, "origin")
    assert len(set(origins)) == len(origins)
    assert [origin >= 0 for origin in origins] == [False] * 3 + [True] * 3


def test_rows_are_found_again_by_their_origin(draft: Draft):
    assert draft.added().deleted([2]).positions([2, 0, 1]) == [2, 1]


def test_deleting_rows_keeps_the_lines_of_the_others(draft: Draft):
    left = draft.deleted([1, 99])
    assert cells(left, "line") == [2, 5]
    assert cells(left, "username") == ["ann", "cas"]
    assert len(draft) == 3


def test_generated_passwords_are_filled_and_removed(draft: Draft):
    filled = draft.with_passwords(validate(draft.rows, ACCOUNT, Defaults("a.nl")))
    assert cells(filled, "generated") == [False, True, True]
    emptied = filled.without_generated()
    assert cells(emptied, "password") == ["Winter-2026", "", ""]
    assert cells(emptied, "generated") == [False, False, False]


def test_drafts_share_the_memory_of_unchanged_columns(draft: Draft):
    edited = draft.edited({0: {"username": "x"}})
    for name in ("line", "origin"):
        assert np.shares_memory(edited.rows[name].to_numpy(), draft.rows[name].to_numpy())


def test_passwords_are_not_in_the_repr(draft: Draft):
    assert "Winter" not in repr(draft)
