"""Taking an import back by the API."""

from dataclasses import replace

import pytest

from tests.support.app import GOOD, App, data, refused


def imported(app: App, *names: str, token: str = "") -> int:
    """A run that made these mailboxes and is at its end."""
    rows = [{"username": name, "password": GOOD} for name in names]
    answer = app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}, token=token)
    return int(app.ended(data(answer, 202)["id"])["id"])


def test_what_would_go_is_told_and_the_number_starts_it(app: App) -> None:
    run = imported(app, "nina", "tess")
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["tess"] = replace(boxes["tess"], usage=2.0)
    app.services.lists.mailboxes(app.services.tokens.caller(app.admin), "a.nl", refresh=True)
    told = data(app.ask("GET", f"/imports/{run}/undo"))
    assert (told["confirm"], told["rows"]) == (
        1,
        [
            {
                "email": "nina@a.nl", "action": "delete", "quota": None, "recovery_email": None, "name": None,
                "message": "", "code": None,
            },
            {
                "email": "tess@a.nl", "action": "keep", "quota": None, "recovery_email": None, "name": None,
                "message": "kept: holds 2 MB of mail", "code": "holds_mail",
            },
        ],
    )  # fmt: skip
    assert told["question"].startswith("Delete 1 unused mailbox")

    back = data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)
    assert (back["kind"], back["undo_of"]) == ("undo", run)
    counts = app.ended(back["id"])["counts"]
    assert (counts["deleted"], counts["skipped"]) == (1, 1)
    assert (app.host.has("nina@a.nl"), app.host.has("tess@a.nl")) == (False, True)
    assert data(app.ask("GET", f"/imports/{run}"))["undone_by"] == [back["id"]]
    assert data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)["id"] == back["id"]
    refused(app.ask("GET", f"/imports/{run}/undo"), 409, "has taken run")


@pytest.mark.parametrize("body", [{}, {"confirm": "1"}, {"confirm": True}, {"confirm": 2}, {"confirm": None}, [1]])
def test_without_the_right_number_nothing_goes(app: App, body: object) -> None:
    run = imported(app, "nina")
    refused(app.ask("POST", f"/imports/{run}/undo", body), 400, "", field="confirm")
    assert app.host.has("nina@a.nl")


def test_a_token_that_started_it_may_and_another_that_imports_may_not(app: App) -> None:
    mine, other = app.token(a_nl="import"), app.token(a_nl="import")
    run = imported(app, "nina", token=mine)
    refused(app.ask("GET", f"/imports/{run}/undo", token=other), 403, "permission to delete")
    refused(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=other), 403, "permission to delete")
    assert app.host.has("nina@a.nl")
    data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=mine), 202)
