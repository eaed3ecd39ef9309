"""The line about MXroute and the runs: its text, and what each caller sees of it."""

from datetime import datetime

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.host_status import HostState, HostStatus, MovingRun
from mxlib.core.text import host_status as texts
from mxlib.core.vocabulary import PauseCode
from mxlib.store import StoreUnavailable, mailbox_lists
from mxlib.ui.app import status
from tests.support.app import App
from tests.support.pages import opened

AT = datetime(2026, 11, 24, 22, 11).timestamp()
#: A client admin of a.nl.
CLARA = Caller("clara", domains={"a.nl": frozenset({Permission.VIEW, Permission.IMPORT})}, external=True)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (HostStatus(HostState.ANSWERS, writes=(18, 20)), "MXroute's API answers · 18 of 20 changes left this minute"),
        (HostStatus(HostState.ANSWERS), "MXroute's API answers"),
        (HostStatus(HostState.UNKNOWN, writes=(9, 20)), "MXroute was not asked yet · 9 of 20 changes left this minute"),
        (HostStatus(HostState.SILENT, since=AT, rows_waiting=40), "No answer since 22:11 · 40 rows waiting"),
        (HostStatus(HostState.SILENT, since=AT, rows_waiting=1), "No answer since 22:11 · 1 row waiting"),
        (HostStatus(HostState.SILENT), "No answer from MXroute"),
        (HostStatus(HostState.ANSWERS, paused=(12, PauseCode.KEY_REFUSED)), "Run 12 paused: key refused"),
        (HostStatus(HostState.ANSWERS, paused=(12, PauseCode.OPERATOR)), "Run 12 paused"),
        (HostStatus(HostState.ANSWERS, paused=(12, None)), "Run 12 paused"),
        (HostStatus(HostState.KEY_REFUSED, writes=(20, 20)), "MXroute rejects the API key"),
        (
            HostStatus(HostState.ANSWERS, writes=(0, 20), moving=MovingRun(3, 20, 60)),
            "Run 3: 20 of 60 rows · 0 of 20 changes left this minute",
        ),
    ],
)  # fmt: skip
def test_the_line_says_first_what_hinders_most(facts: HostStatus, text: str) -> None:
    assert texts.line(facts) == text


def test_every_reason_of_a_pause_but_a_person_has_words() -> None:
    plain = [
        code for code in PauseCode if texts.line(HostStatus(HostState.ANSWERS, paused=(1, code))) == "Run 1 paused"
    ]
    assert plain == [PauseCode.OPERATOR]


def test_a_failed_list_shows_that_mxroute_does_not_answer(app: App) -> None:
    assert app.services.host_status.status(LOCAL).state is HostState.UNKNOWN
    app.services.lists.mailboxes(LOCAL, "a.nl")
    assert app.services.host_status.status(LOCAL).state is HostState.ANSWERS
    app.host.down = True
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    assert app.services.host_status.status(LOCAL).state is HostState.SILENT


def test_a_list_that_cannot_be_stored_is_no_silence_of_mxroute(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    monkeypatch.setattr(mailbox_lists, "keep_mailboxes", full)
    app.services.lists.mailboxes(LOCAL, "a.nl")
    assert app.services.host_status.status(LOCAL).state is HostState.ANSWERS


def test_people_of_a_client_see_neither_the_limit_nor_the_runs_of_others(app: App) -> None:
    batch = app.services.files.batch_from_file(b"username,password\nx,Geheim.2026x\n", "x.csv", "b.nl")
    ready = app.services.imports.confirm(LOCAL, batch, before=app.services.imports.validate(LOCAL, batch))
    run = app.services.runs.start(LOCAL, ready.plan, days=7)
    app.services.runs.pause(LOCAL, run)
    mine, theirs = app.services.host_status.status(LOCAL), app.services.host_status.status(CLARA)
    assert mine.writes is not None
    assert (theirs.writes, theirs.rows_waiting, theirs.paused, theirs.moving) == (None, 0, None, None)
    assert mine.paused is None or mine.paused[0] == run


def test_every_page_shows_the_line(app: App) -> None:
    for page in ("overview", "email_accounts", "audit"):
        labels = [link.label.replace("\\", "") for link in opened(page).sidebar.get("page_link")]
        assert any("changes left this minute" in label for label in labels), page


def test_a_run_that_moves_is_looked_at_more_often() -> None:
    assert (status.FOLLOW_EVERY, status.LOOK_EVERY) == (2, 15)
