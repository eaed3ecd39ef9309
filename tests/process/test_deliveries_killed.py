"""Webhooks are sent while their process is killed: each arrives under one id, and each kill repeats one at most."""

import os
import random
import time
from collections import defaultdict
from pathlib import Path

import pytest

from mxlib.clock import SystemClock
from mxlib.core.channels import ChannelKind, DeliveryStatus, Routes, Secrets
from mxlib.mail.choice import choose_transport
from mxlib.outgoing import webhook
from mxlib.services.deliveries import Deliveries
from mxlib.services.outbox import OutboxService
from mxlib.settings import Settings
from mxlib.store import FILE, Store, channels
from tests.support import warm_servers
from tests.support.http_host import HttpHost, http_host
from tests.support.notices import due, noted
from tests.support.source_tree import ROOT
from tests.support.warm_servers import WarmProcess

pytestmark = pytest.mark.process

NOTICES, KILLS, LEASE = 60, 4, 0.5


def test_every_webhook_arrives_under_its_own_id_though_the_process_is_killed(tmp_path: Path) -> None:
    draw = random.Random(21)
    with http_host() as host:
        secret = webhook.new_secret()
        queue(tmp_path, host, secret)
        for kill in range(1, KILLS + 1):
            life = begin(tmp_path)
            received(host, NOTICES * kill // (KILLS + 1), life)
            time.sleep(draw.uniform(0, 0.03))
            assert life.poll() is None, "It ended before it could be killed."
            life.kill()
            life.wait(10)
        assert begin(tmp_path).wait(60) == 0
        bodies = defaultdict[str, list[bytes]](list)
        for request in host.received:
            name, moment = request.headers["webhook-id"], int(request.headers["webhook-timestamp"])
            assert request.headers["webhook-signature"] == webhook.signature(secret, name, moment, request.body)
            bodies[name].append(request.body)
    assert all(len(set(same)) == 1 for same in bodies.values())
    assert len(host.received) <= NOTICES + KILLS
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.read() as tx:
        stored = channels.newest(tx, 2 * NOTICES)
    store.close()
    assert sorted(bodies) == sorted(each.message_id for each in stored)
    assert {each.notice for each in stored} == set(range(1, NOTICES + 1))
    assert {(each.status, each.sealed_message, each.next_at) for each in stored} == {
        (DeliveryStatus.DELIVERED.value, None, None)
    }


def queue(folder: Path, host: HttpHost, secret: str) -> None:
    """Store a webhook, and a delivery of each notice to it."""
    settings, clock = Settings(), SystemClock()
    store = Store.open(folder / FILE, clock)
    outbox = OutboxService(settings, store, clock, choose_transport(settings, sandbox=False))
    deliveries = Deliveries(settings, store, clock, outbox)
    with store.write() as tx:
        secrets = Secrets(host.url("/hook"), secret)
        channels.add(
            tx, store.key, secrets, routes=Routes(), name="Hook", kind=ChannelKind.WEBHOOK.value, place="127.0.0.1",
            created_at=clock.now(), who="kim",
        )  # fmt: skip
        for number in range(1, NOTICES + 1):
            deliveries.queue(tx, due(noted(number=number, subject=f"person{number}@a.nl"), number=number))
    store.close()


def begin(folder: Path) -> WarmProcess:
    """Start a process that sends."""
    environment = {**os.environ, "MXM_NOTIFY_HOSTS": "127.0.0.1"}
    return warm_servers.start(
        ["tests.process.notice_sender", str(folder), str(LEASE)], ROOT, environment, folder / "sender.log"
    )


def received(host: HttpHost, number: int, life: WarmProcess) -> None:
    """Wait until so many requests have arrived."""
    give_up = time.monotonic() + 60
    while len(host.received) < number:
        assert life.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.002)
