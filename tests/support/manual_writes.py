"""Writes outside of runs, and servers that end in the middle of one."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from mxlib.services.manual_writes import ManualWrites
from mxlib.store import manual_writes
from tests.support.app import GOOD, App
from tests.support.audit_entries import audit_entries

NINA = {"username": "nina", "password": GOOD}


class Killed(BaseException):
    """The process ends here."""


def journalled(app: App) -> list[manual_writes.ManualWrite]:
    """Return every manual write in the journal."""
    with app.services.store.read() as tx:
        return sorted([*manual_writes.find_open(tx), *manual_writes.find_kept(tx)], key=lambda write: write.id)


def doings(app: App) -> list[tuple[str, str, str]]:
    """Return the audit entries of mailboxes as action, subject and outcome."""
    with app.services.store.read() as tx:
        found = [(str(e["what"]), str(e["on"]), str(e["outcome"])) for e in reversed(audit_entries(tx))]
    return [entry for entry in found if entry[0].startswith("mailbox.")]


@contextmanager
def killed(app: App, monkeypatch: pytest.MonkeyPatch, *, reaches: bool = True) -> Iterator[None]:
    """Let the process die before the response to its next write, which may have reached the host."""
    send = app.host.send

    def dies(request: Any, **how: Any) -> Any:
        if request.kind == "write":
            if reaches:
                send(request, **how)
            raise Killed
        return send(request, **how)

    with monkeypatch.context() as patched, suppress(Killed):
        patched.setattr(app.host, "send", dies)
        yield
        raise AssertionError("Nothing was sent.")


def restarted(app: App) -> ManualWrites:
    """Return the manual writes of a new process over the same store and host."""
    here = app.services
    manual = ManualWrites(here.settings, here.store, here.host, here.run_manager, here.clock)
    with here.store.write() as tx:  # as the start does, without its thread
        for write in manual_writes.find_open(tx):
            manual_writes.change(tx, write.id, status=manual_writes.UNCERTAIN, settle_at=here.clock.now() + 30.0)
    return manual
