"""Rows of mailboxes that exist, judged and planned as updates: what each cell comes to, and what it never does."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.mapping.json_rows import JsonRows
from mxlib.core.plans import builder
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.schema import MASK, make_rows
from mxlib.core.text import confirmations, findings
from mxlib.core.validation.row_kinds import UNCHANGED, UPDATE, kinds
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import CLEAR, Action, OnExisting, Verdict
from tests.support.row_strategies import ACCOUNT as AWKWARD
from tests.support.row_strategies import STANDARD as AWKWARD_STANDARD
from tests.support.row_strategies import UNHURRIED, tables

GOOD = "Winter-2026"
STANDARD = Defaults("a.nl")
NAME = "Info Desk"
KINDS_OF_NUMBERS = {"quota": "int64", "limit": "int64", "usage": "float64"}


def has(*boxes: tuple[str, int, int, float, str]) -> pd.DataFrame:
    """What mailboxes have: name, quota, limit, usage, recovery email."""
    names = ["username", "quota", "limit", "usage", "recovery_email"]
    kinds = KINDS_OF_NUMBERS | {"recovery_email": "str", "username": "str", "name": "str"}
    return pd.DataFrame(boxes, columns=names).assign(name=NAME).astype(kinds)


ACCOUNT = AccountSnapshot(
    frozenset({"a.nl", "b.nl"}),
    {"a.nl": frozenset({"info", "o'brien", "big"}), "b.nl": frozenset({"info"})},
    has={
        "a.nl": has(
            ("info", 1024, 9600, 800.4, "info@home.nl"), ("O'Brien", 2048, 500, 1.0, ""), ("big", 0, 9600, 9.0, "")
        ),
        "b.nl": has(("info", 512, 9600, 0.0, "")),
    },
)  # fmt: skip


def judged(
    *rows: dict[str, Any], account: AccountSnapshot = ACCOUNT, on_existing: OnExisting = OnExisting.UPDATE
) -> pd.DataFrame:
    names = {name for row in rows for name in row} - {"ticked", "generated"}
    besides = {name: [row.get(name, usual) for row in rows] for name, usual in (("ticked", True), ("generated", False))}
    cells = {name: [row.get(name, "") for row in rows] for name in names}
    return validate(make_rows(cells, line=[*range(2, len(rows) + 2)], **besides), account, STANDARD, on_existing)


def one(account: AccountSnapshot = ACCOUNT, **row: Any) -> Any:
    return next(judged({"username": "info"} | row, account=account).itertuples())


def planned(*rows: dict[str, Any], account: AccountSnapshot = ACCOUNT) -> tuple[PlannedRow, ...]:
    return builder.make_plan(judged(*rows, account=account)).rows


# What a row changes


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({}, "no change"),
        ({"quota": "2048"}, "quota 1024 → 2048"),
        ({"quota": "2 GB"}, "quota 1024 → 2048"),
        ({"quota": "unlimited"}, "quota 1024 → unlimited"),
        ({"quota": "0"}, "quota 1024 → unlimited"),
        ({"quota": "1 GB"}, "no change"),
        ({"quota": "1,024"}, "no change"),
        ({"username": "big", "quota": "unlimited"}, "no change"),
        ({"username": "big", "quota": "1024"}, "quota unlimited → 1024"),
        ({"username": "O'BRIEN", "quota": "1024"}, "quota 2048 → 1024"),
        ({"recovery_email": "Info@Home.NL"}, "no change"),
        ({"recovery_email": "new@home.nl"}, "recovery email changed"),
        ({"recovery_email": "-"}, "recovery email removed"),
        ({"recovery_email": " - "}, "recovery email removed"),
        ({"username": "big", "recovery_email": "new@home.nl"}, "recovery email set"),
        ({"username": "big", "recovery_email": "-"}, "no change"),
        ({"name": f" {NAME} "}, "no change"),
        ({"name": "Info desk"}, "full name changed"),
        ({"name": " - "}, "full name removed"),
        ({"recovery_email": "-", "name": "-"}, "recovery email removed; full name removed"),
        ({"password": GOOD}, "password changed"),
        ({"password": "   "}, "no change"),
        ({"password": "****"}, "no change"),
        ({"password": MASK}, "no change"),
        ({"limit": "500"}, "no change"),
        ({"limit": "500", "password": GOOD}, "limit 9600 → 500; password changed"),
        ({"limit": "9600", "password": GOOD}, "password changed"),
        ({"username": "info@b.nl", "quota": "1024"}, "quota 512 → 1024"),
        (
            {"quota": "2048", "limit": "500", "recovery_email": "-", "password": GOOD},
            "quota 1024 → 2048; limit 9600 → 500; recovery email removed; password changed",
        ),
    ],
)
def test_what_a_row_changes_is_said_in_phrases(cells: dict[str, str], told: str) -> None:
    row = one(**cells)
    assert (row.verdict, row.reasons, row.action) == (Verdict.READY, "", "update")
    assert findings.in_one_line(row.changes) == told


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"quota": "500"}, "801 MB used: with a quota of 500 MB no new mail fits."),
        ({"quota": "801"}, ""),
        ({"quota": "0"}, ""),
        ({"limit": "500"}, "MXroute keeps limit 9600, not 500: it changes one only together with a password."),
        ({"limit": "9600"}, ""),
        ({"limit": "500", "password": GOOD}, "MXroute may keep limit 9600, not set 500."),
        ({"username": "big", "quota": "20"}, "20 MB: did you mean 20 GB?"),
        ({"password": "Winter2026"}, "No special character: MXroute may refuse it."),
        ({}, ""),
    ],
)  # fmt: skip
def test_what_is_worth_a_look_is_a_warning(cells: dict[str, str], told: str) -> None:
    row = one(**cells)
    assert (row.verdict, row.warnings) == (Verdict.READY, told)


@pytest.mark.parametrize(
    "cells",
    [
        {"quota": "lots"},
        {"limit": "9601"},
        {"recovery_email": "nobody"},
        {"recovery_email": "info@a.nl"},
        {"password": "x"},
    ],
)
def test_a_broken_cell_makes_an_update_invalid_and_it_changes_nothing(cells: dict[str, str]) -> None:
    row = one(**cells)
    assert (row.verdict, row.changes) == (Verdict.INVALID, "")
    assert row.reasons


def test_a_name_that_no_new_mailbox_may_have_is_fine_where_it_exists() -> None:
    assert one(username="o'brien").verdict == Verdict.READY


def test_what_the_host_has_is_not_known_where_no_figures_were_had() -> None:
    account = AccountSnapshot(ACCOUNT.domains, ACCOUNT.existing)
    assert one(account, quota="1024").changes == "quota set to 1024"
    assert one(account).changes == "no change"
    assert pd.isna(one(account).clean_quota)
    assert one(account, limit="500").warnings.startswith("MXroute keeps the limit, not 500")
    row, *_ = planned({"username": "info", "quota": "1024"}, account=account)
    assert (row.quota, row.before) == (1024, {"quota": None, "limit": None, "recovery_email": "", "name": ""})


def test_a_dash_is_a_blank_recovery_email_for_a_mailbox_to_be_made() -> None:
    row = one(username="new", recovery_email="-", password=GOOD)
    assert (row.verdict, row.action, row.changes, row.clean_recovery_email) == (Verdict.READY, "create", "", "")
    made, *_ = planned({"username": "new", "recovery_email": "-", "password": GOOD})
    assert not made.stored


def test_the_second_row_of_a_mailbox_is_a_duplicate_and_an_unticked_one_claims_nothing() -> None:
    rows = judged(
        {"username": "info", "ticked": False},
        {"username": "info", "quota": "1"},
        {"username": "Info@a.nl", "quota": "2"},
    )
    assert rows["verdict"].tolist() == [Verdict.READY, Verdict.READY, Verdict.DUPLICATE]
    assert rows["reasons"].iat[2] == "Same address as line 3. Change one, or leave this one out."


def test_with_skip_nothing_of_an_existing_mailbox_is_touched_and_the_way_to_change_it_is_said() -> None:
    rows = judged({"username": "info", "quota": "2048"}, on_existing=OnExisting.SKIP)
    assert rows["verdict"].iat[0] == Verdict.EXISTS
    assert rows["reasons"].iat[0] == "Skipped. To change it, choose Existing mailboxes: update."
    assert (rows["action"].iat[0], rows["changes"].iat[0]) == ("", "")


def test_no_password_is_ever_generated_for_a_mailbox_that_exists() -> None:
    rows = judged({"username": "info"}, {"username": "info@b.nl", "quota": "lots"}, {"username": "new"})
    filled = passwords.fill(rows)
    assert filled["generated"].tolist() == [False, False, True]
    assert filled["password"].iloc[:2].tolist() == ["", ""]


def test_a_new_name_that_a_spreadsheet_may_have_made_of_an_old_one_is_worth_a_look() -> None:
    agents = AccountSnapshot(
        frozenset({"a.nl"}), {"a.nl": frozenset({"007"})}, has={"a.nl": has(("007", 1024, 9600, 0.0, ""))}
    )
    after = judged(*({"username": name, "password": GOOD} for name in ("7", "007", "07", "70")), account=agents)
    assert ["007 exists" in told for told in after["warnings"]] == [True, False, False, False]
    assert set(after["verdict"]) == {Verdict.READY}


def test_a_password_generated_before_the_mailbox_was_seen_to_exist_replaces_none() -> None:
    row = {"username": "info", "password": "Gener-ated-1234", "generated": True}
    rows = judged(row)
    assert (rows["verdict"].iat[0], rows["changes"].iat[0]) == (Verdict.READY, "no change")
    assert planned(row)[0].password == ""
    assert passwords.fill(rows)["password"].iat[0] == ""


def test_kinds_tell_rows_that_are_ready_apart() -> None:
    rows = judged(
        {"username": "info"}, {"username": "info@b.nl", "quota": "1"}, {"username": "new", "password": GOOD}, {}
    )
    assert kinds(rows).tolist() == [UNCHANGED, UPDATE, "ready", "invalid"]


# The plan


def test_the_plan_holds_what_is_sent_and_what_was_before() -> None:
    quota, email, clear, limit, same, new = planned(
        {"username": "info", "quota": "2048"},
        {"username": "big", "recovery_email": "x@home.nl"},
        {"username": "info@b.nl", "recovery_email": "-"},
        {"username": "o'brien", "limit": "600"},
        {"username": "new", "password": GOOD},
        {"username": "other", "password": ""},
    )
    before = {"quota": 1024, "limit": 9600, "recovery_email": "info@home.nl", "name": NAME}
    assert (quota.action, quota.quota, quota.limit, quota.stored.get("recovery_email", "")) == (
        Action.UPDATE,
        2048,
        None,
        "",
    )
    assert (quota.before, quota.password, quota.asks_host, quota.acts) == (before, "", True, True)
    assert (email.quota, email.stored.get("recovery_email", ""), email.asks_host, email.acts) == (
        None,
        "x@home.nl",
        False,
        True,
    )
    assert (clear.stored.get("recovery_email", ""), clear.acts) == ("", False)
    assert (limit.limit, limit.acts, limit.left_out) == (600, False, "")  # told in the results, not sent
    assert (same.action, same.before, same.quota, same.limit) == (Action.CREATE, {}, 1024, 9600)
    assert new.left_out.startswith("Needs password.")


def test_a_recovery_email_that_goes_is_told_by_a_sign() -> None:
    row, *_ = planned({"username": "info", "recovery_email": "-"})
    assert (row.stored.get("recovery_email", ""), row.asks_host, row.acts) == (CLEAR, False, True)


def test_a_limit_alone_is_planned_but_asks_for_nothing() -> None:
    with_one, without = planned(
        {"username": "info", "limit": "500", "password": GOOD}, {"username": "big", "limit": "500"}
    )
    assert (with_one.limit, with_one.password) == (500, GOOD)
    assert (without.limit, without.password, without.acts) == (500, "", False)


def test_an_update_that_is_left_out_says_why_and_acts_not() -> None:
    unticked, broken = planned(
        {"username": "info", "quota": "1", "ticked": False}, {"username": "big", "quota": "lots"}
    )
    assert (unticked.left_out, unticked.acts) == ("Unticked in the preview.", False)
    assert (broken.left_out, broken.acts) == ("Quota 'lots': write 1024 or 1 GB.", False)


def confirmed(*rows: dict[str, Any]) -> str:
    table = judged(*rows)
    plan = builder.make_plan(table, JsonRows((), "staff.csv", "d"))
    figures = builder.confirmation(plan, table, existing={"a.nl": 3, "b.nl": 1}, readable_until=0.0, seconds=9.0)
    return str(confirmations.confirm(figures))


def test_the_confirmation_tells_new_changed_and_unchanged_apart_and_replaced_passwords_loudly() -> None:
    told = confirmed(
        {"username": "info", "quota": "2048", "password": GOOD},
        {"username": "big", "recovery_email": "x@home.nl"},
        {"username": "o'brien"},
        {"username": "info@b.nl", "quota": "1024"},
        {"username": "new", "password": GOOD},
        {"username": "new", "password": GOOD},
    )
    assert told == (
        "Create 1 mailbox and update 3? a.nl 1 new and 2 changed (3 now), b.nl 1 changed (1 now). "
        "1 password of an existing mailbox will be replaced. "
        "staff.csv, 6 rows; unchanged: 1; left out: 1 duplicate. "
        "1 row only changes a recovery email, which is kept here and costs no write. "
        "About 1 minute at MXroute's limit of 20 a minute. You may close this tab."
    )


def test_what_costs_no_write_takes_no_time() -> None:
    told = confirmed({"username": "info", "recovery_email": "-"}, {"username": "big", "recovery_email": "x@home.nl"})
    assert told == (
        "Update 2 mailboxes? a.nl 2 changed (3 now). staff.csv, 2 rows. "
        "2 rows only change a recovery email, which is kept here and costs no write. You may close this tab."
    )


def test_nothing_to_change_is_said() -> None:
    assert confirmed({"username": "info", "quota": "1024"}, {"username": "big"}) == (
        "Nothing to change. staff.csv, 2 rows; unchanged: 2."
    )


# What holds whatever the cells are


def update(rows: pd.DataFrame, account: AccountSnapshot = AWKWARD) -> pd.DataFrame:
    return validate(rows, account, AWKWARD_STANDARD, OnExisting.UPDATE)


def carried_out(rows: tuple[PlannedRow, ...], account: AccountSnapshot) -> tuple[AccountSnapshot, set[str]]:
    """A host and its recovery emails after a plan, as the engine does it; and the addresses that got a password."""
    existing = {domain: set(names) for domain, names in account.existing.items()}
    there = {domain: frame.assign(username=frame["username"].str.lower()).set_index("username").to_dict("index")
             for domain, frame in account.has.items()}  # fmt: skip
    touched = set()
    for row in rows:
        if not row.acts:
            continue
        if row.action is Action.CREATE:
            existing.setdefault(row.domain, set()).add(row.username)
            box = there.setdefault(row.domain, {})[row.username] = {"usage": 0.0, "recovery_email": "", "name": ""}
            box |= {"quota": row.quota, "limit": row.limit}
        box = there[row.domain][row.username]
        touched |= {row.address} if row.password else set()
        box |= {name: value for name, value in (("quota", row.quota), ("limit", row.limit)) if value is not None}
        box |= {name: "" if value == CLEAR else value for name, value in row.stored.items()}
    frames = {
        domain: pd.DataFrame([{"username": name, **box} for name, box in boxes.items()]).astype(KINDS_OF_NUMBERS)
        for domain, boxes in there.items()
    }
    names = {domain: frozenset(found) for domain, found in existing.items()}
    return AccountSnapshot(account.domains, names, account.unchecked, account.forbidden, frames), touched


@given(tables())
@UNHURRIED
def test_what_was_carried_out_is_no_change_when_it_is_judged_again(rows: pd.DataFrame) -> None:
    once = update(rows)
    account, _ = carried_out(builder.make_plan(once).rows, AWKWARD)
    again = update(rows.assign(password="", generated=False), account)
    done = (once["verdict"] == Verdict.READY) & once["ticked"]
    done &= once["clean_domain"].isin(account.has)
    assert set(again.loc[done, "changes"]) <= {"no change"}
    rest = builder.make_plan(again).rows
    assert not any(rest[at].acts for at in rows.index[done])


@given(tables())
@UNHURRIED
def test_a_blank_cell_changes_nothing(rows: pd.DataFrame) -> None:
    for row, cells in zip(builder.make_plan(update(rows)).rows, rows.itertuples(), strict=True):
        if row.action is Action.UPDATE:
            assert row.quota is None or cells.quota.strip()
            assert row.limit is None or cells.limit.strip()
            assert not row.stored.get("recovery_email", "") or cells.recovery_email.strip()
            assert not row.password or (row.password == cells.password and not cells.generated)


@given(tables())
@UNHURRIED
def test_what_is_not_in_the_file_stays_as_it_is(rows: pd.DataFrame) -> None:
    plan = builder.make_plan(update(rows))
    assert not any(row.action is Action.DELETE for row in plan.rows)
    account, touched = carried_out(plan.rows, AWKWARD)
    named = {row.address for row in plan.rows if row.acts}
    assert touched <= named
    for domain, names in AWKWARD.existing.items():
        assert names <= account.existing[domain]
    for domain, frame in AWKWARD.has.items():
        before = {box.pop("username").lower(): box for box in frame.to_dict("records")}
        after = {box.pop("username"): box for box in account.has[domain].to_dict("records")}
        assert all(after[name] == box for name, box in before.items() if f"{name}@{domain}" not in named)


@given(tables())
@UNHURRIED
def test_a_mailbox_that_exists_never_lacks_a_password_nor_gets_one_of_ours(rows: pd.DataFrame) -> None:
    once = update(rows)
    assert not (once["exists"] & (once["verdict"] == Verdict.NEEDS_PASSWORD)).any()
    assert not passwords.fill(once).loc[once["exists"], "generated"].any()


@given(tables())
@UNHURRIED
def test_updating_changes_no_verdict_of_a_row_to_create(rows: pd.DataFrame) -> None:
    skipping, updating = validate(rows, AWKWARD, AWKWARD_STANDARD), update(rows)
    new = ~skipping["exists"]
    same = ["verdict", "warnings", "clean_quota", "clean_limit", "clean_recovery_email", "changes"]
    pd.testing.assert_frame_equal(skipping.loc[new, same], updating.loc[new, same])


@given(tables(), st.sampled_from(["Winter-2026", "S3cret!!!word"]))
@UNHURRIED
def test_no_password_is_in_what_is_said(rows: pd.DataFrame, password: str) -> None:
    told = update(rows.assign(password=password))
    for column in ("changes", "reasons", "warnings"):
        assert not told[column].str.contains(password, regex=False).any()
