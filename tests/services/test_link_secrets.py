"""Nothing of a link is readable in logs, the audit log or the database, nor the passwords that were set by one."""

import logging
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.password_rules import PasswordProblem
from mxlib.services.outbox import QueuedMail
from mxlib.store import FILE
from tests.support.app import App
from tests.support.audit_entries import audit_entries
from tests.support.links import NEW, LinkDesk

PRIVATE = "nina@mail.example"


def test_no_token_and_no_password_is_readable_anywhere(
    app: App, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    desk, queued = LinkDesk(app), list[str]()
    queue = app.services.outbox.queue

    def noted(tx: object, mail: QueuedMail, who: str) -> int:
        queued.append(repr(mail))
        return queue(tx, mail, who)  # type: ignore[arg-type]

    monkeypatch.setattr(app.services.outbox, "queue", noted)
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    run = desk.start("nina@a.nl", "tess@a.nl")
    desk.send()
    tokens = [desk.token(PRIVATE), desk.token("tess@mail.example")]
    app.services.sent_links.copy_link(LOCAL, app.services.sent_links.board(LOCAL, run).people[0].id)
    app.host.goes_wrong("lost_after", count=2)
    assert desk.use(tokens[0], "Lost.on.the.way.77").problems == (PasswordProblem.NOT_ANSWERED,)
    app.host.goes_wrong("rate_limited")
    assert desk.use(tokens[1], "Too.early.to.send.8").problems == (PasswordProblem.BUSY,)
    assert desk.use(tokens[1]).done
    app.services.outbox.send_due()
    secrets = [*tokens, "Lost.on.the.way.77", "Too.early.to.send.8", NEW]
    with app.services.store.read() as tx:
        entries = str(audit_entries(tx))
    app.services.store.scrub()
    files = [each.read_bytes() for each in tmp_path.glob(f"{FILE}*")]
    assert files
    assert queued
    for secret in secrets:
        assert secret not in entries
        assert secret not in caplog.text
        assert not any(secret in each for each in queued)
        assert not any(secret.encode() in each for each in files)
