"""The strength of passwords: what is refused, what it says, and how much work a check is."""

import threading
import time
from collections.abc import Collection

import pytest

from mxlib.auth.passwords import InvalidPassword, agency_words, check_policy
from mxlib.core import password_strength, passwords
from mxlib.core.password_strength import STRONG, Weakness, estimate, words
from mxlib.core.text.password_strength import WEAKNESSES, weak
from mxlib.settings import Settings
from tests.support.sign_in import GOOD, OTHER


def weakness(password: str, known: Collection[str]) -> str:
    """Return why a password is too weak for a sign-in; blank for a strong one."""
    found = estimate(password, known)
    return "" if found.score >= STRONG else weak(found.weaknesses)


#: Every character that zxcvbn also reads as a letter.
READ_AS_LETTERS = "4@8({[<3691!|1705$+7%2"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Summer2026!!", "a common password, a year and a repetition"),
        ("aaaaaaaaaaaaa", "a repetition"),
        ("January 1st 1990", "a year"),
        ("qwertyuiop123", "a common password"),
        ("uytrewsdfghjkl", "neighbouring keys"),
        ("abcdefghijklmnop", "a sequence such as abc or 321"),
        ("Tr0ub4dour&3xy", "a common word or name"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_with_what_it_holds_and_what_helps(
    password: str, reason: str
) -> None:
    with pytest.raises(InvalidPassword, match=reason) as refused:
        check_policy(password, "jo")
    assert "Take four or more words" in str(refused.value)
    assert password not in str(refused.value)


@pytest.mark.parametrize("password", [GOOD, OTHER, "xkqzvw mtrplhd", "Bürostühle im Café"])
def test_words_without_a_connection_and_random_characters_are_accepted(password: str) -> None:
    check_policy(password, "kim")


def test_every_generated_password_is_accepted() -> None:
    known = words("kim@agency.example")
    assert not [made for made in (passwords.generate() for _ in range(50)) if weakness(made, known)]


@pytest.mark.parametrize(
    ("name", "known"),
    [("rhiannonquillfeather@x.example", ()), ("jo", ("rhiannon", "quillfeather"))],
)
def test_names_of_the_person_and_the_agency_are_words_that_weaken_a_password(name: str, known: tuple[str, ...]) -> None:
    password = "Rhiannonquillfeather7"
    assert not weakness(password, [])
    with pytest.raises(InvalidPassword, match="a name of the person, of the agency or of MXM"):
        check_policy(password, name, known)


def test_a_blank_password_is_the_weakest() -> None:
    assert estimate("", []).score == 0


def test_every_weakness_has_its_words() -> None:
    assert set(WEAKNESSES) == set(Weakness)


def test_the_product_names_are_words_that_weaken_a_password() -> None:
    assert weakness("MXroute-mxm-8", []) == "a name of the person, of the agency or of MXM"


def test_the_words_of_the_agency_come_from_the_settings() -> None:
    settings = Settings(
        server="fusion.mxrouting.net", user="quillfe", api_key="x", public_url="https://mxm.Quillfeather.example"
    )  # type: ignore[arg-type]
    assert {"quillfe", "quillfeather", "mxrouting", "fusion"} <= set(agency_words(settings))
    assert agency_words(Settings(public_url="https://[")) == []


def test_only_the_first_72_characters_count() -> None:
    assert weakness("a" * 80 + GOOD, [])
    assert not weakness(GOOD + "a" * 80, [])


@pytest.mark.parametrize(
    "password",
    [
        (READ_AS_LETTERS * 4)[:72],
        "a" * 50 + READ_AS_LETTERS,
        "(".join(READ_AS_LETTERS)[:72],
        "p4$$w0rd" * 9,
        "1l7|!i" * 12,
        "0123456789" * 7,
    ],
)
def test_the_check_of_a_hostile_password_is_short(password: str) -> None:
    weakness("warm up", [])
    began = time.thread_time()
    weakness(password, [f"domain{number}" for number in range(1000)])
    assert time.thread_time() - began < 1.0  # 6 s without a bound


def test_a_strong_password_of_many_readings_stays_strong() -> None:
    assert not weakness(READ_AS_LETTERS, [])
    assert not weakness("8({4@3[<69!|", [])


def test_two_checks_at_once_do_not_use_each_others_names() -> None:
    found: list[str] = []

    def check(known: list[str]) -> None:
        found.extend(weakness("Quillfeather-Rhiannon", known) for _ in range(5))

    threads = [threading.Thread(target=check, args=(known,)) for known in ([], ["rhiannon", "quillfeather"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [""] * 5 + [WEAKNESSES[Weakness.OWN_NAME]] * 5


def test_one_password_is_estimated_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []

    def estimated(*_: object, **__: object) -> dict[str, object]:
        seen.append(password_strength._one_at_a_time.locked())
        return {"score": 4, "guesses_log10": 10, "sequence": []}

    monkeypatch.setattr("zxcvbn.zxcvbn", estimated)
    password_strength.estimate("Violet-canoe-7-harbour", [])
    assert seen == [True]
