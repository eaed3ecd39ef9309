"""A preview that was begun is never lost: not by a refresh, nor by a restart of the server."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from mxlib import services
from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.services import Services
from mxlib.services.drafts import Lost, Work
from mxlib.settings import Settings
from mxlib.store import audit
from tests.test_pages import FILE, grid_key, opened, preview, statuses

SECRET = b"Geheim.2026x"
COLLEAGUE = Caller("kim", domains={"clienta.nl": frozenset({Permission.IMPORT})})
STRANGER = Caller("lou", domains={"clientb.nl": frozenset({Permission.IMPORT})})


def settings(folder: Path, key: str = "") -> Settings:
    return Settings(data_dir=folder, secret_key=key, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400)  # type: ignore[arg-type]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Services]:
    built = services.build(settings(tmp_path))
    services.install(built)
    built.engine.recover()
    yield built
    services.install(None)
    built.close()


def begun(house: Services, caller: Caller = LOCAL) -> tuple[str, Work]:
    reading = house.previews.read(FILE, "staff.csv")
    work = Work(reading.rows, "clienta.nl", False, reading, FILE)
    number = house.drafts.new()
    house.drafts.keep(caller, number, work)
    return number, work


def test_a_draft_comes_back_with_its_rows_its_file_and_how_that_was_read(house: Services) -> None:
    number, work = begun(house)
    back = house.drafts.open(LOCAL, number)
    assert back is not None
    assert back.reading is not None
    assert work.reading is not None
    pd.testing.assert_frame_equal(back.rows, work.rows)
    assert back.reading.sheet.digest == work.reading.sheet.digest
    assert back.reading.columns == work.reading.columns
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
    with pytest.raises(Lost, match="MXM_SECRET_KEY"):
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
