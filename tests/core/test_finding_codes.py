"""Finding codes: each has a message, a column and a place in the API documentation."""

import re
from pathlib import Path

import pandas as pd
import pytest

from mxlib.core.addresses import read
from mxlib.core.findings import KINDS, Finding, FindingCode, bits_of, kinds_of
from mxlib.core.mapping.json_rows import rows_from_json
from mxlib.core.text import findings as texts
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.validation.single_row import validate_row

DOCS = Path(__file__).parents[2] / "docs" / "api.md"
ACCOUNT = AccountSnapshot(frozenset({"a.nl", "b.nl"}), {"a.nl": frozenset({"kim"})}, forbidden={"b.nl": "Not there."})
STANDARD = Defaults("a.nl")


def kinds(**cells: object) -> list[tuple[str, str]]:
    """Return code and column of each finding that keeps a row from being sent."""
    row = rules.validate(rows_from_json([cells]), ACCOUNT, STANDARD).iloc[0]
    found = texts.lines_by_kind(int(row["reason_codes"]), str(row["reasons"]))
    assert all(line for _, line in found)
    return [(kind.code.value, kind.column) for kind, _ in found]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"username": "nina", "password": "Geheim.2026x"}, []),
        ({"username": "nina", "password": ""}, [("needs_password", "password")]),
        ({"username": "nina", "password": "short"}, [("weak_password", "password")]),
        ({"username": "n na", "quota": "lots", "password": "Geheim.2026x"},
         [("invalid_username", "username"), ("invalid_quota", "quota")]),
        ({"username": "kim", "password": "Geheim.2026x"}, [("already_exists", "username")]),
        ({"username": "nina", "domain": "b.nl", "password": "Geheim.2026x"}, [("no_permission", "domain")]),
        ({"username": "nina@a.nl", "domain": "c.nl", "password": "Geheim.2026x"}, [("domain_mismatch", "domain")]),
        ({"username": "nina", "recovery_email": "x" * 3000, "password": "Geheim.2026x"},
         [("invalid_recovery_email", "recovery_email")]),
        ({"username": "nina", "recovery_email": "nina@a.nl", "password": "Geheim.2026x"},
         [("recovers_itself", "recovery_email")]),
        ({"username": "nina", "name": "a\x07b", "password": "Geheim.2026x"}, [("invalid_name", "name")]),
        ({"username": "n na", "name": "x" * 121, "password": "Geheim.2026x"},
         [("invalid_username", "username"), ("too_long", "name")]),
    ],
)  # fmt: skip
def test_each_finding_of_a_row_has_its_code_and_column(cells: dict[str, object], found: list[tuple[str, str]]) -> None:
    assert kinds(**cells) == found


def test_findings_keep_the_figures_of_their_rule() -> None:
    rows = rows_from_json([{"username": "n na"}, {"username": "jan"}, {"username": "n na"}])
    cells = rules.ParsedRows.read(rows, ACCOUNT, STANDARD, rules.OnExisting.SKIP, read(rows, "a.nl"))
    found = rules.Findings(3)
    rules._add_invalid(found, cells, ACCOUNT, STANDARD)
    assert list(found.of_row(0)) == [Finding(FindingCode.INVALID_USERNAME, "username", ("n na", "n.na"))]
    assert list(found.of_row(1)) == []
    (rule,) = found.rules
    assert (rule.rows.tolist(), rule.which.tolist(), rule.figures) == ([0, 2], [0, 0], [("n na", "n.na")])


def test_a_single_row_names_the_cell_by_the_column_of_its_finding() -> None:
    validated = validate_row("a.nl", {"username": "n na", "password": "short", "quota": "lots"}, STANDARD)
    assert list(validated.faults) == ["username", "password", "quota"]
    assert list(validate_row("a.nl", {"username": "x@b.nl", "password": "Geheim.2026x"}, STANDARD).faults) == [
        "username"
    ]
    assert validate_row("a.nl", {"username": "nina"}, STANDARD).faults == {"password": texts.NO_PASSWORD}


def test_every_code_has_a_message_and_every_kind_its_own_bit() -> None:
    assert texts.SENTENCES.keys() | {FindingCode.TOO_LONG} == set(FindingCode)
    assert len(KINDS) == len(set(KINDS)) < 63
    assert kinds_of(bits_of(*FindingCode)) == KINDS
    assert pd.Series([bits_of(*FindingCode)]).dtype == "int64"


def test_the_documentation_lists_exactly_the_codes_of_findings() -> None:
    table = DOCS.read_text().split("Codes stay as they are; sentences may change:\n\n", 1)[1].split("\n\n", 1)[0]
    listed = re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE)
    changes = set(list(FindingCode)[list(FindingCode).index(FindingCode.QUOTA_CHANGED) :])
    assert listed == [code.value for code in FindingCode if code not in changes]
