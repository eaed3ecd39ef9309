"""Properties of validation that hold for any cells."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.editing.draft import Draft
from mxlib.core.findings import kinds_of
from mxlib.core.import_batch import ImportBatch
from mxlib.core.text import findings
from mxlib.core.validation.rules import SUGGESTED, validate
from mxlib.core.vocabulary import OnExisting, Verdict
from script.bench_validation import ACCOUNT as BENCH_ACCOUNT
from script.bench_validation import STANDARD as BENCH_STANDARD
from script.bench_validation import rows_of, spreadsheet, validate_row_by_row
from tests.support.row_strategies import ACCOUNT, ANYTHING, CELLS, STANDARD, UNHURRIED, tables

pytestmark = pytest.mark.slow


@given(tables(), st.sampled_from(OnExisting))
@UNHURRIED
def test_validation_by_columns_and_row_by_row_agree(rows: pd.DataFrame, on_existing: OnExisting):
    validated = validate(rows, ACCOUNT, STANDARD, on_existing)
    pd.testing.assert_frame_equal(
        validated.drop(columns=[*CODES, *SUGGESTIONS]), validate_row_by_row(rows, ACCOUNT, STANDARD, on_existing)
    )


#: Columns that hold the findings as codes, next to their texts.
CODES = ["reason_codes", "warning_codes", "change_codes"]
SUGGESTIONS = [f"suggested_{name}" for name in SUGGESTED]


@given(tables(), st.sampled_from(OnExisting))
@UNHURRIED
def test_every_message_has_its_code(rows: pd.DataFrame, on_existing: OnExisting):
    validated = validate(rows, ACCOUNT, STANDARD, on_existing)
    for text, codes in zip(("reasons", "warnings", "changes"), CODES, strict=True):
        for sentences, bits in zip(validated[text], validated[codes], strict=True):
            assert len(kinds_of(bits)) == (sentences.count("\n") + 1 if sentences else 0)


@given(tables())
@UNHURRIED
def test_every_row_not_ready_has_a_reason_and_only_sendable_rows_have_warnings(rows: pd.DataFrame):
    for row in validate(rows, ACCOUNT, STANDARD).itertuples():
        assert (row.reasons == "") == (row.verdict == Verdict.READY)
        assert row.warnings == "" or row.verdict in {Verdict.READY, Verdict.NEEDS_PASSWORD}


@given(tables())
@UNHURRIED
def test_the_most_severe_finding_decides_the_verdict(rows: pd.DataFrame):
    for row in validate(rows, ACCOUNT, STANDARD).itertuples():
        reasons = row.reasons.splitlines()
        also = [
            (Verdict.DUPLICATE, any(line.startswith("Same address as") for line in reasons)),
            (Verdict.EXISTS, any(line.endswith(findings.EXISTS) for line in reasons)),
            (Verdict.NEEDS_PASSWORD, any(line.endswith(findings.NEEDS_PASSWORD) for line in reasons)),
        ]
        mild = [kind for kind, true in also if true]
        invalid = len(reasons) > len(mild)
        assert row.verdict == (Verdict.INVALID if invalid else (mild or [Verdict.READY])[0])


@given(tables())
@UNHURRIED
def test_cleaned_rows_get_the_same_verdict_when_validated_again(rows: pd.DataFrame):
    once = validate(rows, ACCOUNT, STANDARD)
    again = once.assign(
        username=once["clean_username"],
        domain=once["clean_domain"],
        recovery_email=once["clean_recovery_email"],
        name=once["clean_name"],
    )[rows.columns]
    twice = validate(again, ACCOUNT, STANDARD)
    ready = (once["verdict"] == Verdict.READY).to_numpy()
    columns = ["verdict", "clean_username", "clean_domain", "clean_recovery_email", "clean_name"]
    columns += ["clean_quota", "clean_limit"]
    pd.testing.assert_frame_equal(once.loc[ready, columns], twice.loc[ready, columns])


@given(tables())
@UNHURRIED
def test_no_address_is_sent_twice_or_if_it_exists(rows: pd.DataFrame):
    once = validate(rows, ACCOUNT, STANDARD)
    sent = once.loc[once["ticked"] & once["verdict"].isin([Verdict.READY, Verdict.NEEDS_PASSWORD])]
    pairs = list(zip(sent["clean_username"], sent["clean_domain"], strict=True))
    assert len(pairs) == len(set(pairs))
    assert not any(name in ACCOUNT.existing.get(domain, ()) for name, domain in pairs)
    assert {domain for _, domain in pairs} <= ACCOUNT.domains - ACCOUNT.forbidden.keys()


@given(tables(), st.data())
@UNHURRIED
def test_the_order_of_rows_affects_duplicates_only(rows: pd.DataFrame, data: st.DataObject):
    order = data.draw(st.permutations(range(len(rows))))
    straight = validate(rows, ACCOUNT, STANDARD).iloc[order].reset_index(drop=True)
    shuffled = validate(rows.iloc[order].reset_index(drop=True), ACCOUNT, STANDARD)
    either = {Verdict.DUPLICATE, Verdict.READY, Verdict.NEEDS_PASSWORD}
    for one, other in zip(straight["verdict"], shuffled["verdict"], strict=True):
        assert one == other or {one, other} <= either
    assert sorted(straight["verdict"] == Verdict.INVALID) == sorted(shuffled["verdict"] == Verdict.INVALID)


@given(tables())
@UNHURRIED
def test_the_batch_names_every_domain_that_validation_needs(rows: pd.DataFrame):
    validated = validate(rows, ACCOUNT, STANDARD)
    assert set(validated["clean_domain"]) - {""} == ImportBatch(rows, STANDARD.domain).domains


@given(tables())
@UNHURRIED
def test_filling_leaves_no_password_missing_and_keeps_typed_ones(rows: pd.DataFrame):
    validated = validate(rows, ACCOUNT, STANDARD)
    filled = passwords.fill(validated)
    validated_again = validate(filled, ACCOUNT, STANDARD)
    assert not (validated_again["verdict"] == Verdict.NEEDS_PASSWORD).any()
    assert not validated_again["reasons"].str.contains(findings.NEEDS_PASSWORD, regex=False).any()
    typed = ~filled["generated"] & ~rows["generated"]
    assert (filled.loc[typed, "password"] == rows.loc[typed, "password"]).all()
    assert not (filled["generated"] & validated["exists"]).any()
    others = [name for name in rows.columns if name not in {"password", "generated"}]
    pd.testing.assert_frame_equal(filled[others], rows[others])


@given(
    tables(),
    st.dictionaries(
        st.integers(-3, 12),
        st.dictionaries(st.sampled_from([*CELLS, "ticked", "line", "nonsense"]), st.none() | st.booleans() | ANYTHING),
    ),
)
@UNHURRIED
def test_any_edit_leaves_a_table_that_can_be_validated(rows: pd.DataFrame, changes: dict[int, dict[str, object]]):
    before = rows.copy(deep=True)
    edited = Draft(rows).edited(changes)
    pd.testing.assert_frame_equal(rows, before)
    assert edited.rows.dtypes.equals(rows.dtypes)
    assert (edited.rows["line"] == rows["line"]).all()
    validate(edited.rows, ACCOUNT, STANDARD)


def test_both_validations_of_the_benchmark_agree_and_cover_every_verdict():
    rows = rows_of(spreadsheet(1_500), 1_500)
    validated = validate(rows, BENCH_ACCOUNT, BENCH_STANDARD)
    pd.testing.assert_frame_equal(
        validated.drop(columns=[*CODES, *SUGGESTIONS]), validate_row_by_row(rows, BENCH_ACCOUNT, BENCH_STANDARD)
    )
    assert set(validated["verdict"]) == set(Verdict)
