"""Problems in groups above the rows: each with its fix, and its undo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support import app as support
from tests.support.app import App
from tests.support.pages import grid_key, opened, plain, preview, statuses

FILE = (
    b"username,password,quota,recovery_email,domain\r\n"
    b"lena vogt,Geheim.2026x,1.024,,\r\n"
    b"tim berg,Geheim.2026x,,,\r\n"
    b"rik,Geheim.2026x,,,kapperbergman.nl\r\n"
    b"una,short,,una@gmial,\r\n"
    b"there,Geheim.2026x,,,b.nl\r\n"
    b"ivo,Geheim.2026x,,ivo@gmail,kapperbergmann.nl\r\n"
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server with a.nl, b.nl and kapperbergmann.nl, and there@b.nl in it."""
    with support.opened(tmp_path) as made:
        made.host.sandbox.account.domains["kapperbergmann.nl"] = {}
        made.have("there@b.nl")
        yield made


@pytest.fixture
def tab(app: App) -> AppTest:
    return preview(opened("import_mailboxes", domain="a.nl"), FILE)


def press(tab: AppTest, key: str) -> None:
    tab.button(key=key).click().run()
    assert not tab.exception


def fixes(tab: AppTest) -> list[str]:
    """Return the labels of the fixes that are offered."""
    return [button.label for button in tab.button if str(button.key).startswith("fix-")]


def written(tab: AppTest) -> str:
    return "\n".join(plain(str(mark.value)) for mark in tab.markdown)


def test_each_group_says_what_is_wrong_and_what_it_becomes(tab: AppTest) -> None:
    said = written(tab)
    for sentence in (
        "**2 usernames have a space** → `lena.vogt`, `tim.berg`",
        "**1 unknown domain** → `kapperbergmann.nl`",
        "**1 weak password** → generate",
        "**1 quota is unclear** → `1024`",
        "**2 recovery emails are not addresses** → leave blank",
        "**1 already exists** (`there`) → exclude, or show what would change",
    ):
        assert sentence in said
    assert fixes(tab) == ["Fix 2", "Fix 1", "Fix 1", "Fix 1", "Fix 2", "Exclude 1", "Show what would change"]


def test_one_press_fixes_a_group_and_another_one_undoes_it(tab: AppTest) -> None:
    before = tab.session_state["preview"].editor.latest
    press(tab, "fix-username_space.suggested")
    assert list(tab.data_editor[0].value["username"])[:2] == ["lena.vogt", "tim.berg"]
    assert statuses(tab)[1] == "Ready"
    assert ":material/check: 2 usernames fixed" in written(tab)
    press(tab, "unfix-0")
    assert tab.session_state["preview"].editor.latest is before
    assert "usernames fixed" not in written(tab)
    assert "**2 usernames have a space**" in written(tab)


def test_a_fix_is_undone_after_further_edits(tab: AppTest) -> None:
    press(tab, "fix-username_space.suggested")
    tab.session_state[grid_key(tab)] = {
        "edited_rows": {0: {"username": "lena"}}, "added_rows": [], "deleted_rows": [],
    }  # fmt: skip
    tab.run()
    assert "1 username fixed" in written(tab)
    assert tab.button(key="unfix-0").help == ("Undoes this fix in 1 row of 2: 1 row was edited since. Your edits stay.")
    press(tab, "unfix-0")
    assert list(tab.data_editor[0].value["username"])[:2] == ["lena", "tim berg"]


def test_everything_is_fixed_by_a_press_a_group(tab: AppTest) -> None:
    for key in ("username_space.suggested", "unknown_domain.suggested", "weak_password.generate",
                "quota_meant.suggested", "recovery_unreadable.clear", "already_exists.exclude"):  # fmt: skip
        press(tab, f"fix-{key}")
    assert statuses(tab) == ["Ready"] * 4 + ["Excluded", "Ready"]
    assert fixes(tab) == []


def test_further_groups_are_behind_a_button(app: App) -> None:
    more = (
        b"j\xc3\xa9r\xc3\xb4me,Geheim.2026x,,,\r\n"
        b"zoe.b,Geheim.2026x,none,,\r\n"
        b"lars,Geheim.2026x,,,nowhere-at-all.nl\r\n"
    )
    tab = preview(opened("import_mailboxes", domain="a.nl"), FILE + more)
    assert "already exists" not in written(tab)
    assert tab.button(key="more_groups").label == "3 more"
    press(tab, "more_groups")
    assert "**1 already exists**" in written(tab)
    assert "**1 domain is not on the account** (`nowhere-at-all.nl`) → exclude" in written(tab)
    press(tab, "more_groups")
    assert "already exists" not in written(tab)


def test_a_file_whose_rows_all_exist_asks_whether_to_update_them(app: App) -> None:
    app.have("info@b.nl")
    file = b"username,quota,domain\r\nthere,2048,b.nl\r\ninfo,,b.nl\r\n"
    tab = preview(opened("import_mailboxes", domain="a.nl"), file)
    assert "All 2 exist: update them?" in [caption.value for caption in tab.caption]
    assert tab.button(key="create").disabled
    assert fixes(tab) == []
    press(tab, "show_update")
    assert statuses(tab) == ["Update", "No change"]
    assert tab.segmented_control(key="on_existing").value == "update"


def test_a_domain_that_the_caller_may_not_import_into_is_not_suggested(app: App) -> None:
    for token, meant in (app.token(a_nl="import"), None), (app.token(kapperbergmann_nl="import"), "kapperbergmann.nl"):
        body = {"rows": [{"username": "rik", "password": "Geheim.2026x", "domain": "kapperbergman.nl"}]}
        response = app.ask("POST", "/email-accounts/import/preview", body, token=token).json()
        (finding,) = response["data"]["rows"][0]["findings"]
        assert (finding["code"], finding.get("suggestion")) == ("no_permission", meant)


def test_the_suggestion_of_a_row_is_applied_by_one_press(tab: AppTest) -> None:
    tab.session_state["problems"] = True
    tab.run()
    press(tab, "use-username_space")
    assert list(tab.data_editor[0].value["username"])[:2] == ["lena.vogt", "tim berg"]


NAMES = b"Vorname;Nachname;Abteilung\r\nLena;Vogt;Lager\r\nTim;Berg;Lager\r\ntim ;Berg;Lager\r\nTim;Berg;Kasse\r\n"


def test_usernames_made_of_names_never_update_existing_mailboxes_as_a_group(app: App) -> None:
    app.have("lena.vogt@a.nl")
    tab = preview(opened("import_mailboxes", domain="a.nl"), NAMES)
    tab.button(key="map_done").click().run()
    assert not tab.exception
    assert list(tab.data_editor[0].value["username"]) == ["lena.vogt", "tim.berg", "tim.berg", "tim.berg2"]
    assert statuses(tab) == ["Already exists", "Needs password", "Duplicate", "Needs password"]
    press(tab, "fix-already_exists.show_changes")
    assert statuses(tab)[0] == "Excluded"
    assert "1 mailbox exists whose username was made of a name: excluded until you say" in written(tab)
    tab.selectbox(key="bulk_tool").set_value("Include rows").run()
    press(tab, "bulk_apply")
    assert statuses(tab)[0] == "Excluded"
    assert "excluded until you say" in written(tab)
    press(tab, "fix-maybe_namesake.include")
    assert statuses(tab)[0] == "Update"
