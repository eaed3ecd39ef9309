"""Plans: every row in file order, sent or left out with a reason, and the confirmation figures."""

import json

import pandas as pd
import pytest

from mxlib.core.mapping.json_rows import JsonRows
from mxlib.core.plans import builder
from mxlib.core.plans.plan import Plan
from mxlib.core.schema import MASK, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict

ACCOUNT = AccountSnapshot(frozenset({"a.nl", "b.nl"}), {"a.nl": frozenset({"info"}), "b.nl": frozenset()})
NAMES = ["Ann", "bob@b.nl", "info", "ann", "jan jansen", "dirk", "eva", "fay"]
SOURCE = JsonRows([json.dumps({"Naam": name}).encode() for name in NAMES], "staff.csv", "d" * 64)
PASSWORDS = ["Winter-2026", "Gener-ated1", "", "Winter-2026", "Gener-ated2", "", "Winter-2026", MASK]


@pytest.fixture
def validated() -> pd.DataFrame:
    rows = make_rows(
        {
            "username": NAMES,
            "password": PASSWORDS,
            "quota": ["2 GB", *[""] * 7],
            "recovery_email": ["A@home.nl", *[""] * 7],
            "name": [" Ann  Smit ", *[""] * 7],
        },
        line=[2, 3, 4, 5, 6, 8, 9, 0],
        origin=[0, 1, 2, 3, 4, 5, 6, -1],
        generated=[False, True, False, False, True, False, False, False],
        ticked=[True, True, True, True, True, True, False, True],
    )
    return validate(rows, ACCOUNT, Defaults("a.nl"))


@pytest.fixture
def plan(validated: pd.DataFrame) -> Plan:
    return builder.make_plan(validated, SOURCE)


def test_every_row_is_in_the_plan_in_file_order(plan: Plan):
    assert [(row.position, row.line) for row in plan.rows] == list(enumerate([2, 3, 4, 5, 6, 8, 9, 0]))
    assert (plan.file_name, plan.file_digest) == ("staff.csv", "d" * 64)


def test_only_ticked_ready_rows_are_sent(plan: Plan):
    assert [row.address for row in plan.sent()] == ["ann@a.nl", "bob@b.nl"]
    assert plan.domains == ("a.nl", "b.nl")


def test_a_row_is_planned_as_it_would_be_sent(plan: Plan):
    row = plan.rows[0]
    assert (row.username, row.domain, row.password, row.generated) == ("ann", "a.nl", "Winter-2026", False)
    assert (row.quota, row.limit, row.stored) == (
        2048,
        9600,
        {"recovery_email": "a@home.nl", "name": "Ann  Smit"},
    )
    assert row.verdict is Verdict.READY
    assert type(row.quota) is int


def test_every_other_row_says_why_it_is_left_out(plan: Plan):
    assert [row.left_out for row in plan.rows] == [
        "",
        "",
        "Already exists. Skipped. To change it, choose Update existing.",
        "Same address as line 2. Change one, or leave this one out.",
        "'jan jansen' has a space; try jan.jansen.",
        "Needs password. Type one, or tick Generate secure passwords.",
        "Unticked in the preview.",
        "Needs password. Type one, or tick Generate secure passwords.",
    ]


def test_several_reasons_are_joined_on_one_line():
    rows = validate(
        make_rows({"username": ["a b"], "quota": ["x"], "password": ["Winter-2026"]}), ACCOUNT, Defaults("a.nl")
    )
    row = builder.make_plan(rows).rows[0]
    assert row.left_out == "'a b' has a space; try a.b. Quota 'x': write 1024 or 1 GB."
    assert row.reason is not None
    assert row.reason.code == "invalid"
    assert row.reason.detail == {
        "findings": [
            {"code": "invalid_username", "column": "username"},
            {"code": "invalid_quota", "column": "quota"},
        ]
    }


def test_invalid_numbers_are_left_out_of_the_plan():
    rows = validate(make_rows({"username": ["a"], "quota": ["x"], "limit": ["x"]}), ACCOUNT, Defaults("a.nl"))
    row = builder.make_plan(rows).rows[0]
    assert (row.quota, row.limit) == (None, None)


def test_a_generated_password_of_a_row_that_is_not_sent_is_dropped(plan: Plan):
    assert (plan.rows[1].password, plan.rows[1].generated) == ("Gener-ated1", True)
    assert (plan.rows[4].password, plan.rows[4].generated) == ("", False)


def test_a_typed_password_of_a_row_that_is_not_sent_is_kept_for_the_next_try(plan: Plan):
    assert plan.rows[3].password == "Winter-2026"


def test_a_mask_becomes_a_blank_password_in_the_plan(plan: Plan):
    assert plan.rows[7].password == ""


def test_rows_of_the_file_carry_its_cells_and_added_rows_have_none(plan: Plan):
    assert plan.rows[1].cells == {"Naam": "bob@b.nl"}
    assert plan.rows[7].cells == {}


def test_a_plan_without_a_file_needs_no_cells(validated: pd.DataFrame):
    assert builder.make_plan(validated).rows[0].cells == {}


def test_the_confirmation_counts_every_row_once(plan: Plan, validated: pd.DataFrame):
    figures = builder.confirmation(plan, validated, existing={"a.nl": 1, "b.nl": 0}, seconds=90.0, ahead=4)
    assert figures.creates == {"a.nl": 1, "b.nl": 1}
    assert (figures.exist, figures.invalid, figures.duplicates, figures.unticked, figures.need_password) == (
        1,
        1,
        1,
        1,
        2,
    )
    assert figures.mailboxes + 6 == figures.rows == 8
    assert figures.generated == 1


def test_the_time_is_split_between_this_run_and_those_ahead(plan: Plan, validated: pd.DataFrame):
    figures = builder.confirmation(plan, validated, existing={}, seconds=90.0, ahead=4)
    assert (figures.seconds, figures.behind_seconds) == (30.0, 60.0)


def test_the_confirmation_has_the_figures_of_each_domain(plan: Plan, validated: pd.DataFrame):
    figures = builder.confirmation(plan, validated, existing={"a.nl": 1, "b.nl": 0}, seconds=6.0)
    assert [(each.domain, each.now, each.new, each.after) for each in figures.domains] == [
        ("a.nl", 1, 1, 2),
        ("b.nl", 0, 1, 1),
    ]
    assert (figures.new, figures.changed, figures.not_included) == (2, 0, 6)


def test_the_plan_digest_depends_on_the_rows_and_passwords(validated: pd.DataFrame, plan: Plan):
    again = builder.make_plan(validated, SOURCE)
    changed = validated.assign(password=validated["password"].replace("Winter-2026", "Winter-2027"))
    assert again.digest == plan.digest
    assert builder.make_plan(changed, SOURCE).digest != plan.digest
