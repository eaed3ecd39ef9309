"""Taking an import back by the API."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.app import GOOD, House, data, opened, refused


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with opened(tmp_path) as made:
        yield made


def imported(house: House, *names: str, token: str = "") -> int:
    """A run that made these mailboxes and is at its end."""
    rows = [{"username": name, "password": GOOD} for name in names]
    answer = house.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}, token=token)
    return int(house.ended(data(answer, 202)["id"])["id"])


def test_what_would_go_is_told_and_the_number_starts_it(house: House) -> None:
    run = imported(house, "nina", "tess")
    boxes = house.host.sandbox.account.domains["a.nl"]
    boxes["tess"] = replace(boxes["tess"], usage=2.0)
    house.services.lists.mailboxes(house.services.tokens.caller(house.admin), "a.nl", refresh=True)
    told = data(house.ask("GET", f"/imports/{run}/undo"))
    assert (told["confirm"], told["rows"]) == (
        1,
        [
            {
                "email": "nina@a.nl", "action": "delete", "quota": None, "recovery_email": None, "name": None,
                "message": "",
            },
            {
                "email": "tess@a.nl", "action": "keep", "quota": None, "recovery_email": None, "name": None,
                "message": "kept: holds 2 MB of mail",
            },
        ],
    )  # fmt: skip
    assert told["question"].startswith("Delete 1 unused mailbox")

    back = data(house.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)
    assert (back["kind"], back["undo_of"]) == ("undo", run)
    counts = house.ended(back["id"])["counts"]
    assert (counts["deleted"], counts["skipped"]) == (1, 1)
    assert (house.host.has("nina@a.nl"), house.host.has("tess@a.nl")) == (False, True)
    assert data(house.ask("GET", f"/imports/{run}"))["undone_by"] == [back["id"]]
    assert data(house.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)["id"] == back["id"]
    refused(house.ask("GET", f"/imports/{run}/undo"), 409, "has taken run")


@pytest.mark.parametrize("body", [{}, {"confirm": "1"}, {"confirm": True}, {"confirm": 2}, {"confirm": None}, [1]])
def test_without_the_right_number_nothing_goes(house: House, body: object) -> None:
    run = imported(house, "nina")
    refused(house.ask("POST", f"/imports/{run}/undo", body), 400, "", field="confirm")
    assert house.host.has("nina@a.nl")


def test_a_token_that_started_it_may_and_another_that_imports_may_not(house: House) -> None:
    mine, other = house.token(a_nl="import"), house.token(a_nl="import")
    run = imported(house, "nina", token=mine)
    refused(house.ask("GET", f"/imports/{run}/undo", token=other), 403, "permission to delete")
    refused(house.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=other), 403, "permission to delete")
    assert house.host.has("nina@a.nl")
    data(house.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=mine), 202)
