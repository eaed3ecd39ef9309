"""A write by hand in the middle of a run that waits for the limit: it takes the next slot, and both get through."""

import threading
from pathlib import Path

import pytest

from mxlib import services
from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.settings import Settings
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import until

pytestmark = pytest.mark.process


@pytest.mark.parametrize(
    "operator",
    [LOCAL, Caller("anna", domains={"clienta.nl": PERMISSIONS[Role.CLIENT_ADMIN]}, external=True)],
    ids=["of the agency", "of a client admin"],
)
def test_a_mailbox_created_by_hand_takes_the_next_slot_of_a_run(tmp_path: Path, operator: Caller) -> None:
    app = services.build(Settings(data_dir=tmp_path, sandbox_window_s=2.0, sandbox_writes=5, sandbox_reads=400))
    assert app.sandbox is not None
    host = app.sandbox.sandbox

    def written() -> list[str]:
        return [
            entry.path.split("/")[-2] for entry in tuple(host.log) if entry.method == "POST" and entry.status == 201
        ]

    try:
        app.run_manager.recover()
        run = app.runs.start(operator, plan(*rows(14, domain="clienta.nl")), days=7)
        until(lambda: len(written()) >= 5)
        cells = {"username": "by-hand", "password": "Geheim.2026x"}
        by_hand = threading.Thread(target=app.mailboxes.create, args=(LOCAL, "clientb.nl", cells))
        begun = len(written())
        by_hand.start()
        by_hand.join(60)
        assert not by_hand.is_alive()
        ahead = written().index("clientb.nl")
        # First goes what was on its way and, on a slow machine, what one more window lets through.
        assert ahead < 14, "it waited for the whole run"
        assert ahead <= begun + 5 + 2
        until(lambda: (view := app.runs.get(LOCAL, run)) is not None and view.status == "finished")
        assert len(written()) == 15
        assert 429 not in {entry.status for entry in host.log}
    finally:
        app.close()
