"""Recovery emails by the HTTP API: kept, judged, forgotten, and left to nobody else."""

from mxlib.mxroute import protocol
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


def test_a_deleted_mailbox_leaves_no_recovery_email_behind(app: App) -> None:
    app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    data(app.ask("DELETE", f"{BOXES}/nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_mailbox_that_was_deleted_elsewhere_leaves_none_to_its_namesake(app: App) -> None:
    app.have("kim@a.nl")
    app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    app.host.send(protocol.delete_mailbox("a.nl", "nina"))
    assert [box["email"] for box in data(app.ask("GET", f"{BOXES}?refresh=true"))] == ["kim@a.nl"]
    assert data(app.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_recovery_email_is_kept_judged_and_forgotten(app: App) -> None:
    app.have("nina@a.nl")
    told = data(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": " N@X.org "}))
    assert told == {"email": "nina@a.nl", "recovery_email": "n@x.org", "has_recovery_email": True}
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "x"}), 400, "no address", "recovery_email")
    assert data(app.ask("GET", BOXES))[0]["recovery_email"] == "n@x.org"
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {}), 400, "or null to forget", "recovery_email")
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery": ""}), 400, "recovery is not known", "recovery")
    assert data(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": None}))["recovery_email"] is None
    assert [what for what, _, _ in trail(app)].count("recovery.set") == 2
