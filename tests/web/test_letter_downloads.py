"""Letters of a run: what they cannot print is said, and nobody else may have them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import NewLock, NewPassword
from mxlib.core.text import run_status
from mxlib.services import Services, build, install
from mxlib.settings import Settings
from mxlib.web.downloads import routes

STRANGER = Caller("kim", domains={"clienta.nl": frozenset({Permission.IMPORT, Permission.VIEW})})


@contextmanager
def services_with_run(text: str) -> Iterator[tuple[Services, int]]:
    """Yield a server in which one import of this file has finished, and its number."""
    with TemporaryDirectory() as folder:
        built = build(Settings(data_dir=Path(folder), sandbox_window_s=1.0, sandbox_writes=100, sandbox_reads=300))
        install(built)
        built.run_manager.recover()
        batch = built.files.batch_from_file(text.encode(), "staff.csv", "clienta.nl")
        ready = built.imports.confirm(LOCAL, batch, before=built.imports.validate(LOCAL, batch))
        run = built.runs.start(LOCAL, ready.plan, days=7)
        while (view := built.runs.get(LOCAL, run)) is None or view.finished_at is None:
            time.sleep(0.01)
        try:
            yield built, run
        finally:
            install(None)
            built.close()


def test_letters_say_what_they_cannot_print() -> None:
    with services_with_run("username,password,name\r\nsato,Geheim.2026x,佐藤\r\nodd,Geheim.2026\u4f50x,Odd\r\n") as (
        built,
        run,
    ):
        answer = TestClient(Starlette(routes=routes)).get(f"/runs/{run}/letters.pdf")
        assert len(pypdfium2.PdfDocument(answer.content)) == 1
        assert "left out of the letters of sato@clienta.nl" in answer.headers["x-mxm-remarks"]
        assert "No letter for odd@clienta.nl" in answer.headers["x-mxm-remarks"]
        assert len(built.runs.not_handed_over(LOCAL, run)) == 2
        with pytest.raises(Forbidden):
            built.runs.not_handed_over(STRANGER, run)


def test_a_password_that_was_changed_since_is_in_no_letter_and_no_login() -> None:
    file = "username,password\r\nkept,Geheim.2026x\r\nreset,Geheim.2026y\r\nshut,Geheim.2026z\r\n"
    with services_with_run(file) as (built, run):
        built.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
        for address, change in (("reset@clienta.nl", NewPassword()), ("shut@clienta.nl", NewLock())):
            built.changes.carry_out(LOCAL, built.changes.plan(LOCAL, [address], change), days=7)
        web = TestClient(Starlette(routes=routes))
        printed = pypdfium2.PdfDocument(web.get(f"/runs/{run}/letters.pdf").content)
        assert ["kept@clienta.nl" in page.get_textpage().get_text_range() for page in printed] == [True]
        for name in ("bitwarden.csv", "1password.csv"):
            answer = web.get(f"/runs/{run}/{name}")
            assert "Geheim.2026x" in answer.text
            assert "Geheim.2026y" not in answer.text
            assert "Geheim.2026z" not in answer.text
            assert "leave out reset@clienta.nl and shut@clienta.nl" in answer.headers["x-mxm-remarks"]


def test_letters_of_which_none_can_be_printed_are_refused_with_a_way_out() -> None:
    with services_with_run("username,password\r\nodd,Geheim.2026\u4f50x\r\n") as (_, run):
        answer = TestClient(Starlette(routes=routes)).get(f"/runs/{run}/letters.pdf")
        assert (answer.status_code, answer.text) == (409, run_status.NO_LETTER)
