"""Links leave by mail while their process is killed: each person has one, and each kill repeats one mail at most."""

import os
import random
import re
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa

from mxlib.clock import SystemClock
from mxlib.core.links import LinkPurpose
from mxlib.mail.message import read_parts
from mxlib.store import FILE, Store, stored_columns
from mxlib.store import links as kept
from mxlib.store.links import NewLink
from mxlib.store.tables import link as table
from tests.support import warm_servers
from tests.support.links import TOKEN
from tests.support.mail_server import mail_host
from tests.support.source_tree import ROOT
from tests.support.warm_servers import WarmProcess

pytestmark = pytest.mark.process

MAILS, KILLS, LEASE = 100, 4, 0.5


def test_a_hundred_people_have_one_living_link_each_though_their_process_is_killed(tmp_path: Path) -> None:
    draw = random.Random(19)
    with mail_host() as host:
        environment = {
            **os.environ, "MXM_SMTP_URL": f"smtp://127.0.0.1:{host.port}", "MXM_MAIL_FROM": "mxm@agency.example",
            "MXM_MAILS_PER_HOUR": "1000", "MX_SERVER": "mail.example", "MX_USER": "agency", "MX_API_KEY": "invented",
        }  # fmt: skip
        plan_links(tmp_path)
        command, log = ["tests.process.mail_sender", str(tmp_path), str(LEASE)], tmp_path / "process.log"
        log.write_bytes(b"")
        for kill in range(1, KILLS + 1):
            life = warm_servers.start(command, ROOT, environment, log)
            arrived(host.tried, MAILS * kill // (KILLS + 1), life)
            time.sleep(draw.uniform(0, 0.03))
            assert life.poll() is None, "It ended before it could be killed."
            life.kill()
            life.wait()
        assert warm_servers.start(command, ROOT, environment, log).wait(60) == 0, log.read_text()
        received = list(host.received)
    times = Counter(message_from_bytes(each)["Message-ID"] for each in received)
    assert len(times) == MAILS
    assert sum(times.values()) <= MAILS + KILLS
    tokens = {str(message_from_bytes(each, policy=policy.default)["To"]): token_in(each) for each in received}
    store = Store.open(tmp_path / FILE, SystemClock())
    with store.read() as tx:
        living = list(tx.execute(sa.select(table.c.recipient).where(table.c.ended_at.is_(None))).scalars())
        assert sorted(living) == sorted(tokens) == sorted(f"person{number}@mail.example" for number in range(MAILS))
        for to, token in tokens.items():
            record = kept.by_token(tx, token)
            assert record is not None
            assert (record.recipient, record.is_living(time.time()), record.mail_status) == (to, True, "sent")
    store.close()


def plan_links(folder: Path) -> None:
    """Store a link for each of a hundred people, none of which is made yet."""
    store = Store.open(folder / FILE, SystemClock())
    now = time.time()
    with store.write() as tx:
        people = {f"user{number}": f"person{number}@mail.example" for number in range(MAILS)}
        times = (now, now, now + 86_400)
        new = [NewLink(LinkPurpose.INVITE, "a.nl", user, "", to, "en", *times) for user, to in people.items()]
        for each in new:
            stored_columns.put(tx, "recovery_email", each.domain, each.username, each.recipient, now)
        kept.add_all(tx, new, who="kim", at=now)
    store.close()


def token_in(mail: bytes) -> str:
    found = TOKEN.search(read_parts(mail).text)
    assert found is not None
    return re.sub(r"\s", "", found[1])


def arrived(tried: list[str], number: int, life: WarmProcess) -> None:
    give_up = time.monotonic() + 60
    while len(tried) < number:
        assert life.poll() is None
        assert time.monotonic() < give_up
        time.sleep(0.005)
