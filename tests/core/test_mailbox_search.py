"""Search of mailboxes: what is found, and in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.mailbox_search import MAX_WORDS, Query

MAILBOXES = [
    ("emma.vogel@studio-noord.nl", "Emma Vogel", "emma@home.nl"),
    ("info@schreinerei-vogel.de", "", ""),
    ("j.mueller@a.de", "Jürgen Müller", "jm@web.de"),
    ("muller@b.nl", "", ""),
    ("seán@c.ie", "Seán Ó Súilleabháin", ""),
]


def found(text: str) -> list[str]:
    query = Query(text)
    ranks = [(rank, box[0]) for box in MAILBOXES if (rank := query.rank(*box)) is not None]
    return [address for _, address in sorted(ranks)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("emma vogel", ["emma.vogel@studio-noord.nl"]),
        ("VOGEL  Emma", ["emma.vogel@studio-noord.nl"]),
        ("vogel", ["emma.vogel@studio-noord.nl", "info@schreinerei-vogel.de"]),
        ("müller", ["muller@b.nl", "j.mueller@a.de"]),
        ("mueller", ["j.mueller@a.de"]),
        ("Müller Jürgen", ["j.mueller@a.de"]),
        ("jurgen", ["j.mueller@a.de"]),
        ("juergen", ["j.mueller@a.de"]),
        ("sean", ["seán@c.ie"]),
        ("emma@home.nl", ["emma.vogel@studio-noord.nl"]),
        ("info@schrein", ["info@schreinerei-vogel.de"]),
        ("emma schmidt", []),
    ],
)
def test_words_are_found_in_any_order_without_accents_and_people_before_domains(
    text: str, addresses: list[str]
) -> None:
    assert found(text) == addresses


@pytest.mark.parametrize("text", ["emma noord", "noord emma"])
def test_the_word_that_matches_worst_ranks_a_mailbox(text: str) -> None:
    assert Query(text).rank(*MAILBOXES[0]) == Query("noord").rank(*MAILBOXES[0])
    assert Query(text).rank(*MAILBOXES[0]) != Query("emma").rank(*MAILBOXES[0])


def test_a_recovery_email_comes_before_a_domain() -> None:
    in_both, in_domain = Query("home").rank("a@home.nl", "", "kim@home.nl"), Query("home").rank("a@home.nl")
    assert in_both is not None
    assert in_domain is not None
    assert in_both < in_domain


def test_a_blank_search_has_no_words() -> None:
    assert not Query(" \t")


@given(st.lists(st.sampled_from(["emma", "vogel", "noord", "home", "nl"]), min_size=1), st.randoms())
def test_the_order_of_words_does_not_matter(words: list[str], random: object) -> None:
    shuffled = words[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert found(" ".join(words)) == found(" ".join(shuffled))


@given(st.text(), st.text(), st.text(alphabet="abcdefü.-_"))
def test_every_piece_of_a_text_without_blanks_is_found(before: str, after: str, piece: str) -> None:
    if piece:
        assert Query(piece).rank("x@y.nl", f"{before}{piece}{after}") is not None


def test_a_search_of_many_words_costs_no_more_than_one_of_ten() -> None:
    long = Query(" ".join(f"w{number}" for number in range(1_000)) + " emma" * 1_000)
    assert len(long._words) == MAX_WORDS
    assert found("emma " * 1_000) == found("emma")
