"""The language that a browser gets."""

import time

import pytest

from mxlib.core.accept_language import choose


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "nl"),
        ("de", "de"),
        ("de-CH", "de"),
        ("FR-fr, en;q=0.9", "fr"),
        ("en;q=0.2, es;q=0.9", "es"),
        ("pl, cs;q=0.9", "nl"),
        ("pl, cs;q=0.9, en;q=0.1", "en"),
        ("*", "nl"),
        ("fr;q=0, de;q=0.1", "de"),
        ("fr;q=0", "nl"),
        ("en, de", "en"),
        ("en;q=0.5,de;q=0.5", "en"),
        ("de;q=x, es;q=0.1", "es"),
        ("de;q=-1, es;q=nan", "nl"),
        ("de;q=7, es;q=1", "de"),
        ("de ; q = 0.4 , es ;q= 0.6", "es"),
        ("deu, english", "nl"),
        (";;;,,,q=", "nl"),
        ("x" * 2_000 + ", de", "nl"),
    ],
)
def test_the_language_that_is_wanted_most_among_ours_is_chosen(header: str, expected: str) -> None:
    assert choose(header, "nl") == expected


def test_a_default_that_nobody_speaks_here_is_english() -> None:
    assert choose("", "xx") == choose("pl", "") == "en"


def test_a_hostile_header_is_read_at_once() -> None:
    began = time.thread_time()
    choose("de;" * 100_000 + "q=1," * 100_000, "en")
    assert time.thread_time() - began < 0.1
