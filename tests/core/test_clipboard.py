"""Pasted text: lists of addresses as mail programs write them, and addresses to search for in any text."""

import time

import pytest

from mxlib.core.files.clipboard import addresses_in, to_file


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("jan@a.nl,", "jan@a.nl"),
        ("  jan@a.nl ;\tlotte@a.nl \t", "jan@a.nl\nlotte@a.nl"),
        ("jan@a.nl, lotte@a.nl\n\n\ntim@a.nl", "jan@a.nl\nlotte@a.nl\ntim@a.nl"),
        ("<jan@a.nl>\n<lotte@a.nl>", "jan@a.nl\nlotte@a.nl"),
        ('"Bos, J." <jan@a.nl>, Lotte <lotte@a.nl>', "jan@a.nl\nlotte@a.nl"),
    ],
)
def test_a_list_from_a_mail_program_becomes_one_address_a_row(text: str, rows: str) -> None:
    assert to_file(text).decode() == rows


@pytest.mark.parametrize(
    "text",
    [
        "jan@a.nl lotte@a.nl",
        "jan@a.nl@b.nl",
        "Jan <jan@a.nl> Bos",
        "Jan <jan@a.nl",
        "jan@a.nl, lotte",
        "jan, lotte@a.nl",
        "jan@a.nl, lotte@a.nl\ntim",
        "\n \n",
    ],
)
def test_a_text_with_anything_but_addresses_stays_as_it_was_pasted(text: str) -> None:
    assert to_file(text) == text.encode()


@pytest.mark.parametrize("text", ["jan\ud800,x", "jan\ud800@a.nl"])
def test_a_half_of_a_character_does_not_prevent_pasting(text: str) -> None:
    assert to_file(text) == text.replace("\ud800", "?").encode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("kim@a.nl\nNINA@A.nl\nkim@a.nl", ["kim@a.nl", "nina@a.nl"]),
        ("Kim Bos <kim@a.nl>, nina@a.nl; far@b.nl.", ["kim@a.nl", "nina@a.nl", "far@b.nl"]),
        ("kim\tnina\n\n  ", ["kim@a.nl", "nina@a.nl"]),
        ("username,quota\nkim@a.nl,1024", ["username@a.nl", "quota@a.nl", "kim@a.nl"]),
        ("mailto:x (kim@a.nl)", ["kim@a.nl"]),
        ("", []),
        ("@ ,;<>", []),
        ("jan\n@ @x y@", ["jan@a.nl"]),
        ("... () \n", []),
        ("('kim@a.nl'), [nina@a.nl]. \"far@b.nl\":", ["kim@a.nl", "nina@a.nl", "far@b.nl"]),
        ("kim @ nina", ["kim@a.nl", "nina@a.nl"]),
    ],
)
def test_addresses_are_found_in_any_pasted_text(text: str, found: list[str]) -> None:
    assert addresses_in(text, "a.nl") == found


def test_a_long_paste_is_read_quickly() -> None:
    began = time.perf_counter()
    assert len(addresses_in("x" * 200_000 + "@" + "y" * 200_000 + " " + "a <" * 50_000, "a.nl")) == 1
    assert time.perf_counter() - began < 1.0


def test_words_next_to_an_address_are_not_usernames_but_words_of_another_line_are() -> None:
    assert addresses_in("Please delete jan@a.nl\nlotte", "b.nl") == ["jan@a.nl", "lotte@b.nl"]
