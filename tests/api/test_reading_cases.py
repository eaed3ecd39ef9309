"""Awkward files by the preview of the API: each comes out right, or the notes or the row say what is not right."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.sandbox.state import Account, Mailbox
from tests.support.app import App, opened
from tests.support.reading_cases import CASES, trouble

FILES = Path(__file__).parents[1] / "files" / "cases"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOMAINS = ("clienta.nl", "clientb.nl", "studio-noord.example")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield one server for all files: a preview changes nothing."""
    with opened(tmp_path_factory.mktemp("cases")) as app:
        account = Account.of(*_DOMAINS)
        for case in CASES.values():
            for address in case.existing:
                username, _, domain = address.partition("@")
                account.domains[domain][username] = Mailbox(username)
        app.host.sandbox.account = account
        yield app


def test_every_file_has_an_outcome() -> None:
    assert {path.name for path in FILES.iterdir()} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_file_comes_out_right(server: App, name: str) -> None:
    kind = _XLSX if name.endswith(".xlsx") else "text/csv"
    case = CASES[name]
    asked = "&on_existing=update" if case.existing else ""
    answer = server.ask(
        "POST",
        f"/email-accounts/import/preview?default_domain=clienta.nl{asked}",
        content=(FILES / name).read_bytes(),
        headers={"Content-Type": kind},
    )
    found = trouble(case, answer.json())
    assert not found, "\n".join(found)
