"""The heartbeat: called over a real socket, logged once when it fails, its address in no log."""

import logging
from collections.abc import Iterator

import pytest

from mxlib.core.background_tasks import TaskCode, TaskName
from mxlib.services.heartbeat import Heartbeat
from mxlib.settings import Settings, SettingsError
from mxlib.store.background_tasks import Lease
from mxlib.tasks import Every
from tests.support.app import App
from tests.support.http_host import HttpHost, http_host

LEASE = Lease(TaskName.HEARTBEAT, "me")
PATH = "/ping/tajna-adresa"


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


def calling(url: str) -> Heartbeat:
    return Heartbeat(Settings(heartbeat_url=url))  # type: ignore[arg-type]


def test_it_is_called_every_minute(app: App, host: HttpHost) -> None:
    task = next(each for each in app.services.task_runner.tasks if each.name is TaskName.HEARTBEAT)
    assert (task.schedule, task.at_start) == (Every(60.0), True)
    assert calling(host.url(PATH)).beat(LEASE).code is TaskCode.DONE
    assert [(request.method, request.path) for request in host.received] == [("GET", PATH)]


def test_a_failure_is_logged_once_and_so_is_its_end(host: HttpHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heartbeat = calling(host.url(PATH))
    host.answers += [503, host.url("/other"), 200, 200]
    codes = [heartbeat.beat(LEASE) for _ in range(4)]
    assert [result.code for result in codes] == [TaskCode.FAILED, TaskCode.FAILED, TaskCode.DONE, TaskCode.DONE]
    assert codes[1].figures == {"problem": "redirected", "status": 302}
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("mxlib")]
    assert lines == [
        "The heartbeat does not arrive: The host answered with status 503.",
        "The heartbeat arrives again.",
    ]
    assert "tajna" not in caplog.text
    assert [request.path for request in host.received] == [PATH] * 4


def test_nobody_answers(host: HttpHost) -> None:
    host.usual = "drop"
    assert calling(host.url(PATH)).beat(LEASE).failed


def test_without_an_address_nothing_is_called(app: App) -> None:
    heartbeat = Heartbeat(app.services.settings)
    assert not heartbeat.is_set
    result = heartbeat.beat(LEASE)
    assert (result.code, result.figures) == (TaskCode.NOT_SET, {"setting": "MXM_HEARTBEAT_URL"})


def test_its_address_has_to_be_encrypted_and_is_in_no_repr() -> None:
    with pytest.raises(SettingsError, match="MXM_HEARTBEAT_URL"):
        calling("http://beat.example/tajna")
    assert "tajna" not in repr(Settings(heartbeat_url="https://beat.example/tajna"))  # type: ignore[arg-type]
    assert calling("https://beat.example/tajna").is_set
