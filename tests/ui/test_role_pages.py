"""Every page with every role: nobody is offered an act beyond the table of their role."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from mxlib import services
from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.core.clients import ClientDetails, Terms
from tests.support.app import App, opened
from tests.support.pages import ENTRY, visit

PASSWORD = "four words in a row"
PAGES_SEEN = (
    "email_accounts", "import_mailboxes", "jobs", "clients", "outbox", "audit", "background_tasks", "access", "mailbox",
    "notices",
)  # fmt: skip

#: Keys of what is offered: what changes, exports or deletes mailboxes, or manages this server.
HELP = {"card_quota", "card_password", "card_recovery", "card_name"}
MANAGE = HELP | {"card_delete", "to_import", "new", "export-all", "upload"}
ADMINISTER = {"save-preferences", "add-user", "add-token", "evidence", "client-add", "run-task-backup"}

OFFERED: dict[str, set[str]] = {
    Role.VIEWER: set(),
    Role.HELPDESK: HELP,
    Role.MANAGER: MANAGE,
    Role.CLIENT_ADMIN: MANAGE,
    "admin": MANAGE | {"add-user", "add-token", "evidence", "run-task-backup", "save-preferences"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with a user of each role for client 1, whose domain is a.nl."""
    with opened(tmp_path_factory.mktemp("roles")) as app:
        app.have("nina@a.nl", "far@b.nl")
        app.services.clients.add(
            LOCAL, ClientDetails("Client A", ("a.nl",), terms=Terms(max_quota=4096), notes="Slow.")
        )
        app.services.clients.add(LOCAL, ClientDetails("Client B", ("b.nl",)))
        app.services.access.add(LOCAL, "admin", PASSWORD, admin=True, given={})
        for role in Role:
            client_admin = ["client:1"] if role is Role.CLIENT_ADMIN else []
            app.services.access.add(
                Caller("admin", admin=True), role.replace(" ", "."), PASSWORD, admin=False,
                given={"client:1": PERMISSIONS[role]}, client_admin=client_admin,
            )  # fmt: skip
        yield app


@pytest.fixture
def app(made: App) -> App:
    services.install(made.services)
    return made


def seen(role: str, page: str) -> AppTest:
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": role.replace(" ", ".")}
    tab.query_params["address"] = "nina@a.nl"
    return visit(tab, page)


def offered(tab: AppTest) -> set[str]:
    """Return the keys of the acts that a page offers."""
    keys = {str(button.key) for button in tab.button}
    keys |= {"upload"} if tab.get("file_uploader") else set()
    downloads = " ".join(element.proto.body for element in tab.get("html"))
    return keys | ({"evidence"} if "/evidence.xlsx" in downloads else set())


@pytest.mark.parametrize("role", OFFERED)
def test_a_role_is_offered_what_its_table_says(app: App, role: str) -> None:
    found: set[str] = set()
    for page in PAGES_SEEN:
        found |= offered(seen(role, page))
    assert found & (MANAGE | ADMINISTER) == OFFERED[role]


@pytest.mark.parametrize("role", [*Role])
def test_no_role_is_shown_the_domain_of_another_client(app: App, role: str) -> None:
    for page in PAGES_SEEN:
        tab = seen(role, page)
        texts = (tab.markdown, tab.caption, tab.info, tab.warning, tab.error, tab.header)
        words = " ".join(str(each.value) for kind in texts for each in kind)
        assert "b.nl" not in words, page
        assert "Client B" not in words, page
        assert "Slow." not in words, page
        assert ("Account storage" in words) <= (role != Role.CLIENT_ADMIN), page
