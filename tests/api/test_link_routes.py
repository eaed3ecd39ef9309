"""Links by the API: sent as a run, listed, sent again and revoked, and never in an answer."""

import pytest

from tests.support.app import App, data, refused
from tests.support.links import LinkDesk

PRIVATE = "nina@mail.example"


@pytest.fixture
def desk(app: App) -> LinkDesk:
    desk = LinkDesk(app)
    desk.have(nina=PRIVATE, none="")
    return desk


def test_links_are_sent_as_a_run_and_listed_by_it(app: App, desk: LinkDesk) -> None:
    asked = {"emails": ["nina@a.nl", "none@a.nl"], "language": "nl", "expires_days": 7}
    run = data(app.ask("POST", "/links", asked), 202)
    assert (run["kind"], run["total"], run["status"]) == ("links", 1, "finished")
    assert [(each["email"], each["code"]) for each in run["refused"]] == [("none@a.nl", "no_recovery_email")]
    desk.send()
    [link] = data(app.ask("GET", f"/links?run={run['id']}"))
    assert (link["email"], link["recovery_email"], link["status"]) == ("nina@a.nl", PRIVATE, "sent")
    assert link["sent_at"]
    assert link["opened_at"] is None
    assert "Stel het wachtwoord" in desk.mails()[0][1].subject
    token = desk.token(PRIVATE)
    desk.use(token)
    answers = [app.ask("GET", path).text for path in ("/links", f"/links?run={run['id']}", "/audit")]
    assert '"status":"set"' in answers[0]
    assert not any(token in answer for answer in answers)


def test_the_same_key_sends_links_once(app: App, desk: LinkDesk) -> None:
    asked, key = {"emails": ["nina@a.nl"]}, {"Idempotency-Key": "monday"}
    first, second = (data(app.ask("POST", "/links", asked, headers=key), 202)["id"] for _ in range(2))
    assert first == second
    refused(app.ask("POST", "/links", {"emails": ["none@a.nl"]}, headers=key), 409, "Idempotency-Key")
    assert len(data(app.ask("GET", "/links"))) == 1


def test_a_link_is_sent_again_and_revoked(app: App, desk: LinkDesk) -> None:
    data(app.ask("POST", "/links", {"emails": ["nina@a.nl"]}), 202)
    desk.send()
    first = data(app.ask("GET", "/links"))[0]["id"]
    again = data(app.ask("POST", f"/links/{first}/resend"))
    assert (again["status"], again["id"] != first) == ("queued", True)
    assert data(app.ask("POST", f"/links/{again['id']}/revoke"))["status"] == "revoked"
    shown = {each["id"]: each["detail"] for each in data(app.ask("GET", "/links"))}
    assert shown == {first: "Another link took its place.", again["id"]: "It was revoked."}


def test_the_links_of_an_import_go_to_its_people(app: App, desk: LinkDesk) -> None:
    rows = [{"username": "tess", "password": "Geheim.2026x", "recovery_email": "tess@mail.example"}]
    imported = app.ended(data(app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}), 202)["id"])
    desk.look()
    run = data(app.ask("POST", "/links", {"run": imported["id"]}), 202)
    shown = [[each["email"] for each in data(app.ask("GET", f"/links?run={of}"))] for of in (run["id"], imported["id"])]
    assert shown == [["tess@a.nl"], ["tess@a.nl"]]


def test_what_is_asked_has_to_make_sense(app: App, desk: LinkDesk) -> None:
    refused(app.ask("POST", "/links", {}), 400, "either mailboxes", "emails")
    refused(app.ask("POST", "/links", {"emails": ["nina@a.nl"], "run": 1}), 400, "either mailboxes", "emails")
    refused(app.ask("POST", "/links", {"emails": ["nina@a.nl"], "expires_days": 61}), 400, "1 to 60", "expires_days")
    refused(app.ask("POST", "/links", {"emails": ["nina@a.nl"], "language": "xx"}), 400, "language", "language")
    refused(app.ask("POST", "/links", {"emails": ["none@a.nl"]}), 409, "Nobody gets a link")
    refused(app.ask("POST", "/links", {"run": 99}), 404, "no run")
    refused(app.ask("GET", "/links?run=99"), 404, "no run")
    refused(app.ask("POST", "/links/99/resend"), 404, "no such link")


def test_a_token_sees_the_links_of_its_domains_alone(app: App, desk: LinkDesk) -> None:
    data(app.ask("POST", "/links", {"emails": ["nina@a.nl"]}), 202)
    assert data(app.ask("GET", "/links", token=app.token(b_nl="support"))) == []
    assert data(app.ask("GET", "/links", token=app.token(a_nl="view"))) == []
    assert len(data(app.ask("GET", "/links", token=app.token(a_nl="support")))) == 1
