"""Existing mailboxes in the preview: skipped or updated, what changes of them, and what is confirmed."""

import csv
import io

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.vocabulary import OnExisting
from mxlib.mxroute import protocol
from mxlib.services import Services, imports
from tests.support.pages import opened, preview, statuses

DOMAIN = "clienta.nl"


def exported(services: Services, **edits: dict[str, str]) -> bytes:
    """The export of the domain, with some cells of some mailboxes edited; others are added."""
    content = services.exports.domain_file(LOCAL, DOMAIN, "csv").content
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    names = {row["username"] for row in rows}
    rows = [row | edits.get(row["username"].replace(".", "_"), {}) for row in rows]
    blank = dict.fromkeys(rows[0], "")
    rows += [blank | {"username": name} | cells for name, cells in edits.items() if name.replace("_", ".") not in names]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, rows[0].keys())
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def first(services: Services, count: int = 1) -> list[str]:
    return list(services.lists.cached_frame(DOMAIN)["username"])[:count]


def updating(tab: AppTest) -> AppTest:
    tab.segmented_control(key="on_existing").set_value("update").run()
    assert not tab.exception
    return tab


def filters(tab: AppTest) -> list[str]:
    """The filters with their figures."""
    return list(tab.segmented_control(key="rows_filter").options)


@pytest.fixture
def names(services: Services) -> list[str]:
    services.lists.usernames(DOMAIN)
    return first(services, 3)


def test_existing_mailboxes_are_skipped_unless_update_is_chosen(services: Services, names: list[str]) -> None:
    tab = preview(opened("import_mailboxes", domain=DOMAIN), exported(services))
    assert set(statuses(tab)) == {"Already exists"}
    assert "changes" not in tab.data_editor[0].value
    assert tab.button(key="create").disabled
    updating(tab)
    assert set(statuses(tab)) == {"No change"}
    assert set(tab.data_editor[0].value["changes"]) == {"no change"}
    assert tab.button(key="create").disabled
    assert any("Nothing to change" in caption.value for caption in tab.caption)


def test_each_row_says_what_it_changes_and_badges_and_button_count_it(services: Services, names: list[str]) -> None:
    key = names[0].replace(".", "_")
    had = int(services.lists.cached_frame(DOMAIN)["quota"].iloc[0])
    content = exported(services, **{key: {"quota": "7777"}, "lena": {"password": "Geheim.2026x"}})
    tab = updating(preview(opened("import_mailboxes", domain=DOMAIN), content))
    shown = tab.data_editor[0].value
    assert shown["changes"].iloc[0] == f"quota {had or 'unlimited'} → 7777"
    assert statuses(tab)[0] == "Update"
    assert {"Updates 1", "Ready 1"} < set(filters(tab))
    assert any(label.startswith("No change ") for label in filters(tab))
    assert tab.button(key="create").label == "Create 1 mailbox and update 1"
    tab.segmented_control(key="rows_filter").set_value("update").run()
    assert statuses(tab) == ["Update"]


def test_the_choice_survives_the_tab(services: Services, names: list[str]) -> None:
    updating(preview(opened("import_mailboxes", domain=DOMAIN), exported(services)))
    tab = opened("import_mailboxes", domain=DOMAIN)
    (kept,) = services.drafts.offered(LOCAL)
    tab.button(key=f"go-on-{kept.id}").click().run()
    assert tab.segmented_control(key="on_existing").value == "update"
    assert set(statuses(tab)) == {"No change"}
    tab.segmented_control(key="on_existing").set_value("skip").run()
    work = services.drafts.open(LOCAL, kept.id)
    assert work is not None
    assert work.batch.on_existing is OnExisting.SKIP


def test_the_confirmation_is_loud_about_passwords_that_are_replaced(services: Services, names: list[str]) -> None:
    keys = [name.replace(".", "_") for name in names]
    content = exported(services, **{key: {"password": "Nieuw.2026x"} for key in keys[:2]})
    tab = updating(preview(opened("import_mailboxes", domain=DOMAIN), content))
    tab.button(key="create").click().run()
    assert any("2 passwords of existing mailboxes will be replaced." in text.value for text in tab.warning)


def test_changes_made_meanwhile_are_shown_and_counted_again(
    services: Services, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = names[0]
    content = exported(services, **{name.replace(".", "_"): {"quota": "7777"}})
    tab = updating(preview(opened("import_mailboxes", domain=DOMAIN), content))
    services.host.send(protocol.update_mailbox(DOMAIN, name, quota=6666))
    monkeypatch.setattr(imports, "FRESH_FOR_START", 0.0)
    tab.button(key="create").click().run()
    (message,) = [warning.value.replace("\\", "") for warning in tab.warning if "meanwhile" in warning.value]
    assert message.startswith(f"1 mailbox changed at MXroute meanwhile: {name}@{DOMAIN}, quota ")
    assert message.endswith(", is now quota 6666 → 7777.")
    tab.button(key="back").click().run()
    assert tab.data_editor[0].value["changes"].iloc[0] == message.removesuffix(".").rpartition(", is now ")[2]


def test_the_plan_freezes_what_the_host_has_when_it_is_confirmed(
    services: Services, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = exported(services, **{names[0].replace(".", "_"): {"quota": "7777"}})
    batch = services.files.batch_from_file(content, "staff.csv", DOMAIN, on_existing=OnExisting.UPDATE)
    seen = services.imports.validate(LOCAL, batch)
    services.host.send(protocol.update_mailbox(DOMAIN, names[0], quota=6666))
    monkeypatch.setattr(imports, "FRESH_FOR_START", 0.0)
    ready = services.imports.confirm(LOCAL, batch, before=seen)
    (row,) = ready.plan.sent()
    assert (row.quota, row.before["quota"]) == (7777, 6666)
    assert row.before.keys() == {"quota", "limit", "recovery_email", "name"}
