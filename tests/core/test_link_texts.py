"""What the dashboard says about links: figures, plurals, and where and when mails go."""

import pytest

from mxlib.core.links import LinkEnd, LinkRefusal, LinkStatus
from mxlib.core.text import links as texts

NOW = 1_790_000_000.0
HOUR = 3_600.0


def test_every_state_end_and_refusal_has_words() -> None:
    assert texts.STATUSES.keys() == set(LinkStatus)
    assert texts.ENDS.keys() == set(LinkEnd)
    assert texts.REFUSALS.keys() == texts.GROUPS.keys() == set(LinkRefusal)


@pytest.mark.parametrize(
    ("people", "mails", "expected"),
    [
        (0, 0, "Nobody gets a link"),
        (1, 1, "1 person gets a link"),
        (57, 57, "57 people get a link"),
        (57, 40, "57 people get a link, in 40 mails"),
        (2, 0, "2 people get a link, without a mail"),
    ],
)
def test_says_how_many_people_get_a_link_in_how_many_mails(people: int, mails: int, expected: str) -> None:
    assert texts.gets(people, mails) == expected


def test_counts_people_links_and_mails() -> None:
    assert texts.sent(57, 1) == "57 links in 1 mail"
    assert texts.gets(30, 26, 3) == "30 people get a link, in 26 mails, 3 of them without a mail"
    assert texts.asked_title(2) == "Recovery emails of 2 people"
    assert texts.asked_summary(2, 1) == "2 gave one, 1 not yet"
    assert texts.title(1) == "Links to 1 person"
    assert texts.summary(57, 3) == "57 set theirs, 3 not yet"
    assert texts.refused(LinkRefusal.LOCKED, 2) == "2 mailboxes get no link. Locked: unlock it first."
    assert texts.hidden(1) == "1 person is in domains that you may not support, and not shown."


def test_says_when_the_mails_leave() -> None:
    assert texts.pace(0, 100, None, NOW) == "Mails leave at once."
    later = texts.pace(2 * HOUR, 100, NOW + 86_400, NOW)
    assert later.startswith("Mails leave on ")
    assert later.endswith(": 100 mails an hour at most.")
    assert texts.pace(HOUR, 1, NOW - 5, NOW).startswith("Mails leave at once, the last within")


def test_says_from_when_links_work_and_when_they_end() -> None:
    assert texts.ends(NOW + 86_400, NOW, NOW).startswith("Links work at once and end on ")
    assert texts.ends(NOW + 3 * 86_400, NOW + 86_400, NOW).startswith("Links work from ")


def test_says_that_living_links_end() -> None:
    assert texts.replaced(0) == ""
    assert texts.replaced(1) == "1 person has a link already: it ends when the new one is sent."
    assert texts.replaced(2) == "2 people have a link already: it ends when their new one is sent."


def test_says_where_the_link_of_one_person_goes() -> None:
    assert texts.one("jo@a.nl", "jo@mail.example", "Dutch") == (
        "The link for jo@a.nl goes to jo@mail.example, in Dutch."
    )
    assert texts.one("jo@a.nl", "", "Dutch") == "No mail goes to jo@a.nl."
    assert texts.started("jo@a.nl", "jo@mail.example") == "A link for jo@a.nl goes to jo@mail.example."
    assert texts.started("jo@a.nl", "") == "The link for jo@a.nl is made: copy it."
    assert texts.together(1) == ""
    assert texts.together(3) == "This mail has the links of 3 people: they share the address."


def test_names_the_buttons_by_what_they_do() -> None:
    assert (texts.send(57, planned=False), texts.send(1, planned=True)) == ("Send 57 links", "Plan 1 link")
    assert texts.send(0, planned=False) == "Send links"
    assert (texts.remind(1), texts.remind(3)) == ("Remind 1 person", "Remind 3 people")
    assert texts.again(1) == "New link to 1 person whose link has ended"
    assert texts.again(3) == "New links to 3 people whose link has ended"


def test_a_link_that_is_due_is_queued() -> None:
    assert texts.status(LinkStatus.PLANNED, NOW, NOW) == "Queued"
    assert texts.status(LinkStatus.PLANNED, NOW + 1, NOW) == "Planned"
    assert texts.status(LinkStatus.OPENED, NOW, NOW) == "Opened"


def test_says_what_happened_to_a_living_link() -> None:
    to = "jo@mail.example"
    assert texts.living(LinkStatus.SENT, to, NOW, NOW, NOW).startswith(f"Link sent to {to}, ")
    assert texts.living(LinkStatus.MADE, "", NOW, None, NOW) == "Link made, without a mail"
    assert texts.living(LinkStatus.PLANNED, to, NOW + HOUR, None, NOW).startswith(f"Link planned to {to}, ")
    assert texts.living(LinkStatus.DELAYED, to, NOW, None, NOW) == f"Link to {to}: delayed"


def test_says_what_was_done() -> None:
    assert texts.selected(0) == texts.SELECT
    assert texts.selected(2) == "2 selected."
    assert "The earlier ones have ended" in texts.did(2, resent=True)
    assert texts.did(2, resent=False) == "The links of 2 people have ended."
    assert (texts.reminded(0), texts.reminded(2)) == ("Nobody is left to remind.", "2 people are reminded.")
    not_yet = "not reminded yet: the last mail left less than 6 hours ago, or waits to leave."
    assert texts.reminded(0, 1) == f"1 person is {not_yet}"
    assert texts.reminded(2, 3) == f"2 people are reminded. 3 people are {not_yet}"
    assert texts.resent("jo@a.nl") == "A new link for jo@a.nl is on its way. The earlier one has ended."
    assert texts.revoked("jo@a.nl") == "The link for jo@a.nl has ended."
