"""Changes of selected mailboxes: quotas as typed, planned rows, figures and normalised values."""

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from mxlib.core.plans.changes import (
    Change,
    ChangeSummary,
    Deletion,
    NewPassword,
    NewQuota,
    NewStored,
    OverQuota,
    make_plan,
    normalised,
)
from mxlib.core.plans.plan import Plan
from mxlib.core.schema import NAME
from mxlib.core.vocabulary import CLEAR, Action, RunKind


def quota(text: str) -> NewQuota:
    read = NewQuota.read(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("text", "of_1000", "of_unlimited"),
    [
        ("2048", 2048, 2048),
        (" 2 GB ", 2048, 2048),
        ("unlimited", 0, 0),
        ("× 2", 2000, 0),
        ("x1.5", 1500, 0),
        ("*0.0", None, None),
        ("* 0.01", 10, 0),
        ("+ 1024", 2024, 0),
        ("+1 GB", 2024, 0),
        ("+ 0", None, None),
        ("-100", None, None),
        ("much", None, None),
        ("", None, None),
    ],
)
def test_a_quota_is_absolute_or_relative_and_unlimited_stays_unlimited(
    text: str, of_1000: int | None, of_unlimited: int | None
) -> None:
    change = NewQuota.read(text)
    assert (change.of(1000) if change else None) == of_1000
    assert (change.of(0) if change else None) == of_unlimited


def test_a_multiplied_quota_never_becomes_zero_which_is_unlimited() -> None:
    assert quota("× 0.01").of(3) == 1


@pytest.mark.parametrize(("quota", "after"), [(0, 0), (1, 2), (99, 149), (100, 150)])
def test_a_multiplied_quota_is_rounded_up(quota: int, after: int) -> None:
    assert NewQuota(times=Decimal("1.5")).of(quota) == after


@pytest.mark.parametrize("text", ["× 12345", "× 1.234", "× -2", "× 2 GB", "2 ×", "+ unlimited", "+ -5", "++ 5"])
def test_a_factor_or_an_increase_that_is_not_one_is_not_read(text: str) -> None:
    assert NewQuota.read(text) is None


# Stored values.


def test_recovery_emails_are_stored_in_their_normal_form_by_address_in_lower_case() -> None:
    change, problem = normalised(NewStored({"Kim@A.nl": " Kim@München.DE ", "nina@a.nl": " "}))
    assert problem == ""
    assert change == NewStored({"kim@a.nl": "kim@xn--mnchen-3ya.de", "nina@a.nl": ""})


@pytest.mark.parametrize(
    ("email", "problem"),
    [
        ("Kim@A.nl", "kim@a.nl: The recovery email is this mailbox; use another."),
        (" K im@home.nl", "Recovery email 'K im@home.nl' is no address; write it like name@example.com."),
        ("Geheim.2026x ••••••••", "A password seems to stand outside the password column: move it there."),
    ],
)
def test_an_invalid_recovery_email_is_reported_and_no_value_is_changed(email: str, problem: str) -> None:
    change = NewStored({"nina@a.nl": " N@home.nl", "kim@a.nl": email})
    assert normalised(change) == (change, problem)


def test_full_names_are_stored_as_a_file_stores_them() -> None:
    change = NewStored({"kim@a.nl": "\u200bKim\xad", "nina@a.nl": '="Nina"'}, NAME)
    assert normalised(change) == (NewStored({"kim@a.nl": "Kim", "nina@a.nl": "Nina"}, NAME), "")


def test_full_names_are_stored_without_blanks_around_them() -> None:
    change = NewStored({"Kim@a.nl": " Kim de Boer ", "nina@a.nl": "王伟", "tess@a.nl": " "}, NAME)
    expected = NewStored({"kim@a.nl": "Kim de Boer", "nina@a.nl": "王伟", "tess@a.nl": ""}, NAME)
    assert normalised(change) == (expected, "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("x" * 120, ""),
        ("x" * 121, "The full name has over 120 characters: shorten it."),
        ("Kim\nde Boer", "The full name has a line break or another character that no page shows; remove it."),
        ("Kim\u202ede Boer", "The full name has a line break or another character that no page shows; remove it."),
        ("Kim ••••••••", "A password seems to stand outside the password column: move it there."),
    ],
)
def test_one_invalid_full_name_among_valid_ones_is_reported(name: str, problem: str) -> None:
    values = {"kim@a.nl": "Kim", "nina@a.nl": name, "tess@a.nl": ""}
    assert normalised(NewStored(values, NAME))[1] == problem


def test_stored_values_stay_out_of_the_representation() -> None:
    assert "home" not in repr(NewStored({"kim@a.nl": "kim@home.nl"}))


# Plans and figures.


def boxes(*different: dict[str, Any]) -> pd.DataFrame:
    """Return mailboxes of 1024 MB that differ in the given values."""
    usual = {"domain": "a.nl", "quota": 1024, "limit": 9600, "recovery_email": "", "name": "", "usage": 10.0}
    names = ("kim", "nina", "tess", "vera")
    rows = [usual | {"username": name, "suspended": False} | row for name, row in zip(names, different, strict=False)]
    frame = pd.DataFrame(rows)
    return frame.assign(address=frame["username"] + "@" + frame["domain"])


def planned(change: Change, *different: dict[str, Any]) -> tuple[Plan, ChangeSummary]:
    return make_plan(boxes(*different), change, "Some name")


def test_a_quota_is_planned_only_where_it_differs() -> None:
    plan, figures = planned(NewQuota(2048), {}, {"quota": 2048}, {"quota": 0})
    assert [(row.address, row.quota, row.asks_host) for row in plan.rows] == [
        ("kim@a.nl", 2048, True),
        ("nina@a.nl", None, False),
        ("tess@a.nl", 2048, True),
    ]
    assert (plan.kind, plan.file_name, plan.file_digest) == (RunKind.CHANGE, "Some name", "")
    assert (figures.mailboxes, figures.acting, figures.unlimited) == (3, 2, 1)
    assert (figures.quota_before, figures.quota_after) == (3072, 6144)


def test_a_relative_quota_leaves_unlimited_mailboxes_alone() -> None:
    plan, figures = planned(NewQuota(times=Decimal(2), plus=1), {}, {"quota": 0})
    assert [row.quota for row in plan.rows] == [2049, None]
    assert (figures.acting, figures.unlimited, figures.quota_after) == (1, 1, 2049)


def test_rows_are_numbered_and_keep_what_was_known_before() -> None:
    plan, _ = planned(NewQuota(1), {"usage": 7.5, "name": "Kim"}, {"domain": "b.nl", "recovery_email": "n@home.nl"})
    assert [(row.position, row.line, row.address) for row in plan.rows] == [(0, 1, "kim@a.nl"), (1, 2, "nina@b.nl")]
    assert {row.action for row in plan.rows} == {Action.UPDATE}
    assert plan.rows[0].before == {
        "quota": 1024, "limit": 9600, "recovery_email": "", "name": "Kim", "usage": 7.5, "sent": None,
    }  # fmt: skip
    assert plan.rows[1].before["recovery_email"] == "n@home.nl"


def test_the_number_of_sent_mails_is_kept_when_it_is_known() -> None:
    plan, _ = planned(Deletion(), {"sent": 3})
    assert plan.rows[0].before["sent"] == 3


def test_mailboxes_that_hold_more_than_their_new_quota_are_listed() -> None:
    _, figures = planned(
        NewQuota(512), {"usage": 512.5}, {"usage": 512.0}, {"usage": 900.0, "quota": 512}, {"usage": 0.0}
    )
    assert figures.below == (OverQuota("kim@a.nl", 512.5, 512),)
    assert planned(NewQuota(0), {"usage": 9_000.0})[1].below == ()


def test_each_mailbox_gets_a_generated_password_of_its_own() -> None:
    plan, figures = planned(NewPassword(), {"suspended": True}, {"suspended": True}, {})
    assert len({row.password for row in plan.rows}) == 3
    assert all(len(row.password) >= 16 and row.generated and row.quota is None for row in plan.rows)
    assert (figures.acting, figures.suspended, figures.quota_after) == (3, 2, 3072)
    assert plan.rows[0].password not in repr(plan.rows[0])


def test_stored_values_are_planned_only_where_they_differ_and_blank_clears_them() -> None:
    values = {"kim@a.nl": "kim@home.nl", "nina@a.nl": "", "tess@a.nl": "same@home.nl"}
    plan, figures = planned(
        NewStored(values),
        {},
        {"recovery_email": "nina@home.nl"},
        {"recovery_email": "same@home.nl"},
        {"recovery_email": "vera@home.nl"},
    )
    assert [row.stored for row in plan.rows] == [{"recovery_email": "kim@home.nl"}, {"recovery_email": CLEAR}, {}, {}]
    assert (figures.mailboxes, figures.acting) == (4, 2)
    assert list(plan.sent()) == []


def test_a_full_name_is_stored_in_its_own_column() -> None:
    plan, _ = planned(NewStored({"kim@a.nl": "Kim"}, NAME), {"recovery_email": "kim@home.nl"})
    assert plan.rows[0].stored == {"name": "Kim"}


def test_a_deletion_is_planned_for_every_mailbox_with_the_mail_it_holds() -> None:
    plan, figures = planned(Deletion(), {"usage": 3000.0}, {"usage": 481.5, "domain": "b.nl"})
    assert [(row.action, row.asks_host) for row in plan.rows] == [(Action.DELETE, True)] * 2
    assert (plan.kind, plan.domains) == (RunKind.DELETE, ("a.nl", "b.nl"))
    assert (figures.mail, figures.acting, figures.below) == (3481.5, 2, ())


def test_equal_plans_have_equal_digests_and_others_do_not() -> None:
    plan, _ = planned(NewQuota(2048), {})
    assert plan.digest == planned(NewQuota(2048), {})[0].digest
    others = [NewQuota(2049), Deletion(), NewStored({"kim@a.nl": "k@home.nl"}), NewStored({"kim@a.nl": "K"}, NAME)]
    assert len({plan.digest, *(planned(change, {})[0].digest for change in others)}) == 5


def test_new_passwords_make_another_digest() -> None:
    assert planned(NewPassword(), {})[0].digest != planned(NewPassword(), {})[0].digest


def test_a_reader_without_the_right_to_view_gets_the_number_of_mailboxes_only() -> None:
    _, figures = planned(Deletion(), {"usage": 3000.0, "suspended": True}, {"quota": 0})
    assert figures.without_figures() == ChangeSummary(2, 2, 0, 0, 0, 0, 0.0, (), False)
