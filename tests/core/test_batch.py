"""Batches of rows: their addresses, domains and source."""

import pytest

from mxlib.core import addresses
from mxlib.core.import_batch import ImportBatch, parse_default_domain
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping.json_rows import JsonRows
from mxlib.core.schema import MAX_CELL_LENGTH, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import OnExisting

ROWS = make_rows({"username": ["Ann", "bob@B.nl", "kim"], "domain": ["", "", "münchen.de"]})


def test_an_overlong_cell_names_no_domain_of_its_length() -> None:
    long = "x" * (MAX_CELL_LENGTH + 1)
    batch = ImportBatch(make_rows({"username": ["ann", long], "domain": [long, ""]}), "a.nl")
    assert max(map(len, batch.domains)) < 100


@pytest.mark.parametrize(
    ("typed", "domain"),
    [(" A.NL ", "a.nl"), ("", ""), ("münchen.de", "xn--mnchen-3ya.de"), ("x" * 300, "x" * 300)],
)
def test_a_default_domain_is_normalised(typed: str, domain: str) -> None:
    assert parse_default_domain(typed) == domain


def test_a_default_domain_that_no_domain_can_be_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidBody, match=r"^default_domain: over 300 characters, which no domain has") as caught:
        parse_default_domain("x" * 301)
    assert caught.value.field == "default_domain"


def test_the_domains_of_a_batch_are_those_of_its_rows_and_the_default() -> None:
    assert ImportBatch(ROWS, "a.nl").domains == {"a.nl", "b.nl", "xn--mnchen-3ya.de"}
    assert ImportBatch(ROWS, "").domains == {"b.nl", "xn--mnchen-3ya.de"}


def test_the_addresses_of_a_batch_are_full_and_those_given_are_used() -> None:
    batch = ImportBatch(ROWS, "a.nl")
    assert batch.addresses.full.to_pylist() == ["ann@a.nl", "bob@b.nl", "kim@xn--mnchen-3ya.de"]
    parsed = addresses.read(ROWS, "c.nl")
    assert ImportBatch(ROWS, "a.nl", parsed=parsed).addresses is parsed


@pytest.mark.parametrize(("choice", "updates"), [(OnExisting.SKIP, False), (OnExisting.UPDATE, True)])
def test_a_batch_updates_existing_mailboxes_only_when_asked(choice: OnExisting, updates: bool) -> None:
    assert ImportBatch(ROWS, "a.nl", choice).updates is updates


def test_a_batch_names_the_file_of_its_rows_if_there_is_one() -> None:
    batch = ImportBatch(ROWS, "a.nl", source=JsonRows([], "staff.csv", "d" * 64))
    assert (batch.file_name, batch.file_digest) == ("staff.csv", "d" * 64)
    by_hand = ImportBatch(ROWS, "a.nl")
    assert (by_hand.file_name, by_hand.file_digest) == ("", "")


def test_missing_passwords_are_filled_in_and_the_addresses_are_kept() -> None:
    batch = ImportBatch(make_rows({"username": ["ann", "bob"], "password": ["Winter-2026", ""]}), "a.nl")
    account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()})
    filled = batch.with_passwords(validate(batch.rows, account, Defaults("a.nl")))
    assert filled.rows["generated"].tolist() == [False, True]
    assert filled.rows["password"].iloc[0] == "Winter-2026"
    assert filled.parsed is batch.addresses
    assert batch.rows["password"].tolist() == ["Winter-2026", ""]


def test_the_rows_of_a_batch_stay_out_of_its_representation() -> None:
    assert "bob" not in repr(ImportBatch(ROWS, "a.nl"))
