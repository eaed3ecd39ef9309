"""The rules of a password that the owner of a mailbox chooses."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.password_rules import (
    MAX_LENGTH,
    MIN_LENGTH,
    OF_PASSWORD,
    PasswordProblem,
    check_new_password,
    words_of,
)

P = PasswordProblem
WORDS = words_of("sanne.devries@bakkerij-zonneveld.example", "Sanne de Vries", "Bureau Quillfeather")
GOOD = "Violet-canoe-7-harbour"


def problems(password: str) -> set[PasswordProblem]:
    return set(check_new_password(password, password, WORDS))


@pytest.mark.parametrize("password", [GOOD, "xK4 mtrp-lhdq", "Sanne-canoe-7-harbour-violet", "Savanne7 kruidkoek Bo"])
def test_words_without_a_connection_and_random_characters_are_accepted(password: str) -> None:
    assert problems(password) == set()


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", {P.MISSING}),
        ("   ", {P.MISSING}),
        ("••••••••", {P.MISSING}),
        ("xK4-mtrpl", {P.TOO_SHORT}),
        (GOOD * 4, {P.TOO_LONG}),
        ("violet-canoe-7-harbour", {P.NO_CAPITAL}),
        ("VIOLET-CANOE-7-HARBOUR", {P.NO_SMALL_LETTER}),
        ("Violet-canoe-harbour", {P.NO_DIGIT}),
        (" Violet-canoe-7-harbour", {P.BLANK_AT_END}),
        ("Violet-canoë-7-harbour", {P.NOT_ACCEPTED}),
        ("Violet-canoe\t7-harbour", {P.NOT_ACCEPTED}),
        ("Violet-canoe\u200b7-harbour", {P.NOT_ACCEPTED}),
        ("$2b$12$" + "Qm9yK4xTz7LdWf2Hs8Vc.u" + "Rj3NpXe6GaBt1YkMw5Sv0ZiDoCh/q.E", {P.NOT_ACCEPTED}),
        ("Password123", {P.COMMON}),
        ("Iloveyou2026", {P.COMMON}),
        ("P4ssw0rd!2025", {P.COMMON}),
        ("Mailbox2026", {P.COMMON}),
        ("Qwertyuiop1", {P.COMMON}),
        ("Aaaaaaaaaaa1", {P.WEAK}),
        ("Abcdefghij1", {P.WEAK}),
        ("Abcabcabc1", {P.WEAK}),
        ("abc", {P.TOO_SHORT, P.NO_CAPITAL, P.NO_DIGIT}),
    ],
)
def test_every_problem_of_a_password_is_found(password: str, expected: set[PasswordProblem]) -> None:
    assert problems(password) == expected


@pytest.mark.parametrize(
    "password",
    [
        "Sanne.deVries1",
        "SanneDeVries123",
        "Devries+2026",
        "5anneDeVr1es!",
        "Zonneveld123!",
        "Bakkerij-Zonneveld1",
        "Quillfeather99",
        "Sanne.deVries@bakkerij-zonneveld.example1",
        "SanneDeVriesBakkerijZonneveldQuillfeather1",
        "Dlevennoz2026",
        "SanneVries",
        "Zonneveld",
    ],
)
def test_a_password_made_of_names_is_refused_however_long_it_is(password: str) -> None:
    assert P.OWN_NAME in problems(password)


@given(
    st.lists(st.sampled_from([*WORDS, "Sanne", "DEVRIES"]), min_size=1, max_size=6),
    st.sampled_from(["", "-", ".", "+", "_"]),
    st.sampled_from(["1", "123", "2026", "1!", "99"]),
)
def test_names_with_signs_and_a_number_are_never_accepted(parts: list[str], between: str, end: str) -> None:
    assert problems(between.join(parts).capitalize() + end)


def test_two_different_passwords_are_a_problem_besides_the_others() -> None:
    assert check_new_password("abc", GOOD, WORDS)[0] is P.DIFFERENT
    assert check_new_password(GOOD, GOOD + "x", WORDS) == (P.DIFFERENT,)
    assert check_new_password("", GOOD, WORDS) == (P.DIFFERENT, P.MISSING)


def test_every_generated_password_is_accepted() -> None:
    assert not [made for made in (passwords.generate() for _ in range(20)) if problems(made)]


def test_lengths_at_the_bounds_are_accepted() -> None:
    assert problems("xK4-mtrplq"[:MIN_LENGTH]) == set()
    assert problems((GOOD * 4)[:MAX_LENGTH]) == set()


def test_the_words_of_a_mailbox_hold_its_parts_alone_and_together() -> None:
    assert {"sanne", "vries", "sannedevries", "bakkerij", "zonneveld", "quillfeather"} <= set(WORDS)
    assert words_of("jo@a.nl") == ["jo@a.nl", "a.nl"]
    assert len(words_of("a@b.example", " ".join(f"name{number}" for number in range(500)))) == 60


@pytest.mark.parametrize("password", ["4@8({[<3691!|1705$+7%2" * 3, "Aa1" * 24, "x" * 100_000, "\0" * 5_000])
def test_the_check_of_a_hostile_password_is_short(password: str) -> None:
    problems("warm up")
    began = time.thread_time()
    problems(password)
    assert time.thread_time() - began < 1.5


def test_what_happens_at_the_host_is_no_problem_of_the_password() -> None:
    assert {P.BUSY, P.NOT_ANSWERED, P.HOST_DOWN, P.ENDED}.isdisjoint(OF_PASSWORD)
    assert P.REFUSED in OF_PASSWORD
