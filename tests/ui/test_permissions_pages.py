"""Every page, seen by people with each permission: what it shows, what it offers, and what it says instead."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Forbidden, Permission
from mxlib.core.clients import ClientDetails
from mxlib.core.vocabulary import AuditAction
from mxlib.services import Services, build, install
from mxlib.services.drafts import DraftContent
from mxlib.settings import Settings
from mxlib.store import audit
from mxlib.store.audit import Actor
from mxlib.ui.admin import permissions
from mxlib.ui.app import session
from tests.support.pages import ENTRY, FILE, PAGES, preview, statuses, visit
from tests.support.threaded_runs import until

HERE, ELSEWHERE = "clienta.nl", "clientb.nl"
PASSWORD = "four words in a row"

#: Who is who: what each may do in which domain.
WHO: dict[str, dict[str, list[Permission]]] = {
    "viewer": {HERE: [Permission.VIEW]},
    "importer": {HERE: [Permission.IMPORT]},
    "exporter": {HERE: [Permission.VIEW, Permission.EXPORT]},
    "deleter": {HERE: [Permission.DELETE]},
    "other": {ELSEWHERE: list(Permission)},
    "nobody": {},
    "stale": {"gone.example": [Permission.VIEW]},
    "everywhere": {EVERY_DOMAIN: [Permission.VIEW]},
}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """The services with all of them as users, on a sandbox whose minute is one second."""
    folder = tmp_path_factory.mktemp("people")
    built = build(Settings(data_dir=folder, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400))
    install(built)
    built.run_manager.recover()
    built.users.add(LOCAL, "admin", PASSWORD, admin=True)
    for name, rights in WHO.items():
        built.users.add(LOCAL, name, PASSWORD, permissions=rights)
    yield built
    install(None)
    built.close()


def seen_by(name: str, page: str = "email_accounts", **query: str) -> AppTest:
    """A browser tab of a user on that page."""
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    for key, value in query.items():
        tab.query_params[key] = value
    return visit(tab, page)


def page_text(tab: AppTest) -> str:
    """Everything that stands on a page in words."""
    words = [
        element.value for kind in (tab.info, tab.error, tab.warning, tab.caption, tab.markdown) for element in kind
    ]
    return "\n".join(map(str, words)).replace("\\", "")


def buttons(tab: AppTest) -> set[str]:
    """The keys of the buttons."""
    return {str(button.key) for button in tab.button}


def links(tab: AppTest) -> str:
    """The downloads that are offered."""
    return " ".join(element.proto.body for element in tab.get("html") if "mxm-download" in element.proto.body)


def domains(tab: AppTest) -> list[str]:
    """The domains to choose from; a single one needs no field."""
    if tab.multiselect:
        return list(tab.multiselect(key="domains").options)
    words = page_text(tab) + "".join(table.value.to_csv() for table in tab.dataframe)
    return [name for name in (HERE, ELSEWHERE) if name in words]


@pytest.mark.parametrize("name", ["admin", *WHO])
def test_every_page_opens_for_everybody(services: Services, name: str) -> None:
    tab = seen_by(name)
    for page in ("email_accounts", "import_mailboxes", "jobs", "audit", "access"):
        if page != "overview":
            tab.switch_page(str(PAGES / f"{page}.py")).run()
        assert not tab.exception, page
        assert not tab.error, page
        assert tab.title, page


def test_no_page_opens_for_an_unknown_user(services: Services) -> None:
    tab = seen_by("stranger")
    assert "You are no longer a user here" in tab.error[0].value
    assert not tab.title


@pytest.mark.parametrize(
    ("name", "seen"),
    [("viewer", [HERE]), ("importer", [HERE]), ("deleter", [HERE]), ("other", [ELSEWHERE]), ("nobody", [])],
)
def test_only_domains_with_a_permission_are_in_the_selector(services: Services, name: str, seen: list[str]) -> None:
    assert domains(seen_by(name)) == seen


def test_every_domain_means_every_one(services: Services) -> None:
    assert domains(seen_by("everywhere")) == list(services.lists.domains(LOCAL).names)


def test_a_domain_in_the_address_without_a_permission_is_not_shown(services: Services) -> None:
    tab = seen_by("viewer", domain=ELSEWHERE)
    assert domains(tab) == [HERE]
    assert ELSEWHERE not in page_text(tab)


@pytest.mark.parametrize(
    ("name", "table", "ways"),
    [
        ("admin", True, {"to_import", "new", "export"}),
        ("viewer", True, set()),
        ("importer", True, {"to_import", "new"}),
        ("exporter", True, {"export"}),
        ("deleter", False, set()),
        ("other", True, {"to_import", "new", "export"}),
        ("everywhere", True, set()),
    ],
)
def test_the_accounts_page_offers_what_is_allowed_there(
    services: Services, name: str, table: bool, ways: set[str]
) -> None:
    tab = seen_by(name)
    assert bool(tab.dataframe) is table
    offered = buttons(tab) & {"to_import", "new"} | ({"export"} if "/export/" in links(tab) else set())
    assert offered == ways
    assert ("export-all" in buttons(tab)) is ("export" in ways)
    lacking = f"You have no permission to view {HERE}. Ask an admin for it."
    assert (lacking in page_text(tab)) is not table


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("admin", "Select mailboxes to edit, export or delete them."),
        ("exporter", "Select mailboxes to export them."),
        ("viewer", "Select a mailbox to open it, or for its mail app settings."),
    ],
)
def test_ticks_promise_what_is_allowed(services: Services, name: str, hint: str) -> None:
    assert hint in page_text(seen_by(name, domain=HERE))


def test_an_empty_domain_explains_creation_only_with_import(services: Services) -> None:
    empty = next(
        name for name in services.lists.domains(LOCAL).names if services.lists.mailboxes(LOCAL, name).frame.empty
    )
    for name, expected in (("admin", True), ("everywhere", False)):
        tab = seen_by(name, domain=empty)
        assert f"{empty} has no mailbox yet." in page_text(tab)
        assert ("Create a mailbox" in page_text(tab)) is expected


@pytest.mark.parametrize(("name", "refreshes"), [("viewer", True), ("deleter", False)])
def test_a_card_that_is_not_shown_offers_no_refresh(services: Services, name: str, refreshes: bool) -> None:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    tab.query_params["address"] = f"info@{HERE}"
    tab.run().switch_page(str(PAGES / "mailbox.py"))
    tab.query_params["address"] = f"info@{HERE}"
    assert ("refresh" in buttons(tab.run())) is refreshes


@pytest.mark.parametrize("name", ["nobody", "stale"])
def test_without_a_permission_here_one_sentence_says_so(services: Services, name: str) -> None:
    tab = seen_by(name)
    assert [note.value for note in tab.info] == [
        "You have no permission for any domain of this account yet. Ask an admin for it."
    ]


@pytest.mark.parametrize("name", ["viewer", "exporter", "deleter", "nobody"])
def test_without_import_anywhere_there_is_no_upload(services: Services, name: str) -> None:
    tab = seen_by(name, "import_mailboxes")
    assert not tab.get("file_uploader")
    assert "You have no permission to import into any domain" in page_text(tab)


def test_rows_without_permission_say_so_first_and_cannot_be_started(services: Services) -> None:
    rows = b"username,password,domain\r\nnina.berg,Geheim.2026x,clientb.nl\r\njan jansen,Geheim.2026x,clientb.nl\r\n"
    tab = preview(seen_by("importer", "import_mailboxes"), rows)
    assert statuses(tab) == ["Error", "Error"]
    assert all(
        fix.startswith("You have no permission to import into clientb.nl.") for fix in tab.data_editor[0].value["fix"]
    )
    assert tab.button(key="create").disabled


def test_a_permission_taken_away_between_preview_and_start_stops_the_start(services: Services) -> None:
    number = services.users.add(LOCAL, "brief", PASSWORD, permissions={HERE: [Permission.IMPORT]})
    batch, brief = services.files.batch_from_file(FILE, "staff.csv", HERE), services.users.caller("brief")
    ready = services.imports.confirm(brief, batch, before=services.imports.validate(brief, batch))
    services.users.change(LOCAL, number, permissions={ELSEWHERE: [Permission.IMPORT]})
    with pytest.raises(Forbidden, match=f"You have no permission to import into {HERE}"):
        services.runs.start(services.users.caller("brief"), ready.plan, days=7)


def a_run(services: Services, name: str, username: str) -> int:
    """A finished run of one row, started by a user."""
    caller = services.users.caller(name)
    file = f"username,password\r\n{username},Geheim.2026x\r\n".encode()
    batch = services.files.batch_from_file(file, "staff.csv", HERE)
    ready = services.imports.confirm(caller, batch, before=services.imports.validate(caller, batch))
    run = services.runs.start(caller, ready.plan, days=7)
    until(lambda: (view := services.runs.get(LOCAL, run)) is not None and view.status == "finished")
    return run


def test_runs_and_their_results_follow_permissions(services: Services) -> None:
    run = a_run(services, "importer", "of.importer")
    mine, chief = seen_by("importer", "jobs", run=str(run)), seen_by("admin", "jobs", run=str(run))
    for kind in ("xlsx", "csv"):
        assert f"/runs/{run}/results.{kind}" in links(mine)
        assert f"/runs/{run}/results.{kind}" in links(chief)
    assert "A spreadsheet calculates cells" in page_text(mine)
    services.users.add(LOCAL, "colleague", PASSWORD, permissions={HERE: [Permission.IMPORT]})
    colleague = seen_by("colleague", "jobs", run=str(run))
    assert any(each.value.startswith(f"Run {run} ") for each in colleague.caption)
    assert f"/runs/{run}/" not in links(colleague)
    assert "A spreadsheet calculates cells" not in page_text(colleague)
    assert "importer" in page_text(colleague)
    assert "take" in buttons(colleague)
    for name in ("viewer", "exporter", "other", "nobody"):
        tab = seen_by(name, "jobs", run=str(run))
        assert f"There is no run {run} that you may see" in page_text(tab), name
        assert "/runs/" not in links(tab), name


def test_a_draft_is_offered_to_its_operator_and_with_import_in_its_domains(services: Services) -> None:
    caller = services.users.caller("importer")
    batch = services.files.batch_from_file(FILE, "draft.csv", HERE)
    services.drafts.keep(caller, services.drafts.new(), DraftContent(batch, FILE))
    assert "draft.csv" in page_text(seen_by("importer", "import_mailboxes")).replace("\\", "")
    assert "draft.csv" not in page_text(seen_by("other", "import_mailboxes")).replace("\\", "")


def test_the_audit_page_follows_permissions(services: Services) -> None:
    with services.store.write() as tx:
        for on in (f"seen@{HERE}", f"seen@{ELSEWHERE}"):
            audit.record(tx, Actor("admin"), AuditAction.MAILBOX_UPDATE, at=services.clock.now(), on=on)
    subjects = {}
    for name in ("admin", "viewer", "other", "importer", "deleter"):
        tab = seen_by(name, "audit", address="seen@")
        subjects[name] = set(tab.dataframe[0].value["on"]) if tab.dataframe else set()
    assert subjects == {
        "admin": {f"seen@{HERE}", f"seen@{ELSEWHERE}"}, "viewer": {f"seen@{HERE}"}, "other": {f"seen@{ELSEWHERE}"},
        "importer": {f"seen@{HERE}"}, "deleter": set(),
    }  # fmt: skip


def test_only_admins_are_offered_the_evidence_report(services: Services) -> None:
    assert "/evidence.xlsx" in links(seen_by("admin", "audit"))
    assert "/evidence.xlsx" not in links(seen_by("viewer", "audit"))


@pytest.mark.parametrize("typed", ["abc", "0", "99999999999999999999", "\u0663"])
def test_an_invalid_run_number_finds_nothing_and_says_so(services: Services, typed: str) -> None:
    tab = seen_by("admin", "audit")
    assert tab.dataframe
    tab.text_input(key="audit-run").input(typed).run()
    assert not tab.dataframe
    assert "Runs have numbers, such as 41." in page_text(tab)


def test_only_admins_manage_users_and_tokens_and_all_users_their_password(services: Services) -> None:
    assert {"add-user", "add-token"} <= buttons(seen_by("admin", "access"))
    tab = seen_by("viewer", "access")
    assert not {"add-user", "add-token"} & buttons(tab)
    assert not tab.dataframe
    assert {"own-current", "own-new", "own-again"} <= {str(field.key) for field in tab.text_input}


def test_a_disabled_user_is_refused_at_the_next_click(services: Services) -> None:
    number = services.users.add(LOCAL, "leaver", PASSWORD, permissions={HERE: [Permission.VIEW]})
    tab = seen_by("leaver")
    services.users.disable(LOCAL, number)
    tab.run()
    assert "disabled" in tab.error[0].value
    assert not tab.dataframe


def test_own_password_is_changed_on_the_page(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "session", lambda: "")
    services.users.add(LOCAL, "changer", PASSWORD)
    tab = seen_by("changer", "access")
    for key, typed in (("own-current", PASSWORD), ("own-new", "another four words"), ("own-again", "another one")):
        tab.text_input(key=key).input(typed)
    tab.button(key="own-change").click().run()
    assert "The two passwords differ" in tab.error[0].value
    for key, typed in (
        ("own-current", PASSWORD),
        ("own-new", "more than words"),
        ("own-again", "more than words"),
    ):
        tab.text_input(key=key).input(typed)
    tab.button(key="own-change").click().run()
    assert tab.success[0].value.startswith("Changed.")
    assert services.users.verify("changer", "more than words") is not None


def test_a_token_is_given_permissions_for_a_client(services: Services) -> None:
    made = services.clients.add(LOCAL, ClientDetails("Client A", (HERE,)))
    tab = seen_by("admin", "access")
    tab.button(key="add-token").click().run()
    tab.text_input(key="rights-of-token-find").set_value("client a").run()
    tab.button(key="rights-of-token-all-support").click().run()
    tab.text_input(key="token-name").set_value("nightly").run()
    tab.button(key="make-token").click().run()
    assert not tab.exception
    (token,) = services.access.tokens(services.users.caller("admin"))
    assert token.permissions == {f"client:{made}": ["support", "view"]}
    assert permissions.describe(False, token.permissions, {made: "Client A"}) == (
        "View, support in the domains of Client A"
    )
