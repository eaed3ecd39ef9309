"""Titles, remarks in brackets and nicknames are cut off names; names that only look alike stay whole."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.mapping import titles


def texts(*cells: str) -> pa.Array:
    return pa.array(cells, pa.large_string())


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("Dr. Heike", "Heike"),
        ("Prof. Dr. Anna Meier", "Anna Meier"),
        ("Prof. Dr. Dr. h.c. mult. Anna Meier", "Anna Meier"),
        ("Frau Anna Meier", "Anna Meier"),
        ("Ing. Karl Huber", "Karl Huber"),
        ("Dr.-Ing. Max Power", "Max Power"),
        ("Dipl.-Ing. (FH) Max Muster", "Max Muster"),
        ("Dr.Meier", "Meier"),
        ("Dr. med. Anna Meier", "Anna Meier"),
        ("Anna Meier, MSc", "Anna Meier"),
        ("Meier, Anna MSc", "Meier, Anna"),
        ("Meier, Dr. Anna", "Meier, Anna"),
        ("Dr. Meier, Anna", "Meier, Anna"),
        ("Mag. (FH) Eva Gruber, MA", "Eva Gruber"),
        ("Anna Bell, Ph.D.", "Anna Bell"),
        ("Karl-Heinz (Teilzeit)", "Karl-Heinz"),
        ("Graf von Berg [extern]", "Graf von Berg"),
        ('Robert "Bob" Smith', "Robert Smith"),
        ("Robert 'Bob' Smith", "Robert Smith"),
        ("„Kalle“ Karl Huber", "Karl Huber"),
    ],
)
def test_titles_remarks_and_nicknames_are_cut_off(name: str, bare: str) -> None:
    assert titles.bare(name) == bare
    found, changed = titles.cut(texts(name))
    assert (found.to_pylist(), changed.tolist()) == ([bare], [True])


@pytest.mark.parametrize(
    "name",
    [
        "Anna Ing", "Michael Herr", "Herr", "Dr.", "Yo-Yo Ma", "Phil Collins", "Dr", "J.P. Morgan", "M. Meier",
        "O'Brien", "D'Arcy O'Neil", "St. John", "Emma", "Nat Cole", "Anna M. Meier", "Berg, Jan van der", "Bakker,",
        "Pan Tau", "()", "", ",", "Drees", "Profumo",
    ],
)  # fmt: skip
def test_names_that_look_alike_stay_whole(name: str) -> None:
    found, changed = titles.cut(texts(name))
    assert (found.to_pylist(), changed.tolist()) == ([name], [False])


@pytest.mark.parametrize(("name", "bare"), [("Dr. H. Meier", "H. Meier"), ("Dr. Phil Collins", "Phil Collins")])
def test_a_first_name_behind_a_title_stays(name: str, bare: str) -> None:
    assert titles.bare(name) == bare


def test_a_column_of_first_names_may_hold_a_title_alone() -> None:
    found, changed = titles.cut(texts("Frau", "Anna"), first=True)
    assert (found.to_pylist(), changed.tolist()) == (["", "Anna"], [True, False])


@given(st.text(max_size=60), st.booleans())
def test_nothing_is_added_to_a_name(name: str, first: bool) -> None:
    left = titles.bare(name, first=first)
    assert left == name or not set(left) - set(name) - set(", ")
    assert titles.cut(texts(name), first=first)[0].to_pylist() in ([left], [name])
