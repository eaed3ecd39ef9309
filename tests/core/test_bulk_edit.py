"""Bulk edits: one change to many rows at once."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core.editing import bulk_edit
from mxlib.core.editing.draft import Draft
from mxlib.core.schema import COLUMNS, MAX_CELL_LENGTH, make_rows
from mxlib.core.validation.rules import AccountSnapshot, Defaults, validate
from mxlib.core.vocabulary import Verdict
from tests.support.hypothesis_profiles import examples


def draft(*usernames: str) -> Draft:
    return Draft(make_rows({"username": list(usernames), "quota": ["1024"] * len(usernames)}))


def test_a_value_is_put_into_the_given_rows_only() -> None:
    put = bulk_edit.put(draft("a", "b", "c"), [0, 2], "quota", "2048")
    assert list(put.rows["quota"]) == ["2048", "1024", "2048"]


@pytest.mark.parametrize("column", ["password", "line", "verdict"])
def test_only_domain_quota_and_limit_are_put_in_bulk(column: str) -> None:
    before = draft("a")
    assert bulk_edit.put(before, [0], column, "x") is before


def test_prefix_and_suffix_go_around_the_username_not_the_whole_address() -> None:
    affixed = bulk_edit.affix(draft("jan", "kim@b.nl", ""), [0, 1, 2], before="x.", after=".y")
    assert list(affixed.rows["username"]) == ["x.jan.y", "x.kim.y@b.nl", ""]


def test_text_is_replaced_in_one_column_only() -> None:
    before = Draft(make_rows({"username": ["jan_smit"], "recovery_email": ["jan_smit@example.org"]}))
    after = bulk_edit.replace(before, [0], "username", "_", ".")
    assert list(after.rows["username"]) == ["jan.smit"]
    assert list(after.rows["recovery_email"]) == ["jan_smit@example.org"]


def test_passwords_are_never_replaced_in_bulk() -> None:
    before = Draft(make_rows({"username": ["a"], "password": ["Geheim.2026x"]}))
    assert bulk_edit.replace(before, [0], "password", "Geheim", "x") is before


def validated(before: Draft, *verdicts: Verdict) -> pd.DataFrame:
    return before.rows.assign(
        verdict=pd.Series([*verdicts], dtype="str"), exists=[verdict is Verdict.EXISTS for verdict in verdicts]
    )


@pytest.mark.parametrize("verdict", [Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE])
def test_leaving_out_a_verdict_affects_only_the_given_rows_with_that_verdict(verdict: Verdict) -> None:
    before = draft("a", "b", "c", "d", "e")
    kinds = [Verdict.READY, Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE]
    out = bulk_edit.leave_out(before, [0, 1, 2, 3, 9], validated(before, *kinds, verdict), verdict)
    assert list(out.rows["ticked"]) == [*(kind is not verdict for kind in kinds), True]


def test_only_rows_that_are_left_out_are_deleted_in_bulk() -> None:
    before = draft("a", "b", "c").ticked([0, 2], False)
    assert list(bulk_edit.delete_left_out(before, [0, 1]).rows["username"]) == ["b", "c"]
    assert bulk_edit.delete_left_out(before, [1]) is before


def test_generating_fills_missing_passwords_in_the_given_rows_only() -> None:
    before = draft("a", "b", "c", "d").edited({1: {"password": "Geheim.2026x"}})
    verdicts = validated(before, Verdict.NEEDS_PASSWORD, Verdict.READY, Verdict.NEEDS_PASSWORD, Verdict.EXISTS)
    after = bulk_edit.generate(before, [0, 1, 3, 7], verdicts)
    assert list(after.rows["generated"]) == [True, False, False, False]
    assert after.rows["password"].tolist()[1:] == ["Geheim.2026x", "", ""]
    assert len(after.rows["password"][0]) >= 16
    assert list(before.rows["password"]) == ["", "Geheim.2026x", "", ""]


def test_generating_again_replaces_passwords_except_those_of_existing_mailboxes() -> None:
    before = draft("a", "b").edited({at: {"password": "Geheim.2026x"} for at in (0, 1)})
    after = bulk_edit.generate(before, [0, 1], validated(before, Verdict.READY, Verdict.EXISTS), overwrite=True)
    assert list(after.rows["generated"]) == [True, False]
    assert after.rows["password"][0] != "Geheim.2026x"
    assert after.rows["password"][1] == "Geheim.2026x"


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.text(max_size=8), min_size=1, max_size=6), st.sets(st.integers(-3, 9)), st.sampled_from(COLUMNS))
def test_no_bulk_edit_fails_on_unknown_positions_or_changes_other_rows(
    names: list[str], positions: set[int], column: str
) -> None:
    before = draft(*names)
    for after in (
        bulk_edit.put(before, positions, column, "7"),
        bulk_edit.affix(before, positions, before="a", after="b"),
        bulk_edit.replace(before, positions, column, "a", "b"),
        bulk_edit.leave_out(before, positions, validated(before, *[Verdict.INVALID] * len(names)), Verdict.INVALID),
        bulk_edit.generate(before, positions, validated(before, *[Verdict.READY] * len(names))),
    ):
        assert len(after) == len(before)
        kept = [at for at in range(len(before)) if at not in positions]
        pd.testing.assert_frame_equal(after.rows.iloc[kept], before.rows.iloc[kept])


def test_one_long_text_does_not_fill_ten_thousand_rows() -> None:
    long = "a" * 1_000_000
    rows = Draft(make_rows({"username": ["aa", "jan"]}))
    changed = [
        bulk_edit.put(rows, [0, 1], "domain", long),
        bulk_edit.affix(rows, [0, 1], before=long, after=long),
        bulk_edit.replace(rows, [0, 1], "username", "a", long),
        rows.edited({0: {"username": long, "password": long}, 1: {"quota": long}}),
    ]
    for _ in range(9):
        changed.append(bulk_edit.replace(changed[-1], [0, 1], "username", "a", "aaa"))
    for one in changed:
        assert max(one.rows[name].str.len().max() for name in COLUMNS) <= MAX_CELL_LENGTH + 1
        validated = validate(one.rows, AccountSnapshot(frozenset({"a.nl"}), {"a.nl": frozenset()}), Defaults("a.nl"))
        assert validated["verdict"].iat[0] == "invalid"
