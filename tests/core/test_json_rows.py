"""Rows sent as JSON become the same table as rows of a file."""

import json
from typing import Any

import pytest

from mxlib.api.schemas.requests import ImportRequest
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import json_rows
from mxlib.core.schema import COLUMNS, DTYPES, ROW_METADATA
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults

ACCOUNT = AccountSnapshot(frozenset({"a.nl", "b.nl"}), {"a.nl": frozenset({"anna"}), "b.nl": frozenset()})


def validated(*items: dict[str, Any]) -> list[dict[Any, Any]]:
    """Return the rows with their verdicts."""
    return rules.validate(json_rows.rows_from_json(items), ACCOUNT, Defaults("a.nl")).to_dict("records")


def parse_import(body: Any, most: int) -> ImportBatch:
    return ImportRequest.parse(body, max_rows=most).batch()


def cells(*items: dict[str, Any]) -> list[dict[Any, Any]]:
    return json_rows.rows_from_json(items).to_dict("records")


def test_json_rows_become_the_standard_rows_table() -> None:
    for items in ([], [{}], [{"username": "jan", "phone": 1}]):
        table = json_rows.rows_from_json(items)
        assert list(table.columns) == [*COLUMNS, *ROW_METADATA]
        assert {name: str(kind) for name, kind in table.dtypes.items()} == DTYPES
        assert len(table) == len(items)


def test_strings_numbers_null_and_missing_keys_are_read_alike() -> None:
    reported = validated(
        {"username": "jan", "password": "Geheim.2026x", "quota": 2048, "limit": 9600},
        {"username": "kim", "password": "Geheim.2026x", "quota": "2048", "limit": "9600", "recovery_email": None},
        {"username": "lea", "password": "Geheim.2026x", "quota": 2048.0, "limit": "", "domain": None},
        {"username": "max", "password": "Geheim.2026x", "quota": "2 GB"},
    )
    assert {(row["verdict"], row["clean_quota"], row["clean_limit"], row["reasons"]) for row in reported} == {
        ("ready", 2048, 9600, "")
    }


@pytest.mark.parametrize("name", ["username", "email", "mailbox", "address", "user", "Email Address", "user_name"])
def test_the_username_key_may_have_any_name_that_a_file_header_may_have(name: str) -> None:
    reported = validated({name: "jan@b.nl", "password": "Geheim.2026x"})[0]
    assert (reported["clean_username"], reported["clean_domain"], reported["verdict"]) == ("jan", "b.nl", "ready")


def test_a_filled_username_wins_over_an_address() -> None:
    table = cells({"username": "jan", "email": "x@b.nl"}, {"username": " ", "email": "x@b.nl"}, {"address": "y@b.nl"})
    assert [row["username"] for row in table] == ["jan", "x@b.nl", "y@b.nl"]


def test_an_address_that_matches_the_username_gives_the_domain() -> None:
    reported = validated({"username": "Jan", "email": "jan@b.nl"}, {"username": "jan", "email": "kim@b.nl"})
    assert [row["clean_domain"] for row in reported] == ["b.nl", "a.nl"]


def test_a_password_is_kept_verbatim_even_as_a_number() -> None:
    table = cells({"username": "a", "password": " Blank 1 "}, {"username": "b", "password": 12345678})
    assert [row["password"] for row in table] == [" Blank 1 ", "12345678"]


def test_a_quota_key_in_gigabytes_is_converted_to_megabytes() -> None:
    table = validated({"username": "a", "quota_gb": 2}, {"username": "b", "Quota (GB)": "3 GB"}, {"username": "c"})
    assert [row["clean_quota"] for row in table] == [2048, 3072, 1024]


@pytest.mark.parametrize(
    ("item", "line"),
    [({"line": 7}, 7), ({"line": "7"}, 7), ({"_line": 7}, 7), ({}, 1), ({"line": None}, 1), ({"line": -1}, 1),
     ({"line": True}, 1), ({"line": 2**63}, 1), ({"line": "x"}, 1), ({"line": [7]}, 1)],
)  # fmt: skip
def test_a_row_keeps_its_line_or_gets_its_position(item: dict[str, Any], line: int) -> None:
    assert cells({"username": "jan"} | item)[0]["line"] == line


def test_a_cell_of_a_wrong_type_makes_only_its_row_invalid() -> None:
    reported = validated(
        {"username": "jan", "password": "Geheim.2026x", "quota": [1]}, {"username": "kim", "password": "Geheim.2026x"}
    )
    assert [row["verdict"] for row in reported] == ["invalid", "ready"]
    assert reported[0]["reasons"] == "quota: write text or a number."


def test_a_lone_surrogate_is_replaced() -> None:
    assert cells(json.loads('{"username": "ja\\ud800n"}'))[0]["username"] == "ja?n"


def test_known_mailboxes_of_the_sender_are_read_liberally() -> None:
    asked = parse_import(
        {"default_domain": " A.nl ", "existing_by_domain": {"A.NL": ["Anna", "bob@a.nl", 5], "b.nl": None}}, 10
    )
    assert asked.domain == "a.nl"
    assert asked.existing == {"a.nl": {"anna", "bob"}}
    assert len(asked.rows) == 0


def test_unused_cells_are_kept_for_the_results() -> None:
    asked = parse_import({"rows": [{"user": "jan", "phone": 31, "line": 4, "tags": ["x"], "pass": "s"}]}, 10)
    assert asked.source.cells(0) == {"phone": "31"}


@pytest.mark.parametrize(
    ("body", "field"),
    [([], ""), (None, ""), ({"rows": {}}, "rows"), ({"rows": "x"}, "rows"), ({"rows": [{}, 1]}, "rows.1"),
     ({"rows": [{}] * 11}, "rows"), ({"rows": [{str(n): 1 for n in range(101)}]}, "rows"),
     ({"default_domain": ["a"]}, "default_domain"), ({"generate_passwords": "yes"}, "generate_passwords")],
)  # fmt: skip
def test_a_body_of_a_wrong_shape_is_refused_naming_the_field(body: Any, field: str) -> None:
    with pytest.raises(InvalidBody) as refused:
        parse_import(body, 10)
    assert refused.value.field == field


def test_own_cells_are_kept_as_bytes_and_over_100_000_known_names_are_refused() -> None:
    items = [{"username": f"u{at}", "note": "Piet", "pin": "Zq7.veld.2026x", "x": [1], "gone": None} for at in range(3)]
    asked = parse_import({"rows": items}, 10)
    assert asked.source.cells(1) == {"note": "Piet", "gone": ""}
    assert all(type(cells) is bytes for cells in asked.source.own)
    for known in ({"a.nl": ["u"] * 60_000, "b.nl": ["u"] * 40_001}, {f"{at}.nl": [] for at in range(100_001)}):
        with pytest.raises(InvalidBody, match="over 100,000 names") as refused:
            parse_import({"rows": [], "existing_by_domain": known}, 10)
        assert refused.value.field == "existing_by_domain"
