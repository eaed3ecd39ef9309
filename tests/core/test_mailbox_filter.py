"""The filter of mailboxes: its parameters in an address, and what it lets through."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.mailbox_filter import (
    MAX_VALUES,
    MailboxFilter,
    MailboxOrder,
    MailboxState,
    has_state,
    in_order,
    with_states,
    with_text,
)
from mxlib.core.schema import MAX_CELL_LENGTH

DOMAINS = st.from_regex(r"[a-z]{1,8}\.(nl|de)", fullmatch=True)
FILTERS = st.builds(
    MailboxFilter,
    st.lists(DOMAINS, unique=True, max_size=5).map(tuple),
    st.lists(st.integers(0, 10**9 - 1), unique=True, max_size=5).map(tuple),
    st.sets(st.sampled_from(MailboxState)).map(lambda some: tuple(state for state in MailboxState if state in some)),
    st.text(max_size=MAX_CELL_LENGTH).map(str.strip),
    st.sampled_from(MailboxOrder),
)


@given(FILTERS)
def test_the_parameters_of_a_filter_give_the_same_filter(chosen: MailboxFilter) -> None:
    assert MailboxFilter.read(chosen.parameters()) == chosen


@given(
    st.dictionaries(st.sampled_from(["domain", "client", "state", "q", "sort", "x"]), st.lists(st.text(), max_size=5))
)
def test_any_parameters_give_a_filter(parameters: dict[str, list[str]]) -> None:
    chosen = MailboxFilter.read(parameters)
    assert MailboxFilter.read(chosen.parameters()) == chosen


def test_parameters_are_bounded() -> None:
    chosen = MailboxFilter.read(
        {"domain": [f"d{number}.nl" for number in range(9_999)], "client": ["9" * 5_000], "q": ["x" * 99_999]}
    )
    assert (len(chosen.domains), chosen.clients, len(chosen.text)) == (MAX_VALUES, (), MAX_CELL_LENGTH)


def mailboxes() -> pd.DataFrame:
    names = ("address", "name", "recovery_email", "usage", "quota", "sent", "limit", "suspended", "is_locked")
    rows = [
        ("full@a.nl", "Emma Vogel", "e@x.nl", 2048.0, 2048, 0, 100, False, False),
        ("near@a.nl", "", "", 95.0, 100, 80, 100, False, True),
        ("free@b.nl", "Jürgen", "j@x.nl", 9_999.0, 0, 79, 100, True, False),
    ]
    return pd.DataFrame(rows, columns=names).assign(
        being_locked=False, made_elsewhere=[True, False, False], days_left=[0, 30, math.nan]
    )


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("over_quota", "full@a.nl"),
        ("nearly_full", "full@a.nl near@a.nl"),
        ("full_soon", "near@a.nl"),
        ("near_send_limit", "near@a.nl"),
        ("suspended", "free@b.nl"),
        ("locked", "near@a.nl"),
        ("no_recovery_email", "near@a.nl"),
        ("made_elsewhere", "full@a.nl"),
    ],
)
def test_each_state_finds_its_mailboxes(state: str, found: str) -> None:
    frame = mailboxes()
    assert list(frame.loc[has_state(frame, MailboxState(state)), "address"]) == found.split()


def test_every_state_that_is_chosen_has_to_hold() -> None:
    found = with_states(mailboxes(), [MailboxState.NEARLY_FULL, MailboxState.LOCKED])
    assert list(found["address"]) == ["near@a.nl"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("vogel emma", "full@a.nl"), ("juergen", "free@b.nl"), ("jurgen", "free@b.nl"), ("x.nl", "full@a.nl free@b.nl")],
)
def test_the_words_of_a_search_are_found_in_any_order_and_without_accents(text: str, found: str) -> None:
    assert list(with_text(mailboxes(), text)["address"]) == found.split()


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("domain", "bcad"),
        ("address", "abcd"),
        ("name", "dbca"),
        ("fullest", "dbac"),
        ("soonest", "dabc"),
        ("used", "cadb"),
        ("sent", "bdca"),
    ],
)
def test_mailboxes_are_ordered_and_what_has_no_value_comes_last(order: str, found: str) -> None:
    boxes = pd.DataFrame(
        {
            "address": list("bcad"),
            "name": ["bo", "Cy", "", "Al"],
            "usage": [5.0, 99.0, 40.0, 10.0],
            "quota": [20, 0, 400, 10],
            "sent": [9, 1, 0, 4],
            "days_left": [7, math.nan, 3, 0],
        }
    )
    assert "".join(in_order(boxes, MailboxOrder(order))["address"]) == found


@pytest.mark.parametrize("order", MailboxOrder)
def test_equal_mailboxes_keep_the_order_of_their_domains(order: MailboxOrder) -> None:
    same = pd.DataFrame({"name": ["Al"] * 40, "usage": 5.0, "quota": 20, "sent": 1, "days_left": 1})
    boxes = same.assign(address="al@a.nl", line=range(40))
    assert in_order(boxes, order)["line"].tolist() == list(range(40))


def test_a_search_longer_than_a_cell_finds_nothing() -> None:
    assert with_text(mailboxes(), "x" * (MAX_CELL_LENGTH + 1)).empty
