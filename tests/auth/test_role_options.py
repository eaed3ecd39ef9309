"""Roles on the command line: for a client, for single domains and for all."""

import io
from pathlib import Path

import pytest

from mxlib import cli
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.auth.users import Users
from mxlib.clock import SystemClock
from mxlib.core.clients import ClientDetails
from mxlib.store import FILE, Store, clients
from tests.support.sign_in import brisk

__all__ = ["brisk"]
pytestmark = pytest.mark.usefixtures("brisk")

PASSWORD = "correct horse battery"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a data folder with an admin, and Client A of a.nl."""
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    with_password(monkeypatch)
    assert cli.main(["user", "add", "boss", "--admin"]) == 0
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.write() as tx:
        clients.add(tx, ClientDetails("Client A", ("a.nl",)), by="boss", at=1.0)
    store.close()
    return tmp_path


def with_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))


def test_a_client_admin_is_added_and_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_password(monkeypatch)
    assert cli.main(["user", "add", "anna", "--client", " client  a ", "--role", "client-admin"]) == 0
    assert cli.main(["user", "list"]) == 0
    text = "the domains of client 1 as client admin: view, import, export, delete"
    assert f"anna\t{text}" in capsys.readouterr().out
    store = Store.open(folder / FILE, SystemClock())
    assert Users(store, SystemClock()).caller("anna").external
    store.close()


def test_a_user_is_given_other_roles(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_password(monkeypatch)
    assert cli.main(["user", "add", "kim", "--domain", "*", "--role", "viewer"]) == 0
    assert cli.main(["user", "allow", "kim", "--client", "Client A", "--role", "helpdesk", "--domain", "b.nl",
                     "--permission", "export"]) == 0  # fmt: skip
    store = Store.open(folder / FILE, SystemClock())
    caller = Users(store, SystemClock()).caller("kim")
    store.close()
    assert caller.domains == {"a.nl": PERMISSIONS[Role.HELPDESK], "b.nl": {"export"}}


def test_only_another_role_makes_a_client_admin_a_person_of_the_agency(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_password(monkeypatch)
    assert cli.main(["user", "add", "anna", "--client", "Client A", "--role", "client-admin"]) == 0
    for option, external in (("--permission view", True), ("--role manager", False)):
        assert cli.main(["user", "allow", "anna", "--client", "Client A", *option.split()]) == 0
        store = Store.open(folder / FILE, SystemClock())
        assert Users(store, SystemClock()).caller("anna").external is external
        store.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--client nobody --role viewer", "There is no client nobody. Open Clients"),
        ("--domain * --role client-admin", "a client admin belongs to a client"),
        ("--role viewer", "--role comes after the --domain or --client"),
        ("", "Give --admin, or --domain or --client with --role or --permission."),
    ],
)
def test_what_cannot_be_given_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, message: str
) -> None:
    try:
        status = cli.main(["user", "allow", "boss", *words.split()])
    except SystemExit as ended:
        status = int(str(ended.code))
    assert status == 2
    assert message in capsys.readouterr().err
