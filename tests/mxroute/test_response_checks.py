"""Data of a successful response that does not answer the request is refused with the cause."""

from typing import Any

import pytest

from mxlib.mxroute import response_checks

BOX = {"username": "jan", "email": "jan@a.nl", "quota": 1024, "limit": 9600, "usage": 1.5, "sent": 2}
ELSE = "MXroute's answer about jan@{domain} is about something else."


@pytest.mark.parametrize("data", [[], ["a.nl"], ["a.nl", "b.nl"]])
def test_a_list_of_different_names_is_a_list_of_domains(data: Any) -> None:
    assert response_checks.check_domains(data) == ""


@pytest.mark.parametrize("data", [None, {}, "a.nl", [1], [""], [" "], ["a.nl", "A.NL"], ["\ud800"]])
def test_anything_else_is_no_list_of_domains(data: Any) -> None:
    assert response_checks.check_domains(data) == "MXroute's list of domains is not readable."


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"email": None},
        {"username": None},
        {"username": "JAN"},
        {"quota": "1024", "limit": " Unlimited "},
        {"usage": None, "sent": None},
    ],
)
def test_a_mailbox_is_recognised_by_its_name_or_address(changes: dict[str, Any]) -> None:
    assert response_checks.check_mailbox("a.nl", "jan", BOX | changes) == ""
    assert response_checks.check_mailboxes("a.nl", [BOX | changes]) == ""


@pytest.mark.parametrize(
    "changes",
    [{"username": "piet"}, {"username": None, "email": None}, {"email": "jan@b.nl"}, {"username": ["jan"]}],
)
def test_an_answer_about_another_mailbox_is_refused(changes: dict[str, Any]) -> None:
    assert response_checks.check_mailbox("a.nl", "jan", BOX | changes) == ELSE.format(domain="a.nl")


@pytest.mark.parametrize(
    ("domain", "email", "same"),
    [
        ("xn--bcher-kva.example", "jan@bücher.example", True),
        ("bücher.example", "jan@xn--bcher-kva.example", True),
        ("bücher.example", "JAN@BÜCHER.EXAMPLE", True),
        ("bücher.example", "jan@bucher.example", False),
        ("a.nl", f"jan@{'a' * 64}.nl", False),
        (f"{'a' * 64}.nl", f"jan@{'a' * 64}.nl", True),
        ("a.nl", "jan@a..nl", False),
    ],
)
def test_addresses_are_compared_in_the_dns_form_of_their_domain(domain: str, email: str, same: bool) -> None:
    data = BOX | {"email": email}
    assert response_checks.check_mailbox(domain, "jan", data) == ("" if same else ELSE.format(domain=domain))


@pytest.mark.parametrize("username", [7, 0])
def test_a_name_that_is_a_whole_number_is_read_as_text(username: int) -> None:
    data = BOX | {"username": username, "email": ""}
    assert response_checks.check_mailbox("a.nl", str(username), data) == ""


@pytest.mark.parametrize("username", [True, -1, 1.5, 10**15])
def test_a_username_that_is_another_number_makes_the_list_unreadable(username: object) -> None:
    data = BOX | {"username": username, "email": ""}
    assert response_checks.check_mailboxes("a.nl", [data]) == "MXroute's list of the mailboxes of a.nl is not readable."


@pytest.mark.parametrize("data", [None, {}, [None], ["jan"], [{}], [BOX, BOX | {"username": "Jan"}]])
def test_a_list_with_a_nameless_or_repeated_mailbox_is_refused(data: Any) -> None:
    assert response_checks.check_mailboxes("a.nl", data) == "MXroute's list of the mailboxes of a.nl is not readable."


@pytest.mark.parametrize(
    ("figure", "given"),
    [
        *[
            (figure, given)
            for figure in ("quota", "limit")
            for given in (None, "", "much", True, -1, 1.5, float("nan"), float("inf"), 1e15, 10**400, "9" * 41, [1])
        ],
        *[(figure, given) for figure in ("usage", "sent") for given in (float("nan"), float("inf"), -1e15, 10**400)],
    ],
)
def test_a_figure_that_no_mailbox_can_have_is_named(figure: str, given: object) -> None:
    data = BOX | {figure: given}
    single, listed = response_checks.check_mailbox("a.nl", "jan", data), response_checks.check_mailboxes("a.nl", [data])
    assert single == f"MXroute's answer about jan@a.nl gives no readable {figure}."
    assert listed == f"MXroute's list of the mailboxes of a.nl gives no readable {figure} for jan."
