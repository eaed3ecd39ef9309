"""Texts of notices: a title, a line for each event, and the place to act."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.events.notices import DueNotice, NotedEvent
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.core.mail_contents import NoticeMail
from mxlib.core.text import mails, notices

NOON, MAILBOX = 1_800_000_000.0, "/mailbox?address=anna%40a.nl"
JUMP = Event(Rule.SENT_JUMP, EventCode.SENT_JUMP, "anna@a.nl", 1, {"sent": 2_300, "usual": 40})
SILENT = Event(Rule.HOST, EventCode.HOST_SILENT, "", 1)
BACK = Event(Rule.HOST, EventCode.HOST_BACK, "", 0)
GONE = Event(Rule.MAILBOX_GONE, EventCode.MAILBOX_GONE_OUTSIDE, "bert@a.nl", 1)
ENDED = Event(Rule.RUN, EventCode.RUN_FINISHED, "17", 3, {"rows": 4, "failed": 0})


def notice(*events: Event, rule: Rule | None = None) -> DueNotice:
    noted = tuple(NotedEvent(number, NOON, "a.nl", event) for number, event in enumerate(events, 1))
    return DueNotice(5, NOON, rule, Severity.URGENT, noted)


@pytest.mark.parametrize(
    ("made", "title", "place"),
    [
        (
            notice(JUMP, rule=Rule.SENT_JUMP),
            "MXM: Sends far more than usual, anna@a.nl",
            "/mailbox?address=anna%40a.nl",
        ),
        (notice(SILENT, rule=Rule.HOST), "MXM: MXroute silent", "/notices"),
        (notice(BACK, rule=Rule.HOST), "MXM: MXroute answers again", "/notices"),
        (notice(ENDED, rule=Rule.RUN), "MXM: Run 17 finished", "/jobs?run=17"),
        (notice(GONE, rule=Rule.MAILBOX_GONE), "MXM: Gone outside MXM, bert@a.nl", "/notices"),
        (notice(*[GONE] * 30, rule=Rule.MAILBOX_GONE), "MXM: Gone outside MXM, 30 at once", "/notices"),
        (notice(GONE, ENDED), "MXM: 2 events to know of, 1 warning among them", "/notices"),
        (notice(BACK, ENDED), "MXM: 2 events to know of", "/notices"),
        (notice(ENDED), "MXM: Run 17 finished", "/jobs?run=17"),
    ],
)
def test_title_and_place(made: DueNotice, title: str, place: str) -> None:
    assert (notices.title(made), notices.place(made)) == (title, place)


def test_a_long_notice_counts_what_it_leaves_out() -> None:
    lines = notices.lines(notice(*[GONE] * (notices.MOST_LINES + 23)))
    assert len(lines) == notices.MOST_LINES + 1
    assert lines[-1] == "23 more are on the page Notices."
    assert len(notices.lines(notice(GONE, JUMP))) == 2


def test_a_digest_begins_with_what_is_most_urgent() -> None:
    made = notice(BACK, ENDED, GONE, SILENT)
    firsts = [line.split(" ", 2)[:2] for line in notices.lines(made)]
    assert firsts == [["MXroute's", "API"], ["bert@a.nl", "is"], ["MXroute's", "API"], ["Run", "17"]]
    assert notices.in_room(made, "", 2_000).split("\n") == [*notices.lines(made)]


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=150), st.integers(0, 600), st.integers(1_500, 3_000))
def test_a_notice_in_little_room_keeps_its_address_and_counts_the_rest(names: list[int], url: int, room: int) -> None:
    made = notice(*(Event(Rule.MAILBOX_GONE, EventCode.MAILBOX_GONE_OUTSIDE, "n" * each, 1) for each in names))
    text = notices.in_room(made, "u" * url, room)
    said = text.split("\n")
    assert len(text) <= room
    assert said[-1] == "u" * url if url else said[-1] != ""
    shown = sum(each.startswith(("nn", "n is")) for each in said)
    assert shown > 0
    left = len(names) - shown
    assert any(each == f"{left} more are on the page Notices." for each in said) is (left > 0)


def test_a_mail_about_a_suspected_hijack_leads_to_lock() -> None:
    words = mails.words_of(NoticeMail(notice(JUMP, rule=Rule.SENT_JUMP), "https://mxm.agency.example/"))
    assert words.links == ("https://mxm.agency.example/mailbox?address=anna%40a.nl",)
    assert words.paragraphs[-2:] == ("Lock the mailbox here, or see more:", *words.links)


def test_a_mail_without_an_address_of_mxm_has_no_link() -> None:
    words = mails.words_of(NoticeMail(notice(GONE, JUMP)))
    assert (words.links, len(words.paragraphs)) == ((), 2)
    assert mails.words_of(NoticeMail(notice(GONE), "https://mxm.example")).paragraphs[-2] == "See more here:"
