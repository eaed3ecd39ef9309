"""The default domain of an import: a field of its page, kept in the address and in the draft."""

from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Permission
from tests.support.app import App
from tests.support.pages import PAGES, opened, preview

ROWS = b"username,password\nnina,Geheim.2026x\n"


def address(tab: AppTest) -> str:
    found = tab.query_params["domain"]
    return found if isinstance(found, str) else str(found[0])


def test_the_field_lists_the_domains_of_the_caller_and_begins_with_the_one_in_the_address(app: App) -> None:
    tab = opened("import_mailboxes", domain="b.nl")
    field = tab.selectbox(key="import_domain")
    assert (field.options, field.value) == (["a.nl", "b.nl", "c.nl"], "b.nl")
    field.set_value("c.nl").run()
    assert address(tab) == "c.nl"
    assert preview(tab, ROWS).session_state["preview"].editor.domain == "c.nl"


def test_a_draft_keeps_its_domain_and_a_change_of_it_validates_again(app: App) -> None:
    app.have("nina@b.nl")
    tab = preview(opened("import_mailboxes", domain="a.nl"), ROWS)
    assert tab.data_editor[0].value["status"].tolist() == [["Ready"]]
    tab.selectbox(key="import_domain").set_value("b.nl").run()
    assert not tab.exception
    assert (tab.data_editor[0].value["status"].tolist(), address(tab)) == ([["Already exists"]], "b.nl")
    tab.switch_page(str(PAGES / "jobs.py")).run()
    tab.switch_page(str(PAGES / "import_mailboxes.py")).run()
    assert (tab.selectbox(key="import_domain").value, address(tab)) == ("b.nl", "b.nl")


def test_one_domain_needs_no_field(app: App) -> None:
    app.services.users.add(LOCAL, "boss", "four words in a row", admin=True)
    app.services.users.add(
        LOCAL, "kim", "four words in a row", permissions={"b.nl": [Permission.IMPORT], "a.nl": [Permission.VIEW]}
    )
    tab = opened_by("kim", "a.nl")
    assert not tab.selectbox
    assert any("Default domain: **b.nl**" in text.value for text in tab.markdown)
    assert [text.value for text in tab.info] == ["You have no permission to import into a.nl. Ask an admin for it."]
    assert preview(tab, ROWS).session_state["preview"].editor.domain == "b.nl"


def opened_by(name: str, domain: str) -> AppTest:
    tab = AppTest.from_file(str(PAGES.parent / "mxlib/ui/shell/main.py"), default_timeout=60)
    tab.user = {"email": name}
    tab.run().switch_page(str(PAGES / "import_mailboxes.py"))
    tab.query_params["domain"] = domain
    return tab.run()
