"""Requests for resets are answered while their process is killed: each once, and no link is dead."""

import os
import random
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa

from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.core.self_service import ResetOutcome
from mxlib.store import FILE, Store, reset_requests, stored_columns
from mxlib.store import links as kept
from mxlib.store.tables import link, reset_answer
from tests.process.test_outbox_killed import arrived, token_in
from tests.support import warm_servers
from tests.support.app import opened
from tests.support.mail_server import mail_host
from tests.support.source_tree import ROOT

pytestmark = pytest.mark.process

PEOPLE, KILLS, LEASE = 40, 4, 0.5


def test_requests_are_answered_once_though_their_process_is_killed(tmp_path: Path) -> None:
    draw = random.Random(20)
    ask(tmp_path)
    with mail_host() as host:
        environment = {
            **os.environ, "MXM_SMTP_URL": f"smtp://127.0.0.1:{host.port}", "MXM_MAIL_FROM": "mxm@agency.example",
            "MXM_MAILS_PER_HOUR": "1000", "MX_SERVER": "mail.example", "MX_USER": "agency", "MX_API_KEY": "invented",
        }  # fmt: skip
        command, log = ["tests.process.reset_answerer", str(tmp_path), str(LEASE)], tmp_path / "process.log"
        log.write_bytes(b"")
        for kill in range(1, KILLS + 1):
            life = warm_servers.start(command, ROOT, environment, log)
            arrived(host.tried, 2 * PEOPLE * kill // (KILLS + 1), life)
            time.sleep(draw.uniform(0, 0.03))
            assert life.poll() is None, "It ended before it could be killed."
            life.kill()
            life.wait()
        assert warm_servers.start(command, ROOT, environment, log).wait(60) == 0, log.read_text()
        received = [message_from_bytes(each, policy=policy.default) for each in host.received]
        tokens = {(str(mail["To"]), token_in(raw)) for mail, raw in zip(received, host.received, strict=True)}
    times = Counter(str(mail["Message-ID"]) for mail in received)
    assert len(times) == 2 * PEOPLE  # each asked twice: the second mail has the same link
    assert sum(times.values()) <= 2 * PEOPLE + KILLS
    assert sorted(to for to, _ in tokens) == sorted(f"person{number}@mail.example" for number in range(PEOPLE))
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.read() as tx:
        assert reset_requests.waiting(tx, 1_000) == []
        assert tx.scalar(sa.select(sa.func.count()).where(link.c.ended_at.is_(None))) == PEOPLE
        for to, token in tokens:
            record = kept.by_token(tx, token)
            assert record is not None
            assert (record.recipient, record.is_living(time.time()), record.mail_status) == (to, True, "sent")
        outcomes = Counter(tx.execute(sa.select(reset_answer.c.outcome)).scalars())
        assert outcomes == {ResetOutcome.MAILED: PEOPLE, ResetOutcome.MAILED_AGAIN: PEOPLE}
    store.close()


def ask(folder: Path) -> None:
    """Let each of the people ask twice for a link, and others for mailboxes that do not exist."""
    with opened(folder) as app:
        app.have(*(f"user{number}@a.nl" for number in range(PEOPLE)))
        app.services.lists.domains(LOCAL, refresh=True)
        app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
        app.services.self_service.switch(LOCAL, "a.nl", on=True)
        with app.services.store.write() as tx:
            for number in range(PEOPLE):
                to = f"person{number}@mail.example"
                stored_columns.put(tx, "recovery_email", "a.nl", f"user{number}", to, time.time())
        for turn in range(2):
            for number in range(PEOPLE):
                app.services.self_service.request(f"user{number}@a.nl", f"198.51.{turn}.{number}")
                app.services.self_service.request(f"stranger{number}@a.nl", f"203.0.{turn}.{number}")
