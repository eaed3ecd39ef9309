"""Recovery emails by the HTTP API: kept, judged, forgotten, and left to nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.mxroute import protocol
from tests.support.app import GOOD, House, data, opened, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server whose account has a.nl, b.nl and c.nl, all empty."""
    with opened(tmp_path) as made:
        yield made


def test_a_deleted_mailbox_leaves_no_recovery_email_behind(house: House) -> None:
    house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    data(house.ask("DELETE", f"{BOXES}/nina"))
    assert data(house.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_mailbox_that_was_deleted_elsewhere_leaves_none_to_its_namesake(house: House) -> None:
    house.have("kim@a.nl")
    house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    house.host.send(protocol.delete_mailbox("a.nl", "nina"))
    assert [box["email"] for box in data(house.ask("GET", f"{BOXES}?refresh=true"))] == ["kim@a.nl"]
    assert data(house.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_recovery_email_is_kept_judged_and_forgotten(house: House) -> None:
    house.have("nina@a.nl")
    told = data(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": " N@X.org "}))
    assert told == {"email": "nina@a.nl", "recovery_email": "n@x.org", "has_recovery_email": True}
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "x"}), 400, "no address", "recovery_email")
    assert data(house.ask("GET", BOXES))[0]["recovery_email"] == "n@x.org"
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {}), 400, "or null to forget", "recovery_email")
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery": ""}), 400, "recovery is not known", "recovery")
    assert data(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": None}))["recovery_email"] is None
    assert [what for what, _, _ in trail(house)].count("recovery.set") == 2
