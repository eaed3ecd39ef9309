"""Figures for Prometheus: who may read them, what is in them, and that nobody is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mxlib.auth.middleware import AccessMiddleware
from mxlib.core.background_tasks import TaskName, TaskResult
from mxlib.core.mail_ports import MailPort, MailPorts, PortLook, PortProblem
from mxlib.core.mails import MailCause, TrialMail
from mxlib.services.outbox import QueuedMail, Recipient
from mxlib.settings import Settings, SettingsError
from mxlib.store import StoreUnavailable, background_tasks
from mxlib.web import metrics
from tests.support.app import GOOD, App, opened

TOKEN = "geheim-token-van-de-monitor"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        yield made


def reader(app: App, address: str = "127.0.0.1", base: str = "http://127.0.0.1:8501") -> TestClient:
    middleware = Middleware(
        AccessMiddleware, settings=app.services.settings, authenticator=lambda: app.services.authenticator
    )
    site = Starlette(routes=metrics.routes, middleware=[middleware])
    return TestClient(site, base_url=base, client=(address, 50_000))


def figures(client: TestClient, **headers: str) -> dict[str, float]:
    """Return each figure by its name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in parse(answer.text)
        for sample in family.samples
    }


def test_runs_rows_limits_errors_mails_and_tasks_are_counted(app: App) -> None:
    app.have("nina@a.nl")
    rows = [{"username": "nina", "password": GOOD}, {"username": "max", "password": GOOD}]
    run = app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}).json()["data"]["id"]
    app.ended(run)
    with app.services.store.write() as tx:
        mail = QueuedMail(Recipient("kim@agency.example"), TrialMail("kim", ""), MailCause.TEST)
        app.services.outbox.queue(tx, mail, "kim")
    found = figures(reader(app))
    assert found["mxm_runs finished"] == 1
    assert (found["mxm_rows created"], found["mxm_rows skipped"], found["mxm_rows_waiting"]) == (1, 1, 0)
    assert found["mxm_mxroute_requests_left write"] <= found["mxm_mxroute_requests_allowed write"]
    assert found["mxm_mails waiting"] == 1
    assert found["mxm_watch_age_seconds newest"] < 60
    assert found["mxm_mxroute_up"] == 1
    assert found["mxm_task_failing heartbeat"] == 0
    assert found["mxm_deliveries waiting"] == 0
    assert not [name for name in found if name.startswith("mxm_mail_port")]
    assert found["mxm_database_up"] == 1
    assert found["process_resident_memory_bytes"] > 0
    assert found["mxm_mxroute_errors_total rate_limited"] == 0


def test_the_last_look_at_the_mail_ports_is_a_figure(app: App) -> None:
    now = app.services.clock.now()
    looks = tuple(
        PortLook(port, PortProblem.TIMEOUT if port is MailPort.IMAP else None, now + 86_400) for port in MailPort
    )
    with app.services.store.write() as tx:
        background_tasks.introduce(tx, TaskName.MAIL_PORTS, now, at_start=False)
        lease = background_tasks.take(tx, background_tasks.every(tx)[TaskName.MAIL_PORTS], now, now)
        assert lease is not None
        result = TaskResult(figures=MailPorts(now, ()).after(looks, now).to_figures())
        background_tasks.end(tx, lease, result, now, now)
    found = figures(reader(app))
    assert (found["mxm_mail_port_up imap"], found["mxm_mail_port_up smtp"]) == (0, 1)
    assert 86_000 < found["mxm_mail_certificate_seconds"] <= 86_400


def test_nothing_in_them_names_a_person_a_domain_or_a_secret(app: App) -> None:
    app.have("nina@a.nl")
    app.ask("GET", "/domains/a.nl/email-accounts")
    text = reader(app).get("/metrics").text
    assert "nina" not in text
    assert "a.nl" not in text
    assert GOOD not in text


def test_without_a_token_only_programs_on_this_machine_read_them(app: App) -> None:
    assert reader(app).get("/metrics").status_code == 200
    assert reader(app, base="http://localhost:8501").get("/metrics").status_code == 200
    refused = reader(app, "192.0.2.7").get("/metrics")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert "MXM_METRICS_TOKEN" in refused.json()["error"]["message"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host"])
def test_a_proxy_on_this_machine_speaks_for_others(app: App, header: str) -> None:
    assert reader(app).get("/metrics", headers={header: "127.0.0.1"}).status_code == 403


def test_the_public_name_is_not_of_this_machine(tmp_path: Path) -> None:
    with opened(tmp_path, public_url="https://mxm.agency.example") as app:
        assert reader(app, base="https://mxm.agency.example").get("/metrics").status_code == 403
        assert reader(app).get("/metrics").status_code == 200


def test_with_a_token_nobody_reads_them_without_it(tmp_path: Path) -> None:
    with opened(tmp_path, metrics_token=TOKEN) as app:
        for given in ("", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {app.admin}", "Bearer é"):
            refused = reader(app).get("/metrics", headers={"Authorization": given.encode("latin-1")})
            assert refused.status_code == 401, given
            assert TOKEN not in refused.text
        assert figures(reader(app, "192.0.2.7"), Authorization=f"Bearer {TOKEN}")["mxm_database_up"] == 1


def test_the_other_format_of_prometheus_is_answered_as_well(app: App) -> None:
    answer = reader(app).get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.headers["cache-control"] == "no-store"
    assert any(family.name == "mxm_runs" for family in parse_open(answer.text))


def test_a_database_that_cannot_be_read_is_a_figure(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Any:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    monkeypatch.setattr(app.services.server_figures, "read", fails)
    found = figures(reader(app))
    assert found["mxm_database_up"] == 0
    assert "mxm_runs finished" not in found


@pytest.mark.parametrize("token", ["short", "x" * 15, "é" * 20])
def test_a_token_that_is_easily_guessed_is_refused(token: str) -> None:
    with pytest.raises(SettingsError, match="MXM_METRICS_TOKEN") as refused:
        Settings(metrics_token=token)  # type: ignore[arg-type]
    assert token not in str(refused.value).replace("or some", "")
