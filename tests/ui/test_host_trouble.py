"""Pages while the host is down, slow or answers nonsense: one sentence, and the last known lists."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from mxlib import services
from mxlib.auth.permissions import LOCAL
from mxlib.sandbox import NAMED, Rule, Schedule, Served, believable, serve
from mxlib.services import Services
from mxlib.settings import Settings
from mxlib.web import downloads
from tests.support.pages import opened, preview

KEY = "not-the-right-key"
#: Who looks at a page that is opened without a browser, as Streamlit's own tests have it.
OPERATOR = "test@example.com"


@contextmanager
def account(folder: Path, host: Served, *, key: str = "sandbox") -> Iterator[Services]:
    """Yield services of an account that comes from settings, as a real one does."""
    built = services.build(
        Settings(
            data_dir=folder,
            server="sandbox.local",
            user="sandbox",
            api_key=SecretStr(key),
            api_url=host.url,
            timeout_s=0.3,
        )
    )
    built.users.add(LOCAL, OPERATOR, "correct horse battery", admin=True)
    services.install(built)
    built.run_manager.recover()
    try:
        yield built
    finally:
        services.install(None)
        built.close()


@pytest.fixture
def host() -> Iterator[Served]:
    served = serve(believable(window=1.0, writes=200, reads=400))
    yield served
    served.stop()


def alerts(tab: AppTest) -> str:
    return " ".join(alert.value for alert in (*tab.warning, *tab.error, *tab.info)).replace("\\", "")


def always(fault: str) -> Schedule:
    return Schedule.of(Rule(NAMED[fault], on="any", count=None))


def test_a_wrong_key_is_one_sentence_that_names_the_setting_and_never_the_key(tmp_path: Path, host: Served) -> None:
    host.sandbox.credentials = ("sandbox.local", "sandbox", "sandbox")
    with account(tmp_path, host, key=KEY):
        tab = opened()
        assert "MXroute refused the API key. Correct MX_API_KEY and restart." in alerts(tab)
        assert KEY not in str(tab)


@pytest.mark.parametrize("fault", ["html_before", "broken_before", "error_before", "stalled_before", "lost_before"])
def test_invalid_answers_leave_the_last_list_with_its_age(tmp_path: Path, host: Served, fault: str) -> None:
    with account(tmp_path, host):
        before = opened(domain="clienta.nl").dataframe[0].value
        host.sandbox.schedule = always(fault)
        tab = opened(domain="clienta.nl")
        tab.button(key="refresh").click().run()
        assert not tab.exception
        assert "This is the list of" in alerts(tab)
        assert len(tab.dataframe[0].value) == len(before)


def test_pages_say_that_the_host_never_answered(tmp_path: Path, host: Served) -> None:
    host.sandbox.schedule = always("lost_before")
    with account(tmp_path, host):
        tab = opened()
        assert "MXroute" in alerts(tab)
        assert "No domain to show" in alerts(tab)
        assert opened("import_mailboxes").file_uploader
        assert "No run yet" in alerts(opened("jobs"))


def test_a_preview_works_on_the_last_list_and_start_waits_for_the_host(
    tmp_path: Path, host: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mxlib.services.imports.FRESH_FOR_START", -1.0)  # the list is always too old to start on
    with account(tmp_path, host):
        opened(domain="clienta.nl")
        host.sandbox.schedule = always("lost_before")
        tab = preview(opened("import_mailboxes", domain="clienta.nl"))
        assert tab.data_editor[0].value["status"][0] == ["Ready"]
        tab.button(key="create").click().run()
        assert "start waits for MXroute" in alerts(tab)
        assert tab.button(key="start").disabled


def test_a_host_without_answers_is_asked_once_and_not_at_every_click(tmp_path: Path, host: Served) -> None:
    with account(tmp_path, host):
        host.sandbox.schedule = always("lost_before")
        tab = opened()
        asked = len(host.sandbox.log)
        for _ in range(3):
            tab.run()
        assert len(host.sandbox.log) == asked


@pytest.mark.parametrize("asked", ["clienta.nl.csv", "clienta.nl.xlsx"])
def test_an_export_that_fails_now_is_not_reported_as_missing(tmp_path: Path, host: Served, asked: str) -> None:
    with account(tmp_path, host):
        web = TestClient(Starlette(routes=downloads.routes), headers={"X-Mx-User": OPERATOR})
        host.sandbox.schedule = always("lost_before")
        nobody_known = web.get(f"/export/{asked}")
        host.sandbox.schedule = Schedule()
        services.current().lists.domains(LOCAL, refresh=True)
        host.sandbox.schedule = always("lost_before")
        nothing_known = web.get(f"/export/{asked}")
        for answer in (nobody_known, nothing_known):
            assert answer.status_code == 503
            assert "MXroute" in answer.text
        assert web.get("/export/not-ours.example.csv").status_code == 404
