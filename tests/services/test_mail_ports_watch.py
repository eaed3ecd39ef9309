"""The watch over mail itself: stored with its task, logged when it changes, absent on the sandbox."""

import logging
from pathlib import Path

import pytest

from mxlib.core.background_tasks import TaskCode, TaskName
from mxlib.core.mail_ports import MailPort, PortLook, PortProblem
from mxlib.outgoing.mail_probe import MailProbe
from mxlib.services.mail_ports import MailPortsService
from mxlib.store import background_tasks
from mxlib.tasks import Every
from tests.support.app import App, opened
from tests.support.threaded_runs import ShiftedClock


class Ports(MailProbe):
    """Ports that a test lets fail."""

    def __init__(self) -> None:
        super().__init__("mail.agency.example")
        self.problem: PortProblem | None = None

    def look(self) -> tuple[PortLook, ...]:
        return tuple(PortLook(port, self.problem, 2_000_000_000.0) for port in MailPort)


def looked(app: App, service: MailPortsService) -> None:
    """Run the task once, as the runner does."""
    now = app.services.clock.now()
    with app.services.store.write() as tx:
        background_tasks.introduce(tx, TaskName.MAIL_PORTS, now, at_start=False)
        lease = background_tasks.take(tx, background_tasks.every(tx)[TaskName.MAIL_PORTS], now, now)
    assert lease is not None
    result = service.look(lease)
    assert result.code is TaskCode.DONE
    with app.services.store.write() as tx:
        assert background_tasks.end(tx, lease, result, now, now + 120)


def test_each_look_is_kept_and_only_a_change_is_logged(
    tmp_path: Path, clock: ShiftedClock, caplog: pytest.LogCaptureFixture
) -> None:
    ports = Ports()
    with opened(tmp_path, clock) as app:
        service = MailPortsService(app.services.store, clock, "mail.agency.example", ports)
        assert service.state() is None
        looked(app, service)
        begun = clock.now()
        ports.problem = PortProblem.TIMEOUT
        for _ in range(3):
            clock.ahead += 120
            looked(app, service)
        state = service.state()
        assert state is not None
        assert [(each.failed, each.look.problem) for each in state.ports] == [(3, PortProblem.TIMEOUT)] * 3
        assert all(abs((each.silent_since or 0) - begun - 120) < 5 for each in state.ports)
        ports.problem = None
        looked(app, service)
        assert (again := service.state()) is not None
        assert not again.silent
    lines = [record for record in caplog.records if record.levelno >= logging.WARNING and "mail port" in record.msg]
    assert len(lines) == 6


def test_a_real_account_is_looked_at_every_two_minutes_under_the_name_of_its_settings(tmp_path: Path) -> None:
    account = {"server": "mail.agency.example", "user": "agency", "api_key": "geheim"}
    with opened(tmp_path, **account) as app:
        service = app.services.mail_ports
        assert (service.is_set, service.server) == (True, "mail.agency.example")
        task = next(each for each in app.services.task_runner.tasks if each.name is TaskName.MAIL_PORTS)
        assert (task.schedule, task.at_start) == (Every(120.0), True)


def test_the_sandbox_has_no_mail_ports(app: App) -> None:
    service = app.services.mail_ports
    assert not service.is_set
    assert service.state() is None
    assert service.look(background_tasks.Lease(TaskName.MAIL_PORTS, "me")).code is TaskCode.NOT_SET
