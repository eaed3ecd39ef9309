"""Mails leave while their process is killed: none is lost, and each kill repeats one at most."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest

from mxlib.clock import SystemClock
from mxlib.core.mails import MailCause, TrialMail
from mxlib.mail.transport import NoServer
from mxlib.services.outbox import OutboxService, QueuedMail, Recipient
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from tests.support.mail_server import mail_host

pytestmark = pytest.mark.process

MAILS, KILLS, LEASE = 100, 4, 0.5


def test_a_hundred_mails_leave_though_their_process_is_killed(tmp_path: Path) -> None:
    draw = random.Random(19)
    with mail_host() as host:
        environment = {
            **os.environ, "MXM_SMTP_URL": f"smtp://127.0.0.1:{host.port}", "MXM_MAIL_FROM": "mxm@agency.example",
            "MXM_MAILS_PER_HOUR": "1000",
        }  # fmt: skip
        queue(tmp_path, host.port)
        command = [sys.executable, "-m", "tests.process.mail_sender", str(tmp_path), str(LEASE)]
        for kill in range(1, KILLS + 1):
            with subprocess.Popen(command, env=environment) as life:
                arrived(host.tried, MAILS * kill // (KILLS + 1), life)
                time.sleep(draw.uniform(0, 0.03))
                assert life.poll() is None, "It ended before it could be killed."
                life.send_signal(signal.SIGKILL)
        assert subprocess.run(command, env=environment, timeout=60, check=False).returncode == 0
        times = Counter(message_from_bytes(each)["Message-ID"] for each in host.received)
    assert len(times) == MAILS
    assert sum(times.values()) <= MAILS + KILLS


def queue(folder: Path, port: int) -> None:
    settings = Settings(smtp_url=f"smtp://127.0.0.1:{port}", mail_from="mxm@agency.example")
    store = Store.open(folder / FILE, SystemClock())
    service = OutboxService(settings, store, store.clock, NoServer())
    with store.write() as tx:
        for number in range(MAILS):
            to = Recipient(f"person{number}@mail.example")
            service.queue(tx, QueuedMail(to, TrialMail("kim", ""), MailCause.TEST), "kim")
    store.close()


def arrived(tried: list[str], number: int, life: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while len(tried) < number:
        assert life.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.005)
