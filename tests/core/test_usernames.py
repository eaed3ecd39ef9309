"""Usernames made of names: folded, with or without particles, numbered, and never made up."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.addresses import is_username
from mxlib.core.mapping import usernames as names
from mxlib.core.mapping.usernames import PATTERNS, Particles, People, UsernamePattern

PLAIN = UsernamePattern()
NAMES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["Jan", "van der Berg", "O'Brien", "Ødegård", "Müller-Lüdenscheidt", "de", "  ", "Łukasz", "王"]),
)
RECIPES = st.builds(UsernamePattern, st.sampled_from(list(PATTERNS)), st.sampled_from(list(Particles)), st.booleans())


def texts(*cells: str) -> pa.Array:
    return pa.array(cells, pa.large_string())


def made(first: str, last: str, recipe: UsernamePattern = PLAIN) -> str:
    """The username of one person."""
    return str(names.usernames(People(texts(first), texts(last)), recipe)[0])


def all_made(*people: tuple[str, str], recipe: UsernamePattern = PLAIN, **besides: object) -> list[str]:
    who = People(texts(*(first for first, _ in people)), texts(*(last for _, last in people)))
    return names.usernames(who, recipe, **besides).to_pylist()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "username"),
    [
        ("first.last", "anna.bakker"),
        ("flast", "abakker"),
        ("f.last", "a.bakker"),
        ("first", "anna"),
        ("last", "bakker"),
        ("firstlast", "annabakker"),
        ("firstl", "annab"),
        ("first.l", "anna.b"),
        ("first_last", "anna_bakker"),
        ("first-last", "anna-bakker"),
        ("last.first", "bakker.anna"),
        ("lastf", "bakkera"),
    ],
)
def test_every_pattern_makes_what_its_name_says(pattern: str, username: str) -> None:
    assert made("Anna", "Bakker", UsernamePattern(pattern)) == username


def test_the_patterns_above_are_all_there_are() -> None:
    assert len(PATTERNS) == 12


@pytest.mark.parametrize(
    ("first", "last", "username"),
    [
        ("Søren", "Ødegård", "soren.odegard"),
        ("Łukasz", "Żółć", "lukasz.zolc"),
        ("Jörg", "Weiß", "jorg.weiss"),
        ("Zoë", "Ó Briain", "zoe.obriain"),
        ("Jan Willem", "O'Brien", "janwillem.obrien"),
        ("Jean-Luc", "García López", "jean-luc.garcialopez"),
        ("J.P.", "Æsir", "jp.aesir"),
        ("Guðrún", "Þórsdóttir", "gudrun.thorsdottir"),
        ("Jo\u0308rg", "Mu\u0308ller", "jorg.muller"),
    ],
)
def test_accents_are_folded_and_other_letters_spelled(first: str, last: str, username: str) -> None:
    assert made(first, last) == username


@pytest.mark.parametrize("first", ["Jörg", "Jo\u0308rg"])
def test_a_german_office_can_have_its_umlauts_spelled(first: str) -> None:
    assert made(first, "Weiß", UsernamePattern(spelled=True)) == "joerg.weiss"
    assert made("Åse", "Møller", UsernamePattern(spelled=True)) == "aase.moeller"
    assert made("Zoë", "Agnès", UsernamePattern(spelled=True)) == "zoe.agnes"


@pytest.mark.parametrize(
    ("particles", "pattern", "username"),
    [
        (Particles.KEPT, "first.last", "jan.van.der.berg"),
        (Particles.KEPT, "first_last", "jan_van_der_berg"),
        (Particles.KEPT, "flast", "jvanderberg"),
        (Particles.JOINED, "first.last", "jan.vanderberg"),
        (Particles.JOINED, "firstl", "janv"),
        (Particles.DROPPED, "first.last", "jan.berg"),
        (Particles.DROPPED, "firstl", "janb"),
    ],
)
@pytest.mark.parametrize("last", ["van der Berg", "Van Der Berg"])
def test_particles_are_kept_joined_or_dropped(particles: Particles, pattern: str, username: str, last: str) -> None:
    assert made("Jan", last, UsernamePattern(pattern, particles)) == username


def test_a_last_name_that_is_only_a_particle_stays() -> None:
    assert made("Anna", "De", UsernamePattern(particles=Particles.DROPPED)) == "anna.de"
    assert made("Geert", "'t Hooft", UsernamePattern(particles=Particles.DROPPED)) == "geert.hooft"


def test_who_has_one_name_is_called_by_it() -> None:
    assert made("Reception", "") == "reception"
    assert made("", "Info", UsernamePattern("flast")) == "info"


@pytest.mark.parametrize(("first", "last"), [("", ""), (" ", "-"), ("王", "伟"), ("Anna", "Иванова"), ("'", ".")])
def test_nothing_is_made_up_for_a_name_without_latin_letters(first: str, last: str) -> None:
    assert made(first, last) == ""


def test_namesakes_in_a_file_are_numbered_in_its_order() -> None:
    assert all_made(("Jan", "Jansen"), ("Ann", "Bos"), ("Jan", "Jansen"), ("Ján", "Jansen")) == [
        "jan.jansen",
        "ann.bos",
        "jan.jansen2",
        "jan.jansen3",
    ]


def test_a_number_never_takes_the_plain_name_of_somebody_further_down() -> None:
    assert all_made(("Jan", ""), ("Jan", ""), ("Jan2", "")) == ["jan", "jan3", "jan2"]


def test_namesakes_at_two_domains_need_no_number() -> None:
    assert all_made(("Jan", "Bos"), ("Jan", "Bos"), domains=texts("a.nl", "b.nl")) == ["jan.bos", "jan.bos"]


def test_only_who_is_said_to_be_another_person_is_kept_apart_from_existing_mailboxes() -> None:
    two = (("Jan", "Bos"), ("Ann", "Bos"))
    there = {"domains": texts("a.nl", "a.nl"), "existing": {"jan.bos@a.nl", "jan.bos2@a.nl", "ann.bos@a.nl"}}
    assert all_made(*two, **there) == ["jan.bos", "ann.bos"]
    assert all_made(*two, **there, apart_from={"jan.bos@a.nl"}) == ["jan.bos3", "ann.bos"]


@pytest.mark.parametrize(
    ("others", "usernames"),
    [
        ((), ["jan", "jan2"]),
        (("jan@a.nl",), ["jan3", "jan2"]),
        (("jan2@a.nl",), ["jan", "jan3"]),
        (("jan@a.nl", "jan2@a.nl"), ["jan3", "jan4"]),
    ],
)
def test_namesakes_of_a_file_imported_before_are_each_themselves_or_another(
    others: tuple[str, ...], usernames: list[str]
) -> None:
    again = (("Jan", ""), ("Jan", ""))
    existing = {"jan@a.nl", "jan2@a.nl"}
    assert all_made(*again, domains=texts("a.nl", "a.nl"), existing=existing, apart_from=others) == usernames


def test_a_long_name_is_cut_and_leaves_room_for_its_number() -> None:
    first, second = all_made(("a" * 80, ""), ("a" * 80, ""))
    assert first == "a" * 64
    assert second == "a" * 63 + "2"


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Jan van der Berg", "Jan", "van der Berg"),
        ("Berg, Jan van der", "Jan", "van der Berg"),
        ("Berg, Jan", "Jan", "Berg"),
        ("Reception", "Reception", ""),
        ("Bakker,", "", "Bakker"),
    ],
)
def test_a_full_name_is_taken_apart(full: str, first: str, last: str) -> None:
    who = names.people(texts(""), texts(""), texts(""), texts(full))
    assert (who.first.to_pylist(), who.last.to_pylist()) == ([first], [last])


def test_a_full_name_counts_only_where_the_others_are_blank() -> None:
    who = names.people(texts("Ann", ""), texts("", ""), texts("", ""), texts("Jan Bos", "Jan Bos"))
    assert who.first.to_pylist() == ["Ann", "Jan"]


def test_a_particle_in_a_column_of_its_own_goes_before_the_last_name() -> None:
    who = names.people(texts("Jan", "Ann"), texts("Berg", "Bos"), texts("van der", ""), texts("", ""))
    assert who.last.to_pylist() == ["van der Berg", "Bos"]
    assert who.have_particles


def test_what_matters_to_nobody_is_not_asked() -> None:
    who = People(texts("Jan"), texts("Bos"))
    assert not who.have_particles
    assert not who.have_marks
    assert People(texts("Jan"), texts("Müller")).have_marks


@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "a.nl"]))), RECIPES, st.sets(st.just("jan@a.nl")))
def test_every_username_is_valid_and_nobody_elses_whatever_the_names(
    people: list[tuple[str, str, str]], recipe: UsernamePattern, others: set[str]
) -> None:
    domains = [domain for _, _, domain in people]
    given_ = all_made(*((first, last) for first, last, _ in people), recipe=recipe, domains=texts(*domains),
                      apart_from=others, existing=others | {"jan2@a.nl"})  # fmt: skip
    assert len(given_) == len(people)
    filled = [f"{name}@{domain}" for name, domain in zip(given_, domains, strict=True) if name]
    assert all(is_username(name) for name in given_ if name)
    assert len(set(filled)) == len(filled)
    assert others.isdisjoint(filled)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1), RECIPES)
def test_rows_further_down_change_no_plain_name_above_them(
    people: list[tuple[str, str]], recipe: UsernamePattern
) -> None:
    alone, first = all_made(people[0], recipe=recipe)[0], all_made(*people, recipe=recipe)[0]
    assert alone == first
