"""Validation after an edit: the same as of the whole table, whatever was edited."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import addresses
from mxlib.core.clients import DomainTerms, Terms
from mxlib.core.editing.draft import Draft
from mxlib.core.schema import make_rows
from mxlib.core.validation import incremental, rules
from mxlib.core.validation.incremental import Validation
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting
from tests.support.row_strategies import ACCOUNT, CELLS, STANDARD, UNHURRIED, tables

MANY = st.integers(20, 60)

#: The same account where a client has room for some of the new mailboxes.
CAPPED = replace(ACCOUNT, terms={STANDARD.domain: DomainTerms("A", Terms(max_quota=5000, max_mailboxes=24), 2)})


def whole(
    rows: pd.DataFrame, on_existing: OnExisting, account: AccountSnapshot = ACCOUNT, defaults: Defaults = STANDARD
) -> Validation:
    parsed = addresses.read(rows, defaults.domain)
    found = rules.validate(rows, account, defaults, on_existing, parsed)
    return Validation(rows, parsed, account, defaults, on_existing, found)


def again(last: Validation, rows: pd.DataFrame, account: AccountSnapshot = ACCOUNT) -> Validation | None:
    changed = incremental.changed_rows(last, rows)
    assert changed is not None
    parsed = incremental.read_addresses(last, rows, changed, STANDARD.domain)
    return incremental.validate_again(last, rows, parsed, account, changed)


def with_origins(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(origin=np.arange(len(rows)))


def filler(count: int) -> pd.DataFrame:
    """Rows besides the awkward ones, so that an edit concerns few of all."""
    return make_rows({"username": [f"p{number}" for number in range(count)]}, line=range(100, 100 + count))


EDITS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.one_of(
            *(st.tuples(st.just(name), st.sampled_from(cells)) for name, cells in CELLS.items()),
            st.tuples(st.just("ticked"), st.booleans()),
        ),
    ),
    max_size=6,
)


@given(
    table=tables(),
    rest=MANY,
    steps=st.lists(EDITS, max_size=3),
    on_existing=st.sampled_from(OnExisting),
    account=st.sampled_from([ACCOUNT, CAPPED]),
    suggestable=st.sampled_from([frozenset[str](), ACCOUNT.domains]),
    spelled=st.sampled_from([None, False, True]),
)
@UNHURRIED
def test_after_any_edits_it_equals_the_validation_of_the_whole_table(
    table: pd.DataFrame,
    rest: int,
    steps: list[list[tuple[int, tuple[str, object]]]],
    on_existing: OnExisting,
    account: AccountSnapshot,
    suggestable: frozenset[str],
    spelled: bool | None,
) -> None:
    account, defaults = replace(account, suggestable_domains=suggestable), replace(STANDARD, spelled=spelled)
    draft = Draft(with_origins(pd.concat([table, filler(rest)], ignore_index=True)))
    last = whole(draft.rows, on_existing, account, defaults)
    for edits in steps:
        for at, (name, value) in edits:
            draft = draft.edited({at: {name: value}} if at < len(table) else {})
        expected = whole(draft.rows, on_existing, account, defaults)
        found = again(last, draft.rows, account)
        if found is not None:
            pd.testing.assert_frame_equal(found.validated, expected.validated)
            assert found.addresses.full.to_pylist() == expected.addresses.full.to_pylist()
        last = found or expected


def duplicates(count: int = 40) -> Draft:
    rows = pd.concat([make_rows({"username": ["ann", "bob", "ann"]}, line=[2, 3, 4]), filler(count)], ignore_index=True)
    return Draft(with_origins(rows))


def verdicts(found: Validation | None, most: int = 3) -> list[str]:
    assert found is not None
    return found.validated["verdict"].tolist()[:most]


def test_a_row_that_gives_up_its_address_frees_the_next_one() -> None:
    draft = duplicates()
    last = whole(draft.rows, OnExisting.SKIP)
    assert verdicts(last) == ["needs_password", "needs_password", "duplicate"]
    assert verdicts(again(last, draft.edited({0: {"username": "bob"}}).rows)) == [
        "needs_password",
        "duplicate",
        "needs_password",
    ]


def test_a_row_that_is_left_out_makes_room_for_the_first_one_over_the_number() -> None:
    draft = duplicates()
    last = whole(draft.rows, OnExisting.SKIP, CAPPED)
    found = again(last, draft.edited({0: {"ticked": False}}).rows, CAPPED)
    assert found is not None
    assert [(last.validated["verdict"] == "invalid").sum(), (found.validated["verdict"] == "invalid").sum()] == [20, 20]
    found = again(last, draft.edited({1: {"ticked": False}}).rows, CAPPED)
    assert found is not None
    assert (found.validated["verdict"] == "invalid").sum() == 19


def test_only_the_rows_concerned_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = duplicates()
    last = whole(draft.rows, OnExisting.SKIP)
    seen: list[int] = []
    validate = rules.validate

    def counted(rows: pd.DataFrame, *given: object) -> pd.DataFrame:
        seen.append(len(rows))
        return validate(rows, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(rules, "validate", counted)
    again(last, draft.edited({1: {"username": "ann"}}).rows)
    again(last, draft.rows)
    assert seen == [3]


def test_other_rows_or_another_account_need_a_validation_of_everything() -> None:
    draft = duplicates()
    last = whole(draft.rows, OnExisting.SKIP)
    assert incremental.changed_rows(last, draft.deleted([0]).rows) is None
    assert incremental.changed_rows(last, draft.added().rows) is None
    assert again(last, draft.rows, replace(ACCOUNT, unchecked=frozenset())) is None
    assert again(last, draft.rows, replace(ACCOUNT, has=dict(ACCOUNT.has))) is not None
    assert again(last, draft.edited({at: {"quota": "1"} for at in range(20)}).rows) is None
    assert last.defaults == Defaults("a.nl")
