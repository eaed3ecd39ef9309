"""Undo of an import by the API."""

from dataclasses import replace

import pytest

from tests.support.app import GOOD, App, data, refused


def imported(app: App, *names: str, token: str = "") -> int:
    """Return the number of an ended run that created these mailboxes."""
    rows = [{"username": name, "password": GOOD} for name in names]
    answer = app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}, token=token)
    return int(app.ended(data(answer, 202)["id"])["id"])


def test_an_undo_is_previewed_and_started_with_its_number(app: App) -> None:
    run = imported(app, "nina", "tess")
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["tess"] = replace(boxes["tess"], usage=2.0)
    app.services.lists.mailboxes(app.services.tokens.caller(app.admin), "a.nl", refresh=True)
    preview = data(app.ask("GET", f"/imports/{run}/undo"))
    assert (preview["confirm"], preview["rows"]) == (
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
    assert preview["question"].startswith("Delete 1 unused mailbox")

    undo = data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)
    assert (undo["kind"], undo["undo_of"]) == ("undo", run)
    counts = app.ended(undo["id"])["counts"]
    assert (counts["deleted"], counts["skipped"]) == (1, 1)
    assert (app.host.has("nina@a.nl"), app.host.has("tess@a.nl")) == (False, True)
    assert data(app.ask("GET", f"/imports/{run}"))["undone_by"] == [undo["id"]]
    assert data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}), 202)["id"] == undo["id"]
    refused(app.ask("GET", f"/imports/{run}/undo"), 409, "has taken run")


@pytest.mark.parametrize("body", [{}, {"confirm": "1"}, {"confirm": True}, {"confirm": 2}, {"confirm": None}, [1]])
def test_an_undo_with_a_wrong_number_deletes_nothing(app: App, body: object) -> None:
    run = imported(app, "nina")
    refused(app.ask("POST", f"/imports/{run}/undo", body), 400, "", field="confirm")
    assert app.host.has("nina@a.nl")


def test_only_the_token_that_started_an_import_may_undo_it_without_delete(app: App) -> None:
    mine, other = app.token(a_nl="import"), app.token(a_nl="import")
    run = imported(app, "nina", token=mine)
    refused(app.ask("GET", f"/imports/{run}/undo", token=other), 403, "permission to delete")
    refused(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=other), 403, "permission to delete")
    assert app.host.has("nina@a.nl")
    data(app.ask("POST", f"/imports/{run}/undo", {"confirm": 1}, token=mine), 202)
