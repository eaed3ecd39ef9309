"""The choices seen from our columns: each has one column of the file at most, and a column fills one of ours."""

from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import targets
from mxlib.core.mapping.choices import CHOICES, FIRST_NAME, LAST_NAME, PARTICLE, ColumnChoices
from mxlib.core.mapping.mapping import IGNORE

ALL = (targets.WHO, *(meaning for meaning in CHOICES if meaning not in (IGNORE, "username")))


def test_a_column_that_is_taken_elsewhere_moves() -> None:
    answer = ColumnChoices(("username", "quota", IGNORE))
    moved = targets.with_column(answer, "limit", 1)
    assert moved.meanings == ("username", "limit", IGNORE)
    assert targets.column_of(moved, "quota") is None


def test_a_column_of_addresses_is_taken_as_one() -> None:
    answer = ColumnChoices((IGNORE, IGNORE))
    assert targets.with_column(answer, targets.WHO, 1, holds_addresses=True).meanings == (IGNORE, ADDRESS)
    assert targets.with_column(answer, targets.WHO, 1).meanings == (IGNORE, "username")


def test_no_column_can_be_chosen() -> None:
    assert targets.with_column(ColumnChoices(("username", ADDRESS)), targets.WHO, None).meanings == (IGNORE, ADDRESS)


def test_names_are_asked_for_where_there_are_some_or_where_usernames_need_them() -> None:
    assert not targets.has_parts(ColumnChoices(("username", IGNORE)))
    assert not targets.has_parts(ColumnChoices(("name", IGNORE)))
    assert targets.has_parts(ColumnChoices((IGNORE, IGNORE)))
    assert targets.has_parts(ColumnChoices(("username", LAST_NAME)))
    few = targets.shown(ColumnChoices(("username", IGNORE)), parts=False)
    assert len(few) == 7
    assert not {FIRST_NAME, PARTICLE, LAST_NAME, ADDRESS} & set(few)
    assert PARTICLE in targets.shown(ColumnChoices((LAST_NAME, PARTICLE)), parts=True)
    assert ADDRESS in targets.shown(ColumnChoices(("username", ADDRESS)), parts=False)


def test_the_answer_to_a_question_frees_the_other_columns() -> None:
    answer = targets.with_claimant(ColumnChoices(("", "", "quota")), ADDRESS, (0, 1), 1)
    assert answer.meanings == (IGNORE, ADDRESS, "quota")
    assert targets.with_claimant(answer, ADDRESS, (0, 1), 0).meanings == (ADDRESS, IGNORE, "quota")


ANSWERS = st.lists(st.sampled_from([*CHOICES, "another"]), min_size=1, max_size=8, unique=True)


@given(ANSWERS, st.sampled_from(ALL), st.data())
def test_any_choice_gives_each_of_ours_one_column_and_leaves_the_others_alone(
    meanings: list[str], target: str, data: st.DataObject
) -> None:
    before = ColumnChoices(tuple(meaning if meaning in CHOICES else IGNORE for meaning in meanings))
    at = data.draw(st.none() | st.integers(0, len(meanings) - 1))
    after = targets.with_column(before, target, at, holds_addresses=data.draw(st.booleans()))
    used = [meaning for meaning in after.meanings if meaning != IGNORE]
    assert len(used) == len(set(used))
    if at is not None:
        assert targets.column_of(after, target) == at
    for each in set(ALL) - {target, targets.WHO, ADDRESS}:
        kept = targets.column_of(before, each)
        assert targets.column_of(after, each) == (None if kept == at else kept)
