"""The editor as a state machine: no edit is lost, and no row leaves the view under the hands of who edits it."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mxlib.core.editing import bulk_edit, editor, filters
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
    """An editor over these rows, drawn once."""
    count = len(next(iter(cells.values())))
    rows = make_rows(cells, line=list(range(2, count + 2)), origin=list(range(count)))
    opened_editor = Editor(Draft(rows), **{"validate": validate, "domain": "a.nl"} | settings)
    opened_editor.filter_again()
    opened_editor.validate_rows()
    return opened_editor


@pytest.fixture
def held() -> Editor:
    """A row of each verdict: ready, invalid, needs password, duplicate, exists."""
    return opened(
        {
            "username": ["zoe.berg", "jan jansen", "anna", "zoe.berg", "there"],
            "password": [GOOD, GOOD, "", GOOD, GOOD],
            "quota": ["2048", "1024", "512", "", ""],
            "recovery_email": ["zoe@example.org", "", "", "", ""],
            "domain": ["", "", "", "", "b.nl"],
        }
    )


def column(held: Editor, name: str) -> list[Any]:
    """A column of the rows on the page, with everything typed so far."""
    return list(held.latest.rows[name].iloc[held.shown])


def verdicts(held: Editor) -> list[str]:
    """The verdicts of the rows on the page."""
    return list(held.validate_rows()["verdict"].iloc[held.shown])


def names(held: Editor) -> list[str]:
    return column(held, "username")


# What is typed.


def test_an_edit_is_validated_at_once_and_the_grid_stays_the_same(held: Editor) -> None:
    key = held.key
    held.receive({1: {"username": "jan.jansen"}})
    assert verdicts(held)[1] == Verdict.READY
    assert held.key == key
    assert held.draft.rows["username"][1] == "jan jansen"


def test_the_latest_rows_are_one_draft_until_something_else_is_typed(held: Editor) -> None:
    held.receive({1: {"username": "jan"}})
    latest = held.latest
    held.receive({"1": {"username": "jan"}})
    held.validate_rows()
    assert held.latest is latest
    held.receive({1: {"username": "jan", "quota": "7"}})
    assert held.latest is not latest


def test_the_batch_is_one_until_its_rows_or_choices_change(held: Editor) -> None:
    held.receive({1: {"username": "jan"}})
    batch = held.batch
    assert batch.rows is held.latest.rows
    held.validate_rows()
    held.commit()
    assert held.batch is batch
    held.use_domain("b.nl")
    assert (held.batch is batch, held.batch.domain) == (False, "b.nl")


def test_what_was_typed_into_a_grid_that_is_gone_is_kept(held: Editor) -> None:
    held.receive({1: {"username": "jan"}})
    held.receive(None)
    assert held.pending
    held.commit()
    assert held.draft.rows["username"][1] == "jan"
    assert not held.pending


def test_places_that_the_page_does_not_have_are_ignored(held: Editor) -> None:
    held.filter_by(Verdict.INVALID)
    held.receive({-1: {"username": "x"}, 1: {"username": "x"}, 0: {"nonsense": "x"}})
    assert names(held) == ["jan jansen"]
    held.delete_shown(1)
    held.delete_shown(-1)
    assert len(held.draft) == 5


@pytest.mark.parametrize("typed", [MASK, "••••", f"{MASK}x"])
def test_a_mask_is_never_taken_for_a_password(held: Editor, typed: str) -> None:
    key = held.key
    held.receive({0: {"password": typed, "quota": "77"}, 2: {"password": typed}})
    assert verdicts(held)[2] == Verdict.NEEDS_PASSWORD
    assert (column(held, "password")[0], column(held, "password")[2]) == (GOOD, "")
    assert column(held, "quota")[0] == "77"
    assert held.notice == editor._NO_MASK
    assert held.key != key


def test_a_row_that_comes_to_lack_a_password_gets_one_while_they_are_generated() -> None:
    held = opened({"username": ["there", "kim"], "password": ["", GOOD]}, domain="b.nl", generate=True)
    assert verdicts(held) == [Verdict.EXISTS, Verdict.READY]
    key = held.key
    held.receive({0: {"username": "here"}})
    assert verdicts(held) == [Verdict.READY, Verdict.READY]
    assert held.key == key
    held.receive({0: {"username": "here"}, 1: {"password": None}})
    assert verdicts(held) == [Verdict.READY, Verdict.READY]
    assert column(held, "generated") == [True, True]
    assert min(map(len, column(held, "password"))) >= 16


def test_undo_brings_back_a_password_that_was_cleared_and_generated_again() -> None:
    held = opened({"username": ["kim", "lou"], "password": [GOOD, GOOD]}, generate=True)
    held.receive({0: {"password": None}})
    held.validate_rows()
    assert column(held, "generated") == [True, False]
    held.undo()
    held.validate_rows()
    assert column(held, "password") == [GOOD, GOOD]


def test_a_mailbox_that_exists_gets_no_generated_password() -> None:
    held = opened({"username": ["there", "kim"]}, domain="b.nl", generate=True, on_existing=OnExisting.UPDATE)
    assert [bool(password) for password in column(held, "password")] == [False, True]


def test_generated_passwords_go_with_the_choice_and_typed_ones_stay(held: Editor) -> None:
    held.generate_passwords(True)
    assert verdicts(held)[2] == Verdict.READY
    held.generate_passwords(False)
    assert verdicts(held)[2] == Verdict.NEEDS_PASSWORD
    assert column(held, "password") == [GOOD, GOOD, "", GOOD, GOOD]


# Undo and redo.


def test_undo_takes_back_what_was_typed_before_it_takes_back_a_step(held: Editor) -> None:
    held.add_rows()
    held.receive({0: {"username": "zoe.new", "password": GOOD}})
    assert verdicts(held)[0] == Verdict.READY
    held.undo()
    assert verdicts(held)[0] == Verdict.INVALID
    assert len(held.draft) == 6
    held.undo()
    assert len(held.draft) == 5
    assert not held.can_undo


def test_edits_of_one_grid_are_undone_and_redone_one_by_one(held: Editor) -> None:
    held.receive({0: {"quota": "1"}})
    held.receive({0: {"quota": "1"}, 1: {"quota": "2"}})
    held.receive({0: {"quota": "1"}, 1: {"quota": "2"}})
    held.undo()
    assert column(held, "quota")[:2] == ["1", "1024"]
    held.undo()
    assert column(held, "quota")[:2] == ["2048", "1024"]
    assert not held.can_undo
    held.redo()
    held.redo()
    assert column(held, "quota")[:2] == ["1", "2"]


def test_what_is_typed_after_an_undo_takes_the_place_of_the_steps_to_redo(held: Editor) -> None:
    held.receive({0: {"quota": "1"}})
    held.undo()
    held.receive({0: {"quota": "2"}})
    assert not held.can_redo
    held.redo()
    assert column(held, "quota")[0] == "2"


def test_undo_leaves_the_choice_for_existing_mailboxes_alone(held: Editor) -> None:
    held.choose_existing(OnExisting.UPDATE)
    held.add_rows()
    held.undo()
    assert held.updates


def test_there_is_nothing_to_undo_or_redo_in_an_editor_that_was_just_opened(held: Editor) -> None:
    key = held.key
    assert not held.can_undo
    assert not held.can_redo
    held.undo()
    held.redo()
    assert held.key == key


# Tools.


def test_a_tool_changes_the_rows_in_view_and_undo_and_redo_are_about_it(held: Editor) -> None:
    held.filter_by(Verdict.INVALID)
    held.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "4 GB"))
    assert held.notice == "1 row changed."
    held.show_all()
    assert column(held, "quota") == ["2048", "4 GB", "512", "", ""]
    held.undo()
    assert column(held, "quota") == ["2048", "1024", "512", "", ""]
    held.redo()
    assert column(held, "quota")[1] == "4 GB"


def test_a_tool_can_be_kept_to_ticked_rows(held: Editor) -> None:
    held.receive({0: {"ticked": False}, 1: {"ticked": False}})
    held.apply(bulk_edit.only_ticked(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "7000")))
    assert column(held, "quota") == ["2048", "1024", "7000", "7000", "7000"]
    assert held.notice == "3 rows changed."


def test_passwords_are_generated_for_the_rows_in_view(held: Editor) -> None:
    held.filter_by(Verdict.NEEDS_PASSWORD)
    held.apply(lambda draft, rows, judged: bulk_edit.generate(draft, rows, judged))
    assert verdicts(held) == [Verdict.READY]
    held.undo()
    assert verdicts(held) == [Verdict.NEEDS_PASSWORD]
    held.show_all()
    held.apply(lambda draft, rows, judged: bulk_edit.generate(draft, rows, judged, anew=True))
    assert column(held, "generated") == [True, True, True, True, False]


@pytest.mark.parametrize("kind", [Verdict.INVALID, Verdict.EXISTS, Verdict.DUPLICATE, Verdict.NEEDS_PASSWORD])
def test_rows_of_each_kind_are_left_out_alone_deleted_and_taken_back(held: Editor, kind: Verdict) -> None:
    before = verdicts(held)
    held.apply(lambda draft, rows, judged: bulk_edit.leave_out(draft, rows, judged, kind))
    assert column(held, "ticked") == [verdict != kind for verdict in before]
    held.apply(lambda draft, rows, _: bulk_edit.delete_left_out(draft, rows))
    assert held.notice == "1 row deleted."
    assert len(names(held)) == 4
    held.undo()
    held.apply(lambda draft, rows, _: draft.ticked(rows, True))
    assert (verdicts(held), all(column(held, "ticked"))) == (before, True)


def test_one_row_is_edited_and_deleted_by_its_origin(held: Editor) -> None:
    held.add_rows()
    held.edit_row(1, {"username": "jan.jansen"})
    assert names(held)[2] == "jan.jansen"
    held.delete_row(1)
    held.delete_row(1)
    assert names(held) == ["", "zoe.berg", "anna", "zoe.berg", "there"]


def test_pasted_rows_are_on_top_and_undo_takes_them_back(held: Editor) -> None:
    held.add_rows(make_rows({"username": ["kim", "lou"]}))
    assert names(held)[:2] == ["kim", "lou"]
    assert column(held, "line")[:3] == [0, 0, 2]
    held.undo()
    assert len(names(held)) == 5


def test_rows_without_a_domain_go_to_another_one(held: Editor) -> None:
    held.edit_row(0, {"username": "there"})
    held.use_domain("b.nl")
    assert verdicts(held)[0] == Verdict.EXISTS


# What is in view.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BERG", ["zoe.berg", "zoe.berg"]),
        ("@b.nl", ["there"]),
        (" example.org ", ["zoe.berg"]),
        ("has a space", ["jan jansen"]),
    ],
)
def test_a_search_narrows_the_rows(held: Editor, text: str, found: list[str]) -> None:
    held.search_for(text)
    assert names(held) == found
    held.show_all()
    assert len(names(held)) == 5


def test_a_search_and_a_filter_hold_together(held: Editor) -> None:
    held.search_for("berg")
    held.filter_by(Verdict.DUPLICATE)
    assert names(held) == ["zoe.berg"]
    assert held.filtered


def test_a_row_fixed_so_that_it_no_longer_matches_stays_until_the_filter_is_applied_again(held: Editor) -> None:
    held.search_for("jansen")
    held.receive({0: {"username": "gerrit"}})
    assert held.outdated(held.validate_rows()) == (1, 0)
    held.show_passwords(True)
    held.add_rows()
    assert names(held) == ["", "gerrit"]
    held.filter_again()
    assert names(held) == []


def test_rows_that_come_to_match_are_counted_and_come_when_the_filter_is_applied_again(held: Editor) -> None:
    held.filter_by(Verdict.READY)
    held.use_domain("nowhere.example")
    assert held.outdated(held.validate_rows()) == (1, 0)
    held.filter_by(Verdict.INVALID)
    held.use_domain("a.nl")
    stale, others = held.outdated(held.validate_rows())
    assert (stale, others) == (len(held.in_view) - 1, 0)
    held.edit_row(4, {"username": "not good"})
    assert held.outdated(held.validate_rows()) == (stale, 1)


def test_rows_are_sorted_and_by_line_again_after_they_were_added_deleted_and_undone(held: Editor) -> None:
    held.sort_by(SortOrder.PROBLEMS)
    assert verdicts(held) == ["invalid", "duplicate", "needs_password", "exists", "ready"]
    held.sort_by(SortOrder.ADDRESS)
    assert names(held) == ["anna", "jan jansen", "zoe.berg", "zoe.berg", "there"]
    held.sort_by(SortOrder.LINE)
    held.add_rows()
    held.apply(lambda draft, rows, _: draft.deleted([0, 2, 4, 5]))
    assert column(held, "line") == [2, 4]
    held.undo()
    held.undo()
    assert column(held, "line") == [2, 3, 4, 5, 6]


def test_a_fixed_row_keeps_its_place_while_problems_come_first(held: Editor) -> None:
    held.sort_by(SortOrder.PROBLEMS)
    held.receive({0: {"username": "jan.jansen"}})
    held.add_rows()
    assert names(held)[1] == "jan.jansen"
    assert verdicts(held)[1] == Verdict.READY


def test_every_row_comes_into_view_when_existing_mailboxes_are_updated(held: Editor) -> None:
    held.filter_by(Verdict.EXISTS)
    held.choose_existing(OnExisting.UPDATE)
    assert not held.filtered
    assert verdicts(held)[4] == Verdict.READY


def test_search_sorting_and_tools_are_about_all_pages_of_a_long_table() -> None:
    content = {"username": [*(f"p{number:02}" for number in range(10)), "not good"], "password": [GOOD] * 11}
    held = opened(content, page_size=4)
    assert names(held) == ["p00", "p01", "p02", "p03"]
    held.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", "77"))
    assert set(held.draft.rows["quota"]) == {"77"}
    held.turn_to(3)
    assert names(held) == ["p08", "p09", "not good"]
    held.receive({0: {"username": "typed"}})
    held.turn_to(2)
    assert held.draft.rows["username"][8] == "typed"
    held.sort_by(SortOrder.PROBLEMS)
    assert (held.page, names(held)[0]) == (1, "not good")
    held.search_for("p09")
    assert (held.pages, names(held)) == (1, ["p09"])


def test_added_rows_are_seen_whatever_page_was_shown() -> None:
    held = opened({"username": ["kim"] * 11}, page_size=4)
    held.turn_to(3)
    held.add_rows()
    assert (held.page, names(held)[0]) == (1, "")


@pytest.mark.parametrize(("asked", "page"), [(-3, 1), (0, 1), (2, 2), (9, 3)])
def test_no_page_lies_beyond_the_first_and_the_last(asked: int, page: int) -> None:
    held = opened({"username": ["kim"] * 11}, page_size=4)
    held.turn_to(asked)
    assert held.page == page
    assert held.shown


# Whatever is done, in whatever order.


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


#: What validation adds to a row that is ready.
READY = validate(ImportBatch(make_rows({"username": ["kim"], "password": [GOOD]}), "a.nl"))
READY = READY.drop(columns=[*COLUMNS, *ROW_METADATA])


def validate_quickly(batch: ImportBatch) -> pd.DataFrame:
    """Verdicts by the same order of precedence as those of the rules, in a fraction of their time."""
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
    """An editor beside plain lists of rows by origin; generated passwords count as blank ones."""

    @initialize(count=st.integers(0, 9), generate=st.booleans())
    def open(self, count: int, generate: bool) -> None:
        cells = {"username": [USERNAMES[at % 4] for at in range(count)], "password": [GOOD, "", ""] * 3}
        self.held = opened(
            cells | {"password": cells["password"][:count]}, page_size=4, generate=generate, validate=validate_quickly
        )
        self.rows = self.seen()
        self.done: list[dict[int, Row]] = []
        self.undone: list[dict[int, Row]] = []
        self.in_view = list(self.held.view)

    def seen(self) -> dict[int, Row]:
        """The rows of the editor as they are now, by origin."""
        rows = self.held.latest.rows
        kept = rows["password"].where(~rows["generated"], "")
        return dict(
            zip(rows["origin"], zip(rows["username"], kept, rows["quota"], rows["ticked"], strict=True), strict=True)
        )

    def step(self, rows: dict[int, Row]) -> None:
        """Note a step that came to these rows."""
        if rows != self.rows:
            self.done, self.undone = [*self.done, self.rows][-MAX_STEPS:], []
        self.rows = rows

    @rule(cells=st.dictionaries(st.integers(-1, 4), CELLS, max_size=3))
    def types(self, cells: dict[int, dict[str, Any]]) -> None:
        """The grid holds everything typed since it was drawn."""
        held = self.held
        grid = {held.shown.index(at): dict(typed) for at, typed in held.typed.items()}
        rows = dict(self.rows)
        origins = held.draft.rows["origin"]
        for place, typed in cells.items():
            grid.setdefault(place, {}).update(typed)
            if 0 <= place < len(held.shown):
                rows[origins[held.shown[place]]] = self.with_cells(rows[origins[held.shown[place]]], typed)
        before = held.latest.rows
        held.receive(grid)
        if rows == self.rows and not held.latest.rows.equals(before):  # a generated password was cleared
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
        self.held.undo()
        if self.done:
            self.undone.append(self.rows)
            self.rows = self.done.pop()

    @rule()
    def redoes(self) -> None:
        self.held.redo()
        if self.undone:
            self.done.append(self.rows)
            self.rows = self.undone.pop()

    @precondition(lambda self: self.held.can_undo)
    @rule()
    def undoes_and_redoes(self) -> None:
        before = self.held.latest.rows
        self.held.undo()
        self.held.redo()
        assert self.held.latest.rows.equals(before)

    @rule(count=st.integers(1, 5))
    def adds(self, count: int) -> None:
        newest = min(0, *self.rows) if self.rows else 0
        self.held.add_rows(make_rows({"username": ["kim"] * count}))
        self.step(dict.fromkeys(range(newest - count, newest), ("kim", "", "", True)) | self.rows)

    @rule(place=st.integers(-1, 4))
    def deletes(self, place: int) -> None:
        shown = self.held.shown
        gone = self.held.draft.rows["origin"][shown[place]] if 0 <= place < len(shown) else None
        self.held.delete_shown(place)
        if gone is not None:
            self.step({origin: row for origin, row in self.rows.items() if origin != gone})

    @rule(value=st.sampled_from(("7", "1024")))
    def sets_quotas(self, value: str) -> None:
        in_view = set(self.held.view)
        self.held.apply(lambda draft, rows, _: bulk_edit.put(draft, rows, "quota", value))
        self.step(
            {
                origin: (name, password, value if origin in in_view else quota, ticked)
                for origin, (name, password, quota, ticked) in self.rows.items()
            }
        )

    @rule(kind=st.sampled_from(KINDS))
    def filters(self, kind: str) -> None:
        self.held.filter_by(kind)
        self.chosen_again()

    @rule(text=st.sampled_from(("", "kim", "there")))
    def searches(self, text: str) -> None:
        self.held.search_for(text)
        self.chosen_again()

    @rule(order=st.sampled_from(SortOrder))
    def sorts(self, order: SortOrder) -> None:
        self.held.sort_by(order)
        self.chosen_again()

    @rule(domain=st.sampled_from(("a.nl", "b.nl")))
    def uses_a_domain(self, domain: str) -> None:
        self.held.use_domain(domain)

    @rule(choice=st.sampled_from(OnExisting))
    def chooses_existing(self, choice: OnExisting) -> None:
        self.held.choose_existing(choice)
        self.chosen_again()

    @rule(page=st.integers(-1, 9))
    def turns(self, page: int) -> None:
        self.held.turn_to(page)

    @rule()
    def leaves_the_page(self) -> None:
        self.held.receive(None)
        if self.held.pending:
            self.held.commit()

    def chosen_again(self) -> None:
        """Every row in view matches, and every row that matches is in view."""
        judged = self.held.validate_rows()
        assert self.held.outdated(judged) == (0, 0)
        self.in_view = list(self.held.view)

    @invariant()
    def no_edit_is_lost(self) -> None:
        if not hasattr(self, "held"):
            return
        self.held.validate_rows()
        assert self.seen() == self.rows

    @invariant()
    def no_mask_is_a_password(self) -> None:
        if hasattr(self, "held"):
            assert not self.held.latest.rows["password"].str.contains("•").any()

    @invariant()
    def no_row_leaves_the_view_until_it_is_left(self) -> None:
        if not hasattr(self, "held"):
            return
        view = self.held.view
        assert len(set(view)) == len(view)
        assert [origin for origin in self.in_view if origin in self.rows and origin not in view] == []
        self.in_view = list(view)

    @invariant()
    def the_page_is_one_of_the_pages(self) -> None:
        if not hasattr(self, "held"):
            return
        held = self.held
        assert 1 <= held.page <= held.pages
        assert held.shown == held.in_view[(held.page - 1) * 4 : held.page * 4]
        assert bool(held.shown) == bool(held.in_view)
        assert held.draft.rows["origin"].iloc[held.in_view].tolist() == held.view

    @invariant()
    def the_history_is_bounded_and_is_what_was_done(self) -> None:
        if not hasattr(self, "held"):
            return
        assert len(self.held.past) <= MAX_STEPS
        assert len(self.held.future) <= MAX_STEPS + 1
        assert self.held.can_undo == bool(self.done)
        assert self.held.can_redo == bool(self.undone)


TestEditorSteps = EditorSteps.TestCase
TestEditorSteps.settings = settings(max_examples=examples(40), stateful_step_count=20)


def test_the_history_stays_bounded_however_often_something_is_typed_and_undone(held: Editor) -> None:
    for number in range(MAX_STEPS + 5):
        held.edit_row(0, {"quota": str(number)})
    for number in range(5):
        held.receive({0: {"quota": f"9{number}"}})
        held.undo()
        assert len(held.future) == 1
        held.redo()
        assert len(held.past) == MAX_STEPS
