"""Addresses in text that a person pastes."""

import time

import pytest

from mxlib.core.files.clipboard import addresses_in


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
    ],
)
def test_addresses_are_found_in_any_pasted_text(text: str, found: list[str]) -> None:
    assert addresses_in(text, "a.nl") == found


def test_a_long_paste_is_read_quickly() -> None:
    began = time.perf_counter()
    assert len(addresses_in("x" * 200_000 + "@" + "y" * 200_000 + " " + "a <" * 50_000, "a.nl")) == 1
    assert time.perf_counter() - began < 1.0
