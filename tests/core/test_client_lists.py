"""Lists of clients: how files are read, what an import of them would do, and the way back into a file."""

import pytest

from mxlib.core import client_lists
from mxlib.core.client_lists import ListVerdict, PlannedClient
from mxlib.core.clients import ClientDetails, Contact, Terms
from mxlib.core.files import reader, writer
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import ReadOptions

BAKKER = ClientDetails(
    "Bakker & Co",
    ("a.nl", "b.nl"),
    (Contact("Kim", "kim@a.nl", "de"), Contact("", "jo@a.nl")),
    "nl",
    Terms(2048, 10240, 50),
    "=Pays, by the year.\nLate.",
    self_service=True,
)
SMALL = ClientDetails("Small", ("c.nl",))
EXISTING = {"bakker & co": (1, BAKKER), "small": (2, SMALL)}
ACCOUNT = {"a.nl", "b.nl", "c.nl", "d.nl"}


def planned(data: bytes) -> tuple[PlannedClient, ...]:
    sheet = reader.read(data, "clients.csv", options=ReadOptions(header_line=0))
    return client_lists.plan(client_lists.read(sheet), EXISTING, ACCOUNT)


def of(*lines: str) -> list[tuple[ListVerdict, tuple[str, ...]]]:
    return [(each.verdict, each.sentences) for each in planned("\n".join(lines).encode())]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_list_that_was_downloaded_changes_nothing(kind: str) -> None:
    data = writer.WRITERS[kind](client_lists.COLUMNS, list(client_lists.rows_of([BAKKER, SMALL])))
    assert [each.verdict for each in planned(data)] == [ListVerdict.UNCHANGED] * 2


def test_a_client_may_have_a_line_for_each_domain_and_contact() -> None:
    (client,) = planned(
        b"Our clients;;;;\n"
        b"Customer;Domain;Contact e-mail;Max. mailboxes;Largest quota;Language\n"
        b"New;d.nl;kim@d.nl;1.000;10 GB;Dutch\n"
        b"new ;D.NL;jo@d.nl;;;\n"
    )
    assert (client.verdict, client.lines) == (ListVerdict.NEW, (3, 4))
    contacts = (Contact("", "kim@d.nl"), Contact("", "jo@d.nl"))
    assert client.details == ClientDetails("New", ("d.nl",), contacts, "nl", Terms(None, 10240, 1000))


def test_blank_cells_leave_what_is_there_and_a_dash_removes_it() -> None:
    assert of("client,domains,largest_quota,notes", "small,,,", "Bakker & Co,a.nl; d.nl,-,-") == [
        (ListVerdict.UNCHANGED, ()),
        (ListVerdict.CHANGED, ("domains (+ d.nl, - b.nl), largest quota, notes",)),
    ]


def test_self_service_reset_is_turned_on_and_off_by_a_list() -> None:
    on, off = ("self-service reset on",), ("self-service reset off",)
    for cell in ("yes", "Ja", "TRUE", "1", "on"):
        assert of("client,Self-service reset", f"Small,{cell}") == [(ListVerdict.CHANGED, on)]
    for cell in ("no", "Nein", "-", "off"):
        assert of("client,self_service", f"Bakker & Co,{cell}") == [(ListVerdict.CHANGED, off)]
    assert of("client,self_service,notes", "Small,no,", "Bakker & Co,,-")[0] == (ListVerdict.UNCHANGED, ())
    assert of("client,self_service", "Small,perhaps") == [
        (ListVerdict.ERROR, ("self_service in line 2: 'perhaps' is not yes or no. Write one, or leave it blank.",))
    ]


def test_a_domain_moves_from_one_client_of_the_list_to_another() -> None:
    assert of("client,domains", "Small,b.nl c.nl", "Bakker & Co,a.nl") == [
        (ListVerdict.CHANGED, ("domains (+ b.nl)",)),
        (ListVerdict.CHANGED, ("domains (- b.nl)",)),
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",d.nl,,", "The line names no client. Write the client in the column client."),
        ("New,,,", "Name at least one domain of this client."),
        ("New,x.nl y.nl,,",
         "x.nl and y.nl are not on the MXroute account. Correct the list, or add the domain at MXroute first."),
        ("New,d.nl b.nl,,", "b.nl belongs to Bakker & Co. Remove it there first."),
        ("New,d.nl,lots,",
         "largest_quota in line 2: 'lots' is not an amount such as 10 GB. Write one, or leave it blank."),
        ("New,d.nl,,kim", "'kim' is not an email address. Write one."),
    ],
)  # fmt: skip
def test_an_error_says_what_where_and_what_to_do(line: str, says: str) -> None:
    assert of("client,domains,largest quota,contact address", line) == [(ListVerdict.ERROR, (says,))]


def test_lines_that_contradict_each_other_are_an_error() -> None:
    assert of("client,domains,language,notes", "New,d.nl,nl,x", "New,,de,x", "Other,d.nl,,") == [
        (ListVerdict.ERROR, ("language: lines 2 and 3 differ. Write it in one of them.",)),
        (ListVerdict.NEW, ()),
    ]


def test_two_clients_cannot_share_a_domain() -> None:
    assert of("client,domains", "One,d.nl", "Two,d.nl", "Small,c.nl", "Three,c.nl") == [
        (ListVerdict.NEW, ()),
        (ListVerdict.ERROR, ("d.nl is in line 2 for another client, too. Remove it from one of them.",)),
        (ListVerdict.UNCHANGED, ()),
        (ListVerdict.ERROR, ("c.nl belongs to Small. Remove it there first.",)),
    ]


def test_a_client_that_is_refused_keeps_its_domains_from_others() -> None:
    assert of("client,domains", "Small,b.nl", "Bakker & Co,a.nl x.nl", "New,c.nl") == [
        (ListVerdict.ERROR, ("b.nl belongs to Bakker & Co. Remove it there first.",)),
        (ListVerdict.ERROR,
         ("x.nl is not on the MXroute account. Correct the list, or add the domain at MXroute first.",)),
        (ListVerdict.ERROR, ("c.nl belongs to Small. Remove it there first.",)),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["name,mail\nkim,kim@a.nl\n", "client\nA\n", "client,domains\n,\n"])
def test_a_file_that_is_no_list_of_clients_is_refused(text: str) -> None:
    with pytest.raises(FileRefused):
        planned(text.encode())
