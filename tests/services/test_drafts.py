"""Drafts: neither a refresh nor a restart of the server loses one."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.clock import SystemClock
from mxlib.core.editing import file_diff
from mxlib.core.editing.draft import Draft
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import COLUMNS
from mxlib.services import Services, build, install
from mxlib.services.drafts import DraftContent, DraftTakenOver, DraftUnreadable
from mxlib.services.exports import NotFound
from mxlib.services.files import MappingQuestion
from mxlib.settings import Settings
from mxlib.store import Store, clock_guard, key_check
from mxlib.store.database import FILE as DATABASE
from mxlib.web import downloads
from tests.support.audit_entries import audit_entries
from tests.support.pages import FILE, grid_key, opened, preview, statuses

SECRET = b"Geheim.2026x"
COLLEAGUE = Caller("kim", domains={"clienta.nl": frozenset({Permission.IMPORT})})
STRANGER = Caller("lou", domains={"clientb.nl": frozenset({Permission.IMPORT})})


def settings(folder: Path, key: str = "") -> Settings:
    return Settings(data_dir=folder, secret_key=key, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400)  # type: ignore[arg-type]


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    built = build(settings(tmp_path))
    install(built)
    built.run_manager.recover()
    yield built
    install(None)
    built.close()


def begun(services: Services, caller: Caller = LOCAL) -> tuple[str, DraftContent]:
    work = DraftContent(services.files.batch_from_file(FILE, "staff.csv", "clienta.nl"), FILE)
    number = services.drafts.new()
    services.drafts.keep(caller, number, work)
    return number, work


def test_a_draft_is_restored_with_its_rows_its_file_and_its_reading(services: Services) -> None:
    number, work = begun(services)
    back = services.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    assert work.read_file is not None
    pd.testing.assert_frame_equal(back.batch.rows, work.batch.rows)
    assert back.read_file.sheet.digest == work.read_file.sheet.digest
    assert back.read_file.columns == work.read_file.columns
    assert back.file == FILE


def test_a_stored_draft_has_no_password_in_clear(services: Services) -> None:
    begun(services)
    files = [path for path in services.settings.data_dir.rglob("*") if path.is_file()]
    assert not [path.name for path in files if SECRET in path.read_bytes()]


def test_a_discarded_draft_is_deleted_from_disk(services: Services) -> None:
    number, _ = begun(services)
    services.drafts.discard(LOCAL, number)
    assert not services.drafts.offered(LOCAL)
    assert services.drafts.open(LOCAL, number) is None


def test_an_old_draft_is_deleted(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(services)
    later = services.clock.now() + 8 * 86_400
    with services.store.write() as tx:
        clock_guard.observe(tx, later - 3_600)
        clock_guard.confirm(tx, LOCAL, later - 3_600)
    monkeypatch.setattr(services.drafts, "_clock", type("Later", (), {"now": lambda self: later})())
    assert not services.drafts.offered(LOCAL)
    monkeypatch.undo()
    assert not services.drafts.offered(LOCAL)


def test_a_colleague_with_import_in_all_its_domains_takes_a_draft_over(services: Services) -> None:
    number, _ = begun(services, Caller("ops", domains=COLLEAGUE.domains))
    assert not services.drafts.offered(STRANGER)
    assert services.drafts.open(STRANGER, number) is None
    assert services.drafts.open(COLLEAGUE, number) is not None
    assert services.drafts.offered(COLLEAGUE)[0].operator == "kim"
    with services.store.read() as tx:
        assert [entry["who"] for entry in audit_entries(tx) if entry["what"] == "draft.take_over"] == ["kim"]


def test_another_server_key_is_explained_with_one_sentence(tmp_path: Path) -> None:
    first = build(settings(tmp_path, "one"))
    number, _ = begun(first)
    first.close()
    with closing(Store.open(tmp_path / DATABASE, SystemClock(), "two", any_key=True)) as store, store.write() as tx:
        key_check.record(tx, store.key)  # as `script/mxm key accept`
    second = build(settings(tmp_path, "two"))
    with pytest.raises(DraftUnreadable, match="MXM_SECRET_KEY"):
        second.drafts.open(LOCAL, number)
    second.close()


def test_a_new_tab_continues_the_draft_of_the_old_one(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    tab.session_state[grid_key(tab)] = {
        "edited_rows": {1: {"username": "jan.jansen"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    tab.run()
    fresh = opened("import_mailboxes", domain="clienta.nl")
    assert any("Unfinished import" in mark.value and "4 rows" in mark.value for mark in fresh.markdown)
    next(button for button in fresh.button if button.label == "Continue").click().run()
    assert not fresh.exception
    assert list(fresh.data_editor[0].value["username"])[1] == "jan.jansen"
    assert statuses(fresh)[1] == "Ready"


def test_a_discarded_preview_is_not_offered_again(services: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    tab.button(key="discard").click().run()
    assert not services.drafts.offered(LOCAL)


def test_a_draft_without_a_domain_belongs_to_its_operator_only(services: Services) -> None:
    batch = services.files.batch_from_file(b"username,password\r\njan,Geheim.2026x\r\n", "staff.csv", "")
    services.drafts.keep(Caller("ops"), services.drafts.new(), DraftContent(batch, FILE))
    assert not services.drafts.offered(COLLEAGUE)
    assert services.drafts.offered(LOCAL)


def test_a_draft_taken_over_is_not_overwritten_by_the_first_tab(services: Services) -> None:
    first = Caller("ops", domains=COLLEAGUE.domains)
    number, work = begun(services, first)
    services.drafts.open(COLLEAGUE, number)
    with pytest.raises(DraftTakenOver, match="kim has taken this draft over"):
        services.drafts.keep(first, number, replace(work, batch=replace(work.batch, rows=work.batch.rows.iloc[:1])))
    services.drafts.discard(first, number, own=True)
    back = services.drafts.open(COLLEAGUE, number)
    assert back is not None
    assert len(back.batch.rows) == 4


def test_discarding_the_draft_of_another_user_is_in_the_audit_log(services: Services) -> None:
    number, _ = begun(services, Caller("ops", domains=COLLEAGUE.domains))
    services.drafts.discard(COLLEAGUE, number)
    assert not services.drafts.offered(LOCAL)
    assert [entry_parts for entry_parts in trail(services) if entry_parts[0].startswith("draft")] == [
        ("draft.discard", "kim", "of ops")
    ]


def test_differences_from_the_file_are_known_after_a_restore(services: Services) -> None:
    reading = services.files.read_by_header(b"username\r\nAlice \r\nbob\r\n", "staff.csv")
    rows = Draft(reading.rows).edited({1: {"username": "bo"}}).rows
    number = services.drafts.new()
    batch = ImportBatch(rows, "clienta.nl", source=reading)
    services.drafts.keep(LOCAL, number, DraftContent(batch, b"username\r\nAlice \r\nbob\r\n"))
    back = services.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    said = file_diff.compare(back.batch.rows, back.read_file).describe([0, 1])
    assert said == ["Username 'Alice ' → 'alice'.", "Username 'bob' → 'bo'."]


def test_usernames_made_of_names_are_no_difference_after_a_restore(services: Services) -> None:
    content = b"Voornaam,Achternaam\r\nJan,Bos\r\nKim,Groen\r\n"
    question = services.files.read(LOCAL, content, "names.csv", "clienta.nl")
    assert isinstance(question, MappingQuestion)
    reading = services.files.answered(LOCAL, question.sheet, question.answer, "clienta.nl")
    rows = Draft(reading.rows).edited({1: {"username": "kimmie"}}).rows
    number = services.drafts.new()
    services.drafts.keep(LOCAL, number, DraftContent(ImportBatch(rows, "clienta.nl", source=reading), content))
    back = services.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    assert file_diff.compare(back.batch.rows, back.read_file).describe([0, 1]) == [
        "",
        "Username 'kim.groen' → 'kimmie'.",
    ]


def test_users_who_may_continue_a_draft_download_its_corrected_file(services: Services) -> None:
    number, work = begun(services, Caller("ops", domains=COLLEAGUE.domains))
    file = services.drafts.file(COLLEAGUE, number, "csv")
    assert file.name == "staff-corrected.csv"
    again = services.files.read_by_header(file.content, file.name)
    for column in COLUMNS:
        assert list(again.rows[column]) == list(work.batch.rows[column])
    assert ("draft.download", "kim", "4 rows as csv, with passwords") in trail(services)
    assert services.drafts.offered(LOCAL)[0].operator == "ops"
    book = services.drafts.file(LOCAL, number, "xlsx")
    again = services.files.read_by_header(book.content, book.name)
    assert list(again.rows["password"]) == list(work.batch.rows["password"])


@pytest.mark.parametrize("kind", ["csv", "pdf", ""])
def test_a_corrected_file_needs_permission_and_a_known_format(services: Services, kind: str) -> None:
    number, _ = begun(services, Caller("ops", domains=COLLEAGUE.domains))
    with pytest.raises(NotFound):
        services.drafts.file(STRANGER if kind == "csv" else LOCAL, number, kind)
    assert "draft.download" not in [entry_parts[0] for entry_parts in trail(services)]


def trail(services: Services) -> list[tuple[str, str, str]]:
    with services.store.read() as tx:
        return [(str(entry["what"]), str(entry["who"]), str(entry["outcome"])) for entry in audit_entries(tx)]


def test_the_route_of_the_corrected_file_checks_the_caller_and_is_not_cached(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = begun(services, Caller("ops", domains=COLLEAGUE.domains))
    web = TestClient(Starlette(routes=downloads.routes))
    answer = web.get(f"/drafts/{number}.csv")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "staff-corrected.csv" in answer.headers["content-disposition"]
    assert b"Geheim.2026x" in answer.content
    assert web.get(f"/drafts/{number}.zip").status_code == 404
    assert web.get("/drafts/0123.csv").status_code == 404
    monkeypatch.setattr(downloads, "caller", lambda _: STRANGER)
    stranger = web.get(f"/drafts/{number}.csv")
    assert (stranger.status_code, SECRET in stranger.content) == (404, False)
    services.drafts.discard(LOCAL, number)
    assert web.get(f"/drafts/{number}.csv").status_code == 404


def edit(tab: AppTest, place: int, username: str) -> None:
    """Type a username into a row of the grid."""
    cells = {place: {"username": username}}
    tab.session_state[grid_key(tab)] = {"edited_rows": cells, "added_rows": [], "deleted_rows": []}
    tab.run()
    assert not tab.exception


@pytest.mark.parametrize("choice", ["keep_mine", "take_theirs"])
def test_two_tabs_on_one_draft_notice_each_other_and_lose_nothing(services: Services, choice: str) -> None:
    first = preview(opened("import_mailboxes", domain="clienta.nl"))
    second = opened("import_mailboxes", domain="clienta.nl")
    next(button for button in second.button if button.label == "Continue").click().run()
    edit(first, 1, "of.the.first")
    edit(second, 1, "of.the.second")
    assert any("Another tab has changed this draft" in warning.value for warning in second.warning)
    (kept,) = services.drafts.offered(LOCAL)
    second.button(key=choice).click().run()
    assert not second.exception
    if choice == "take_theirs":
        assert list(second.data_editor[0].value["username"])[1] == "of.the.first"
    works = [services.drafts.open(LOCAL, each.id) for each in services.drafts.offered(LOCAL)]
    names = {work.batch.rows["username"].iloc[1] for work in works if work is not None}
    assert names == {"of.the.first", "of.the.second"}
    assert kept.id in {each.id for each in services.drafts.offered(LOCAL)}
    edit(second, 2, "goes.on")
    assert not any("Another tab" in warning.value for warning in second.warning)
