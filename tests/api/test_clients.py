"""Clients over the API: added, changed and deleted by admins, and seen by those who may view their domains."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.mxroute.errors import Unreachable
from mxlib.mxroute.protocol import Request
from mxlib.runs.manager import InvalidState
from mxlib.services.client_terms import ClientTerms
from mxlib.services.imports import PreparedImport
from tests.support.app import GOOD, App

FULL = {
    "name": "Bakker & Co",
    "domains": ["a.nl", "München.example"],
    "contacts": [{"name": "Kim", "address": "Kim@a.nl", "language": "de"}, {"name": "", "address": ""}],
    "language": "nl",
    "defaults": {"quota": 2048},
    "caps": {"quota": 10240, "mailboxes": 50},
    "notes": "Pays by the year.",
    "self_service": True,
}


def add(app: App, **body: Any) -> dict[str, Any]:
    answer = app.ask("POST", "/clients", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def without_version(client: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in client.items() if name != "version"}


def error(app: App, method: str, path: str, body: Any) -> tuple[int, str, str]:
    answer = app.ask(method, path, body)
    problem = answer.json()["error"]
    return answer.status_code, problem.get("field", ""), problem["message"]


def test_a_client_is_stored_as_the_host_and_people_write_it(app: App) -> None:
    added = add(app, **FULL)

    assert without_version(added) == FULL | {
        "id": 1,
        "domains": ["a.nl", "xn--mnchen-3ya.example"],
        "contacts": [{"name": "Kim", "address": "kim@a.nl", "language": "de"}],
    }
    assert app.ask("GET", "/clients").json()["data"] == [added]
    assert app.ask("GET", "/clients/1").json()["data"] == added


def test_a_name_and_a_domain_are_enough(app: App) -> None:
    assert without_version(add(app, name="B", domains=["b.nl"])) == {
        "id": 1, "name": "B", "domains": ["b.nl"], "contacts": [], "language": "en", "defaults": {"quota": None},
        "caps": {"quota": None, "mailboxes": None}, "notes": "", "self_service": False,
    }  # fmt: skip


def test_a_change_leaves_what_it_does_not_name(app: App) -> None:
    before = add(app, **FULL)

    changed = app.ask("PATCH", "/clients/1", {"caps": {"mailboxes": None}, "domains": ["b.nl", "a.nl"]}).json()["data"]

    assert without_version(changed) == without_version(before) | {
        "caps": {"quota": 10240, "mailboxes": None},
        "domains": ["b.nl", "a.nl"],
    }


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({"domains": ["a.nl"]}, "name", "Give the client a name."),
        ({"name": "A"}, "domains", "at least one domain"),
        ({"name": "A", "domains": ["no domain"]}, "domains", "'no domain' is not a domain"),
        ({"name": "A", "domains": "a.nl"}, "domains", "write a list"),
        ({"name": "A\x07", "domains": ["a.nl"]}, "name", "visible characters"),
        ({"name": "A" * 101, "domains": ["a.nl"]}, "name", "100"),
        ({"name": "A", "domains": ["a.nl"], "language": "xx"}, "language", "'xx' is not a language"),
        ({"name": "A", "domains": ["a.nl"], "contacts": [{"address": "kim"}]}, "contacts", "'kim' is not an email"),
        ({"name": "A", "domains": ["a.nl"], "contacts": [{"name": "Kim"}]}, "contacts", "Give the address of 'Kim'"),
        ({"name": "A", "domains": ["a.nl"], "contacts": [{"mail": "k"}]}, "mail", "mail is not known here"),
        ({"name": "A", "domains": ["a.nl"], "caps": {"quota": 0}}, "caps.quota", "from 1"),
        ({"name": "A", "domains": ["a.nl"], "caps": {"quota": True}}, "caps.quota", "whole number"),
        ({"name": "A", "domains": ["a.nl"], "defaults": {"quota": 0}, "caps": {"quota": 5}}, "defaults.quota", "5 MB"),
        ({"name": "A", "domains": ["a.nl"], "notes": "x" * 5001}, "notes", "5,000"),
        ({"name": "A", "domains": [f"d{n}.nl" for n in range(501)]}, "domains", "up to 500"),
    ],
)
def test_a_wrong_client_is_refused_with_what_to_do(app: App, body: Any, field: str, says: str) -> None:
    status, where, message = error(app, "POST", "/clients", body)

    assert (status, where) == (400, field)
    assert says in message
    assert app.ask("GET", "/clients").json()["data"] == []


def test_a_name_and_a_domain_belong_to_one_client(app: App) -> None:
    add(app, name="Bakker", domains=["a.nl"])
    add(app, name="Other", domains=["b.nl"])

    assert error(app, "POST", "/clients", {"name": " bakkeR ", "domains": ["c.nl"]}) == (
        409, "name", "There is a client Bakker already. Change that one.",
    )  # fmt: skip
    taken = (409, "domains", "a.nl belongs to Bakker. Remove it there first.")
    assert error(app, "POST", "/clients", {"name": "New", "domains": ["c.nl", "a.nl"]}) == taken
    assert error(app, "PATCH", "/clients/2", {"domains": ["A.NL"]}) == taken


def test_a_deleted_client_frees_its_name_and_domains(app: App) -> None:
    before = add(app, **FULL)

    assert app.ask("DELETE", "/clients/1").json()["data"] == before
    assert error(app, "GET", "/clients/1", None)[0] == 404
    assert add(app, **FULL)["id"] == 2  # a number is never given twice


def test_others_see_their_domains_of_a_client_and_no_notes(app: App) -> None:
    add(app, **FULL | {"domains": ["a.nl", "b.nl"]})
    add(app, name="Hidden", domains=["c.nl"])

    seen = app.ask("GET", "/clients", token=app.token(b_nl="view")).json()["data"]

    assert [(each["name"], each["domains"], each["contacts"], each["notes"]) for each in seen] == [
        ("Bakker & Co", ["b.nl"], [], "")
    ]


def test_each_act_is_in_the_audit_log_once(app: App) -> None:
    add(app, **FULL)
    app.ask("PATCH", "/clients/1", {"notes": "Late."})
    app.ask("PATCH", "/clients/1", {"notes": "Late."})
    app.ask("DELETE", "/clients/1")

    entries = app.ask("GET", "/audit?what=client").json()["data"]["entries"]

    assert [(each["what"], each["on"], each["outcome"]) for each in reversed(entries)] == [
        ("client.add", "Bakker & Co", "2 domains"),
        ("client.reset_on", "Bakker & Co", ""),
        ("client.change", "Bakker & Co", "2 domains"),
        ("client.delete", "Bakker & Co", "2 domains"),
        ("client.reset_off", "Bakker & Co", ""),
    ]
    assert entries[1]["detail"]["max_mailboxes"] == 50


# What a client's terms do.

ROW = {"username": "kim", "password": GOOD}
TOO_MANY = ": this would be one too many. Leave it out, or ask an admin to raise the number."


def previewed(app: App, *rows: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    body = {"default_domain": "a.nl", "rows": list(rows), **more}
    found: list[dict[str, Any]] = app.ask("POST", "/email-accounts/import/preview", body).json()["data"]["rows"]
    return found


def made(app: App, username: str, quota: int) -> None:
    assert app.ask("POST", "/domains/a.nl/email-accounts", ROW | {"username": username, "quota": quota}).is_success


def test_new_mailboxes_get_the_quota_of_their_client(app: App) -> None:
    add(app, name="A", domains=["a.nl"], defaults={"quota": 5000})

    rows = previewed(app, ROW, ROW | {"quota": 7}, ROW | {"domain": "b.nl"})

    assert [row["quota"] for row in rows] == [5000, 7, 1024]
    assert app.ask("POST", "/domains/a.nl/email-accounts", ROW).json()["data"]["quota"] == 5000


def test_no_quota_goes_over_the_largest_of_the_client(app: App) -> None:
    made(app, "old", 9000)
    add(app, name="A", domains=["a.nl"], caps={"quota": 5000})
    says = "Mailboxes of A may have up to 5,000 MB. Lower the quota, or ask an admin to raise it."

    rows = previewed(app, ROW | {"quota": 5001}, ROW | {"quota": "unlimited"}, ROW | {"domain": "b.nl", "quota": 5001})
    assert [row["verdict"] for row in rows] == ["invalid", "invalid", "ready"]
    assert rows[0]["errors"] == [says]
    assert [each["code"] for each in rows[0]["findings"]] == ["quota_over_cap"]

    raised = {"username": "old", "quota": 9001}
    as_is = {"username": "old", "quota": 9000, "password": GOOD}
    assert [row["verdict"] for row in previewed(app, raised, on_existing="update")] == ["invalid"]
    assert [row["verdict"] for row in previewed(app, as_is, on_existing="update")] == ["ready"]
    assert [row["verdict"] for row in previewed(app, raised)] == ["exists"]

    assert error(app, "POST", "/domains/a.nl/email-accounts", ROW | {"quota": 0}) == (400, "quota", says)
    assert error(app, "PATCH", "/domains/a.nl/email-accounts/old", {"quota": 9001}) == (400, "quota", says)
    many = {"addresses": ["old@a.nl"], "quota": "+ 1"}
    assert error(app, "POST", "/changes", many) == (400, "quota", f"old@a.nl: {says}")
    assert app.ask("PATCH", "/domains/a.nl/email-accounts/old", {"quota": 4000}).status_code == 200


def test_a_client_gets_no_more_mailboxes_than_it_may_have(app: App) -> None:
    app.have("one@a.nl")
    app.have("two@b.nl")
    add(app, name="A", domains=["a.nl", "b.nl"], caps={"mailboxes": 4})
    add(app, name="C", domains=["c.nl"], caps={"mailboxes": 1})

    rows = previewed(
        app,
        ROW | {"username": "one"},  # exists
        ROW | {"username": "x1"},
        ROW | {"username": "x1"},  # a duplicate
        ROW | {"username": "x2", "domain": "b.nl"},
        ROW | {"username": "x3", "domain": "c.nl"},
        ROW | {"username": "x4"},
    )

    assert [row["verdict"] for row in rows] == ["exists", "ready", "duplicate", "ready", "ready", "invalid"]
    assert rows[-1]["errors"] == [f"A may have 4 mailboxes and has 2{TOO_MANY}"]
    assert [each["code"] for each in rows[-1]["findings"]] == ["mailboxes_over_cap"]


def test_a_full_client_gets_no_single_mailbox_either(app: App) -> None:
    app.have("one@a.nl")
    add(app, name="A", domains=["a.nl"], caps={"mailboxes": 1})

    assert error(app, "POST", "/domains/a.nl/email-accounts", ROW) == (
        400, "", f"A may have 1 mailbox and has 1{TOO_MANY}",
    )  # fmt: skip


def test_single_mailboxes_at_once_do_not_share_the_last_place(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.have("one@a.nl", "two@a.nl")
    add(app, name="A", domains=["a.nl", "b.nl"], caps={"mailboxes": 3})
    found, checked = ClientTerms.of, Barrier(4)

    def checked_together(*given: Any, **more: Any) -> Any:
        terms = found(*given, **more)
        checked.wait(10.0)
        return terms

    monkeypatch.setattr(ClientTerms, "of", checked_together)
    places = [("a.nl", "x1"), ("a.nl", "x2"), ("b.nl", "x3"), ("b.nl", "x4")]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda place: app.ask("POST", f"/domains/{place[0]}/email-accounts", ROW | {"username": place[1]}),
                places,
            )
        )

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400]
    assert {answer.json()["error"]["message"] for answer in answers if answer.status_code == 400} == {
        "A may have 3 mailboxes, and has no room for 1 more by now. Leave it out, or ask an admin to raise the number."
    }
    assert sum(app.host.has(f"{username}@{domain}") for domain, username in places) == 1


def test_a_mailbox_made_by_hand_counts_before_it_is_read_back(app: App) -> None:
    add(app, name="A", domains=["a.nl"], caps={"mailboxes": 1})
    others: list[int] = []

    def ask_meanwhile(request: Request) -> None:
        if request.kind == "read" and app.host.has("x1@a.nl") and not others:
            others.append(0)
            others.append(app.ask("POST", "/domains/a.nl/email-accounts", ROW | {"username": "x2"}).status_code)

    app.ask("GET", "/domains/a.nl/email-accounts")
    app.host.waits = ask_meanwhile

    assert app.ask("POST", "/domains/a.nl/email-accounts", ROW | {"username": "x1"}).status_code == 201
    assert others == [0, 400]


def test_a_quota_over_the_largest_may_stay(app: App) -> None:
    made(app, "old", 9000)
    add(app, name="A", domains=["a.nl"], caps={"quota": 5000})

    assert app.ask("PATCH", "/domains/a.nl/email-accounts/old", {"quota": 9000, "password": GOOD}).status_code == 200


def test_the_fix_of_a_quota_over_the_largest_is_the_largest(app: App) -> None:
    add(app, name="A", domains=["a.nl"], caps={"quota": 5000})

    found = previewed(app, ROW | {"quota": "unlimited"})[0]["findings"][0]

    assert (found["code"], found["suggestion"]) == ("quota_over_cap", "5000 MB")


def test_a_change_of_what_another_has_changed_is_refused(app: App) -> None:
    version = add(app, **FULL)["version"]
    app.ask("PATCH", "/clients/1", {"notes": "Late.", "domains": ["a.nl"], "version": version})

    late = error(app, "PATCH", "/clients/1", {"notes": "Early.", "version": version})
    assert late == (
        409, "version",
        "Since you opened Bakker & Co, this was changed: domains and notes. Open the client again, then change it.",
    )  # fmt: skip
    assert app.ask("GET", "/clients/1").json()["data"]["notes"] == "Late."
    assert error(app, "PATCH", "/clients/1", {"notes": "x", "version": "1"})[:2] == (400, "version")


def test_nobody_learns_of_clients_and_figures_of_domains_that_they_may_not_view(app: App) -> None:
    app.have("one@b.nl")
    add(app, name="A", domains=["a.nl", "b.nl"], defaults={"quota": 777}, caps={"mailboxes": 1})
    add(app, name="C", domains=["c.nl"], caps={"quota": 5})
    token = app.token(a_nl="import")
    rows = {"default_domain": "a.nl", "rows": [ROW, ROW | {"domain": "c.nl"}]}

    answer = app.ask("POST", "/email-accounts/import/preview", rows, token=token)

    counted, hidden = answer.json()["data"]["rows"]
    assert counted["errors"] == [f"A may have 1 mailbox{TOO_MANY}"]
    assert (hidden["quota"], [each["code"] for each in hidden["findings"]]) == (1024, ["no_permission"])


def imported(app: App, *usernames: str) -> Any:
    return app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [ROW | {"username": u} for u in usernames]})


def silent(app: App, about: Callable[[Request], bool]) -> None:
    """Let the host give no answer to these requests."""

    def refuse(request: Request) -> None:
        if about(request):
            raise Unreachable("MXroute does not answer.", sent=False)

    app.host.waits = refuse


def test_what_other_runs_are_about_to_create_counts(app: App) -> None:
    add(app, name="A", domains=["a.nl", "b.nl"], caps={"mailboxes": 3})
    silent(app, lambda request: request.kind == "write")
    assert imported(app, "x1", "x2").status_code == 202

    rows = previewed(app, ROW | {"username": "y1"}, ROW | {"username": "y2"})

    assert [row["verdict"] for row in rows] == ["ready", "invalid"]
    assert rows[1]["errors"] == [f"A may have 3 mailboxes and has 0, with 2 on the way{TOO_MANY}"]


def test_two_confirmed_imports_do_not_share_the_last_place(app: App) -> None:
    add(app, name="A", domains=["a.nl"], caps={"mailboxes": 1})
    silent(app, lambda request: request.kind == "write")
    imports = app.services.imports
    ready = [prepared(app, username) for username in ("x1", "x2")]
    imports.carry_out(LOCAL, ready[0], days=1)

    with pytest.raises(InvalidState) as refusal:
        imports.carry_out(LOCAL, ready[1], days=1)

    assert str(refusal.value) == (
        "A may have 1 mailbox, and has no room for 1 more by now. Check the rows again, or ask an admin to raise the "
        "number."
    )
    assert imports.carry_out(LOCAL, ready[0], days=1) == 1  # the same start once more


def prepared(app: App, username: str) -> PreparedImport:
    rows = make_rows({"username": [username], "password": [GOOD]}, line=[2])
    batch = ImportBatch(rows, "a.nl")
    imports = app.services.imports
    return imports.confirm(LOCAL, batch, before=imports.validate(LOCAL, batch))


def test_an_unread_list_of_the_client_stops_new_mailboxes(app: App) -> None:
    add(app, name="A", domains=["a.nl", "b.nl"], caps={"mailboxes": 3})
    silent(app, lambda request: request.kind == "read" and "b.nl" in request.path)
    waits = "A domain of A could not be read from MXroute just now. The start waits for MXroute: try again in a minute."

    (row,) = previewed(app, ROW)
    assert [each["code"] for each in row["findings"]] == ["not_counted"]
    assert prepared(app, "x1").unchecked == ("A domain of A",)
    answer = imported(app, "x1")
    assert (answer.status_code, answer.json()["error"]["message"]) == (503, waits)
    assert error(app, "POST", "/domains/a.nl/email-accounts", ROW) == (503, "", waits)
    assert not app.host.writes()


def test_the_mailboxes_of_a_client_are_counted_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"d{number}.nl" for number in range(40)]
    app.services.clients.add(LOCAL, ClientDetails("A", tuple(names), terms=Terms(max_mailboxes=3)))
    asked: list[int] = []
    cached = app.services.lists.cached_usernames

    def counted(domains: Collection[str]) -> Any:
        asked.append(len(domains))
        return cached(domains)

    monkeypatch.setattr(app.services.lists, "cached_usernames", counted)
    terms = ClientTerms(app.services.store, app.services.lists)
    assert terms.of(LOCAL, names).keys() == set(names)
    assert asked == [40]


# What hangs on clients.


def test_domains_are_listed_for_one_client(app: App) -> None:
    add(app, name="A", domains=["b.nl", "a.nl", "later.nl"])

    assert app.ask("GET", "/domains?client=1").json()["data"] == ["a.nl", "b.nl"]
    assert app.ask("GET", "/domains?client=1", token=app.token(b_nl="view")).json()["data"] == ["b.nl"]
    assert app.ask("GET", "/domains?client=1", token=app.token(c_nl="view")).status_code == 404


def test_exports_carry_the_name_of_the_client(app: App) -> None:
    app.have("one@a.nl", "one@c.nl")
    add(app, name="Bakker & Co", domains=["a.nl", "b.nl"])

    def named(path: str, **more: Any) -> str:
        name: str = app.ask("GET", path, **more).headers["content-disposition"].partition('filename="')[2]
        return name.partition("-2")[0]

    assert named("/domains/a.nl/email-accounts.csv") == "mailboxes-bakker-co-a.nl"
    assert named("/domains/c.nl/email-accounts.csv") == "mailboxes-c.nl"
    assert named("/email-accounts.csv") == "mailboxes-all"
    own = app.token(a_nl="view export", b_nl="view export")
    assert named("/email-accounts.csv", token=own) == "mailboxes-bakker-co-all"


def test_the_audit_log_is_filtered_by_client(app: App) -> None:
    add(app, name="A", domains=["a.nl"])
    add(app, name="B", domains=["b.nl"])
    run = imported(app, "x1").json()["data"]["id"]
    app.ended(run)

    found = [each["what"] for each in app.ask("GET", "/audit?client=1").json()["data"]["entries"]]
    assert found[-1] == "client.add"
    assert {"run.start", "mailbox.create"} <= set(found)
    assert [each["on"] for each in app.ask("GET", "/audit?client=2").json()["data"]["entries"]] == ["B"]
    assert app.ask("GET", "/audit?client=x").status_code == 400
    mine = app.ask("GET", "/audit?client=2", token=app.token(a_nl="view")).json()["data"]["entries"]
    assert mine == []
