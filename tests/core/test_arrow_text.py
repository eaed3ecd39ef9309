"""Tests of looking for characters in whole columns: as regular expressions find them, for any text."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import arrow_text
from mxlib.core.arrow_text import BEYOND_ASCII

_CELLS = st.lists(st.text(st.sampled_from('aZ09 .@*?[]\t\r\n"é•\ufffd𝒳')), max_size=12)
_SIGNS = st.sets(st.sampled_from('aZ09 .@*?[]\t\r\n"'), min_size=1).map(lambda signs: "".join(sorted(signs)))


def _column(cells: list[str], kind: pa.DataType) -> pa.Array:
    """Return a column that is a slice of a longer one, as those of a sheet are."""
    return pa.array(["@*é", *cells, "a.", ""], kind).slice(1, len(cells))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
@given(cells=_CELLS, signs=_SIGNS, beyond=st.booleans())
def test_finds_signs_as_a_regular_expression_does(
    kind: pa.DataType, cells: list[str], signs: str, beyond: bool
) -> None:
    pattern = "[" + re.escape(signs) + ("\x80-\U0010ffff]" if beyond else "]")
    signs += BEYOND_ASCII if beyond else ""
    column = _column(cells, kind)
    assert arrow_text.contain_sign(column, signs).tolist() == [bool(re.search(pattern, cell)) for cell in cells]
    assert arrow_text.begin_with(column, signs).tolist() == [bool(re.match(pattern, cell)) for cell in cells]
    assert arrow_text.end_with(column, signs).tolist() == [bool(re.search(rf"{pattern}\Z", cell)) for cell in cells]


@given(cells=_CELLS, sets=st.lists(_SIGNS, min_size=1, max_size=8))
def test_tells_several_sets_of_signs_apart(cells: list[str], sets: list[str]) -> None:
    found = arrow_text.classes(_column(cells, pa.large_string()), *sets)
    assert found.tolist() == [
        sum(any(sign in cell for sign in signs) << bit for bit, signs in enumerate(sets)) for cell in cells
    ]


def test_finds_frequent_and_rare_signs_alike() -> None:
    cells = [*(f"a{number}" for number in range(50)), "", "rare-", "none"]
    column = pa.array(cells, pa.large_string())
    assert np.flatnonzero(arrow_text.contain_sign(column, "-")).tolist() == [51]
    assert np.flatnonzero(arrow_text.contain_sign(column, "a-")).tolist() == [*range(50), 51]


def test_finds_nothing_in_columns_without_text() -> None:
    for cells in ([], [""], ["", "", ""]):
        column = pa.array(cells, pa.large_string())
        nothing = np.zeros(len(cells), bool).tolist()
        assert arrow_text.contain_sign(column, "a" + BEYOND_ASCII).tolist() == nothing
        assert arrow_text.begin_with(column, "a").tolist() == arrow_text.end_with(column, "a").tolist() == nothing
        assert arrow_text.classes(column, "a", "b").tolist() == [0] * len(cells)


def test_finds_a_rare_sign_at_both_ends_of_a_cell() -> None:
    cells = ["none"] * 20
    cells[5:8] = ["", "-begins", "ends-"]
    column = pa.array([*cells, ""], pa.large_string())
    assert np.flatnonzero(arrow_text.contain_sign(column, "-")).tolist() == [6, 7]


def test_looks_at_long_columns_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_text, "_PIECE", 4)
    column = pa.array(["ab", "cdefgh", "", "b-", "é"], pa.large_string())
    assert arrow_text.classes(column, "b", "h-", BEYOND_ASCII).tolist() == [1, 2, 0, 3, 4]
