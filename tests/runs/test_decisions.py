"""What each response means for its row: the decisions that a simulation rarely reaches."""

from typing import Any

import pytest

from mxlib.core.vocabulary import Action, Outcome, PauseCode, Proof, RowReason
from mxlib.mxroute.errors import (
    InvalidResponse,
    MXrouteError,
    NotFound,
    PermissionDenied,
    RateLimited,
    RequestRefused,
    Unauthorized,
    Unreachable,
)
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.runs import decisions
from mxlib.runs.decisions import Decision, Finish, PauseRun, ReadBack, Resend
from mxlib.store.records import RowRecord

BOX = {"username": "jan", "email": "jan@a.nl", "quota": 1024, "usage": 2.0, "limit": 9600, "sent": 0}
MAILBOX = Mailbox.from_data(BOX)


def row(action: Action = Action.CREATE, **values: Any) -> RowRecord:
    """Return a row that waits."""
    blank = {
        "run": 7, "position": 0, "line": 2, "action": action, "username": "jan", "domain": "a.nl",
        "sealed_password": None, "generated": False, "quota": 1024, "limit": None, "recovery_email": "",
        "verdict": "ready", "sealed_cells": None, "before": {}, "outcome": Outcome.WAITING, "words": "", "tries": 1,
        "unanswered": False, "host_quota": None, "host_limit": None, "differs": "", "proof": "", "name": "",
        "code": "", "detail": None,
    }  # fmt: skip
    return RowRecord(**blank | values)


def shown(step: Decision | None) -> tuple[object, ...]:
    """Return the parts of a decision that matter: its kind, and the outcome or the code with it."""
    match step:
        case Finish():
            return Finish, step.outcome, step.reason.code if step.reason else None
        case PauseRun():
            return PauseRun, step.reason.code
        case _:
            return (type(step),)


NO_ANSWER: list[MXrouteError] = [
    Unreachable("No answer."),
    InvalidResponse("Garbled.", status=200),
    RateLimited(5.0),
]
DENIED = PermissionDenied("FORBIDDEN", "No.", status=403)
REFUSED_KEY = Unauthorized("UNAUTHORIZED", "No.", status=401)
MISSING = NotFound("NOT_FOUND", "No such mailbox.", status=404)
TEAPOT = RequestRefused("TEAPOT", "Short and stout.", status=418)


@pytest.mark.parametrize(
    ("answer", "action", "expected"),
    [
        (TEAPOT, Action.CREATE, (Finish, Outcome.FAILED, RowReason.REFUSED)),
        (MISSING, Action.CREATE, (Finish, Outcome.FAILED, RowReason.REFUSED)),
        (MXrouteError("Something else."), Action.UPDATE, (Finish, Outcome.FAILED, RowReason.REFUSED)),
        (REFUSED_KEY, Action.CREATE, (PauseRun, PauseCode.KEY_REFUSED)),
        (Response(201), Action.CREATE, (Finish, Outcome.CREATED, None)),
        (Response(200), Action.UPDATE, (Finish, Outcome.UPDATED, None)),
        (Response(204), Action.DELETE, (Finish, Outcome.DELETED, None)),
    ],
)
def test_a_response_to_a_write_decides_its_row(
    answer: Response | MXrouteError, action: Action, expected: tuple[object, ...]
) -> None:
    assert shown(decisions.decide_write(row(action), answer)) == expected


def test_an_error_outside_of_the_refusals_keeps_its_sentence_as_the_reason() -> None:
    step = decisions.decide_write(row(), MXrouteError("Something else."))
    assert isinstance(step, Finish)
    assert step.reason is not None
    assert (step.reason.words, step.reason.detail) == ("Something else.", {})


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"action": Action.UPDATE, "tries": decisions.MAX_TRIES - 1}, (Resend,)),
        ({"action": Action.UPDATE, "tries": decisions.MAX_TRIES}, (Finish, Outcome.FAILED, RowReason.NO_ANSWER)),
        ({"action": Action.DELETE, "before": {"unused": True}}, (ReadBack,)),
        ({"action": Action.UPDATE, "before": {"unchanged": True}}, (ReadBack,)),
        ({"action": Action.CREATE, "tries": decisions.MAX_TRIES}, (ReadBack,)),
    ],
)
@pytest.mark.parametrize("answer", NO_ANSWER[:2])
def test_a_write_without_a_response_is_sent_again_five_times_unless_that_may_do_harm(
    values: dict[str, Any], expected: tuple[object, ...], answer: MXrouteError
) -> None:
    assert shown(decisions.decide_write(row(**values), answer)) == expected


@pytest.mark.parametrize("answer", NO_ANSWER)
def test_a_read_back_without_a_response_is_repeated(answer: MXrouteError) -> None:
    assert decisions.decide_read_back(row(), answer, quiet_for=20.0) == ReadBack()


@pytest.mark.parametrize(
    ("quiet_for", "tries", "expected"),
    [
        (20.0, 1, ReadBack(after=20.0)),
        (0.0, decisions.MAX_TRIES - 1, Resend()),
        (0.0, decisions.MAX_TRIES, (Finish, Outcome.FAILED, RowReason.NO_ANSWER)),
    ],
)
def test_a_create_that_is_not_there_is_sent_again_once_it_can_no_longer_take_effect(
    quiet_for: float, tries: int, expected: object
) -> None:
    step = decisions.decide_read_back(row(tries=tries), MISSING, quiet_for=quiet_for)
    assert step == expected or shown(step) == expected


@pytest.mark.parametrize(
    ("answer", "code"),
    [(REFUSED_KEY, PauseCode.KEY_REFUSED), (TEAPOT, PauseCode.READS_REFUSED)],
)
@pytest.mark.parametrize("read", ["read back", "inspection"])
def test_a_refused_read_of_a_mailbox_pauses_the_run_and_decides_no_row(
    answer: MXrouteError, code: PauseCode, read: str
) -> None:
    if read == "inspection":
        step = decisions.decide_inspection(row(Action.UPDATE), answer)
    else:
        step = decisions.decide_read_back(row(), answer, quiet_for=0.0)
    assert shown(step) == (PauseRun, code)


@pytest.mark.parametrize(
    ("values", "answer", "expected"),
    [
        ({"action": Action.UPDATE}, Response(200, {}), (Finish, Outcome.SKIPPED, RowReason.STATE_UNKNOWN)),
        (
            {"action": Action.DELETE, "before": {"unused": True}},
            Response(200, {}),
            (Finish, Outcome.SKIPPED, RowReason.USE_UNKNOWN),
        ),
        ({"action": Action.UPDATE}, DENIED, (Finish, Outcome.FAILED, RowReason.NOT_ALLOWED)),
        ({"action": Action.UPDATE}, MISSING, (Finish, Outcome.SKIPPED, RowReason.GONE)),
        ({"action": Action.DELETE, "tries": 0}, MISSING, (Finish, Outcome.SKIPPED, RowReason.GONE)),
        ({"action": Action.DELETE, "tries": 1}, MISSING, (Finish, Outcome.DELETED, None)),
        *[({"action": Action.UPDATE}, answer, (type(None),)) for answer in NO_ANSWER],
    ],
)
def test_an_inspection_without_a_readable_mailbox_decides_its_row_or_is_repeated(
    values: dict[str, Any], answer: Response | MXrouteError, expected: tuple[object, ...]
) -> None:
    assert shown(decisions.decide_inspection(row(**values), answer)) == expected


@pytest.mark.parametrize(("unanswered", "proof"), [(True, Proof.READ_BACK), (False, Proof.AGAINST_ANSWER)])
def test_a_deletion_whose_mailbox_is_missing_after_it_was_sent_is_proved_by_what_is_known(
    unanswered: bool, proof: Proof
) -> None:
    step = decisions.decide_inspection(row(Action.DELETE, unanswered=unanswered), MISSING)
    assert isinstance(step, Finish)
    assert (step.outcome, step.proof) == (Outcome.DELETED, proof)


@pytest.mark.parametrize(
    ("values", "there", "expected"),
    [
        ({"tries": 0}, False, (type(None),)),
        ({"tries": 0}, True, (Finish, Outcome.SKIPPED, RowReason.CREATED_MEANWHILE)),
        ({"tries": 1}, True, (Finish, Outcome.CREATED, RowReason.AGAINST_ANSWER)),
        ({"tries": 0, "unanswered": True}, True, (Finish, Outcome.CREATED, RowReason.READ_BACK)),
        ({"action": Action.DELETE}, False, (type(None),)),
        ({"action": Action.UPDATE}, True, (type(None),)),
    ],
)
def test_the_first_list_decides_only_creates_whose_mailbox_exists(
    values: dict[str, Any], there: bool, expected: tuple[object, ...]
) -> None:
    assert shown(decisions.decide_failed_inspection(row(**values), there=there)) == expected


@pytest.mark.parametrize(
    ("action", "values", "box", "outcome"),
    [
        (Action.CREATE, {}, MAILBOX, Outcome.CREATED),
        (Action.CREATE, {}, None, None),
        (Action.DELETE, {}, None, Outcome.DELETED),
        (Action.DELETE, {}, MAILBOX, None),
        (Action.UPDATE, {}, MAILBOX, Outcome.UPDATED),
        (Action.UPDATE, {"quota": 2048}, MAILBOX, None),
        (Action.UPDATE, {"sealed_password": b"sealed"}, MAILBOX, None),
        (Action.UPDATE, {}, None, None),
    ],
)
def test_the_final_state_shows_only_what_a_mailbox_proves(
    action: Action, values: dict[str, Any], box: Mailbox | None, outcome: Outcome | None
) -> None:
    assert decisions.decide_comparison(row(action, **values), box) == outcome


@pytest.mark.parametrize("values", [{"outcome": Outcome.SKIPPED}, {"outcome": Outcome.FAILED, "tries": 0}])
def test_a_row_that_was_never_sent_is_not_done_by_what_the_list_shows(values: dict[str, Any]) -> None:
    assert decisions.decide_list(row(**values), MAILBOX) is None
    assert decisions.decide_list(row(**values | {"unanswered": True}), MAILBOX) is not None


@pytest.mark.parametrize(
    ("action", "outcome", "values", "box", "expected"),
    [
        (Action.CREATE, Outcome.CREATED, {}, None, True),
        (Action.CREATE, Outcome.CREATED, {}, MAILBOX, False),
        (Action.CREATE, Outcome.FAILED, {}, None, False),
        (Action.DELETE, Outcome.DELETED, {}, MAILBOX, True),
        (Action.DELETE, Outcome.DELETED, {}, None, False),
        (Action.DELETE, Outcome.FAILED, {}, None, True),
        (Action.DELETE, Outcome.FAILED, {}, MAILBOX, False),
        (Action.UPDATE, Outcome.UPDATED, {"quota": 2048, "before": {"quota": 1024}}, MAILBOX, True),
        (Action.UPDATE, Outcome.UPDATED, {"quota": 2048, "before": {"quota": 512}}, MAILBOX, False),
        (Action.UPDATE, Outcome.FAILED, {"quota": 2048, "before": {"quota": 1024}}, MAILBOX, False),
        (Action.UPDATE, Outcome.UPDATED, {"quota": 2048, "before": {"quota": 1024}}, None, False),
    ],
)
def test_a_list_contradicts_a_row_only_where_reading_its_mailbox_can_prove_more(
    action: Action, outcome: Outcome, values: dict[str, Any], box: Mailbox | None, expected: bool
) -> None:
    assert decisions.contradicts(row(action, outcome=outcome, **values), box) is expected


@pytest.mark.parametrize(
    ("usage", "touched", "expected"),
    [
        (2.0, False, (Finish, Outcome.FAILED, RowReason.NOT_DONE)),
        (5.0, False, (type(None),)),
        (2.0, True, (type(None),)),
        (None, False, (Finish, Outcome.FAILED, RowReason.NOT_DONE)),
    ],
    ids=["same mailbox", "less mail", "touched by others", "unknown use"],
)
def test_a_deleted_mailbox_that_exists_fails_its_row_unless_it_was_created_again(
    usage: float | None, touched: bool, expected: tuple[object, ...]
) -> None:
    deleted = row(Action.DELETE, outcome=Outcome.DELETED, before={"usage": usage})
    assert shown(decisions.decide_contradiction(deleted, MAILBOX, touched=touched)) == expected


@pytest.mark.parametrize(
    ("answer", "lost"),
    [(NO_ANSWER[0], True), (NO_ANSWER[1], True), (Unreachable(sent=False), False), (TEAPOT, False)],
)
def test_only_a_sent_request_without_a_response_may_have_taken_effect(answer: MXrouteError, lost: bool) -> None:
    assert decisions.lost(answer) is lost
