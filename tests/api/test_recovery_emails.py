"""Recovery emails by the HTTP API: validated, stored, cleared, and never passed on to a new mailbox."""

from mxlib.mxroute import protocol
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


def test_a_deleted_mailbox_leaves_no_recovery_email_behind(app: App) -> None:
    app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    data(app.ask("DELETE", f"{BOXES}/nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_mailbox_deleted_at_mxroute_leaves_no_recovery_email_to_a_new_one(app: App) -> None:
    app.have("kim@a.nl")
    app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    app.host.send(protocol.delete_mailbox("a.nl", "nina"))
    assert [box["email"] for box in data(app.ask("GET", f"{BOXES}?refresh=true"))] == ["kim@a.nl"]
    assert data(app.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_recovery_email_is_validated_stored_and_cleared(app: App) -> None:
    app.have("nina@a.nl")
    changed = data(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": " N@X.org "}))
    assert changed == {"email": "nina@a.nl", "recovery_email": "n@x.org", "has_recovery_email": True}
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "x"}), 400, "no address", "recovery_email")
    assert data(app.ask("GET", BOXES))[0]["recovery_email"] == "n@x.org"
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {}), 400, "or null to forget", "recovery_email")
    refused(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery": ""}), 400, "recovery is not known", "recovery")
    assert data(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": None}))["recovery_email"] is None
    assert [what for what, _, _ in trail(app)].count("recovery.set") == 2
