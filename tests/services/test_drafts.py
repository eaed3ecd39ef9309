"""A preview that was begun is never lost: not by a refresh, nor by a restart of the server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mxlib import services
from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.editing import file_diff
from mxlib.core.editing.draft import Draft
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import COLUMNS
from mxlib.services import Services
from mxlib.services.drafts import DraftContent, DraftTakenOver, DraftUnreadable
from mxlib.services.exports import NotFound
from mxlib.services.files import MappingQuestion
from mxlib.settings import Settings
from mxlib.store import audit, clock_guard
from mxlib.web import downloads
from tests.support.pages import FILE, grid_key, opened, preview, statuses

SECRET = b"Geheim.2026x"
COLLEAGUE = Caller("kim", domains={"clienta.nl": frozenset({Permission.IMPORT})})
STRANGER = Caller("lou", domains={"clientb.nl": frozenset({Permission.IMPORT})})


def settings(folder: Path, key: str = "") -> Settings:
    return Settings(data_dir=folder, secret_key=key, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services.build(settings(tmp_path))
    services.install(built)
    built.run_manager.recover()
    yield built
    services.install(None)
    built.close()


def begun(house: Services, caller: Caller = LOCAL) -> tuple[str, DraftContent]:
    work = DraftContent(house.files.batch_from_file(FILE, "staff.csv", "clienta.nl"), FILE)
    number = house.drafts.new()
    house.drafts.keep(caller, number, work)
    return number, work


def test_a_draft_comes_back_with_its_rows_its_file_and_how_that_was_read(house: Services) -> None:
    number, work = begun(house)
    back = house.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    assert work.read_file is not None
    pd.testing.assert_frame_equal(back.batch.rows, work.batch.rows)
    assert back.read_file.sheet.digest == work.read_file.sheet.digest
    assert back.read_file.columns == work.read_file.columns
    assert back.file == FILE


def test_what_is_kept_tells_no_password(house: Services) -> None:
    begun(house)
    files = [path for path in house.settings.data_dir.rglob("*") if path.is_file()]
    assert not [path.name for path in files if SECRET in path.read_bytes()]


def test_a_draft_that_was_discarded_is_gone_from_the_disk(house: Services) -> None:
    number, _ = begun(house)
    house.drafts.discard(LOCAL, number)
    assert not house.drafts.offered(LOCAL)
    assert house.drafts.open(LOCAL, number) is None


def test_an_old_draft_is_forgotten(house: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    begun(house)
    later = house.clock.now() + 8 * 86_400
    with house.store.write() as tx:
        clock_guard.observe(tx, later - 3_600)
        clock_guard.confirm(tx, later - 3_600)
    monkeypatch.setattr(house.drafts, "_clock", type("Later", (), {"now": lambda self: later})())
    assert not house.drafts.offered(LOCAL)
    monkeypatch.undo()
    assert not house.drafts.offered(LOCAL)


def test_a_colleague_who_may_import_into_all_its_domains_takes_it_over_in_the_audit_trail(house: Services) -> None:
    number, _ = begun(house, Caller("ops", domains=COLLEAGUE.domains))
    assert not house.drafts.offered(STRANGER)
    assert house.drafts.open(STRANGER, number) is None
    assert house.drafts.open(COLLEAGUE, number) is not None
    assert house.drafts.offered(COLLEAGUE)[0].operator == "kim"
    with house.store.read() as tx:
        assert [entry["who"] for entry in audit.entries(tx) if entry["what"] == "draft.take_over"] == ["kim"]


def test_another_server_key_is_one_sentence(tmp_path: Path) -> None:
    first = services.build(settings(tmp_path, "one"))
    number, _ = begun(first)
    first.close()
    second = services.build(settings(tmp_path, "two"))
    with pytest.raises(DraftUnreadable, match="MXM_SECRET_KEY"):
        second.drafts.open(LOCAL, number)
    second.close()


def test_a_new_tab_goes_on_where_the_old_one_was(house: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    tab.session_state[grid_key(tab)] = {
        "edited_rows": {1: {"username": "jan.jansen"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    tab.run()
    fresh = opened("import_mailboxes", domain="clienta.nl")
    assert any("A draft is kept" in mark.value and "4 rows" in mark.value for mark in fresh.markdown)
    next(button for button in fresh.button if button.label == "Go on").click().run()
    assert not fresh.exception
    assert list(fresh.data_editor[0].value["username"])[1] == "jan.jansen"
    assert statuses(fresh)[1] == "Ready"


def test_a_preview_that_was_given_up_is_not_offered_again(house: Services) -> None:
    tab = preview(opened("import_mailboxes", domain="clienta.nl"))
    tab.button(key="discard").click().run()
    assert not house.drafts.offered(LOCAL)


def test_a_draft_without_a_domain_is_nobody_elses_though_they_lack_no_permission(house: Services) -> None:
    batch = house.files.batch_from_file(b"username,password\r\njan,Geheim.2026x\r\n", "staff.csv", "")
    house.drafts.keep(Caller("ops"), house.drafts.new(), DraftContent(batch, FILE))
    assert not house.drafts.offered(COLLEAGUE)
    assert house.drafts.offered(LOCAL)


def test_what_was_taken_over_is_not_overwritten_by_the_tab_it_was_taken_from(house: Services) -> None:
    first = Caller("ops", domains=COLLEAGUE.domains)
    number, work = begun(house, first)
    house.drafts.open(COLLEAGUE, number)
    with pytest.raises(DraftTakenOver, match="kim has taken this draft over"):
        house.drafts.keep(first, number, replace(work, batch=replace(work.batch, rows=work.batch.rows.iloc[:1])))
    house.drafts.discard(first, number, own=True)
    back = house.drafts.open(COLLEAGUE, number)
    assert back is not None
    assert len(back.batch.rows) == 4


def test_discarding_the_draft_of_another_is_in_the_audit_trail(house: Services) -> None:
    number, _ = begun(house, Caller("ops", domains=COLLEAGUE.domains))
    house.drafts.discard(COLLEAGUE, number)
    assert not house.drafts.offered(LOCAL)
    assert [told for told in trail(house) if told[0].startswith("draft")] == [("draft.discard", "kim", "of ops")]


def test_what_changed_from_the_file_is_known_after_coming_back(house: Services) -> None:
    reading = house.files.read_by_header(b"username\r\nAlice \r\nbob\r\n", "staff.csv")
    rows = Draft(reading.rows).edited({1: {"username": "bo"}}).rows
    number = house.drafts.new()
    batch = ImportBatch(rows, "clienta.nl", source=reading)
    house.drafts.keep(LOCAL, number, DraftContent(batch, b"username\r\nAlice \r\nbob\r\n"))
    back = house.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    said = file_diff.compare(back.batch.rows, back.read_file).describe([0, 1])
    assert said == ["Username 'Alice ' → 'alice'.", "Username 'bob' → 'bo'."]


def test_usernames_made_of_names_are_no_change_after_coming_back(house: Services) -> None:
    content = b"Voornaam,Achternaam\r\nJan,Bos\r\nKim,Groen\r\n"
    question = house.files.read(LOCAL, content, "names.csv", "clienta.nl")
    assert isinstance(question, MappingQuestion)
    reading = house.files.answered(LOCAL, question.sheet, question.answer, "clienta.nl")
    rows = Draft(reading.rows).edited({1: {"username": "kimmie"}}).rows
    number = house.drafts.new()
    house.drafts.keep(LOCAL, number, DraftContent(ImportBatch(rows, "clienta.nl", source=reading), content))
    back = house.drafts.open(LOCAL, number)
    assert back is not None
    assert back.read_file is not None
    assert file_diff.compare(back.batch.rows, back.read_file).describe([0, 1]) == [
        "",
        "Username 'kim.groen' → 'kimmie'.",
    ]


def test_the_mended_file_is_downloaded_by_whoever_may_go_on_with_it_and_that_is_audited(house: Services) -> None:
    number, work = begun(house, Caller("ops", domains=COLLEAGUE.domains))
    file = house.drafts.file(COLLEAGUE, number, "csv")
    assert file.name == "staff-mended.csv"
    again = house.files.read_by_header(file.content, file.name)
    for column in COLUMNS:
        assert list(again.rows[column]) == list(work.batch.rows[column])
    assert ("draft.download", "kim", "4 rows as csv, with passwords") in trail(house)
    assert house.drafts.offered(LOCAL)[0].operator == "ops"
    book = house.drafts.file(LOCAL, number, "xlsx")
    again = house.files.read_by_header(book.content, book.name)
    assert list(again.rows["password"]) == list(work.batch.rows["password"])


@pytest.mark.parametrize("kind", ["csv", "pdf", ""])
def test_a_stranger_gets_no_file_and_nobody_one_of_another_kind(house: Services, kind: str) -> None:
    number, _ = begun(house, Caller("ops", domains=COLLEAGUE.domains))
    with pytest.raises(NotFound):
        house.drafts.file(STRANGER if kind == "csv" else LOCAL, number, kind)
    assert "draft.download" not in [told[0] for told in trail(house)]


def trail(house: Services) -> list[tuple[str, str, str]]:
    with house.store.read() as tx:
        return [(str(entry["what"]), str(entry["who"]), str(entry["outcome"])) for entry in audit.entries(tx)]


def test_the_route_of_the_mended_file_asks_who_is_there_and_is_kept_by_no_cache(
    house: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, _ = begun(house, Caller("ops", domains=COLLEAGUE.domains))
    web = TestClient(Starlette(routes=downloads.routes))
    answer = web.get(f"/drafts/{number}.csv")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert "staff-mended.csv" in answer.headers["content-disposition"]
    assert b"Geheim.2026x" in answer.content
    assert web.get(f"/drafts/{number}.zip").status_code == 404
    assert web.get("/drafts/0123.csv").status_code == 404
    monkeypatch.setattr(downloads, "caller", lambda _: STRANGER)
    stranger = web.get(f"/drafts/{number}.csv")
    assert (stranger.status_code, SECRET in stranger.content) == (404, False)
    house.drafts.discard(LOCAL, number)
    assert web.get(f"/drafts/{number}.csv").status_code == 404


def edit(tab: AppTest, place: int, username: str) -> None:
    """Type a username into a row of the grid."""
    cells = {place: {"username": username}}
    tab.session_state[grid_key(tab)] = {"edited_rows": cells, "added_rows": [], "deleted_rows": []}
    tab.run()
    assert not tab.exception


@pytest.mark.parametrize("choice", ["keep_mine", "take_theirs"])
def test_two_tabs_on_one_draft_know_of_each_other_and_lose_nothing(house: Services, choice: str) -> None:
    first = preview(opened("import_mailboxes", domain="clienta.nl"))
    second = opened("import_mailboxes", domain="clienta.nl")
    next(button for button in second.button if button.label == "Go on").click().run()
    edit(first, 1, "of.the.first")
    edit(second, 1, "of.the.second")
    assert any("Another tab has changed this draft" in warning.value for warning in second.warning)
    (kept,) = house.drafts.offered(LOCAL)
    second.button(key=choice).click().run()
    assert not second.exception
    if choice == "take_theirs":
        assert list(second.data_editor[0].value["username"])[1] == "of.the.first"
    works = [house.drafts.open(LOCAL, each.id) for each in house.drafts.offered(LOCAL)]
    names = {work.batch.rows["username"].iloc[1] for work in works if work is not None}
    assert names == {"of.the.first", "of.the.second"}
    assert kept.id in {each.id for each in house.drafts.offered(LOCAL)}
    edit(second, 2, "goes.on")
    assert not any("Another tab" in warning.value for warning in second.warning)
