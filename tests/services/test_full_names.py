"""The full name of a mailbox: stored here, changed, found, exported, undone and forgotten."""

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.plans.changes import NewStored
from mxlib.core.schema import COLUMNS, NAME
from mxlib.mxroute import protocol
from mxlib.services.mailboxes import InvalidField
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}
TOO_LONG = "The full name has over 120 characters: shorten it."


def test_a_mailbox_is_created_changed_and_found_with_its_name(app: App) -> None:
    assert data(app.ask("POST", BOXES, NINA | {"name": " Nina Özil "}), 201)["name"] == "Nina Özil"
    assert [hit.address for hit in app.services.search.find(LOCAL, "nina öZ").hits] == ["nina@a.nl"]
    writes = app.host.writes()
    changed = data(app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina <b>Berg</b>"}))
    assert (changed["name"], app.host.writes()) == ("Nina <b>Berg</b>", writes)
    both = data(app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina Berg", "quota": 2048}))
    assert (both["name"], both["quota"]) == ("Nina Berg", 2048)
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"quota": 4096, "name": None}))["name"] == "Nina Berg"
    refused(app.ask("PATCH", f"{BOXES}/nina", {"name": "x" * 121}), 400, TOO_LONG, "name")
    assert data(app.ask("GET", BOXES))[0]["name"] == "Nina Berg"
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"name": "-"}))["name"] is None
    assert [what for what, _, _ in trail(app)].count("name.set") == 3
    past = app.services.histories.of(LOCAL, "a.nl", "nina")
    assert [event.what for event in past.events][:2] == ["Full name removed", "Changed"]


def test_a_deleted_mailbox_leaves_no_name_to_a_new_one(app: App) -> None:
    app.ask("POST", BOXES, NINA | {"name": "Nina"})
    data(app.ask("DELETE", f"{BOXES}/nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["name"] is None
    app.ask("PATCH", f"{BOXES}/nina", {"name": "Nina"})
    app.host.send(protocol.delete_mailbox("a.nl", "nina"))
    assert data(app.ask("POST", BOXES, NINA), 201)["name"] is None


def run(app: App, content: str) -> int:
    """Import a file that updates; the run's number, once it has ended."""
    path = "/imports?default_domain=a.nl&on_existing=update&file=staff.csv"
    number: int = data(app.ask("POST", path, content=content.encode(), headers={"Content-Type": "text/csv"}), 202)["id"]
    app.ended(number)
    return number


def test_an_import_sets_keeps_and_clears_names_and_its_undo_restores_them(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl", "tess@a.nl")
    for name in ("kim", "nina"):
        app.services.mailboxes.set_stored(LOCAL, "a.nl", name, "name", f"Old {name}")
    writes = app.host.writes()
    number = run(app, "username,Full name\r\nkim,Kim Groen\r\nnina,-\r\ntess,\r\n")
    assert app.host.writes() == writes

    def kept() -> list[str]:
        frame = app.services.lists.mailboxes(LOCAL, "a.nl").frame.set_index("username")
        return [str(frame.loc[name, "name"]) for name in ("kim", "nina", "tess")]

    assert kept() == ["Kim Groen", "", ""]
    rows = data(app.ask("GET", f"/imports/{number}/results"))["rows"]
    assert [(row["name"], row["message"]) for row in rows] == [
        ("Kim Groen", "full name changed"),
        ("-", "full name removed"),
        (None, "no change"),
    ]
    assert rows[0]["before"]["name"] == "Old kim"
    undo = app.services.undo.look(LOCAL, number)
    assert undo.sentence.startswith("Put quota, recovery email and full name of 2 mailboxes back")
    assert [undo.what(row) for row in undo.to_restore] == ["full name Old kim", "full name Old nina"]
    app.ended(app.services.undo.start(LOCAL, number, undo.typed))
    assert kept() == ["Old kim", "Old nina", ""]


def test_an_imported_export_changes_nothing(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl")
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "kim", "name", "=Kim, 'the' \"boss\"")
    content = app.services.exports.domain_file(LOCAL, "a.nl", "csv").content.decode("utf-8-sig")
    assert content.splitlines()[0] == ",".join(COLUMNS)
    assert '"\t=Kim, \'the\' ""boss"""' in content
    number = run(app, content)
    rows = data(app.ask("GET", f"/imports/{number}/results"))["rows"]
    assert [row["message"] for row in rows] == ["no change", "no change"]


def test_several_names_are_set_at_once(app: App) -> None:
    app.have("kim@a.nl", "nina@a.nl")
    plan = app.services.changes.plan(LOCAL, ["kim@a.nl"], NewStored({"kim@a.nl": " Kim "}, NAME))
    assert plan.text(0.0) == "Set the full name of kim@a.nl? MXM keeps full names; MXroute is not asked."
    app.services.changes.carry_out(LOCAL, plan, days=7)
    assert data(app.ask("GET", f"{BOXES}/kim"))["name"] == "Kim"
    with pytest.raises(InvalidField, match="no page shows"):
        app.services.changes.plan(LOCAL, ["kim@a.nl"], NewStored({"kim@a.nl": "a\x07"}, NAME))
