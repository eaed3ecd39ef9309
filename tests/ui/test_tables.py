"""The tables of all pages: how numbers read, what a browser is sent, and that none is a way out for files."""

import ast
import json
import tomllib
from pathlib import Path

from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Permission
from mxlib.core.schema import MASK
from mxlib.core.text import findings
from tests.support import app as support
from tests.support.app import GOOD, App
from tests.support.pages import ENTRY, opened, preview, sent

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "mxlib" / "ui").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]

#: Formats that write every whole number as it is, or none at all. "plain" writes 2000 as 1999.9999999999998.
FAITHFUL = {"%d", "localized", "%.0f %%", " "}

NUMERIC = {"NumberColumn", "ProgressColumn"}


def numeric_columns() -> list[tuple[str, object]]:
    """Where each numeric column is configured, and its format."""
    found: list[tuple[str, object]] = []
    for path in PAGES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in NUMERIC:
                (shown_as,) = [word.value for word in node.keywords if word.arg == "format"] or [None]
                found.append(
                    (
                        f"{path.name}:{node.lineno}",
                        shown_as.value if isinstance(shown_as, ast.Constant) else shown_as,
                    )
                )
    return found


def test_every_numeric_column_of_every_page_has_a_format_that_garbles_no_number() -> None:
    found = numeric_columns()
    assert len(found) >= 10
    assert not [(where, shown_as) for where, shown_as in found if shown_as not in FAITHFUL]


def test_a_numeric_column_is_configured_where_the_check_can_see_it() -> None:
    """No other name stands for a numeric column, and no column is configured by a bare dictionary."""
    for path in PAGES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in NUMERIC:
                assert id(node) in called, f"{path.name}:{node.lineno}"
            assert not (isinstance(node, ast.Constant) and node.value == "type_config"), f"{path.name}:{node.lineno}"


def test_no_table_offers_a_download_of_its_own_to_anybody() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert config["client"]["disableDataExport"] is True


def test_no_page_hands_out_files_through_the_shared_media_store_or_a_link_of_data() -> None:
    for path in PAGES:
        text = path.read_text(encoding="utf-8").replace("st.altair_chart(", "")  # it draws in the page
        assert not [way for way in ("download_button", "data:text", "base64", "_chart(") if way in text], path.name


def hidden_columns(tab: AppTest) -> list[str]:
    """Columns that were sent and are not shown."""
    found = []
    for element in (*tab.dataframe, *tab.data_editor):
        shown = list(element.proto.column_order)
        columns = json.loads(element.proto.columns or "{}")
        found += [name for name, column in columns.items() if (column or {}).get("hidden") and name != "_index"]
        found += [str(name) for name in element.value if shown and name not in shown]
    return found


FILE = (
    f"username,password,quota,limit,recovery_email,Department\r\n"
    f"kim,{GOOD},2000,,kim@example.org,Sales\r\n"
    f"jan jansen,{GOOD}-b,206,,,IT\r\n"
    f"kim,{GOOD}-c,,,,\r\n"
).encode()


def test_a_masked_preview_sends_no_password(app: App) -> None:
    tab = preview(opened("import_mailboxes", domain="a.nl"), FILE)
    assert GOOD not in sent(tab)
    assert set(tab.data_editor[0].value["password"]) == {MASK}
    tab.session_state["problems"] = True
    assert GOOD not in sent(tab.run())
    tab.session_state["preview"].editor.changes_shown = True
    assert GOOD not in sent(tab.run())
    assert not hidden_columns(tab)


def test_generated_passwords_are_masked_too(app: App) -> None:
    tab = preview(opened("import_mailboxes", domain="a.nl"), b"username\r\nnina\r\n", generate=True)
    password = str(tab.session_state["preview"].editor.draft.rows["password"].iat[0])
    assert len(password) >= 16
    assert password not in sent(tab)


def test_the_pages_of_a_run_send_no_password_and_nothing_that_is_hidden(app: App) -> None:
    run = int(support.data(app.ask("POST", "/imports?default_domain=a.nl", content=FILE,
                                    headers={"Content-Type": "text/csv"}), 202)["id"])  # fmt: skip
    app.ended(run)
    tab = opened("jobs", run=str(run))
    tab.session_state["rows-open"] = True
    tab.run()
    assert "kim@a.nl" in sent(tab)
    assert GOOD not in sent(tab)
    assert not hidden_columns(tab)


def page(name: str, page: str, **query: str) -> AppTest:
    """A browser tab of a user on that page."""
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": name}
    for key, value in query.items():
        tab.query_params[key] = value
    return tab.run().switch_page(str(ROOT / "pages" / f"{page}.py")).run()


def test_no_page_sends_figures_or_recovery_emails_of_a_hidden_domain(app: App) -> None:
    app.have("kim@a.nl")
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "kim", "recovery_email", "secret-recovery@example.org")
    app.services.users.add(LOCAL, "boss", "four words in a row", admin=True)
    app.services.users.add(LOCAL, "deleter", "four words in a row", permissions={"a.nl": [Permission.DELETE]})
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    for name in ("email_accounts", "import_mailboxes", "jobs", "audit", "mailbox"):
        tab = page("deleter", name, domain="a.nl", address="kim@a.nl")
        assert "secret-recovery" not in sent(tab), name
        assert not hidden_columns(tab), name
    assert "secret-recovery" in sent(page("boss", "email_accounts", domain="a.nl"))


def test_page_and_api_warn_of_a_password_that_starts_a_formula(app: App) -> None:
    file = f"username,password\r\nkim,={GOOD}\r\n".encode()
    (row,) = support.data(app.ask("POST", "/email-accounts/import/preview?default_domain=a.nl", content=file,
                                   headers={"Content-Type": "text/csv"}))["rows"]  # fmt: skip
    assert (row["verdict"], row["warnings"]) == ("ready", [findings.FORMULA])
    grid = preview(opened("import_mailboxes", domain="a.nl"), file).data_editor[0].value
    assert (grid["status"].iat[0], grid["fix"].iat[0]) == (["Ready"], findings.FORMULA)
