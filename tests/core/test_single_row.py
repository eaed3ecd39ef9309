"""Validation of a single mailbox by the rules of a table, with its faults by cell."""

import pytest

from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.schema import MASK
from mxlib.core.validation.rules import Defaults
from mxlib.core.validation.single_row import ValidatedRow, changed, is_given, validate_row

GOOD = "Geheim.2026x"


def validated(existing: frozenset[str] = frozenset(), **cells: object) -> ValidatedRow:
    return validate_row("a.nl", {"username": "nina", "password": GOOD} | cells, Defaults("a.nl"), existing=existing)


def test_a_valid_row_has_no_faults_and_the_values_to_send() -> None:
    found = validated(username=" Nina ", quota="2 GB", recovery_email="N@Home.nl", name=" Nina ")
    assert (found.faults, found.message, found.warnings) == ({}, "", ())
    values = [found.row[f"clean_{name}"] for name in ("username", "domain", "quota", "recovery_email", "name")]
    assert values == ["nina", "a.nl", 2048, "n@home.nl", "Nina"]


def test_faults_are_reported_by_cell_and_all_in_one_message() -> None:
    found = validated(quota="lots", limit="-1")
    assert found.faults == {"quota": "Quota 'lots': write 1024 or 1 GB.", "limit": "Limit: 0 to 9600."}
    assert found.message == "Quota 'lots': write 1024 or 1 GB. Limit: 0 to 9600."


def test_two_faults_of_one_cell_are_joined() -> None:
    assert validated(password=" short1").faults == {
        "password": "The password needs 8 characters and a capital. "
        "The password starts or ends with a blank; remove it."
    }


@pytest.mark.parametrize("name", ["nina@b.nl", "nina@nowhere.example"])
def test_another_domain_in_the_username_is_a_fault_of_the_username(name: str) -> None:
    domain = name.partition("@")[2]
    assert validated(username=name).faults == {
        "username": f"The address says {domain}, the domain column a.nl. Keep one."
    }


@pytest.mark.parametrize("column", ["quota", "recovery_email", "username"])
def test_a_cell_of_the_wrong_type_is_a_fault_of_its_own_column(column: str) -> None:
    faults = validated(**{column: ["x"]}).faults
    assert faults[column].startswith(f"{column}: write text or a number.")


def test_a_missing_password_is_asked_for_without_a_tick_to_generate_one() -> None:
    assert validated(password="").faults == {"password": "A new mailbox needs a password."}


def test_an_existing_mailbox_is_valid_and_its_other_faults_are_reported() -> None:
    existing = frozenset({"nina"})
    assert validated(existing).faults == {}
    assert validated(existing, password="").faults == {}
    assert validated(existing, quota="lots").faults == {"quota": "Quota 'lots': write 1024 or 1 GB."}


def test_each_warning_is_an_item_and_stops_nothing() -> None:
    found = validated(quota="5", limit="500")
    assert found.faults == {}
    assert set(found.warnings) == {"5 MB: did you mean 5 GB?", "MXroute will set limit 9600, not 500."}


def test_a_password_stays_out_of_the_representation() -> None:
    assert GOOD not in repr(validated(quota="lots"))


@pytest.mark.parametrize(
    ("name", "cell", "given"),
    [
        ("quota", 0, True),
        ("quota", "0", True),
        ("quota", None, False),
        ("quota", "", False),
        ("name", " \u200b\u00a0", False),
        ("name", MASK, True),
        ("recovery_email", "-", True),
        ("password", GOOD, True),
        ("password", None, False),
        ("password", "  ", False),
        ("password", MASK, False),
        ("password", "****", False),
    ],
)
def test_a_blank_cell_and_a_mask_for_a_password_keep_the_current_value(name: str, cell: object, given: bool) -> None:
    assert is_given(name, cell) is given


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, MailboxChange(password=False, had=1024)),
        ({"password": GOOD}, MailboxChange(password=True, had=1024)),
        ({"quota": "2048"}, MailboxChange(password=False, had=1024, quota=2048)),
        ({"quota": 0, "limit": 0}, MailboxChange(password=False, had=1024, quota=0, limit=0)),
    ],
)
def test_a_manual_change_has_the_values_that_were_given(changes: dict[str, str | int], expected: MailboxChange) -> None:
    assert changed(1024, changes) == expected


@pytest.mark.parametrize(
    ("change", "text", "facts"),
    [
        (MailboxChange(password=True, had=1024), "password changed", {"password": True}),
        (
            MailboxChange(password=False, had=1024, quota=0),
            "quota 1024 → unlimited",
            {"password": False, "had_quota": 1024, "quota": 0},
        ),
        (
            MailboxChange(password=True, quota=2048, limit=500),
            "password changed; quota set to 2048; limit 500 asked for",
            {"password": True, "quota": 2048, "limit": 500},
        ),
        (
            MailboxChange(password=False, had=1024, quota=1024),
            "",
            {"password": False, "had_quota": 1024, "quota": 1024},
        ),
    ],
)
def test_a_manual_change_is_described_without_its_password(
    change: MailboxChange, text: str, facts: dict[str, object]
) -> None:
    assert (change.text, change.facts) == (text, facts)
