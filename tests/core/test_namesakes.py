"""A mailbox is updated by a username made of a name only when a person said that it is the same person."""

from typing import Any

import pandas as pd
import pytest

from mxlib.core import namesakes
from mxlib.core.editing import bulk_edit
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import Editor
from mxlib.core.fixes import groups
from mxlib.core.fixes.groups import FixKind, Problem
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting

HAVE = {"a.nl": ["lena.vogt", "x-tim.berg"], "b.nl": [], "kapperbergmann.nl": ["tim.berg"]}


def boxes(names: list[str]) -> pd.DataFrame:
    """Return mailboxes as MXroute reports them."""
    count = len(names)
    figures = {"quota": [1024] * count, "limit": [9600] * count, "usage": [0.0] * count}
    return pd.DataFrame({"username": names, **figures, "recovery_email": [""] * count, "name": [""] * count})


ACCOUNT = AccountSnapshot(
    frozenset(HAVE),
    {domain: frozenset(names) for domain, names in HAVE.items()},
    has={domain: boxes(names) for domain, names in HAVE.items()},
    suggestable_domains=frozenset(HAVE),
)
MADE = {0: "lena.vogt", 1: "tim.berg", 2: "ada.smit"}


def validate(batch: ImportBatch) -> pd.DataFrame:
    return rules.validate(batch.rows, ACCOUNT, Defaults(batch.domain, quota=1024), batch.on_existing)


def opened(**changes: Any) -> Editor:
    """Return an editor over three people, the first of whom has a mailbox or a namesake with one."""
    cells = {
        "username": list(MADE.values()),
        "password": ["Geheim.2026x"] * 3,
        "quota": ["2048"] * 3,
        "domain": ["", "a.nl", ""],
    }
    rows = make_rows(cells | changes, line=[2, 3, 4], origin=[0, 1, 2])
    editor = Editor(Draft(rows, made=MADE), validate, domain="a.nl")
    editor.filter_again()
    editor.validate_rows()
    return editor


@pytest.fixture
def editor() -> Editor:
    """Return an editor in which existing mailboxes are updated."""
    found = opened()
    found.choose_existing(OnExisting.UPDATE)
    return found


def ticked(editor: Editor) -> list[bool]:
    """Return the ticks as a drawing of the page shows them."""
    ticks: list[bool] = editor.validate_rows()["ticked"].tolist()
    return ticks


def include(editor: Editor) -> None:
    group = editor.excluded_namesakes(editor.validate_rows())
    assert group is not None
    editor.fix(group, FixKind.INCLUDE)


def test_undo_does_not_include_a_namesake(editor: Editor) -> None:
    assert ticked(editor) == [False, True, True]
    assert editor.notice.startswith("1 mailbox exists whose username was made of a name")
    editor.edit_row(2, {"quota": "1 GB"})
    editor.undo()
    editor.undo()
    assert ticked(editor) == [False, True, True]
    editor.redo()
    assert ticked(editor) == [False, True, True]


def test_the_bulk_tool_does_not_include_a_namesake(editor: Editor) -> None:
    editor.apply(lambda draft, rows, _: draft.ticked(rows, True))
    assert ticked(editor) == [False, True, True]
    assert "excluded until you say" in editor.notice


def test_another_domain_does_not_include_a_namesake() -> None:
    editor = opened(domain=["b.nl", "", "b.nl"])
    editor.choose_existing(OnExisting.UPDATE)
    assert ticked(editor) == [True, True, True]
    editor.use_domain("kapperbergmann.nl")
    assert ticked(editor) == [True, False, True]


def test_a_fixed_domain_does_not_include_a_namesake() -> None:
    editor = opened(domain=["b.nl", "kapperbergman.nl", "b.nl"])
    editor.choose_existing(OnExisting.UPDATE)
    (group,) = (each for each in groups.find(editor.validate_rows()) if each.problem is Problem.UNKNOWN_DOMAIN
                if FixKind.SUGGESTED in each.fixes)  # fmt: skip
    editor.fix(group, FixKind.SUGGESTED)
    assert editor.draft.rows["domain"][1] == "kapperbergmann.nl"
    assert ticked(editor)[1] is False


def test_a_domain_typed_into_the_grid_does_not_include_a_namesake(editor: Editor) -> None:
    editor.receive({1: {"domain": "kapperbergmann.nl"}})
    assert ticked(editor) == [False, False, True]
    assert "excluded until you say" in editor.notice


def test_a_prefix_leaves_a_username_made_of_a_name(editor: Editor) -> None:
    editor.apply(lambda draft, rows, _: bulk_edit.affix(draft, rows, before="x-"))
    assert editor.latest.rows["username"].tolist() == ["x-lena.vogt", "x-tim.berg", "x-ada.smit"]
    assert ticked(editor) == [False, False, True]


def test_pasted_people_may_be_namesakes_too(editor: Editor) -> None:
    editor.add_rows(make_rows({"username": ["tim.berg"], "domain": ["kapperbergmann.nl"]}), {0: "tim.berg"})
    assert ticked(editor) == [False, False, True, True]


def test_the_answer_includes_the_rows_and_is_undone_like_any_step(editor: Editor) -> None:
    include(editor)
    assert ticked(editor) == [True, True, True]
    assert editor.batch.same_people == {(0, "lena.vogt@a.nl")}
    editor.edit_row(2, {"quota": "1 GB"})
    assert ticked(editor) == [True, True, True]
    editor.undo()
    editor.undo()
    assert ticked(editor) == [False, True, True]
    assert not editor.batch.same_people
    editor.redo()
    assert ticked(editor) == [True, True, True]


def test_the_answer_is_undone_after_further_edits(editor: Editor) -> None:
    include(editor)
    (done, _) = editor.standing_fixes()[0]
    editor.edit_row(2, {"quota": "1 GB"})
    editor.undo_fix(done)
    editor.apply(lambda draft, rows, _: draft.ticked(rows, True))
    assert ticked(editor) == [False, True, True]


def test_the_answer_is_about_one_mailbox(editor: Editor) -> None:
    include(editor)
    editor.edit_row(0, {"username": "tim.berg", "domain": "kapperbergmann.nl"})
    assert ticked(editor)[0] is True  # typed, so no longer made of the name
    editor.undo()
    assert namesakes.unanswered(editor.validate_rows(), MADE, frozenset({(0, "lena.vogt@b.nl")})).tolist()[0]


def test_a_tick_in_the_grid_answers_for_its_row(editor: Editor) -> None:
    editor.receive({0: {"ticked": True}})
    assert ticked(editor) == [True, True, True]
    assert editor.batch.same_people == {(0, "lena.vogt@a.nl")}
    editor.edit_row(2, {"quota": "1 GB"})
    assert ticked(editor) == [True, True, True]


def test_a_tick_of_a_new_mailbox_answers_nothing(editor: Editor) -> None:
    editor.receive({1: {"ticked": False}})
    editor.receive({1: {"ticked": True}})
    editor.validate_rows()
    assert not editor.batch.same_people


def test_a_username_of_the_file_itself_is_no_question() -> None:
    editor = opened()
    editor.draft = Draft(editor.draft.rows)
    editor._latest = None
    editor.choose_existing(OnExisting.UPDATE)
    assert ticked(editor) == [True, True, True]


def test_a_row_that_is_left_out_needs_no_answer(editor: Editor) -> None:
    include(editor)
    validated = editor.validate_rows()
    nobody: namesakes.SamePeople = frozenset()
    assert namesakes.unanswered(validated, MADE, nobody).any()
    assert not namesakes.unanswered(validated.assign(ticked=False), MADE, nobody).any()
