"""Saved views: which names and filters are kept, and their texts."""

import pytest

from mxlib.core.mailbox_filter import MailboxFilter, MailboxOrder, MailboxState
from mxlib.core.saved_views import MAX_NAME_LENGTH, InvalidView, checked
from mxlib.core.text import saved_views as texts

FULL = MailboxFilter(("a.nl",), (3,), (MailboxState.OVER_QUOTA,), "anna", MailboxOrder.FULLEST)


def test_a_view_gives_back_its_filter_under_a_tidy_name() -> None:
    view = checked("  Full \t ones ", FULL)
    assert (view.name, view.key, view.filter) == ("Full ones", "full ones", FULL)


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME_LENGTH + 1), "a\u202eb", "a\x00b"])
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(InvalidView):
        checked(name, FULL)


def test_a_filter_longer_than_an_address_is_refused() -> None:
    checked("Most", MailboxFilter(tuple(f"client{number}.example" for number in range(100))))
    with pytest.raises(InvalidView, match="too long"):
        checked("All", MailboxFilter(tuple(f"client{number}.example" for number in range(400))))


@pytest.mark.parametrize(
    ("chosen", "clients", "text"),
    [
        (MailboxFilter(), [], "All mailboxes"),
        (MailboxFilter(order=MailboxOrder.NAME), [], "All mailboxes · by full name"),
        (FULL, ["Bakker"], "a.nl · Bakker · Over quota · 'anna' · fullest first"),
        (MailboxFilter(("a.nl", "b.nl"), (1, 2)), ["A", "B"], "2 domains · 2 clients"),
    ],
)
def test_a_filter_is_described_in_words(chosen: MailboxFilter, clients: list[str], text: str) -> None:
    assert texts.described(chosen, clients) == text


def test_the_menu_is_named_like_the_open_view_as_far_as_there_is_room() -> None:
    assert [texts.menu(name) for name in ("", "Full", "x" * 40)] == ["Views", "Full", "x" * 23 + "…"]
