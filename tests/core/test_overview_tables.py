"""Tables of the Overview: who is full soon, what clients use, how full mailboxes are, and who sends."""

import math
from typing import Any

import pandas as pd

from mxlib.core import overview_tables as tables
from mxlib.core.overview_tables import ClientUse, FillGroup, Sender


def boxes(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {"domain": "a.nl", "usage": 0.0, "quota": 1000, "sent": 0, "limit": 100, "days_left": math.nan}
    filled = [{"address": f"n{at}@a.nl"} | usual | row for at, row in enumerate(rows)]
    return pd.DataFrame(filled, columns=["address", *usual])


def test_the_most_urgent_comes_first_and_what_is_not_foreseen_last() -> None:
    frame = boxes(
        {"usage": 990.0}, {"usage": 500.0, "days_left": 30}, {"usage": 500.0, "days_left": 31},
        {"usage": 1000.0, "days_left": 0}, {"usage": 1500.0, "days_left": 0}, {"usage": 9e6, "quota": 0},
        {"usage": 900.0},
    )  # fmt: skip
    found = tables.full_soon_rows(tables.full_soon(frame))
    assert [(each.address[1], each.days_left) for each in found] == [
        ("4", 0), ("3", 0), ("1", 30), ("0", None), ("6", None)
    ]  # fmt: skip
    assert found[0].share == 1.5
    assert len(tables.full_soon_rows(tables.full_soon(frame), most=2)) == 2


def test_domains_of_a_client_count_together_and_others_as_their_own() -> None:
    frame = boxes({"usage": 5.0}, {"domain": "b.nl", "usage": 7.0}, {"domain": "c.nl", "usage": 12.0})
    found = tables.by_client(frame, {"a.nl": (3, "Client"), "b.nl": (3, "Client")}, ["a.nl", "b.nl", "c.nl", "d.nl"])
    assert found == (ClientUse(3, "Client", 2, 12.0), ClientUse(0, "c.nl", 1, 12.0))  # as much: by name


def test_every_mailbox_is_in_one_group() -> None:
    frame = boxes(*({"usage": usage} for usage in (0.0, 199.9, 200.0, 899.0, 999.9, 1000.0, 5e3)), {"quota": 0})
    found = tables.how_full(frame)
    assert [each.mailboxes for each in found] == [2, 1, 0, 0, 1, 1, 2, 1]
    assert found[-2:] == (FillGroup(100, None, 2), FillGroup(None, None, 1))


def test_senders_are_ordered_by_their_share_of_the_limit() -> None:
    frame = boxes({"sent": 50}, {"sent": 40, "limit": 40}, {"sent": 0}, {"sent": 9, "limit": 0})
    assert tables.most_sent(frame) == (Sender("n1@a.nl", 40, 40), Sender("n0@a.nl", 50, 100))
    assert tables.most_sent(frame, most=1) == (Sender("n1@a.nl", 40, 40),)


def test_a_domain_counts_with_its_last_known_figure() -> None:
    figures = {"a.nl": {3: 10.0, 5: 30.0}, "b.nl": {4: 1.0}}
    assert tables.sums_by_day(figures, 2, 6) == (None, 10.0, 11.0, 31.0, 31.0)
    assert tables.sums_by_day({"a.nl": {1: 7.0}}, 3, 4) == (7.0, 7.0)
    assert tables.sums_by_day({}, 3, 4) == (None, None)
