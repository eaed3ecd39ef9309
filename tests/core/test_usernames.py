"""Usernames from names: without accents, with or without particles, numbered, never invented."""

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
USERNAME_PATTERNS = st.builds(
    UsernamePattern, st.sampled_from(list(PATTERNS)), st.sampled_from(list(Particles)), st.booleans()
)


def texts(*cells: str) -> pa.Array:
    return pa.array(cells, pa.large_string())


def made(first: str, last: str, pattern: UsernamePattern = PLAIN) -> str:
    """Return the username of one person."""
    return str(names.usernames(People(texts(first), texts(last)), pattern)[0])


def all_made(*people: tuple[str, str], pattern: UsernamePattern = PLAIN, **options: object) -> list[str]:
    persons = People(texts(*(first for first, _ in people)), texts(*(last for _, last in people)))
    return names.usernames(persons, pattern, **options).to_pylist()  # type: ignore[arg-type]


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
def test_every_pattern_makes_the_username_that_its_name_shows(pattern: str, username: str) -> None:
    assert made("Anna", "Bakker", UsernamePattern(pattern)) == username


def test_the_test_above_covers_every_pattern() -> None:
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
def test_accents_are_removed_and_special_letters_spelled_out(first: str, last: str, username: str) -> None:
    assert made(first, last) == username


@pytest.mark.parametrize("first", ["Jörg", "Jo\u0308rg"])
def test_umlauts_can_be_spelled_out(first: str) -> None:
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


def test_a_person_with_one_name_gets_it_as_username() -> None:
    assert made("Reception", "") == "reception"
    assert made("", "Info", UsernamePattern("flast")) == "info"


@pytest.mark.parametrize(("first", "last"), [("", ""), (" ", "-"), ("王", "伟"), ("Anna", "Иванова"), ("'", ".")])
def test_a_name_without_latin_letters_gives_no_username(first: str, last: str) -> None:
    assert made(first, last) == ""


def test_namesakes_in_a_file_are_numbered_in_file_order() -> None:
    assert all_made(("Jan", "Jansen"), ("Ann", "Bos"), ("Jan", "Jansen"), ("Ján", "Jansen")) == [
        "jan.jansen",
        "ann.bos",
        "jan.jansen2",
        "jan.jansen3",
    ]


def test_a_number_never_takes_the_plain_username_of_a_later_row() -> None:
    assert all_made(("Jan", ""), ("Jan", ""), ("Jan2", "")) == ["jan", "jan3", "jan2"]


def test_namesakes_at_two_domains_need_no_number() -> None:
    assert all_made(("Jan", "Bos"), ("Jan", "Bos"), domains=texts("a.nl", "b.nl")) == ["jan.bos", "jan.bos"]


def test_only_people_marked_as_different_are_numbered_past_existing_mailboxes() -> None:
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
def test_namesakes_of_a_file_imported_before_match_existing_mailboxes_unless_marked(
    others: tuple[str, ...], usernames: list[str]
) -> None:
    again = (("Jan", ""), ("Jan", ""))
    existing = {"jan@a.nl", "jan2@a.nl"}
    assert all_made(*again, domains=texts("a.nl", "a.nl"), existing=existing, apart_from=others) == usernames


def test_a_long_username_is_cut_and_leaves_room_for_its_number() -> None:
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
def test_a_full_name_is_split_into_first_and_last(full: str, first: str, last: str) -> None:
    persons = names.people(texts(""), texts(""), texts(""), texts(full))
    assert (persons.first.to_pylist(), persons.last.to_pylist()) == ([first], [last])


def test_a_full_name_is_used_only_if_first_and_last_are_blank() -> None:
    persons = names.people(texts("Ann", ""), texts("", ""), texts("", ""), texts("Jan Bos", "Jan Bos"))
    assert persons.first.to_pylist() == ["Ann", "Jan"]


def test_a_particle_in_a_column_of_its_own_goes_before_the_last_name() -> None:
    persons = names.people(texts("Jan", "Ann"), texts("Berg", "Bos"), texts("van der", ""), texts("", ""))
    assert persons.last.to_pylist() == ["van der Berg", "Bos"]
    assert persons.have_particles


def test_questions_on_particles_and_accents_are_asked_only_if_a_name_has_them() -> None:
    persons = People(texts("Jan"), texts("Bos"))
    assert not persons.have_particles
    assert not persons.have_marks
    assert People(texts("Jan"), texts("Müller")).have_marks


@given(
    st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "a.nl"]))), USERNAME_PATTERNS, st.sets(st.just("jan@a.nl"))
)
def test_every_username_is_valid_and_unique_for_any_names(
    people: list[tuple[str, str, str]], pattern: UsernamePattern, others: set[str]
) -> None:
    domains = [domain for _, _, domain in people]
    given_ = all_made(*((first, last) for first, last, _ in people), pattern=pattern, domains=texts(*domains),
                      apart_from=others, existing=others | {"jan2@a.nl"})  # fmt: skip
    assert len(given_) == len(people)
    filled = [f"{name}@{domain}" for name, domain in zip(given_, domains, strict=True) if name]
    assert all(is_username(name) for name in given_ if name)
    assert len(set(filled)) == len(filled)
    assert others.isdisjoint(filled)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1), USERNAME_PATTERNS)
def test_later_rows_do_not_change_the_first_username(people: list[tuple[str, str]], pattern: UsernamePattern) -> None:
    alone, first = all_made(people[0], pattern=pattern)[0], all_made(*people, pattern=pattern)[0]
    assert alone == first
