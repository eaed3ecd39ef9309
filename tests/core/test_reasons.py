"""Reasons of run rows: every code has a text and a line in the API's documentation."""

import re
from pathlib import Path

import pytest

from mxlib.core.reasons import FigureDetail, Reason
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Action, PauseCode, RowReason

DOCS = Path(__file__).parents[2] / "docs" / "api.md"


def figure(asked: int, has: int, had: int | None = None, planned: int | None = None) -> FigureDetail:
    return FigureDetail(asked=asked, has=has, had=had, planned=planned)


def test_every_code_has_a_text() -> None:
    assert reasons.TEXTS.keys() == set(RowReason)


def test_the_documentation_lists_every_code_of_a_row_once_and_no_other() -> None:
    table = DOCS.read_text().split("Codes stay as they are; messages may change:\n\n", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE) == list(RowReason)


def test_the_documentation_lists_every_code_of_a_pause() -> None:
    sentence = DOCS.read_text().split("`paused_code` is one of ", 1)[1].split(":\n", 1)[0]
    assert re.findall(r"`([a-z_]+)`", sentence) == list(PauseCode)


@pytest.mark.parametrize(
    ("action", "reason", "text"),
    [
        ("create", Reason.of(RowReason.AS_ASKED, asks_host=True,
                             figures={"quota": figure(1024, 1024), "limit": figure(9600, 9600)}),
         "Created"),
        ("create", Reason.of(RowReason.AS_ASKED, asks_host=True, figures={"quota": figure(1024, 1024)}),
         "Created"),
        ("create", Reason.of(RowReason.DIFFERS, asks_host=True, proof="read_back",
                             figures={"quota": figure(1024, 1024), "limit": figure(500, 9600)}),
         "Created (no answer came; read back); limit is 9600, not 500 as asked (the host ignores it)"),
        ("update", Reason.of(RowReason.AS_ASKED, asks_host=True, stored={"recovery_email": "changed"}, password=True,
                             figures={"quota": figure(2048, 2048, 1024, 512)}),
         "changed; quota 1024 → 2048 as asked (it was 512 when this was planned); recovery email changed; "
         "password changed"),
        ("update", Reason.of(RowReason.DIFFERS, stored={"name": "set"}, figures={"limit": figure(500, 9600, 9600)}),
         "limit is 9600, not 500 as asked (it changes only together with a password); full name set"),
        ("update", Reason.of(RowReason.NOT_LISTED, asks_host=True, stored={"name": "removed"}),
         "changed; full name removed, but MXroute does not list it any more"),
        ("delete", Reason.of(RowReason.LISTED_AGAIN, asks_host=True, proof="against_answer"),
         "deleted (MXroute said no; read back), but MXroute lists it again"),
        ("update", Reason.of(RowReason.STORED_HERE, stored={"recovery_email": "set"}, limit=500),
         "recovery email set; limit 500 was not asked for: it changes only together with a password"),
        ("create", Reason.of(RowReason.REFUSED, "No.", status=400, error="BAD", field="quota"), "MXroute: No. (quota)"),
        ("create", Reason.of(RowReason.REFUSED, "Something else went wrong."), "Something else went wrong."),
        ("create", Reason.of(RowReason.NO_ANSWER, tries=5),
         "MXroute gave no answer 5 times; the mailbox was not created."),
        ("delete", Reason.of(RowReason.HOLDS_MAIL, usage=0.4), "kept: holds mail (less than 1 MB)"),
        ("delete", Reason.of(RowReason.FIGURE_CHANGED, column="quota", value=3000),
         "kept: quota was changed to 3000 since"),
        ("update", Reason.of(RowReason.VALUE_CHANGED, column="name"), "kept: the full name was changed since"),
        ("create", Reason(RowReason.MAY_BE_DONE), reasons.MAY_EXIST),
        ("delete", Reason(RowReason.MAY_BE_DONE), reasons.MAY_BE_DONE),
        ("create", Reason(RowReason.ALREADY_EXISTS),
         "Already exists. Skipped. To change it, choose Update existing."),
    ],
)  # fmt: skip
def test_a_text_is_made_of_code_and_facts(action: str, reason: Reason, text: str) -> None:
    assert reasons.text(reason, Action(action)) == text
    assert reasons.stored_text(reason.code, dict(reason.detail), reason.words, action) == text


def test_a_row_of_an_earlier_release_keeps_its_text() -> None:
    assert reasons.stored_text("", None, "made; quota and limit as asked", "create") == "made; quota and limit as asked"
    assert Reason.from_columns("", None, "made") is None
