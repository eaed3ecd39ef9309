"""Import batches: the one value that page, API and draft hand over, whose addresses are parsed once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core import addresses
from mxlib.core.files import time_budget
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting
from mxlib.services.imports import changed_since, with_addresses
from tests.support.app import GOOD, App, data, opened

FILE = f"username,password,domain\r\nann,{GOOD},\r\nbob@b.nl,,\r\nkim,{GOOD},a.nl\r\n".encode()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        made.have("kim@a.nl")
        yield made


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each parse of addresses."""
    counted: list[int] = []
    read = addresses.read

    def counting(rows: pd.DataFrame, active_domain: str) -> Any:
        counted.append(len(rows))
        return read(rows, active_domain)

    monkeypatch.setattr(addresses, "read", counting)
    return counted


@pytest.mark.parametrize("on_existing", list(OnExisting))
def test_a_confirmation_parses_the_addresses_once(app: App, parses: list[int], on_existing: OnExisting) -> None:
    files, imports = app.services.files, app.services.imports
    before = imports.validate(LOCAL, files.batch_from_file(FILE, "staff.csv", "a.nl", on_existing=on_existing))
    parses.clear()
    batch = files.batch_from_file(FILE, "staff.csv", "a.nl", on_existing=on_existing)
    ready = imports.confirm(LOCAL, batch, before=before)
    assert [row.address for row in ready.plan.rows] == ["ann@a.nl", "bob@b.nl", "kim@a.nl"]
    assert parses == [3]
    imports.recheck(LOCAL, batch)
    assert parses == [3]


ROWS = {"rows": [{"username": "ann"}, {"username": "bob@b.nl"}, {"username": "kim"}]}
CHOICES: dict[str, Any] = {"default_domain": "a.nl", "generate_passwords": True}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_start_by_api_parses_addresses_once_with_generated_passwords(app: App, parses: list[int], kind: str) -> None:
    if kind == "json":
        answer = app.ask("POST", "/imports", CHOICES | ROWS)
    else:
        path = "/imports?default_domain=a.nl&generate_passwords=true"
        answer = app.ask("POST", path, content=FILE, headers={"Content-Type": "text/csv"})
    assert parses == [3]
    app.ended(data(answer, 202)["id"])
    assert app.host.has("ann@a.nl")
    assert app.host.has("bob@b.nl")


def test_a_batch_with_passwords_keeps_its_addresses(app: App, parses: list[int]) -> None:
    batch = app.services.files.batch_from_file(FILE, "staff.csv", "a.nl", generate=True)
    filled = batch.with_passwords(app.services.imports.validate(LOCAL, batch))
    assert filled.rows["generated"].tolist() == [False, True, False]
    assert filled.source is batch.source
    assert filled.domains == batch.domains == {"a.nl", "b.nl"}
    assert parses == [3]


def test_addresses_that_take_long_are_parsed_in_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = ImportBatch(make_rows({"username": ["ann", "bob@b.nl"]}), "a.nl")
    assert with_addresses(batch) is batch
    monkeypatch.setattr(time_budget, "is_heavy", lambda rows: True)
    parsed = with_addresses(batch)
    assert parsed.parsed is not None
    assert parsed.addresses.full.to_pylist() == batch.addresses.full.to_pylist() == ["ann@a.nl", "bob@b.nl"]
    assert with_addresses(parsed) is parsed


def test_only_what_a_row_changes_counts_as_changed_meanwhile() -> None:
    def validated(quota: int, limit: int, email: str = "") -> pd.DataFrame:
        box = {"username": "info", "quota": quota, "limit": limit, "usage": 0.0, "recovery_email": email, "name": ""}
        account = AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset({"info"})}, has={"a.nl": pd.DataFrame([box])})
        rows = make_rows({"username": ["info"], "quota": ["2048"], "recovery_email": ["i@home.nl"]})
        return rules.validate(rows, account, Defaults("a.nl"), OnExisting.UPDATE)

    before = validated(1024, 9600, "old@home.nl")
    assert changed_since(before, validated(1024, 500, "older@home.nl")) == ()
    (text,) = changed_since(before, validated(512, 9600, "old@home.nl"))
    assert text.endswith(
        "info@a.nl, quota 1024 → 2048; recovery email changed, is now quota 512 → 2048; recovery email changed."
    )
    (text,) = changed_since(before, validated(1024, 9600))
    assert text.endswith("is now quota 1024 → 2048; recovery email set.")
