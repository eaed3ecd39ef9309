"""The texts of the public pages: every language has every one, and each fits into its place."""

import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from mxlib.core.clients import LANGUAGES
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.text import portal
from mxlib.core.text.portal import WORDS
from mxlib.core.text.portal.words import Words

#: Characters that fit: on a button or as a label on a phone of 320 px, in a title, in a line of the settings.
BUTTONS = {"set_password", "show", "apple_button", "reset_button", "recovery_button", "confirm_button"}
SHORT = {"copy", "copied", "port", "server", "test_data"}
LABELS = {
    "new_password", "again", "address", "user_name", "password", "imap", "smtp", "pop3", "apple", "manual",
    "recovery_label", "settings_address", "to_settings", "by_reset",
}  # fmt: skip


def texts(words: Words) -> Iterator[tuple[str, str]]:
    """Yield each text of a language with its name."""
    for field in fields(words):
        value = getattr(words, field.name)
        if isinstance(value, str):
            yield field.name, value
        elif isinstance(value, tuple):
            yield from ((f"{field.name} {number}", each) for number, each in enumerate(value))
        else:
            yield from ((f"{field.name} {code}", value[code]) for code in PasswordProblem)


def test_there_is_a_set_of_texts_for_each_language_of_clients() -> None:
    assert list(WORDS) == list(LANGUAGES)
    assert all(words.language == language for language, words in WORDS.items())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_there_with_the_same_words_to_fill_in(language: str) -> None:
    english = dict(texts(WORDS["en"]))
    ours = dict(texts(WORDS[language]))
    assert ours.keys() == english.keys()
    assert set(WORDS[language].problems) == set(PasswordProblem)
    for name, text in ours.items():
        assert text.strip(), name
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[name])), name
        assert "\n" not in text.replace("  ", "\n"), name


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
def test_no_sentence_was_left_in_english(language: str) -> None:
    english = dict(texts(WORDS["en"]))
    same = {name for name, text in texts(WORDS[language]) if len(text) > 20 and text == english[name]}
    assert not same


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_longer_than_its_place(language: str) -> None:
    most = dict.fromkeys(BUTTONS, 36) | dict.fromkeys(SHORT, 16) | dict.fromkeys(LABELS, 44)
    for name, text in texts(WORDS[language]):
        limit = most.get(name, 52 if name.endswith("_title") else 330)
        assert len(text) <= limit, f"{name}: {len(text)}"
        # A word that is longer than a line of a narrow phone would widen the page.
        assert max(map(len, text.split())) <= 30, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_all_five_rules_with_their_figures(language: str) -> None:
    rules = WORDS[language].all_rules
    assert len(rules) == 5
    assert all(figure in rules[0] for figure in ("10", "72"))
    assert "{" not in "".join(rules) + WORDS[language].problem(PasswordProblem.TOO_SHORT)


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "1 March 2027"), ("nl", "1 maart 2027"), ("de", "1. März 2027"), ("fr", "1 mars 2027"),
        ("es", "1 de marzo de 2027"),
    ],
)  # fmt: skip
def test_a_day_is_written_as_people_write_it(language: str, day: str) -> None:
    assert portal.day(WORDS[language], 1_803_859_200.0) == day
    assert len(WORDS[language].months) == 12


@pytest.mark.parametrize(("left", "text"), [(30.0, "another 1 min"), (3_599.0, "59 min"), (86_400.0, "until 2 March")])
def test_until_when_a_link_works_is_said_in_minutes_or_as_a_day(left: float, text: str) -> None:
    assert text in portal.until(WORDS["en"], 1_803_859_200.0 + left, 1_803_859_200.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_title_is_too_long_for_a_phone(language: str) -> None:
    words = WORDS[language]
    titles = [str(getattr(words, each.name)) for each in fields(Words) if each.name.endswith("title")]
    too_long = [part for title in titles for part in re.split(r"[\s\u00ad-]+", title) if len(part) > 20]
    assert too_long == []
