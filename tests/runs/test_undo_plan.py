"""The plan of an undo: delete what the run created, restore what it changed, and keep what is no longer its own."""

from typing import Any

import pytest

from mxlib.core.vocabulary import CLEAR, Action, Outcome, RowReason
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs import undo_plan
from mxlib.runs.undo_plan import UndoStep
from mxlib.runs.write_guard import KeepCode
from mxlib.store.records import RowRecord

BLANK: dict[str, Any] = {
    "run": 7, "position": 0, "line": 2, "action": Action.CREATE, "username": "jan", "domain": "a.nl",
    "sealed_password": None, "generated": False, "quota": 1024, "limit": 9600, "recovery_email": "",
    "verdict": "ready", "sealed_cells": b"cells", "before": {}, "outcome": Outcome.CREATED, "words": "", "tries": 1,
    "unanswered": False, "host_quota": 1024, "host_limit": 9600, "differs": "", "proof": "", "name": "", "code": "",
    "detail": None,
}  # fmt: skip
UPDATE: dict[str, Any] = {
    "action": Action.UPDATE,
    "outcome": Outcome.UPDATED,
    "quota": 2048,
    "limit": None,
    "host_quota": 2048,
    "before": {"quota": 1024, "limit": 9600, "recovery_email": "old@x.example", "name": "Jan"},
}


def created(**values: Any) -> RowRecord:
    """Return a row that created a mailbox."""
    return RowRecord(**BLANK | values)


def updated(**values: Any) -> RowRecord:
    """Return a row that raised a quota."""
    return RowRecord(**BLANK | UPDATE | values)


def mailbox(**values: Any) -> Mailbox:
    """Return an unused mailbox as the run created it."""
    there = {"quota": 1024, "usage": 0.0, "limit": 9600, "sent": 0, "suspended": False}
    return Mailbox(**{"username": "jan", "email": "jan@a.nl"} | there | values)


def plan_one(
    row: RowRecord, box: Mailbox | None, *, recovery_email: str = "", name: str = "", touched: bool = False
) -> UndoStep:
    """Plan the undo of one row, from the state of its mailbox and the values that are stored here."""
    values = {"recovery_email": recovery_email, "name": name}
    (step,) = undo_plan.plan_steps(
        [row],
        {row.address: box} if box else {},
        {column: {row.address: value} if value else {} for column, value in values.items()},
        {row.address} if touched else (),
    )
    return step


def test_a_created_mailbox_is_deleted_if_it_is_still_unused_and_as_the_run_left_it() -> None:
    step = plan_one(created(recovery_email="me@x.example"), mailbox(), recovery_email="me@x.example")
    assert step.why is None
    assert (step.row.action, step.row.address, step.row.line) == (Action.DELETE, "jan@a.nl", 2)
    assert step.row.acts
    assert step.row.before == {
        "quota": 1024, "limit": 9600, "recovery_email": "me@x.example", "name": "", "unused": True,
    }  # fmt: skip


def test_only_rows_that_created_or_updated_a_mailbox_are_undone_and_get_their_own_positions() -> None:
    outcomes = [Outcome.SKIPPED, Outcome.CREATED, Outcome.FAILED, Outcome.DELETED, Outcome.UNCHANGED, Outcome.CREATED]
    rows = [created(position=at, username=f"user{at}", outcome=outcome) for at, outcome in enumerate(outcomes)]
    boxes = {row.address: mailbox(username=row.username) for row in rows}
    steps = undo_plan.plan_steps(rows, boxes, {"recovery_email": {}, "name": {}}, ())
    assert [(step.row.position, step.row.username) for step in steps] == [(0, "user1"), (1, "user5")]


def test_the_own_columns_of_a_row_are_kept_in_its_undo() -> None:
    assert plan_one(created(), mailbox()).row.sealed_cells == b"cells"
    assert plan_one(updated(), mailbox(quota=2048)).row.sealed_cells == b"cells"


def test_figures_that_mxroute_set_count_not_those_that_were_asked_for() -> None:
    row = created(quota=1024, limit=500, host_quota=2000, host_limit=9600)
    assert plan_one(row, mailbox(quota=2000)).why is None
    assert plan_one(row, mailbox(quota=1024)).why is KeepCode.CHANGED


def test_a_mailbox_that_was_never_compared_is_deleted_with_any_limit_but_only_the_quota_asked_for() -> None:
    row = created(host_quota=None, host_limit=None)
    assert plan_one(row, mailbox(limit=1)).why is None
    assert plan_one(row, mailbox(quota=1)).why is KeepCode.CHANGED


@pytest.mark.parametrize(
    ("box", "why", "code", "detail"),
    [
        (None, KeepCode.GONE, RowReason.GONE, {}),
        (mailbox(usage=0.5), KeepCode.MAIL, RowReason.HOLDS_MAIL, {"usage": 0.5}),
        (mailbox(sent=3), KeepCode.SENT, RowReason.SENT_TODAY, {"sent": 3}),
        (mailbox(suspended=True), KeepCode.CHANGED, RowReason.SUSPENDED, {}),
        (mailbox(quota=2048), KeepCode.CHANGED, RowReason.FIGURE_CHANGED, {"column": "quota", "value": 2048}),
        (mailbox(limit=500), KeepCode.CHANGED, RowReason.FIGURE_CHANGED, {"column": "limit", "value": 500}),
    ],
    ids=["gone", "holds mail", "sent messages", "suspended", "other quota", "other limit"],
)
def test_a_created_mailbox_is_kept_when_it_is_in_use_or_changed(
    box: Mailbox | None, why: KeepCode, code: RowReason, detail: dict[str, object]
) -> None:
    step = plan_one(created(), box)
    assert step.why is why
    assert step.row.reason is not None
    assert (step.row.reason.code, step.row.reason.detail) == (code, detail)
    assert not step.row.acts


@pytest.mark.parametrize(
    ("asked", "now", "why"),
    [
        ("me@x.example", "me@x.example", None),
        ("me@x.example", "other@x.example", KeepCode.CHANGED),
        ("me@x.example", "", KeepCode.CHANGED),
        ("", "other@x.example", KeepCode.CHANGED),
        (CLEAR, "", None),
        (CLEAR, "other@x.example", KeepCode.CHANGED),
    ],
)
def test_a_created_mailbox_is_kept_when_its_recovery_email_was_changed_since(
    asked: str, now: str, why: KeepCode | None
) -> None:
    step = plan_one(created(recovery_email=asked), mailbox(), recovery_email=now)
    assert step.why is why
    assert step.row.acts == (why is None)


@pytest.mark.parametrize("row", [created(), updated()], ids=["created", "updated"])
def test_a_mailbox_that_others_changed_here_since_is_kept(row: RowRecord) -> None:
    step = plan_one(row, mailbox(quota=row.quota), touched=True)
    assert step.why is KeepCode.CHANGED
    assert step.row.reason is not None
    assert step.row.reason.code == RowReason.CHANGED_SINCE_RUN


def test_mail_in_a_mailbox_is_the_reason_to_keep_it_even_if_others_changed_it_too() -> None:
    assert plan_one(created(), mailbox(usage=2.0), touched=True).why is KeepCode.MAIL


def test_a_change_of_one_mailbox_by_others_keeps_no_other_mailbox() -> None:
    rows = [created(position=at, username=name) for at, name in enumerate(["jan", "piet"])]
    boxes = {row.address: mailbox(username=row.username) for row in rows}
    steps = undo_plan.plan_steps(rows, boxes, {"recovery_email": {}, "name": {}}, {"jan@a.nl"})
    assert [step.why for step in steps] == [KeepCode.CHANGED, None]


def test_a_changed_quota_is_restored_if_quota_and_limit_are_as_the_run_left_them() -> None:
    step = plan_one(updated(), mailbox(quota=2048), recovery_email="new@x.example", name="New")
    assert step.why is None
    assert (step.row.action, step.row.quota, step.row.limit, step.row.password) == (Action.UPDATE, 1024, None, "")
    assert step.row.stored == {}
    assert step.row.before == {
        "quota": 2048, "limit": 9600, "recovery_email": None, "name": None, "unchanged": True,
    }  # fmt: skip


@pytest.mark.parametrize("has", [{"quota": 4096}, {"quota": 2048, "limit": 100}], ids=["quota", "limit"])
def test_an_updated_mailbox_whose_figures_were_changed_since_is_kept(has: dict[str, int]) -> None:
    step = plan_one(updated(), mailbox(**has))
    assert step.why is KeepCode.CHANGED
    assert step.row.reason is not None
    assert step.row.reason.code == RowReason.FIGURE_CHANGED


def test_mail_is_no_reason_to_leave_an_update_in_place() -> None:
    assert plan_one(updated(), mailbox(quota=2048, usage=900.0, sent=12)).why is None


def test_the_quota_found_right_before_the_update_is_restored_not_the_planned_one() -> None:
    row = updated(before=UPDATE["before"] | {"found": {"quota": 512}})
    assert plan_one(row, mailbox(quota=2048)).row.quota == 512


@pytest.mark.parametrize(
    ("old", "new", "restored"),
    [
        ("old@x.example", "new@x.example", "old@x.example"),
        ("", "new@x.example", CLEAR),
        ("old@x.example", CLEAR, "old@x.example"),
    ],
    ids=["changed", "set", "removed"],
)
def test_a_changed_value_that_is_stored_here_is_restored(old: str, new: str, restored: str) -> None:
    row = updated(quota=None, recovery_email=new, before={"quota": 1024, "recovery_email": old}, host_quota=None)
    step = plan_one(row, mailbox(), recovery_email="" if new == CLEAR else new)
    assert step.why is None
    assert step.row.stored == {"recovery_email": restored}
    assert (step.row.quota, step.row.asks_host) == (None, False)


def test_a_stored_value_that_was_changed_since_the_update_is_kept() -> None:
    row = updated(quota=None, recovery_email="new@x.example")
    step = plan_one(row, mailbox(quota=2048), recovery_email="newer@x.example")
    assert step.why is KeepCode.CHANGED
    assert step.row.reason is not None
    assert (step.row.reason.code, step.row.reason.detail["column"]) == (RowReason.VALUE_CHANGED, "recovery_email")


def test_each_column_that_is_stored_here_is_restored_by_itself() -> None:
    row = updated(name="Piet", recovery_email="new@x.example")
    step = plan_one(row, mailbox(quota=2048), recovery_email="new@x.example", name="Piet")
    assert step.row.stored == {"recovery_email": "old@x.example", "name": "Jan"}
    assert step.row.quota == 1024


@pytest.mark.parametrize(
    "row",
    [
        updated(quota=None, sealed_password=b"sealed", host_quota=1024),
        updated(quota=None, sealed_password=b"sealed", limit=500, host_quota=1024, host_limit=500),
        updated(quota=1024, host_quota=1024),
        updated(quota=1024, host_quota=1024, before={}),
        updated(quota=1024, host_quota=1024, recovery_email="old@x.example"),
    ],
    ids=["password", "password and limit", "same quota", "unknown earlier quota", "same recovery email"],
)
def test_an_update_with_nothing_to_restore_is_kept(row: RowRecord) -> None:
    step = plan_one(row, mailbox(limit=row.host_limit), recovery_email=row.recovery_email)
    assert step.why is KeepCode.LASTING
    assert step.row.reason is not None
    assert step.row.reason.code == RowReason.NOT_RESTORABLE
    assert not step.row.acts


def test_a_missing_mailbox_is_gone_even_where_its_update_could_not_be_restored() -> None:
    assert plan_one(updated(quota=None, sealed_password=b"sealed"), None).why is KeepCode.GONE
