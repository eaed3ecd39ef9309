"""Changes of many mailboxes by the API: dry run, confirmation, and one run for one key."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxlib.mxroute import protocol
from mxlib.services.runs import RunService
from mxlib.store import StoreUnavailable, idempotency
from tests.support.app import App, data, opened, refused, trail

BOTH = ["kim@a.nl", "nina@a.nl"]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with two mailboxes of 1024 MB, an unlimited one, and one elsewhere."""
    with opened(tmp_path) as made:
        made.have(*BOTH, "free@a.nl", "far@b.nl")
        made.host.send(protocol.update_mailbox("a.nl", "free", quota=0))
        yield made


def ask(app: App, *addresses: str, key: str = "", token: str = "", **change: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return app.ask("POST", "/changes", {"addresses": list(addresses or BOTH), **change}, token=token, headers=headers)


def done(app: App, *addresses: str, key: str = "", token: str = "", **change: Any) -> Any:
    """Start the change and return its run once that has ended."""
    return app.ended(data(ask(app, *addresses, key=key, token=token, **change), 202)["id"])


def rows(app: App, run: int, token: str = "") -> Any:
    return data(app.ask("GET", f"/imports/{run}/results", token=token))["rows"]


def quotas(app: App, *addresses: str) -> list[int]:
    found = [app.host.sandbox.mailbox(address) for address in addresses or BOTH]
    return [box.quota for box in found if box]


def set_usage(app: App, address: str, megabytes: float) -> None:
    name, _, domain = address.partition("@")
    boxes = app.host.sandbox.account.domains[domain]
    boxes[name] = replace(boxes[name], usage=megabytes)


def _full(*_: Any, **__: Any) -> int:
    raise StoreUnavailable("The disk is full.")


def test_a_run_sets_the_quota_and_reports_the_old_one(app: App) -> None:
    run = done(app, *BOTH, "free@a.nl", quota="× 2")
    assert (run["kind"], run["file"], run["counts"]["updated"], run["counts"]["unchanged"]) == (
        "change", "Set quota: × 2", 2, 1
    )  # fmt: skip
    assert quotas(app, *BOTH, "free@a.nl") == [2048, 2048, 0]
    results = {row["username"]: (row["quota"], row["before"]["quota"]) for row in rows(app, run["id"])}
    assert results["kim"] == (2048, 1024)


@pytest.mark.parametrize(("quota", "expected"), [(2048, 2048), ("2 GB", 2048), ("+ 1024", 2048), (0, 0), (512.0, 512)])
def test_a_quota_may_be_a_number_or_written_as_on_the_page(app: App, quota: object, expected: int) -> None:
    done(app, quota=quota)
    assert quotas(app) == [expected, expected]


def test_a_change_of_one_mailbox_is_a_run_too(app: App) -> None:
    assert done(app, "kim@a.nl", quota=2048)["counts"]["updated"] == 1
    assert quotas(app) == [2048, 1024]


def test_only_the_token_that_asked_for_new_passwords_sees_them_in_the_results(app: App) -> None:
    mine, other = app.token(a_nl="view import"), app.token(a_nl="view import")
    run = done(app, generate_password=True, token=mine)["id"]
    for row in rows(app, run, mine):
        assert app.host.sandbox.password_is(f"{row['username']}@a.nl", row["password"])
    assert [row["password"] for row in rows(app, run, other)] == [None, None]


@pytest.mark.parametrize("blank", [None, "-", ""])
def test_a_recovery_email_is_set_and_cleared_without_a_request_to_the_host(app: App, blank: str | None) -> None:
    writes = app.host.writes()
    assert done(app, recovery_email="Desk@Example.org")["counts"]["updated"] == 2
    boxes = data(app.ask("GET", "/domains/a.nl/email-accounts"))
    assert {box["recovery_email"] for box in boxes if box["email"] in BOTH} == {"desk@example.org"}
    assert done(app, recovery_email=blank)["counts"]["updated"] == 2
    boxes = data(app.ask("GET", "/domains/a.nl/email-accounts"))
    assert {box["recovery_email"] for box in boxes} == {None}
    assert app.host.writes() == writes


def test_a_deletion_needs_the_number_of_deleted_mailboxes(app: App) -> None:
    for confirm in (None, 1, 3):
        refused(ask(app, delete=True, confirm=confirm), 400, "Type 2 to confirm.", "confirm")
    assert app.host.has("kim@a.nl")
    run = done(app, delete=True, confirm=2)
    assert (run["kind"], run["counts"]["deleted"]) == ("delete", 2)
    assert not any(map(app.host.has, BOTH))
    assert {("mailbox.delete", address, "test (token 1)") for address in BOTH} <= set(trail(app))
    assert ("run.start", f"run {run['id']}", "test (token 1)") in trail(app)


def test_addresses_may_repeat_be_of_many_domains_and_in_any_case(app: App) -> None:
    started = data(ask(app, "KIM@A.nl", " kim@a.nl", "far@b.nl", "lost@b.nl", quota=2048), 202)
    assert (started["total"], started["gone"]) == (2, ["lost@b.nl"])
    app.ended(started["id"])
    assert quotas(app, "kim@a.nl", "far@b.nl") == [2048, 2048]


def test_a_value_that_all_mailboxes_have_already_makes_a_run_without_a_write(app: App) -> None:
    writes = app.host.writes()
    assert done(app, quota=1024)["counts"]["unchanged"] == 2
    assert app.host.writes() == writes


def test_a_change_of_quotas_can_be_undone_and_a_deletion_cannot(app: App) -> None:
    run = done(app, quota="× 2")["id"]
    preview = data(app.ask("GET", f"/imports/{run}/undo"))
    assert {(row["email"], row["action"], row["quota"]) for row in preview["rows"]} == {
        (address, "restore", 1024) for address in BOTH
    }
    app.ended(data(app.ask("POST", f"/imports/{run}/undo", {"confirm": preview["confirm"]}), 202)["id"])
    assert quotas(app) == [1024, 1024]
    deletion = done(app, delete=True, confirm=2)["id"]
    refused(app.ask("GET", f"/imports/{deletion}/undo"), 409, "what it did cannot be undone")


def test_a_mailbox_deleted_after_the_list_was_read_is_skipped_in_the_results(app: App) -> None:
    data(app.ask("GET", "/domains/a.nl/email-accounts"))
    app.host.sandbox.account.domains["a.nl"].pop("kim")
    run = done(app, quota=2048)["id"]
    results = {row["username"]: (row["outcome"], row["message"]) for row in rows(app, run)}
    assert results["nina"][0] == "updated"
    assert results["kim"] == ("skipped", "Someone else deleted it meanwhile.")


# Dry runs.


def test_a_dry_run_reports_everything_and_does_nothing(app: App) -> None:
    set_usage(app, "kim@a.nl", 900.0)
    writes, before = app.host.writes(), trail(app)
    assert data(ask(app, *BOTH, "lost@a.nl", quota=512, dry_run=True)) == {
        "question": "Set the quota of 2 mailboxes to 512 MB? In all 2.0 GB now, 1.0 GB then. About 1 minute at "
        "MXroute's limit of 20 a minute. You can close this tab.",
        "mailboxes": 2,
        "unchanged": 0,
        "gone": ["lost@a.nl"],
        "below": [{"email": "kim@a.nl", "usage": 900.0, "quota": 512}],
        "confirm": None,
        "eta_seconds": 6,
        "warnings": ["1 mailbox would be over quota and get no more mail: kim@a.nl 900 of 512 MB."],
    }
    answer = data(ask(app, delete=True, dry_run=True))
    assert (answer["confirm"], answer["question"][:42]) == (2, "Delete 2 mailboxes with 900 MB of mail? Th")
    assert data(ask(app, "free@a.nl", BOTH[0], quota="+ 1", dry_run=True))["unchanged"] == 1
    assert (
        "in the results. MXM's copy is kept until"
        in data(ask(app, "kim@a.nl", generate_password=True, dry_run=True))["question"]
    )
    assert (app.host.writes(), trail(app), data(app.ask("GET", "/imports"))) == (writes, before, [])


def test_a_dry_run_does_not_use_up_a_key(app: App) -> None:
    data(ask(app, delete=True, dry_run=True, key="k1"))
    done(app, delete=True, confirm=2, key="k1")


def test_a_quota_below_usage_is_set_only_when_below_use_agrees_to_it(app: App) -> None:
    set_usage(app, "kim@a.nl", 900.0)
    refused(ask(app, quota=512), 400, "kim@a.nl 900 of 512 MB. Agree to that (below_use)", "below_use")
    assert quotas(app) == [1024, 1024]
    done(app, quota=512, below_use=True)
    assert quotas(app) == [512, 512]


# The same request twice.


def test_the_same_key_starts_one_deletion_although_its_mailboxes_are_gone(app: App) -> None:
    first = data(ask(app, *BOTH, "lost@a.nl", delete=True, confirm=2, key="k1"), 202)
    app.ended(first["id"])
    app.host.down = True  # the answer needs no host
    again = data(ask(app, *BOTH, "lost@a.nl", delete=True, confirm=2, key="k1"), 202)
    assert (again["id"], again["gone"]) == (first["id"], ["lost@a.nl"])
    assert len(data(app.ask("GET", "/imports"))) == 1


def test_a_relative_quota_is_applied_once_for_one_key(app: App) -> None:
    first = done(app, quota="+ 1024", key="k1")
    assert done(app, quota="+ 1024", key="k1") == first
    assert quotas(app) == [2048, 2048]
    done(app, quota="+ 1024", key="k2")
    assert quotas(app) == [3072, 3072]


def test_the_same_key_with_another_change_or_for_an_import_is_a_conflict(app: App) -> None:
    done(app, quota=2048, key="k1")
    refused(ask(app, quota=4096, key="k1"), 409, "Idempotency-Key was used")
    body = {"default_domain": "a.nl", "rows": [{"username": "x"}]}
    refused(app.ask("POST", "/imports", body, headers={"Idempotency-Key": "k1"}), 409, "Idempotency-Key was used")


def test_a_refused_change_does_not_use_up_its_key(app: App) -> None:
    refused(ask(app, delete=True, confirm=5, key="k1"), 400, "Type 2", "confirm")
    done(app, quota=2048, key="k1")


def test_a_key_finds_its_run_when_the_server_died_before_it_noted_the_run(app: App) -> None:
    first = done(app, delete=True, confirm=2, key="k1")
    with app.services.store.write() as tx:
        idempotency.started(tx, "test (token 1)", "k1", None)  # type: ignore[arg-type]
    assert data(ask(app, delete=True, confirm=2, key="k1"), 202)["id"] == first["id"]


def test_a_key_starts_the_run_when_the_server_died_before_the_start(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(RunService, "start", _full)
        refused(ask(app, quota=2048, key="k1"), 503, "The disk is full.")
    done(app, quota=2048, key="k1")
    assert quotas(app) == [2048, 2048]


# Permissions.


def test_a_change_needs_import_and_a_deletion_delete_in_every_domain(app: App) -> None:
    changer, deleter = app.token(a_nl="view import"), app.token(a_nl="view delete")
    writes = app.host.writes()
    refused(ask(app, delete=True, confirm=2, token=changer), 403, "You have no permission to delete from a.nl.")
    for change in ({"quota": 1}, {"generate_password": True}, {"recovery_email": None}, {"recovery_email": "x"}):
        refused(ask(app, token=deleter, **change), 403, "You have no permission to support mailboxes of a.nl.")
        refused(
            ask(app, token=deleter, dry_run=True, **change), 403, "You have no permission to support mailboxes of a.nl."
        )
    elsewhere = ask(app, *BOTH, "far@b.nl", quota=2048, token=changer)
    refused(elsewhere, 403, "You have no permission to support mailboxes of b.nl.")
    assert app.host.writes() == writes
    done(app, quota=2048, token=changer)
    done(app, delete=True, confirm=2, token=deleter)


def test_a_run_of_changes_is_visible_to_callers_with_the_same_permission(app: App) -> None:
    run = done(app, delete=True, confirm=2)["id"]
    refused(app.ask("GET", f"/imports/{run}", token=app.token(a_nl="view import")), 404, "There is no run")
    data(app.ask("GET", f"/imports/{run}", token=app.token(a_nl="view delete")))


def test_a_caller_who_may_delete_but_not_view_sees_no_figures(app: App) -> None:
    set_usage(app, "kim@a.nl", 900.0)
    deleter = app.token(a_nl="delete")
    answer = data(ask(app, delete=True, dry_run=True, token=deleter))
    assert (answer["question"][:41], answer["confirm"]) == ("Delete 2 mailboxes with all mail? This ca", 2)
    run = done(app, delete=True, confirm=2, token=deleter)["id"]
    (row, _) = data(app.ask("GET", f"/imports/{run}/results", token=deleter))["rows"]
    assert (row["outcome"], row["before"], row["host"]) == ("deleted", None, None)
    (row, _) = data(app.ask("GET", f"/imports/{run}/results"))["rows"]
    assert row["before"]["quota"] == 1024


# Invalid requests.


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ([], "", "must be a JSON object"),
        ({"quota": 5}, "addresses", "a list of mailboxes is needed"),
        ({"addresses": [], "quota": 5}, "addresses", "a list of mailboxes is needed"),
        ({"addresses": "kim@a.nl", "quota": 5}, "addresses", "a list of mailboxes is needed"),
        ({"addresses": ["kim"], "quota": 5}, "addresses.0", "'kim' is no address"),
        ({"addresses": ["kim@a.nl", "@a.nl"], "quota": 5}, "addresses.1", "'@a.nl' is no address"),
        ({"addresses": ["kim@"], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": ["kim\r\nX-Up: 1@a.nl"], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": ["k" * 65 + "@a.nl"], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": ["kim@../quota"], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": [None], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": [["kim@a.nl"]], "quota": 5}, "addresses.0", "write text or a number"),
        ({"addresses": [True], "quota": 5}, "addresses.0", "is no address"),
        ({"addresses": BOTH}, "", "Say what to do by one of quota,"),
        ({"addresses": BOTH, "quota": None}, "", "Say what to do by one of"),
        ({"addresses": BOTH, "delete": False}, "", "Say what to do by one of"),
        ({"addresses": BOTH, "quota": 5, "delete": True}, "delete", "Say what to do by one of"),
        ({"addresses": BOTH, "quota": 5, "recovery_email": None}, "recovery_email", "Say what to do by one of"),
        ({"addresses": BOTH, "quota": True}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": ""}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": "-1"}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": -1}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": 1.5}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": 1e30}, "quota", "Write a quota as"),
        ({"addresses": BOTH, "quota": [5]}, "quota", "write text or a number"),
        ({"addresses": BOTH, "quota": "999999999 TB"}, "quota", "Write a smaller quota"),
        ({"addresses": BOTH, "delete": "yes"}, "delete", "write true or false"),
        ({"addresses": BOTH, "generate_password": 1}, "generate_password", "write true or false"),
        ({"addresses": BOTH, "delete": True, "confirm": "2"}, "confirm", "the number of mailboxes is needed"),
        ({"addresses": BOTH, "delete": True, "confirm": True}, "confirm", "the number of mailboxes is needed"),
        ({"addresses": BOTH, "delete": True, "confirm": 2.0}, "confirm", "the number of mailboxes is needed"),
        ({"addresses": BOTH, "delete": True, "confirm": 2, "dryrun": True}, "dryrun", "dryrun is not known here"),
        ({"addresses": BOTH, "quota": 5, "dry_run": "no"}, "dry_run", "write true or false"),
        ({"addresses": BOTH, "quota": 5, "below_use": 1}, "below_use", "write true or false"),
        ({"addresses": BOTH, "recovery_email": "desk"}, "recovery_email", "'desk' is no address"),
        ({"addresses": BOTH, "recovery_email": 5}, "recovery_email", "'5' is no address"),
        ({"addresses": BOTH, "recovery_email": ["x@y.nl"]}, "recovery_email", "write text or a number"),
        ({"addresses": BOTH, "recovery_email": "KIM@a.nl"}, "recovery_email", "use another"),
    ],
    ids=str,
)  # fmt: skip
def test_an_invalid_body_is_refused_with_its_field(app: App, body: object, field: str, message: str) -> None:
    sent = len(app.host.sent)
    refused(app.ask("POST", "/changes", body), 400, message, field)
    assert all(request.kind == "read" for request in app.host.sent[sent:])
    assert data(app.ask("GET", "/imports")) == []


def test_mailboxes_and_domains_that_do_not_exist_are_reported(app: App) -> None:
    refused(ask(app, "lost@a.nl", quota=5), 404, "None of these mailboxes is there.")
    refused(ask(app, "lost@a.nl", delete=True, dry_run=True), 404, "None of these mailboxes is there.")
    refused(ask(app, "kim@a.nl", "kim@z.nl", quota=5), 404, "z.nl is not on this MXroute account.")


def test_more_mailboxes_than_the_limit_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path, max_rows=2) as app:
        refused(
            ask(app, *(f"u{at}@a.nl" for at in range(3)), quota=5), 400, "3 mailboxes; the limit is 2.", "addresses"
        )


def test_a_body_of_another_content_type_is_refused(app: App) -> None:
    answer = app.ask("POST", "/changes", content=b"addresses\n", headers={"Content-Type": "text/csv"})
    refused(answer, 415, "application/json")


def test_nothing_is_changed_by_an_old_list_while_the_host_is_down(app: App) -> None:
    data(app.ask("GET", "/domains"))
    app.host.down = True
    refused(ask(app, delete=True, confirm=2), 503, "could not be read")


# Export of a selection.


def export(app: App, *addresses: str, token: str = "") -> Any:
    return app.ask("POST", "/email-accounts/export", {"addresses": list(addresses)}, token=token)


def test_the_export_of_a_selection_has_only_these_and_can_be_imported_again(app: App) -> None:
    answer = export(app, "KIM@a.nl", "far@b.nl")
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["username"], row["domain"], row["password"]) for row in table] == [
        ("kim", "a.nl", ""),
        ("far", "b.nl", ""),
    ]
    assert "mailboxes-all-selection-" in answer.headers["Content-Disposition"]
    assert (answer.headers["Cache-Control"], "X-MXM-Remarks" in answer.headers) == ("no-store", False)
    assert [(what, on) for what, on, _ in trail(app)][-2:] == [("export", "a.nl"), ("export", "b.nl")]
    again = app.ask("POST", "/imports?on_existing=update", content=answer.content, headers={"Content-Type": "text/csv"})
    assert app.ended(data(again, 202)["id"])["counts"]["unchanged"] == 2


def test_mailboxes_that_do_not_exist_are_named_in_a_header_of_the_file(app: App) -> None:
    answer = export(app, "kim@a.nl", "lost@a.nl")
    assert answer.headers["X-MXM-Remarks"] == "lost@a.nl is not there any more; left out."
    noted = len(trail(app))
    refused(export(app, "lost@a.nl"), 404, "None of these mailboxes is there.")
    refused(export(app, "kim@a.nl", "kim@z.nl"), 404, "z.nl is not on this MXroute account.")
    assert len(trail(app)) == noted


def test_exporting_a_selection_needs_export_and_view_in_every_domain(app: App) -> None:
    exporter = app.token(a_nl="view export")
    assert export(app, "kim@a.nl", token=exporter).status_code == 200
    refused(export(app, "kim@a.nl", "far@b.nl", token=exporter), 403, "You have no permission to export from b.nl.")
    refused(export(app, "kim@a.nl", token=app.token(a_nl="export")), 403, "You have no permission to view a.nl.")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "addresses"), ({"addresses": []}, "addresses"), ({"addresses": ["kim"]}, "addresses.0"), ([], ""),
     ({"addresses": ["kim@a.nl", "\r\nX-Up: 1@a.nl"]}, "addresses.1"),
     ({"addresses": ["kim@a.nl"], "format": "xlsx"}, "format")],
)  # fmt: skip
def test_a_selection_without_a_valid_address_is_refused(app: App, body: object, field: str) -> None:
    refused(app.ask("POST", "/email-accounts/export", body), 400, "", field)
