"""A month for invoices: figures at its end, peaks, and which mailboxes are new or gone."""

from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from mxlib.core.days import number_of
from mxlib.core.files import figure_writer
from mxlib.core.mail_contents import MonthReady
from mxlib.core.month_report import DomainFigures, DomainMonth, Move, Presence, by_client, has_left, of_domain
from mxlib.core.months import Month
from mxlib.core.text import month_report as texts

NOVEMBER = Month(2026, 11)
FIRST, LAST = number_of(date(2026, 11, 1)), number_of(date(2026, 11, 30))
GB = 1024 * 1024


def test_a_month_has_its_days_and_neighbours() -> None:
    assert (NOVEMBER.first, NOVEMBER.last, str(NOVEMBER), NOVEMBER.label) == (FIRST, LAST, "2026-11", "November 2026")
    assert (Month(2026, 12).next, Month(2026, 1).before) == (Month(2027, 1), Month(2025, 12))
    assert (NOVEMBER.next, NOVEMBER.before) == (Month(2026, 12), Month(2026, 10))
    assert Month.of_day(LAST) == NOVEMBER
    assert Month(2025, 12) < NOVEMBER


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-00", "0000-01", "2026-1", "2026-11-01", "\u0662026-11"])
def test_other_text_is_not_a_month(text: str) -> None:
    assert Month.read(text) is None


def test_a_month_is_read_as_it_is_written() -> None:
    assert Month.read(str(NOVEMBER)) == NOVEMBER


def days(*figures: tuple[int, int, int]) -> list[DomainFigures]:
    """Return days by their place in the month (0 is the day before), mailboxes and use in GB."""
    return [DomainFigures(FIRST - 1 + at, boxes, use * GB, (use + 1) * GB) for at, boxes, use in figures]


def at(place: int | None) -> int | None:
    return None if place is None else FIRST - 1 + place


def box(name: str, before: int | None, first: int | None, last: int | None, gone: int | None = None) -> Presence:
    return Presence(name, at(before), at(first), at(last), at(gone))


def test_the_end_is_the_last_day_and_the_peak_the_highest() -> None:
    found = of_domain(NOVEMBER, "a.nl", days((0, 9, 99), (1, 2, 5), (2, 4, 9), (28, 3, 7)), ())
    assert found is not None
    assert (found.mailboxes, found.most_mailboxes, found.usage, found.peak) == (3, 4, 7 * GB, 10 * GB)
    assert of_domain(NOVEMBER, "a.nl", days((0, 9, 99)), ()) is None


@pytest.mark.parametrize(
    ("given", "new", "gone"),
    [
        (box("stays", 0, 1, 30), None, None),
        (box("new", None, 5, 30), 5, None),
        (box("on.first.day", None, 1, 30), 1, None),
        (box("gone", 0, 1, 9, 10), None, 10),
        (box("gone.within.the.first.day", 0, None, None, 1), None, 1),
        (box("new.and.gone", None, 5, 6, 7), 5, 7),
        (box("gone.later", 0, 1, 30, 33), None, None),
        (box("gone.and.back", 0, 1, 9), None, 10),
        (box("back.after.a.gap", -9, 4, 30), 4, None),
        (box("gone.before", -9, None, None, -5), None, None),
    ],
)
def test_new_and_gone_have_their_day(given: Presence, new: int | None, gone: int | None) -> None:
    listed = days(*((place, 5, 5) for place in range(31)))
    found = of_domain(NOVEMBER, "a.nl", listed, [given])
    assert found is not None
    assert [move.day for move in found.new] == [day for day in [at(new)] if day is not None]
    assert [move.day for move in found.gone] == [day for day in [at(gone)] if day is not None]


def test_what_was_there_when_mxm_began_is_not_new() -> None:
    listed = days((10, 1, 1), (11, 2, 1))
    found = of_domain(NOVEMBER, "a.nl", listed, [box("first", None, 10, 11), box("second", None, 11, 11)])
    assert found is not None
    assert [move.address for move in found.new] == ["second@a.nl"]


def test_a_domain_whose_last_mailboxes_are_gone_has_none_at_the_end() -> None:
    found = of_domain(NOVEMBER, "a.nl", days((1, 1, 5), (9, 1, 6)), [box("last", 0, 1, 9, 9)])
    assert found is not None
    assert (found.mailboxes, found.usage, found.peak) == (0, 0, 7 * GB)


def test_a_list_without_a_mailbox_that_is_gone_on_the_last_day_counts_it_out_already() -> None:
    boxes = [box("stays", 0, 1, 9), box("gone.before.the.list", 0, 1, 9, 9)]
    found = of_domain(NOVEMBER, "a.nl", days((1, 2, 5), (9, 1, 6)), boxes)
    assert found is not None
    assert (found.mailboxes, found.usage) == (1, 6 * GB)
    before_the_deletion = of_domain(NOVEMBER, "a.nl", days((1, 2, 5), (9, 2, 6)), boxes)
    assert before_the_deletion is not None
    assert before_the_deletion.mailboxes == 1


def test_a_domain_that_left_does_not_add_to_later_peaks_of_its_client() -> None:
    left = of_domain(NOVEMBER, "a.nl", days((1, 1, 99), (2, 1, 99)), [box("anna", 0, 1, 2, 3)])
    grew = of_domain(NOVEMBER, "b.nl", days((1, 1, 1), (2, 1, 1), (9, 1, 70)), [box("bo", 0, 1, 9)])
    assert left is not None
    assert grew is not None
    (client,) = by_client([left, grew], {"a.nl": "Client", "b.nl": "Client"})
    assert (client.peak, client.most_mailboxes, client.mailboxes) == (102 * GB, 2, 1)


def test_a_domain_that_left_counts_with_nothing_once_only_its_totals_are_stored() -> None:
    listed = days((1, 2, 5), (9, 2, 6))
    there, gone = (of_domain(NOVEMBER, "a.nl", listed, (), left=left) for left in (False, True))
    assert there is not None
    assert gone is not None
    assert (there.mailboxes, there.usage) == (2, 6 * GB)
    assert (gone.mailboxes, gone.usage, gone.most_mailboxes, gone.peak) == (0, 0, 2, 7 * GB)
    grew = of_domain(NOVEMBER, "b.nl", days((1, 1, 1), (29, 1, 70)), [box("bo", 0, 1, 29)])
    assert grew is not None
    (client,) = by_client([gone, grew], {"a.nl": "Client", "b.nl": "Client"})
    assert (client.peak, client.most_mailboxes, client.mailboxes) == (71 * GB, 3, 1)


def test_a_domain_that_left_right_after_the_month_has_its_mailboxes_at_the_end() -> None:
    found = of_domain(NOVEMBER, "a.nl", days((1, 1, 5), (30, 1, 6)), [box("anna", 0, 1, 30, 31)], left=True)
    assert found is not None
    assert (found.mailboxes, found.usage) == (1, 6 * GB)


@pytest.mark.parametrize(
    ("next_day", "read_days", "on_account", "expected"),
    [
        (None, {8, 9, 10}, False, True),
        (None, {8, 9, 10}, True, False),  # its list fails, and it is there
        (None, {8, 9}, False, False),  # nothing else was read either
        (None, {8, 9, 60}, False, False),
        (12, {9, 10, 12}, False, False),  # it left later
        (40, {9, 10, 40}, True, False),
        (41, {9, 10, 41}, True, True),  # away for over a month, and back
        (41, {9, 41}, True, False),  # the server was off
    ],
)
def test_a_domain_has_left_when_others_are_read_and_it_is_not(
    next_day: int | None, read_days: set[int], *, on_account: bool, expected: bool
) -> None:
    assert has_left(9, next_day, read_days, is_on_account=on_account) is expected


def months() -> tuple[DomainMonth, ...]:
    """Return two domains whose peaks are on different days, and one without a client."""
    found = [
        of_domain(NOVEMBER, "a.nl", days((1, 1, 9), (2, 1, 1)), [box("anna", None, 2, 2)]),
        of_domain(NOVEMBER, "b.nl", days((1, 1, 1), (2, 2, 8)), [box("bo", 1, 1, 1, 2)]),
        of_domain(NOVEMBER, "c.nl", days((1, 4, 3)), ()),
    ]
    return tuple(each for each in found if each is not None)


def test_a_client_has_the_peak_of_one_day_over_its_domains() -> None:
    client, alone = by_client(months(), {"a.nl": "Client", "b.nl": "Client"})
    assert (client.name, client.usage, client.peak, client.mailboxes) == ("Client", 9 * GB, 12 * GB, 3)
    assert client.most_mailboxes == 3
    assert (client.new, client.gone) == ((Move("anna@a.nl", FIRST + 1),), (Move("bo@b.nl", FIRST + 1),))
    assert (alone.name, alone.mailboxes) == ("c.nl", 4)


def test_the_file_has_numbers_and_days_that_a_spreadsheet_calculates_with() -> None:
    found = by_client(months(), {"a.nl": "=Client", "b.nl": "=Client"})
    remarks = texts.remarks(NOVEMBER, LAST, 90)
    book = CalamineWorkbook.from_filelike(BytesIO(figure_writer.xlsx(texts.sheets(NOVEMBER, found, remarks))))
    assert book.sheet_names == ["Clients", "Domains", "New and gone", "About"]
    rows = book.get_sheet_by_name("Clients").to_python()
    assert rows[0][:4] == ["Client", "Domains", "Mailboxes at month end", "Most mailboxes"]
    assert rows[1] == ["\t=Client", 2, 3, 3, 9, 12, 1, 1]
    moves = book.get_sheet_by_name("New and gone").to_python()
    assert [row[2:] for row in moves[1:]] == [
        ["anna@a.nl", "new", date(2026, 11, 2)], ["bo@b.nl", "gone", date(2026, 11, 2)]
    ]  # fmt: skip
    assert [row[0] for row in book.get_sheet_by_name("About").to_python()][:2] == [
        "November 2026", "November 2026 is not over: these are the figures up to 30 Nov."
    ]  # fmt: skip


def test_remarks_say_what_a_month_lacks() -> None:
    assert texts.remarks(NOVEMBER, LAST + 1, 90) == ()
    (gone,) = texts.remarks(NOVEMBER, LAST + 90, 90)
    assert gone == "Mailboxes that have been gone for over 90 days are missing under New and Gone."
    assert "November 2026" in texts.no_figures(NOVEMBER)
    assert texts.ready(NOVEMBER).startswith("November 2026: ")


def test_a_csv_has_the_same_figures() -> None:
    rows = [["Day", "GB", "None"], [date(2026, 11, 2), 2.50, None], ["=1", 3, 0.126]]
    assert figure_writer.csv({"Any": rows}).decode("utf-8-sig").split("\r\n") == [
        "Day,GB,None", "2026-11-02,2.5,", '"\t=1",3,0.13', ""
    ]  # fmt: skip


def test_a_sheet_without_rows_has_its_header() -> None:
    book = CalamineWorkbook.from_filelike(BytesIO(figure_writer.xlsx({"Any": [["Client"]], "Empty": []})))
    assert book.get_sheet_by_name("Any").to_python() == [["Client"]]
    assert book.get_sheet_by_name("Empty").to_python() == []


def test_the_mail_on_the_first_has_totals_and_a_link() -> None:
    url = "https://mxm.agency.example/?month=2026-11"
    words = texts.mail(MonthReady("November 2026", url, 2, 7, 9 * GB))
    assert words.subject == "November 2026: mailboxes and storage of all clients"
    assert "2 clients with 7 mailboxes and 9 GB at its end" in words.paragraphs[1]
    assert url in words.paragraphs[2]
    assert words.links == (url,)
