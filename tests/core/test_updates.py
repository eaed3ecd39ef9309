"""Rows of existing mailboxes, validated and planned as updates."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.findings import kinds_of
from mxlib.core.mapping.json_rows import JsonRows
from mxlib.core.plans import builder
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.schema import MASK, make_rows
from mxlib.core.text import confirmations, findings
from mxlib.core.text.confirmations import Confirmation
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
    """Return the stored values of mailboxes, each given as name, quota, limit, usage, recovery email."""
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


def validated(
    *rows: dict[str, Any], account: AccountSnapshot = ACCOUNT, on_existing: OnExisting = OnExisting.UPDATE
) -> pd.DataFrame:
    names = {name for row in rows for name in row} - {"ticked", "generated"}
    metadata = {
        name: [row.get(name, usual) for row in rows] for name, usual in (("ticked", True), ("generated", False))
    }
    cells = {name: [row.get(name, "") for row in rows] for name in names}
    return validate(make_rows(cells, line=[*range(2, len(rows) + 2)], **metadata), account, STANDARD, on_existing)


def one(account: AccountSnapshot = ACCOUNT, **row: Any) -> Any:
    return next(validated({"username": "info"} | row, account=account).itertuples())


def planned(*rows: dict[str, Any], account: AccountSnapshot = ACCOUNT) -> tuple[PlannedRow, ...]:
    return builder.make_plan(validated(*rows, account=account)).rows


# What a row changes


@pytest.mark.parametrize(
    ("cells", "message"),
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
def test_the_changes_of_a_row_are_described_in_phrases(cells: dict[str, str], message: str) -> None:
    row = one(**cells)
    assert (row.verdict, row.reasons, row.action) == (Verdict.READY, "", "update")
    assert findings.in_one_line(row.changes) == message


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"quota": "500"}, "Uses 801 MB; at 500 MB it stops receiving mail."),
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
def test_doubtful_updates_get_a_warning(cells: dict[str, str], message: str) -> None:
    row = one(**cells)
    assert (row.verdict, row.warnings) == (Verdict.READY, message)


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
def test_an_invalid_cell_makes_an_update_invalid_and_without_changes(cells: dict[str, str]) -> None:
    row = one(**cells)
    assert (row.verdict, row.changes) == (Verdict.INVALID, "")
    assert row.reasons


def test_an_existing_mailbox_may_have_a_username_that_a_new_one_may_not() -> None:
    assert one(username="o'brien").verdict == Verdict.READY


def test_without_figures_of_the_host_changes_name_only_the_new_value() -> None:
    account = AccountSnapshot(ACCOUNT.domains, ACCOUNT.existing)
    assert one(account, quota="1024").changes == "quota set to 1024"
    assert one(account).changes == "no change"
    assert pd.isna(one(account).clean_quota)
    assert one(account, limit="500").warnings.startswith("MXroute keeps the limit, not 500")
    row, *_ = planned({"username": "info", "quota": "1024"}, account=account)
    assert (row.quota, row.before) == (1024, {"quota": None, "limit": None, "recovery_email": "", "name": ""})


def test_a_dash_means_no_recovery_email_for_a_new_mailbox() -> None:
    row = one(username="new", recovery_email="-", password=GOOD)
    assert (row.verdict, row.action, row.changes, row.clean_recovery_email) == (Verdict.READY, "create", "", "")
    made, *_ = planned({"username": "new", "recovery_email": "-", "password": GOOD})
    assert not made.stored


def test_the_second_ticked_row_of_a_mailbox_is_a_duplicate() -> None:
    rows = validated(
        {"username": "info", "ticked": False},
        {"username": "info", "quota": "1"},
        {"username": "Info@a.nl", "quota": "2"},
    )
    assert rows["verdict"].tolist() == [Verdict.READY, Verdict.READY, Verdict.DUPLICATE]
    assert rows["reasons"].iat[2] == "Same address as line 3. Change one, or leave this one out."


def test_with_skip_an_existing_mailbox_is_unchanged_and_the_reason_says_how_to_update_it() -> None:
    rows = validated({"username": "info", "quota": "2048"}, on_existing=OnExisting.SKIP)
    assert rows["verdict"].iat[0] == Verdict.EXISTS
    assert rows["reasons"].iat[0] == "Skipped. To change it, choose Update existing."
    assert (rows["action"].iat[0], rows["changes"].iat[0]) == ("", "")


def test_no_password_is_ever_generated_for_a_mailbox_that_exists() -> None:
    rows = validated({"username": "info"}, {"username": "info@b.nl", "quota": "lots"}, {"username": "new"})
    filled = passwords.fill(rows)
    assert filled["generated"].tolist() == [False, False, True]
    assert filled["password"].iloc[:2].tolist() == ["", ""]


def test_a_username_that_a_spreadsheet_may_have_stripped_of_zeros_gets_a_warning() -> None:
    agents = AccountSnapshot(
        frozenset({"a.nl"}), {"a.nl": frozenset({"007"})}, has={"a.nl": has(("007", 1024, 9600, 0.0, ""))}
    )
    after = validated(*({"username": name, "password": GOOD} for name in ("7", "007", "07", "70")), account=agents)
    assert ["007 exists" in message for message in after["warnings"]] == [True, False, False, False]
    assert set(after["verdict"]) == {Verdict.READY}


def test_a_generated_password_never_replaces_that_of_an_existing_mailbox() -> None:
    row = {"username": "info", "password": "Gener-ated-1234", "generated": True}
    rows = validated(row)
    assert (rows["verdict"].iat[0], rows["changes"].iat[0]) == (Verdict.READY, "no change")
    assert planned(row)[0].password == ""
    assert passwords.fill(rows)["password"].iat[0] == ""


def test_kinds_distinguish_new_updated_and_unchanged_rows() -> None:
    rows = validated(
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
    assert (limit.limit, limit.acts, limit.left_out) == (600, False, "")  # reported in the results, not sent
    assert (same.action, same.before, same.quota, same.limit) == (Action.CREATE, {}, 1024, 9600)
    assert new.left_out.startswith("Needs password.")


def test_a_removed_recovery_email_is_planned_with_the_clear_mark() -> None:
    row, *_ = planned({"username": "info", "recovery_email": "-"})
    assert (row.stored.get("recovery_email", ""), row.asks_host, row.acts) == (CLEAR, False, True)


def test_a_limit_without_a_password_is_planned_but_not_sent() -> None:
    with_one, without = planned(
        {"username": "info", "limit": "500", "password": GOOD}, {"username": "big", "limit": "500"}
    )
    assert (with_one.limit, with_one.password) == (500, GOOD)
    assert (without.limit, without.password, without.acts) == (500, "", False)


def test_a_left_out_update_has_a_reason_and_is_not_carried_out() -> None:
    unticked, broken = planned(
        {"username": "info", "quota": "1", "ticked": False}, {"username": "big", "quota": "lots"}
    )
    assert (unticked.left_out, unticked.acts) == ("Unticked in the preview.", False)
    assert (broken.left_out, broken.acts) == ("Quota 'lots': write 1024 or 1 GB.", False)


def confirmed(*rows: dict[str, Any]) -> Confirmation:
    table = validated(*rows)
    plan = builder.make_plan(table, JsonRows((), "staff.csv", "d"))
    return builder.confirmation(plan, table, existing={"a.nl": 3, "b.nl": 1}, seconds=9.0)


def test_the_confirmation_counts_new_changed_and_unchanged_and_replaced_passwords() -> None:
    figures = confirmed(
        {"username": "info", "quota": "2048", "password": GOOD},
        {"username": "big", "recovery_email": "x@home.nl"},
        {"username": "o'brien"},
        {"username": "info@b.nl", "quota": "1024"},
        {"username": "new", "password": GOOD},
        {"username": "new", "password": GOOD},
    )
    assert [(each.domain, each.now, each.new, each.changed, each.after) for each in figures.domains] == [
        ("a.nl", 3, 1, 2, 4),
        ("b.nl", 1, 0, 1, 1),
    ]
    assert (figures.replaced, figures.unchanged, figures.duplicates, figures.kept_here) == (1, 1, 1, 1)
    assert confirmations.time(figures) == "1 minute"


def test_updates_without_a_write_add_no_time() -> None:
    figures = confirmed({"username": "info", "recovery_email": "-"}, {"username": "big", "recovery_email": "x@home.nl"})
    assert (figures.changed, figures.kept_here, confirmations.time(figures)) == (2, 2, "At once")


def test_the_confirmation_of_no_changes_has_nothing_to_do() -> None:
    figures = confirmed({"username": "info", "quota": "1024"}, {"username": "big"})
    assert (figures.mailboxes, figures.unchanged, figures.domains) == (0, 2, ())


def test_only_updates_below_use_that_are_sent_stop_mail() -> None:
    figures = confirmed(
        {"username": "info", "quota": "800"},
        {"username": "big", "quota": "8", "ticked": False},
        {"username": "o'brien", "quota": "1"},
        {"username": "info@b.nl", "quota": "1"},
    )
    assert (figures.stop_mail, figures.changed) == (1, 3)


# Properties for any cells


def update(rows: pd.DataFrame, account: AccountSnapshot = AWKWARD) -> pd.DataFrame:
    return validate(rows, account, AWKWARD_STANDARD, OnExisting.UPDATE)


def carried_out(rows: tuple[PlannedRow, ...], account: AccountSnapshot) -> tuple[AccountSnapshot, set[str]]:
    """Return the host after a plan, as the engine carries it out, and the addresses that got a password."""
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
def test_rows_carried_out_are_no_change_when_validated_again(rows: pd.DataFrame) -> None:
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
def test_mailboxes_that_are_not_in_the_file_stay_unchanged(rows: pd.DataFrame) -> None:
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
def test_an_existing_mailbox_never_needs_or_gets_a_generated_password(rows: pd.DataFrame) -> None:
    once = update(rows)
    assert not (once["exists"] & (once["verdict"] == Verdict.NEEDS_PASSWORD)).any()
    assert not passwords.fill(once).loc[once["exists"], "generated"].any()


@given(tables())
@UNHURRIED
def test_updating_does_not_change_the_verdicts_of_new_rows(rows: pd.DataFrame) -> None:
    skipping, updating = validate(rows, AWKWARD, AWKWARD_STANDARD), update(rows)
    new = ~skipping["exists"]
    same = ["verdict", "warnings", "clean_quota", "clean_limit", "clean_recovery_email", "changes"]
    pd.testing.assert_frame_equal(skipping.loc[new, same], updating.loc[new, same])


@given(tables(), st.sampled_from(["Winter-2026", "S3cret!!!word"]))
@UNHURRIED
def test_no_password_is_in_changes_reasons_or_warnings(rows: pd.DataFrame, password: str) -> None:
    message = update(rows.assign(password=password))
    for column in ("changes", "reasons", "warnings"):
        assert not message[column].str.contains(password, regex=False).any()


LOCKED = replace(
    ACCOUNT,
    has={"a.nl": ACCOUNT.has["a.nl"].assign(is_locked=[True, False, False], being_locked=[False, True, False])},
)


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ({"username": "info", "password": "Geheim.2026x"}, ["mailbox_locked"]),
        ({"username": "O'Brien", "password": "Geheim.2026x", "quota": "9"}, ["mailbox_locked"]),
        ({"username": "info", "quota": "2048"}, []),
        ({"username": "big", "password": "Geheim.2026x"}, []),
        ({"username": "info", "password": "Geheim.2026x", "generated": True}, []),
    ],
)
def test_a_password_for_a_locked_mailbox_stops_its_row(row: dict[str, Any], codes: list[str]) -> None:
    found = one(LOCKED, **row)
    assert [kind.code.value for kind in kinds_of(found.reason_codes)] == codes
    assert (found.verdict == Verdict.INVALID) is bool(codes)
    if codes:
        assert "is locked" in found.reasons
