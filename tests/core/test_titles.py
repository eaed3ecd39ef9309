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


# ruff: noqa: SIM905 - lists of words are read more easily as one text

#: Names of people in English, German, Dutch, French and Spanish, and of people who moved there.
ORDINARY = (
    "Edd China; Xiao Meng; Meng Li; LI MENG; Anna Mba; Mba Okafor; JOHN MBA; Beng Tan; Tan Beng; Sig Hansen; "
    "Mag Ruffman; Doc Rivers; Rev Carter; Md Rahman; Rahman Md; Emba Diallo; "
    "Michael Herr; Ulrich Frau; Ingo Mag; Anna Ing; Ing Chou; Karl Dent; Nat King; Phil Meier; Nora Rev; "
    "Jonas Doktor; Eva Prof; Hans Vet; Pia Sig; Uwe Mult; "
    "Fin de Vries; Jan van der Berg; Berg, Jan van der; Ir Bakker; Em Visser; Ao Jansen; Drees Willem; Mr; Bas Mas; "
    "Sra de Groot; Ma, Yo-Yo; "
    "Fr Dubois; Hon Lefebvre; Pan Tau; Jean Md; Chloé Beng; Léa Meng-Durand; Marc Vet; Inf Moreau; Pol Roux; "
    "Madame; Rea Phil; "
    "Sr García; Polo Dent; Ba Ruiz; Ana Ma; Doc Núñez; Rey Mag; Em Ortiz; Sol Ing; José Inf; Psych Molina; Jur Castro"
).split("; ")
TITLED = {
    "Schmidt, Dr.": "Schmidt", "Schmidt, Prof. Dr.": "Schmidt", "Schmidt Dr.": "Schmidt",
    "Anna Schmidt Dr.": "Anna Schmidt",
    "Schmidt, Frau": "Schmidt", "Schmidt, Frau Anna": "Schmidt, Anna", "Mag. Eva Gruber": "Eva Gruber",
    "Gruber, Mag. Eva": "Gruber, Eva", "Sig. Rossi Marco": "Rossi Marco", "Mevr. Anna Bakker": "Anna Bakker",
    "Dhr. Jan Bakker": "Jan Bakker", "Mme Léa Roux": "Léa Roux", "Señora Ana Ruiz": "Ana Ruiz",
    "Tom Reed MBA": "Tom Reed", "Tom Reed, MBA": "Tom Reed", "Tom Reed MEng": "Tom Reed", "Tom Reed, M.D.": "Tom Reed",
    "Tom Reed BSc": "Tom Reed", "Dr. rer. nat. Ute Maas": "Ute Maas", "Ute Maas Dr. med.": "Ute Maas",
    "dr. med. ute maas": "ute maas",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay_whole(name: str) -> None:
    found, changed = titles.cut(texts(name))
    assert (found.to_pylist(), changed.tolist()) == ([name], [False])


@pytest.mark.parametrize(("name", "bare"), TITLED.items())
def test_titles_go_in_every_place_where_they_stand(name: str, bare: str) -> None:
    found, changed = titles.cut(texts(name))
    assert (found.to_pylist(), changed.tolist()) == ([bare], [True])


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


@pytest.mark.parametrize(
    ("last", "split"),
    [
        ("Dr. Köhler", ("Dr.", "Köhler")),
        ("Prof. Dr. med. Meier", ("Prof. Dr. med.", "Meier")),
        ("Dr.Meier", ("Dr.", "Meier")),
        ("Prof. Dr.Meier", ("Prof. Dr.", "Meier")),
        ("dr. phil meier", ("dr.", "phil meier")),
        ("Wolff (Teilzeit)", ("", "Wolff")),
        ("(extern)", ("", "(extern)")),
        ("de la Cruz", ("", "de la Cruz")),
        ("Dr.", ("", "Dr.")),
    ],
)
def test_titles_of_a_last_name_are_found_apart(last: str, split: tuple[str, str]) -> None:
    assert tuple(column.to_pylist()[1] for column in titles.split(texts("Bakker", last))) == split
