"""What holds of judging whatever the cells are."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core import passwords
from mxlib.core.editing.draft import Draft
from mxlib.core.findings import kinds_of
from mxlib.core.import_batch import ImportBatch
from mxlib.core.text import findings
from mxlib.core.validation.rules import validate
from mxlib.core.vocabulary import OnExisting, Verdict
from script.bench_judging import ACCOUNT as BENCH_ACCOUNT
from script.bench_judging import STANDARD as BENCH_STANDARD
from script.bench_judging import judge_row_by_row, rows_of, spreadsheet
from tests.support.hypothesis_profiles import examples
from tests.support.row_strategies import ACCOUNT, ANYTHING, CELLS, STANDARD, UNHURRIED, tables


@given(tables(), st.sampled_from(OnExisting))
@settings(UNHURRIED, max_examples=examples(200))
def test_columns_and_a_loop_over_rows_agree(rows: pd.DataFrame, on_existing: OnExisting):
    told = validate(rows, ACCOUNT, STANDARD, on_existing)
    pd.testing.assert_frame_equal(told.drop(columns=CODES), judge_row_by_row(rows, ACCOUNT, STANDARD, on_existing))


#: What validation says by code, beside the texts.
CODES = ["reason_codes", "warning_codes", "change_codes"]


@given(tables(), st.sampled_from(OnExisting))
@settings(UNHURRIED, max_examples=examples(200))
def test_every_sentence_has_its_code(rows: pd.DataFrame, on_existing: OnExisting):
    told = validate(rows, ACCOUNT, STANDARD, on_existing)
    for text, codes in zip(("reasons", "warnings", "changes"), CODES, strict=True):
        for sentences, bits in zip(told[text], told[codes], strict=True):
            assert len(kinds_of(bits)) == (sentences.count("\n") + 1 if sentences else 0)


@given(tables())
@UNHURRIED
def test_a_row_has_a_reason_unless_it_is_ready_and_a_warning_only_if_it_can_be_sent(rows: pd.DataFrame):
    for row in validate(rows, ACCOUNT, STANDARD).itertuples():
        assert (row.reasons == "") == (row.verdict == Verdict.READY)
        assert row.warnings == "" or row.verdict in {Verdict.READY, Verdict.NEEDS_PASSWORD}


@given(tables())
@UNHURRIED
def test_the_worst_that_is_true_decides(rows: pd.DataFrame):
    for row in validate(rows, ACCOUNT, STANDARD).itertuples():
        told = row.reasons.splitlines()
        also = [
            (Verdict.DUPLICATE, any(line.startswith("Same address as") for line in told)),
            (Verdict.EXISTS, any(line.endswith(findings.EXISTS) for line in told)),
            (Verdict.NEEDS_PASSWORD, any(line.endswith(findings.NEEDS_PASSWORD) for line in told)),
        ]
        mild = [kind for kind, true in also if true]
        invalid = len(told) > len(mild)
        assert row.verdict == (Verdict.INVALID if invalid else (mild or [Verdict.READY])[0])


@given(tables())
@UNHURRIED
def test_what_would_be_sent_is_judged_the_same_when_it_comes_back(rows: pd.DataFrame):
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
def test_no_address_is_sent_twice_and_none_that_exists(rows: pd.DataFrame):
    once = validate(rows, ACCOUNT, STANDARD)
    sent = once.loc[once["ticked"] & once["verdict"].isin([Verdict.READY, Verdict.NEEDS_PASSWORD])]
    pairs = list(zip(sent["clean_username"], sent["clean_domain"], strict=True))
    assert len(pairs) == len(set(pairs))
    assert not any(name in ACCOUNT.existing.get(domain, ()) for name, domain in pairs)
    assert {domain for _, domain in pairs} <= ACCOUNT.domains - ACCOUNT.forbidden.keys()


@given(tables(), st.data())
@UNHURRIED
def test_the_order_of_rows_matters_for_duplicates_only(rows: pd.DataFrame, data: st.DataObject):
    order = data.draw(st.permutations(range(len(rows))))
    straight = validate(rows, ACCOUNT, STANDARD).iloc[order].reset_index(drop=True)
    shuffled = validate(rows.iloc[order].reset_index(drop=True), ACCOUNT, STANDARD)
    either = {Verdict.DUPLICATE, Verdict.READY, Verdict.NEEDS_PASSWORD}
    for one, other in zip(straight["verdict"], shuffled["verdict"], strict=True):
        assert one == other or {one, other} <= either
    assert sorted(straight["verdict"] == Verdict.INVALID) == sorted(shuffled["verdict"] == Verdict.INVALID)


@given(tables())
@UNHURRIED
def test_every_domain_that_decides_is_named_beforehand(rows: pd.DataFrame):
    judged = validate(rows, ACCOUNT, STANDARD)
    assert set(judged["clean_domain"]) - {""} == ImportBatch(rows, STANDARD.domain).domains


@given(tables())
@UNHURRIED
def test_a_filled_table_lacks_no_password_and_keeps_those_that_were_typed(rows: pd.DataFrame):
    judged = validate(rows, ACCOUNT, STANDARD)
    filled = passwords.fill(judged)
    told = validate(filled, ACCOUNT, STANDARD)
    assert not (told["verdict"] == Verdict.NEEDS_PASSWORD).any()
    assert not told["reasons"].str.contains(findings.NEEDS_PASSWORD, regex=False).any()
    typed = ~filled["generated"] & ~rows["generated"]
    assert (filled.loc[typed, "password"] == rows.loc[typed, "password"]).all()
    assert not (filled["generated"] & judged["exists"]).any()
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
def test_any_edit_leaves_a_table_that_can_be_judged(rows: pd.DataFrame, changes: dict[int, dict[str, object]]):
    before = rows.copy(deep=True)
    edited = Draft(rows).edited(changes)
    pd.testing.assert_frame_equal(rows, before)
    assert edited.rows.dtypes.equals(rows.dtypes)
    assert (edited.rows["line"] == rows["line"]).all()
    validate(edited.rows, ACCOUNT, STANDARD)


def test_what_the_bench_judges_is_judged_alike_by_both_and_holds_every_verdict():
    rows = rows_of(spreadsheet(1_500), 1_500)
    judged = validate(rows, BENCH_ACCOUNT, BENCH_STANDARD)
    pd.testing.assert_frame_equal(judged.drop(columns=CODES), judge_row_by_row(rows, BENCH_ACCOUNT, BENCH_STANDARD))
    assert set(judged["verdict"]) == set(Verdict)
