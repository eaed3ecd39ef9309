"""The editor as a state machine: no edit is lost, and no row leaves the view while it is edited."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mxlib.core.editing import bulk_edit, filters
from mxlib.core.editing import editor as editor_module
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import MAX_STEPS, Editor
from mxlib.core.editing.filters import SortOrder
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import COLUMNS, MASK, ROW_METADATA, make_rows
from mxlib.core.validation import rules
from mxlib.core.validation.rules import AccountSnapshot, Defaults
from mxlib.core.vocabulary import OnExisting, Verdict
from tests.support.hypothesis_profiles import examples

GOOD = "Geheim.2026x"
EXISTING = {"a.nl": frozenset[str](), "b.nl": frozenset({"there"}), "c.nl": frozenset[str]()}
ACCOUNT = AccountSnapshot(frozenset(EXISTING), EXISTING)


def validate(batch: ImportBatch) -> pd.DataFrame:
    return rules.validate(batch.rows, ACCOUNT, Defaults(batch.domain), batch.on_existing)


def opened(cells: dict[str, list[str]], **settings: Any) -> Editor:
    """Return an editor over these rows, drawn once."""
    count = len(next(iter(cells.values())))
    rows = make_rows(cells, line=list(range(2, count + 2)), origin=list(range(count)))
    opened_editor = Editor(Draft(rows), **{"validate": validate, "domain": "a.nl"} | settings)
    opened_editor.filter_again()
    opened_editor.validate_rows()
    return opened_editor


@pytest.fixture
def editor() -> Editor:
    """Return an editor with a row of each verdict: ready, invalid, needs password, duplicate, exists."""
    return opened(
        {
            "username": ["zoe.berg", "jan jansen", "anna", "zoe.berg", "there"],
            "password": [GOOD, GOOD, "", GOOD, GOOD],
            "quota": ["2048", "1024", "512", "", ""],
            "recovery_email": ["zoe@example.org", "", "", "", ""],
            "domain": ["", "", "", "", "b.nl"],
        }
    )


def column(editor: Editor, name: str) -> list[Any]:
    """Return a column of the rows on the page, with everything typed so far."""
    return list(editor.latest.rows[name].iloc[editor.shown])


def verdicts(editor: Editor) -> list[str]:
    """Return the verdicts of the rows on the page."""
    return list(editor.validate_rows()["verdict"].iloc[editor.shown])


def names(editor: Editor) -> list[str]:
    return column(editor, "username")


# Typed edits.


def test_an_edit_is_validated_at_once_and_the_grid_stays_the_same(editor: Editor) -> None:
    key = editor.key
    editor.receive({1: {"username": "jan.jansen"}})
    assert verdicts(editor)[1] == Verdict.READY
    assert editor.key == key
    assert editor.draft.rows["username"][1] == "jan jansen"


def test_the_latest_rows_are_the_same_object_until_something_else_is_typed(editor: Editor) -> None:
    editor.receive({1: {"username": "jan"}})
    latest = editor.latest
    editor.receive({"1": {"username": "jan"}})
    editor.validate_rows()
    assert editor.latest is latest
    editor.receive({1: {"username": "jan", "quota": "7"}})
    assert editor.latest is not latest


def test_the_batch_is_the_same_object_until_its_rows_or_choices_change(editor: Editor) -> None:
    editor.receive({1: {"username": "jan"}})
    batch = editor.batch
    assert batch.rows is editor.latest.rows
    editor.validate_rows()
    editor.commit()
    assert editor.batch is batch
    editor.use_domain("b.nl")
    assert (editor.batch is batch, editor.batch.domain) == (False, "b.nl")


def test_edits_of_a_closed_grid_are_kept(editor: Editor) -> None:
    editor.receive({1: {"username": "jan"}})
    editor.receive(None)
    assert editor.pending
    editor.commit()
    assert editor.draft.rows["username"][1] == "jan"
    assert not editor.pending


def test_edits_of_rows_outside_the_page_are_ignored(editor: Editor) -> None:
    editor.filter_by(Verdict.INVALID)
    editor.receive({-1: {"username": "x"}, 1: {"username": "x"}, 0: {"nonsense": "x"}})
    assert names(editor) == ["jan jansen"]
    editor.delete_shown(1)
    editor.delete_shown(-1)
    assert len(editor.draft) == 5


@pytest.mark.parametrize("typed", [MASK, "••••", f"{MASK}x"])
def test_a_mask_is_never_stored_as_a_password(editor: Editor, typed: str) -> None:
    key = editor.key
    editor.receive({0: {"password": typed, "quota": "77"}, 2: {"password": typed}})
    assert verdicts(editor)[2] == Verdict.NEEDS_PASSWORD
    assert (column(editor, "password")[0], column(editor, "password")[2]) == (GOOD, "")
    assert column(editor, "quota")[0] == "77"
    assert editor.notice == editor_module._NO_MASK
    assert editor.key != key


def test_a_row_that_starts_to_need_a_password_gets_one_while_generation_is_on() -> None:
    editor = opened({"username": ["there", "kim"], "password": ["", GOOD]}, domain="b.nl", generate=True)
    assert verdicts(editor) == [Verdict.EXISTS, Verdict.READY]
    key = editor.key
    editor.receive({0: {"username": "here"}})
    assert verdicts(editor) == [Verdict.READY, Verdict.READY]
    assert editor.key == key
    editor.receive({0: {"username": "here"}, 1: {"password": None}})
    assert verdicts(editor) == [Verdict.READY, Verdict.READY]
    assert column(editor, "generated") == [True, True]
    assert min(map(len, column(editor, "password"))) >= 16


def test_undo_restores_a_password_that_was_cleared_and_generated_again() -> None:
    editor = opened({"username": ["kim", "lou"], "password": [GOOD, GOOD]}, generate=True)
    editor.receive({0: {"password": None}})
    editor.validate_rows()
    assert column(editor, "generated") == [True, False]
    editor.undo()
    editor.validate_rows()
    assert column(editor, "password") == [GOOD, GOOD]


def test_a_mailbox_that_exists_gets_no_generated_password() -> None:
    editor = opened({"username": ["there", "kim"]}, domain="b.nl", generate=True, on_existing=OnExisting.UPDATE)
    assert [bool(password) for password in column(editor, "password")] == [False, True]


def test_turning_generation_off_removes_generated_passwords_and_keeps_typed_ones(editor: Editor) -> None:
    editor.generate_passwords(True)
    assert verdicts(editor)[2] == Verdict.READY
    editor.generate_passwords(False)
    assert verdicts(editor)[2] == Verdict.NEEDS_PASSWORD
    assert column(editor, "password") == [GOOD, GOOD, "", GOOD, GOOD]


# Undo and redo.


def test_undo_reverses_typed_edits_before_the_previous_step(editor: Editor) -> None:
    editor.add_rows()
    editor.receive({0: {"username": "zoe.new", "password": GOOD}})
    assert verdicts(editor)[0] == Verdict.READY
    editor.undo()
    assert verdicts(editor)[0] == Verdict.INVALID
    assert len(editor.draft) == 6
    editor.undo()
    assert len(editor.draft) == 5
    assert not editor.can_undo


def test_edits_of_one_grid_are_undone_and_redone_one_by_one(editor: Editor) -> None:
    editor.receive({0: {"quota": "1"}})
    editor.receive({0: {"quota": "1"}, 1: {"quota": "2"}})
    editor.receive({0: {"quota": "1"}, 1: {"quota": "2"}})
    editor.undo()
    assert column(editor, "quota")[:2] == ["1", "1024"]
    editor.undo()
    assert column(editor, "quota")[:2] == ["2048", "1024"]
    assert not editor.can_undo
    editor.redo()
    editor.redo()
    assert column(editor, "quota")[:2] == ["1", "2"]


def test_an_edit_after_an_undo_replaces_the_steps_to_redo(editor: Editor) -> None:
    editor.receive({0: {"quota": "1"}})
    editor.undo()
    editor.receive({0: {"quota": "2"}})
    assert not editor.can_redo
    editor.redo()
    assert column(editor, "quota")[0] == "2"


def test_undo_does_not_change_the_choice_for_existing_mailboxes(editor: Editor) -> None:
    editor.choose_existing(OnExisting.UPDATE)
    editor.add_rows()
    editor.undo()
    assert editor.updates


def test_a_new_editor_has_nothing_to_undo_or_redo(editor: Editor) -> None:
    key = editor.key
    assert not editor.can_undo
    assert not editor.can_redo
    editor.undo()
    editor.redo()
    assert editor.key == key


# Bulk edits.


def test_a_bulk_edit_changes_the_rows_in_view_and_can_be_undone_and_redone(editor: Editor) -> None:
    editor.filter_by(Verdict.INVALID)
    editor.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "4 GB"))
    assert editor.notice == "1 row changed."
    editor.show_all()
    assert column(editor, "quota") == ["2048", "4 GB", "512", "", ""]
    editor.undo()
    assert column(editor, "quota") == ["2048", "1024", "512", "", ""]
    editor.redo()
    assert column(editor, "quota")[1] == "4 GB"


def test_a_bulk_edit_can_be_limited_to_ticked_rows(editor: Editor) -> None:
    editor.receive({0: {"ticked": False}, 1: {"ticked": False}})
    editor.apply(bulk_edit.only_ticked(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "7000")))
    assert column(editor, "quota") == ["2048", "1024", "7000", "7000", "7000"]
    assert editor.notice == "3 rows changed."


def test_passwords_are_generated_for_the_rows_in_view(editor: Editor) -> None:
    editor.filter_by(Verdict.NEEDS_PASSWORD)
    editor.apply(lambda draft, rows, validated: bulk_edit.generate(draft, rows, validated))
    assert verdicts(editor) == [Verdict.READY]
    editor.undo()
    assert verdicts(editor) == [Verdict.NEEDS_PASSWORD]
    editor.show_all()
    editor.apply(lambda draft, rows, validated: bulk_edit.generate(draft, rows, validated, overwrite=True))
    assert column(editor, "generated") == [True, True, True, True, False]


@pytest.mark.parametrize("kind", [Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE, Verdict.NEEDS_PASSWORD])
def test_rows_of_each_kind_can_be_left_out_deleted_and_restored(editor: Editor, kind: Verdict) -> None:
    before = verdicts(editor)
    editor.apply(lambda draft, rows, validated: bulk_edit.leave_out(draft, rows, validated, kind))
    assert column(editor, "ticked") == [verdict != kind for verdict in before]
    editor.apply(lambda draft, rows, _: bulk_edit.delete_left_out(draft, rows))
    assert editor.notice == "1 row deleted."
    assert len(names(editor)) == 4
    editor.undo()
    editor.apply(lambda draft, rows, _: draft.ticked(rows, True))
    assert (verdicts(editor), all(column(editor, "ticked"))) == (before, True)


def test_one_row_is_edited_and_deleted_by_its_origin(editor: Editor) -> None:
    editor.add_rows()
    editor.edit_row(1, {"username": "jan.jansen"})
    assert names(editor)[2] == "jan.jansen"
    editor.delete_row(1)
    editor.delete_row(1)
    assert names(editor) == ["", "zoe.berg", "anna", "zoe.berg", "there"]


def test_pasted_rows_are_on_top_and_undo_removes_them(editor: Editor) -> None:
    editor.add_rows(make_rows({"username": ["kim", "lou"]}))
    assert names(editor)[:2] == ["kim", "lou"]
    assert column(editor, "line")[:3] == [0, 0, 2]
    editor.undo()
    assert len(names(editor)) == 5


def test_another_default_domain_applies_to_rows_without_a_domain(editor: Editor) -> None:
    editor.edit_row(0, {"username": "there"})
    editor.use_domain("b.nl")
    assert verdicts(editor)[0] == Verdict.EXISTS


# Rows in view.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BERG", ["zoe.berg", "zoe.berg"]),
        ("@b.nl", ["there"]),
        (" example.org ", ["zoe.berg"]),
        ("has a space", ["jan jansen"]),
    ],
)
def test_a_search_narrows_the_rows(editor: Editor, text: str, found: list[str]) -> None:
    editor.search_for(text)
    assert names(editor) == found
    editor.show_all()
    assert len(names(editor)) == 5


def test_a_search_and_a_filter_combine(editor: Editor) -> None:
    editor.search_for("berg")
    editor.filter_by(Verdict.DUPLICATE)
    assert names(editor) == ["zoe.berg"]
    assert editor.filtered


def test_a_row_fixed_so_that_it_no_longer_matches_stays_until_the_filter_is_applied_again(editor: Editor) -> None:
    editor.search_for("jansen")
    editor.receive({0: {"username": "gerrit"}})
    assert editor.outdated(editor.validate_rows()) == (1, 0)
    editor.show_passwords(True)
    editor.add_rows()
    assert names(editor) == ["", "gerrit"]
    editor.filter_again()
    assert names(editor) == []


def test_rows_that_start_to_match_are_counted_until_the_filter_is_applied_again(editor: Editor) -> None:
    editor.filter_by(Verdict.READY)
    editor.use_domain("nowhere.example")
    assert editor.outdated(editor.validate_rows()) == (1, 0)
    editor.filter_by(Verdict.INVALID)
    editor.use_domain("a.nl")
    stale, others = editor.outdated(editor.validate_rows())
    assert (stale, others) == (len(editor.in_view) - 1, 0)
    editor.edit_row(4, {"username": "not good"})
    assert editor.outdated(editor.validate_rows()) == (stale, 1)


def test_rows_are_sorted_and_line_order_survives_adding_deleting_and_undo(editor: Editor) -> None:
    editor.sort_by(SortOrder.PROBLEMS)
    assert verdicts(editor) == ["invalid", "duplicate", "needs_password", "exists", "ready"]
    editor.sort_by(SortOrder.ADDRESS)
    assert names(editor) == ["anna", "jan jansen", "zoe.berg", "zoe.berg", "there"]
    editor.sort_by(SortOrder.LINE)
    editor.add_rows()
    editor.apply(lambda draft, rows, _: draft.deleted([0, 2, 4, 5]))
    assert column(editor, "line") == [2, 4]
    editor.undo()
    editor.undo()
    assert column(editor, "line") == [2, 3, 4, 5, 6]


def test_a_fixed_row_keeps_its_place_while_problems_come_first(editor: Editor) -> None:
    editor.sort_by(SortOrder.PROBLEMS)
    editor.receive({0: {"username": "jan.jansen"}})
    editor.add_rows()
    assert names(editor)[1] == "jan.jansen"
    assert verdicts(editor)[1] == Verdict.READY


def test_updating_existing_mailboxes_clears_a_filter_on_them(editor: Editor) -> None:
    editor.filter_by(Verdict.EXISTS)
    editor.choose_existing(OnExisting.UPDATE)
    assert not editor.filtered
    assert verdicts(editor)[4] == Verdict.READY


def test_search_sorting_and_bulk_edits_cover_all_pages_of_a_long_table() -> None:
    content = {"username": [*(f"p{number:02}" for number in range(10)), "not good"], "password": [GOOD] * 11}
    editor = opened(content, page_size=4)
    assert names(editor) == ["p00", "p01", "p02", "p03"]
    editor.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "77"))
    assert set(editor.draft.rows["quota"]) == {"77"}
    editor.turn_to(3)
    assert names(editor) == ["p08", "p09", "not good"]
    editor.receive({0: {"username": "typed"}})
    editor.turn_to(2)
    assert editor.draft.rows["username"][8] == "typed"
    editor.sort_by(SortOrder.PROBLEMS)
    assert (editor.page, names(editor)[0]) == (1, "not good")
    editor.search_for("p09")
    assert (editor.pages, names(editor)) == (1, ["p09"])


def test_added_rows_are_shown_from_any_page() -> None:
    editor = opened({"username": ["kim"] * 11}, page_size=4)
    editor.turn_to(3)
    editor.add_rows()
    assert (editor.page, names(editor)[0]) == (1, "")


@pytest.mark.parametrize(("asked", "page"), [(-3, 1), (0, 1), (2, 2), (9, 3)])
def test_the_page_number_is_kept_within_the_pages(asked: int, page: int) -> None:
    editor = opened({"username": ["kim"] * 11}, page_size=4)
    editor.turn_to(asked)
    assert editor.page == page
    assert editor.shown


# Any actions, in any order.


USERNAMES = ("kim", "there", "not good", "zoe", "", "there@b.nl")
CELLS = st.fixed_dictionaries(
    {},
    optional={
        "username": st.sampled_from(USERNAMES),
        "password": st.sampled_from((GOOD, "", None, MASK, "••••", f"x{MASK}")),
        "quota": st.sampled_from(("", "1024", "many")),
        "ticked": st.sampled_from((True, False, None)),
    },
)


#: Columns that validation adds to a row that is ready.
READY = validate(ImportBatch(make_rows({"username": ["kim"], "password": [GOOD]}), "a.nl"))
READY = READY.drop(columns=[*COLUMNS, *ROW_METADATA])


def validate_quickly(batch: ImportBatch) -> pd.DataFrame:
    """Return verdicts by the same precedence as the rules, in a fraction of their time."""
    rows, domain, on_existing = batch.rows, batch.domain, batch.on_existing
    names, seen, found = rows["username"].tolist(), set[str](), []
    exists = [name == ("there" if domain == "b.nl" else "there@b.nl") for name in names]
    for name, password, quota, ticked, there in zip(
        names, rows["password"], rows["quota"], rows["ticked"], exists, strict=True
    ):
        if not name or " " in name or quota == "many":
            found.append(Verdict.INVALID)
        elif name in seen:
            found.append(Verdict.DUPLICATE)
        elif there and on_existing is OnExisting.SKIP:
            found.append(Verdict.EXISTS)
        else:
            found.append(Verdict.READY if password or there else Verdict.NEEDS_PASSWORD)
            seen |= {name} if ticked else set()
    rest = READY.iloc[[0] * len(rows)].set_axis(rows.index)
    columns = {"verdict": [str(verdict) for verdict in found], "clean_username": names}
    text = {name: pd.Series(cells, index=rows.index, dtype="str") for name, cells in columns.items()}
    return pd.concat([rows, rest], axis="columns").assign(
        **text, exists=pd.Series(exists, index=rows.index, dtype=bool)
    )


KINDS = (filters.ALL, filters.LEFT_OUT, filters.WARNINGS, *Verdict)
Row = tuple[str, str, str, bool]


class EditorSteps(RuleBasedStateMachine):
    """An editor compared with plain lists of rows by origin; generated passwords count as blank."""

    @initialize(count=st.integers(0, 9), generate=st.booleans())
    def open(self, count: int, generate: bool) -> None:
        cells = {"username": [USERNAMES[at % 4] for at in range(count)], "password": [GOOD, "", ""] * 3}
        self.editor = opened(
            cells | {"password": cells["password"][:count]}, page_size=4, generate=generate, validate=validate_quickly
        )
        self.rows = self.seen()
        self.done: list[dict[int, Row]] = []
        self.undone: list[dict[int, Row]] = []
        self.in_view = list(self.editor.view)

    def seen(self) -> dict[int, Row]:
        """Return the current rows of the editor, by origin."""
        rows = self.editor.latest.rows
        kept = rows["password"].where(~rows["generated"], "")
        return dict(
            zip(rows["origin"], zip(rows["username"], kept, rows["quota"], rows["ticked"], strict=True), strict=True)
        )

    def step(self, rows: dict[int, Row]) -> None:
        """Record a step that led to these rows."""
        if rows != self.rows:
            self.done, self.undone = [*self.done, self.rows][-MAX_STEPS:], []
        self.rows = rows

    @rule(cells=st.dictionaries(st.integers(-1, 4), CELLS, max_size=3))
    def types(self, cells: dict[int, dict[str, Any]]) -> None:
        """Send a grid that holds everything typed since it was drawn."""
        editor = self.editor
        grid = {editor.shown.index(at): dict(typed) for at, typed in editor.typed.items()}
        rows = dict(self.rows)
        origins = editor.draft.rows["origin"]
        for place, typed in cells.items():
            grid.setdefault(place, {}).update(typed)
            if 0 <= place < len(editor.shown):
                rows[origins[editor.shown[place]]] = self.with_cells(rows[origins[editor.shown[place]]], typed)
        before = editor.latest.rows
        editor.receive(grid)
        if rows == self.rows and not editor.latest.rows.equals(before):  # a generated password was cleared
            self.done, self.undone = [*self.done, rows][-MAX_STEPS:], []
        self.step(rows)

    @staticmethod
    def with_cells(row: Row, typed: dict[str, Any]) -> Row:
        username, password, quota, ticked = row
        text = typed.get("password", password)
        return (
            typed.get("username", username),
            password if "•" in (text or "") else text or "",
            typed.get("quota", quota),
            bool(typed.get("ticked", ticked)),
        )

    @rule()
    def undoes(self) -> None:
        self.editor.undo()
        if self.done:
            self.undone.append(self.rows)
            self.rows = self.done.pop()

    @rule()
    def redoes(self) -> None:
        self.editor.redo()
        if self.undone:
            self.done.append(self.rows)
            self.rows = self.undone.pop()

    @precondition(lambda self: self.editor.can_undo)
    @rule()
    def undoes_and_redoes(self) -> None:
        before = self.editor.latest.rows
        self.editor.undo()
        self.editor.redo()
        assert self.editor.latest.rows.equals(before)

    @rule(count=st.integers(1, 5))
    def adds(self, count: int) -> None:
        newest = min(0, *self.rows) if self.rows else 0
        self.editor.add_rows(make_rows({"username": ["kim"] * count}))
        self.step(dict.fromkeys(range(newest - count, newest), ("kim", "", "", True)) | self.rows)

    @rule(place=st.integers(-1, 4))
    def deletes(self, place: int) -> None:
        shown = self.editor.shown
        gone = self.editor.draft.rows["origin"][shown[place]] if 0 <= place < len(shown) else None
        self.editor.delete_shown(place)
        if gone is not None:
            self.step({origin: row for origin, row in self.rows.items() if origin != gone})

    @rule(value=st.sampled_from(("7", "1024")))
    def sets_quotas(self, value: str) -> None:
        in_view = set(self.editor.view)
        self.editor.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", value))
        self.step(
            {
                origin: (name, password, value if origin in in_view else quota, ticked)
                for origin, (name, password, quota, ticked) in self.rows.items()
            }
        )

    @rule(kind=st.sampled_from(KINDS))
    def filters(self, kind: str) -> None:
        self.editor.filter_by(kind)
        self.chosen_again()

    @rule(text=st.sampled_from(("", "kim", "there")))
    def searches(self, text: str) -> None:
        self.editor.search_for(text)
        self.chosen_again()

    @rule(order=st.sampled_from(SortOrder))
    def sorts(self, order: SortOrder) -> None:
        self.editor.sort_by(order)
        self.chosen_again()

    @rule(domain=st.sampled_from(("a.nl", "b.nl")))
    def uses_a_domain(self, domain: str) -> None:
        self.editor.use_domain(domain)

    @rule(choice=st.sampled_from(OnExisting))
    def chooses_existing(self, choice: OnExisting) -> None:
        self.editor.choose_existing(choice)
        self.chosen_again()

    @rule(page=st.integers(-1, 9))
    def turns(self, page: int) -> None:
        self.editor.turn_to(page)

    @rule()
    def leaves_the_page(self) -> None:
        self.editor.receive(None)
        if self.editor.pending:
            self.editor.commit()

    def chosen_again(self) -> None:
        """Check that the rows in view are exactly the rows that match."""
        validated = self.editor.validate_rows()
        assert self.editor.outdated(validated) == (0, 0)
        self.in_view = list(self.editor.view)

    @invariant()
    def no_edit_is_lost(self) -> None:
        if not hasattr(self, "held"):
            return
        self.editor.validate_rows()
        assert self.seen() == self.rows

    @invariant()
    def no_mask_is_a_password(self) -> None:
        if hasattr(self, "held"):
            assert not self.editor.latest.rows["password"].str.contains("•").any()

    @invariant()
    def no_row_leaves_the_view_until_it_is_left(self) -> None:
        if not hasattr(self, "held"):
            return
        view = self.editor.view
        assert len(set(view)) == len(view)
        assert [origin for origin in self.in_view if origin in self.rows and origin not in view] == []
        self.in_view = list(view)

    @invariant()
    def the_page_is_one_of_the_pages(self) -> None:
        if not hasattr(self, "held"):
            return
        editor = self.editor
        assert 1 <= editor.page <= editor.pages
        assert editor.shown == editor.in_view[(editor.page - 1) * 4 : editor.page * 4]
        assert bool(editor.shown) == bool(editor.in_view)
        assert editor.draft.rows["origin"].iloc[editor.in_view].tolist() == editor.view

    @invariant()
    def the_history_is_bounded_and_is_what_was_done(self) -> None:
        if not hasattr(self, "held"):
            return
        assert len(self.editor.past) <= MAX_STEPS
        assert len(self.editor.future) <= MAX_STEPS + 1
        assert self.editor.can_undo == bool(self.done)
        assert self.editor.can_redo == bool(self.undone)


TestEditorSteps = EditorSteps.TestCase
TestEditorSteps.settings = settings(max_examples=examples(25), stateful_step_count=20)


def test_the_history_stays_bounded_however_often_something_is_typed_and_undone(editor: Editor) -> None:
    for number in range(MAX_STEPS + 5):
        editor.edit_row(0, {"quota": str(number)})
    for number in range(5):
        editor.receive({0: {"quota": f"9{number}"}})
        editor.undo()
        assert len(editor.future) == 1
        editor.redo()
        assert len(editor.past) == MAX_STEPS
