"""The editor: edits, undo, redo, filters and pages over the rows of a draft, as a state machine without a page.

Rows have two layers. `draft` are the rows that the grid was drawn from; `typed` are the cells typed into it since, and
`latest` is both together. Focus and scroll position outlast a changing status column only while the editable cells come
from the same `draft`, so typed cells stay in a layer of their own. Every other change commits them to the draft and
starts another `generation` of the grid: a grid that keeps its key would apply the cells twice.

The rows in view are selected when a filter, a search or an order is chosen, and stay: a row that is fixed so that it
no longer matches leaves when the operator filters again, and not while they work on it.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from mxlib.core import namesakes, passwords
from mxlib.core.arrow_text import Mask
from mxlib.core.editing import file_diff, filters
from mxlib.core.editing.bulk_edit import Tool
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.file_diff import FileDiff
from mxlib.core.editing.filters import SortOrder
from mxlib.core.fixes import apply as fixing
from mxlib.core.fixes import groups
from mxlib.core.fixes.apply import AppliedFix
from mxlib.core.fixes.groups import FixGroup, FixKind
from mxlib.core.import_batch import ImportBatch
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.text import file_problems
from mxlib.core.vocabulary import OnExisting, Verdict

#: Steps that can be undone; drafts share the columns that they have in common, so each step costs little.
MAX_STEPS = 50

#: Rows on one page: every edit sends the whole page, so the other rows are on further pages.
PAGE_SIZE = 1_000

_NO_MASK = "A mask is no password: that cell is as it was."

#: A function that returns the rows of a batch with their verdicts.
Validate = Callable[[ImportBatch], pd.DataFrame]


@dataclass
class Editor:
    """The rows of one preview under edit.

    `chosen`, `search` and `order` define which rows are to be in view. `view` are the rows in view, by origin, on all
    pages; `in_view` are their positions in `draft`, and `shown` the positions of those on the current page.
    """

    draft: Draft = field(repr=False)
    validate: Validate = field(repr=False)
    domain: str = ""
    generate: bool = False
    on_existing: OnExisting = OnExisting.SKIP
    file: ReadFile | None = field(default=None, repr=False)
    generation: int = 0
    page_size: int = PAGE_SIZE
    chosen: str = filters.ALL
    search: str = ""
    order: SortOrder = SortOrder.LINE
    page: int = 1
    view: list[int] = field(default_factory=list, repr=False)
    in_view: list[int] = field(default_factory=list, repr=False)
    shown: list[int] = field(default_factory=list, repr=False)
    passwords_shown: bool = False
    changes_shown: bool = False
    every_column: bool = False
    notice: str = ""
    typed: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)
    fixes: list[AppliedFix] = field(default_factory=list, repr=False)
    past: list[Draft] = field(default_factory=list, repr=False)
    future: list[Draft] = field(default_factory=list, repr=False)
    _latest: Draft | None = field(default=None, repr=False)
    _batch: ImportBatch | None = field(default=None, repr=False)

    @property
    def latest(self) -> Draft:
        """Return the draft with everything typed so far; the same object until more is typed."""
        if self._latest is None:
            self._latest = self.draft.edited(self.typed) if self.typed else self.draft
        return self._latest

    @property
    def batch(self) -> ImportBatch:
        """Return the current rows and the choices made for them.

        Includes everything typed so far. It is the same object until something changes.
        """
        batch = self._batch_of(self.latest)
        if self._batch is None or not _same_table(self._batch, batch):
            self._batch = batch
        return self._batch

    @property
    def pending(self) -> bool:
        """Return whether something was typed into the grid since it was drawn."""
        return self.latest is not self.draft

    @property
    def can_undo(self) -> bool:
        """Return whether there is a step to undo."""
        return bool(self.past)

    @property
    def can_redo(self) -> bool:
        """Return whether there is a step to redo; an edit after an undo removes it."""
        return bool(self.future)

    @property
    def updates(self) -> bool:
        """Return whether rows of existing mailboxes update them."""
        return self.on_existing is OnExisting.UPDATE

    @property
    def key(self) -> str:
        """Return the key of the grid's widget; it changes whenever the grid is drawn again."""
        return f"grid-{self.generation}"

    @property
    def pages(self) -> int:
        """Return the number of pages that the rows in view take."""
        return max(1, -(-len(self.in_view) // self.page_size))

    @property
    def filtered(self) -> bool:
        """Return whether only some of the rows are in view."""
        return self.chosen != filters.ALL or bool(self.search)

    # Typed cells and steps.

    def receive(self, edited_rows: Mapping[Any, Mapping[str, Any]] | None) -> None:
        """Receive the cells that the grid holds, by place on the page.

        None leaves the typed cells as they are.
        """
        if edited_rows is None:
            return
        typed = {
            self.shown[int(place)]: dict(cells)
            for place, cells in edited_rows.items()
            if 0 <= int(place) < len(self.shown)
        }
        if typed != self.typed:
            before, self.typed, self._latest = self.latest, typed, None
            if not self.latest.rows.equals(before.rows):
                self._remember(before)
                self._answer_by_hand(before)

    def validate_rows(self) -> pd.DataFrame:
        """Return the rows with everything typed so far and their verdicts.

        Call it once each time the page is drawn.
        """
        validated = self._validate(self.latest)
        if self.generate and _lacks_passwords(validated):
            self._generate_beneath(validated)
            validated = self._validate(self.latest)
        if self._unanswered(validated).any():
            self.commit()
            validated = self._validate(self.draft)
        masked = any(passwords.is_masked(str(cells.get("password") or "")) for cells in self.typed.values())
        if masked or (self.generate and _lacks_passwords(validated)):
            # The grid shows cells that the rows do not have; only a new grid can show the real ones.
            self.commit()
            self.notice = _NO_MASK if masked else ""
            validated = self._validate(self.draft)
        return validated

    def commit(self, change: Callable[[Draft], Draft] | None = None, *, again: bool = False, page: int = 0) -> None:
        """Move the typed cells and `change` into the draft and draw another grid.

        `page` is the page of the rows in view to show. A change that alters nothing adds no step to undo. With
        `again`, the rows in view are selected again; otherwise they stay, and new ones come on top.
        """
        draft = self.latest
        if change is not None:
            changed = change(draft)
            if not (changed.rows.equals(draft.rows) and changed.same_people == draft.same_people):
                self._remember(draft)
                draft = changed
        if self.generate:
            filled = passwords.fill(self._validate(draft))
            if not filled["password"].equals(draft.rows["password"]):
                draft = draft.with_rows(filled)
        self._lay_out(draft, again=again, page=page)

    def undo(self) -> None:
        """Undo the last step: an edit in the grid, or what a tool did."""
        if self.past:
            self.future.append(self.latest)
            self._lay_out(self.past.pop())

    def redo(self) -> None:
        """Redo the step that was undone last."""
        if self.future:
            self.past = [*self.past, self.latest][-MAX_STEPS:]
            self._lay_out(self.future.pop())

    # Rows and tools.

    def add_rows(self, rows: pd.DataFrame | None = None, made: Mapping[int, str] | None = None) -> None:
        """Put these rows on top, or one blank row, and show their page.

        `made` are their usernames that were made of names, by position.
        """
        self.commit(Draft.added if rows is None else lambda draft: draft.joined(rows, made), page=1)

    def edit_row(self, origin: int, cells: Mapping[str, Any]) -> None:
        """Change some cells of one row."""
        self.commit(lambda draft: draft.edited(dict.fromkeys(draft.positions([origin]), cells)))

    def delete_row(self, origin: int) -> None:
        """Delete one row."""
        self.commit(lambda draft: draft.deleted(draft.positions([origin])))

    def delete_shown(self, place: int) -> None:
        """Delete the row at a place of the page."""
        if 0 <= place < len(self.shown):
            self.commit(lambda draft: draft.deleted([self.shown[place]]))

    def fix_shown(self, place: int) -> None:
        """Apply the suggestions for the row at a place of the page."""
        if not 0 <= place < len(self.shown):
            return
        found = groups.of_row(self._validate(self.draft), self.shown[place])

        def fixed(draft: Draft) -> Draft:
            for group in found:
                draft = fixing.apply(draft, group, group.fixes[0])
            return draft

        if found:
            self.commit(fixed)

    def apply(self, tool: Tool) -> None:
        """Apply a tool to the rows in view, on every page.

        The notice reports how many rows it changed.
        """
        before = self.latest
        self.commit(lambda draft: tool(draft, self.in_view, self._validate(draft)).with_made_of(draft))
        deleted = len(before) - len(self.draft)
        changed = 0 if deleted else int((before.rows != self.draft.rows).any(axis="columns").sum())
        self.notice = " ".join(filter(None, [file_problems.bulk_edited(changed, deleted), self.notice]))

    def fix(self, group: FixGroup, kind: FixKind) -> None:
        """Apply a fix to the rows of a group, in one step."""
        if kind is FixKind.SHOW_CHANGES:
            self.choose_existing(OnExisting.UPDATE)
            return
        before = self.latest
        if kind is FixKind.INCLUDE:
            self.commit(lambda draft: self._same_people(fixing.apply(draft, group, kind), group.origins.tolist()))
        else:
            self.commit(lambda draft: fixing.apply(draft, group, kind))
        if done := fixing.applied(group, kind, before, self.draft):
            self.fixes = [*self.fixes, done][-MAX_STEPS:]

    def undo_fix(self, fix: AppliedFix) -> None:
        """Undo a fix.

        After further edits it is undone in the rows that still are as it has left them.
        """
        if self.is_last_step(fix):
            self.undo()
        else:
            gone = fix.group.origins.tolist() if fix.kind is FixKind.INCLUDE else []
            self.commit(lambda draft: fixing.revert(draft, fix).without_same_people(gone))

    def is_last_step(self, fix: AppliedFix) -> bool:
        """Return whether nothing was changed since a fix."""
        return bool(self.past) and self.past[-1] is fix.before and self.latest is fix.after

    def standing_fixes(self) -> list[tuple[AppliedFix, int]]:
        """Return the fixes that still hold, oldest first, each with the number of its rows."""
        counted = [(fix, len(fixing.standing(self.latest, fix))) for fix in self.fixes]
        return [(fix, rows) for fix, rows in counted if rows]

    # Choices for all rows.

    def use_domain(self, domain: str) -> None:
        """Set the domain of rows that have none."""
        self.domain = domain
        self.commit()

    def choose_existing(self, choice: OnExisting) -> None:
        """Choose what happens to mailboxes that exist; every row comes into view."""
        self.on_existing, self.chosen = choice, filters.ALL
        self.commit(again=True)

    def excluded_namesakes(self, validated: pd.DataFrame) -> FixGroup | None:
        """Return the excluded rows whose mailboxes may be those of namesakes, if any."""
        if not self.updates:
            return None
        excluded = ~validated["ticked"].to_numpy(bool) & namesakes.made_and_exist(validated, self.draft.made)
        return groups.of_namesakes(validated[excluded]) if excluded.any() else None

    def _unanswered(self, validated: pd.DataFrame) -> Mask:
        """Return which ticked rows would update mailboxes that may be those of namesakes."""
        if not self.updates:
            return np.zeros(len(validated), dtype=bool)
        return namesakes.unanswered(validated, self.draft.made, self.draft.same_people)

    def _same_people(self, draft: Draft, origins: Collection[int]) -> Draft:
        """Return the draft with the answer that the mailboxes of these rows are theirs."""
        validated = self._validate(draft)
        exist = namesakes.made_and_exist(validated, draft.made) & np.isin(validated["origin"], list(origins))
        return draft.with_same_people(namesakes.pairs(validated, np.flatnonzero(exist)))

    def _answer_by_hand(self, before: Draft) -> None:
        """Take a tick typed into the grid since `before` for the answer about its row."""
        if not self.updates or not self.draft.made:
            return
        ticks = before.rows["ticked"]
        ticked = [at for at, cells in self.typed.items() if cells.get("ticked") is True and not ticks.iat[at]]
        if ticked:
            latest = self._same_people(self.latest, before.rows["origin"].iloc[ticked].tolist())
            self.draft, self._latest = self.draft.with_same_people(latest.same_people), None

    def generate_passwords(self, on: bool) -> None:
        """Generate passwords for rows that lack one from now on, or remove the generated ones."""
        self.generate = on
        self.commit(None if on else Draft.without_generated)

    def show_passwords(self, on: bool) -> None:
        """Show passwords instead of masks, or hide them again."""
        self.passwords_shown = on
        self.commit()

    def show_changes(self, on: bool) -> None:
        """Show what each row changes from the file, or hide it again."""
        self.changes_shown = on
        self.commit()

    def show_columns(self, every: bool) -> None:
        """Show every column, or hide those without a value."""
        self.every_column = every
        self.commit()

    # Rows in view.

    def filter_by(self, kind: str) -> None:
        """Show the rows of one kind, as they are now."""
        self.chosen = kind
        self.commit(again=True)

    def search_for(self, text: str) -> None:
        """Show the rows that contain this text."""
        self.search = text.strip()
        self.commit(again=True)

    def sort_by(self, order: SortOrder) -> None:
        """Sort the rows in view."""
        self.order = order
        self.commit(again=True)

    def filter_again(self) -> None:
        """Select the rows in view again, as they are now."""
        self.commit(again=True)

    def show_all(self) -> None:
        """Show every row."""
        self.chosen, self.search = filters.ALL, ""
        self.commit(again=True)

    def turn_to(self, page: int) -> None:
        """Show another page of the rows in view."""
        self.commit(page=page)

    def compare_with_file(self) -> FileDiff | None:
        """Compare the rows with the file that they came from; None without a file."""
        return self._diff(self.latest.rows)

    def matching(self, validated: pd.DataFrame) -> Mask:
        """Return which rows match the chosen filter and the search, as they are now."""
        found = filters.select_text(validated, self.search)
        if self.chosen != filters.CHANGED:
            return found & filters.select_kind(validated, self.chosen)
        diff = self._diff(validated)
        return found & (diff.changed | diff.added) if diff else found

    def outdated(self, validated: pd.DataFrame) -> tuple[int, int]:
        """Count rows in view that no longer match, and matching rows outside the view."""
        matching = self.matching(validated)
        stale = sum(not matching[at] for at in self.in_view)
        return stale, int(matching.sum()) - len(self.in_view) + stale

    def _diff(self, rows: pd.DataFrame) -> FileDiff | None:
        return file_diff.compare(rows, self.file) if self.file else None

    def _remember(self, draft: Draft) -> None:
        """Store the rows before a step, so that it can be undone."""
        self.past, self.future = [*self.past, draft][-MAX_STEPS:], []

    def _validate(self, draft: Draft) -> pd.DataFrame:
        return self.validate(self.batch if draft is self.latest else self._batch_of(draft))

    def _batch_of(self, draft: Draft) -> ImportBatch:
        made, same = draft.made, draft.same_people
        return ImportBatch(
            draft.rows, self.domain, self.on_existing, self.generate, self.file, made=made, same_people=same
        )

    def _generate_beneath(self, validated: pd.DataFrame) -> None:
        """Give passwords to rows that lack one because of other typed cells; the grid stays.

        A password that was typed or cleared in the grid hides the one beneath it.
        """
        filled, rows, latest = passwords.fill(validated), self.draft.rows, self.latest.rows
        ours = filled["generated"] & ~latest["generated"] & (rows["password"] == latest["password"])
        self.draft = self.draft.with_rows(
            rows.assign(password=rows["password"].where(~ours, filled["password"]), generated=rows["generated"] | ours)
        )
        self._latest = None

    def _lay_out(self, draft: Draft, *, again: bool = False, page: int = 0) -> None:
        """Draw these rows in a new grid, under another key.

        A username made of a person's name may be that of a namesake. Such rows are excluded from updates until a person
        includes them, whichever step has led to them.
        """
        draft, unsure = self._without_unanswered(draft)
        origins = draft.rows["origin"].to_numpy()
        if again:
            validated = self._validate(draft)
            self.in_view = filters.sort(validated, self.matching(validated), self.order)
            self.page = 1
        else:
            new = origins[~np.isin(origins, self.draft.rows["origin"].to_numpy())]
            self.in_view = draft.positions([*new.tolist(), *self.view])
            if self.order is SortOrder.LINE:
                self.in_view.sort()
        self.view = origins[self.in_view].tolist()
        self.page = min(max(page or self.page, 1), self.pages)
        first = (self.page - 1) * self.page_size
        self.shown = self.in_view[first : first + self.page_size]
        self.draft, self._latest, self.typed = draft, None, {}
        self.notice = file_problems.maybe_namesakes(unsure) if unsure else ""
        self.generation += 1

    def _without_unanswered(self, draft: Draft) -> tuple[Draft, int]:
        """Untick the rows that may be of namesakes; return the draft and their number."""
        if not self.updates or not draft.made:
            return draft, 0
        found = namesakes.unanswered(self._validate(draft), draft.made, draft.same_people)
        return (draft.ticked(np.flatnonzero(found).tolist(), False), int(found.sum())) if found.any() else (draft, 0)


def _same_table(one: ImportBatch, other: ImportBatch) -> bool:
    """Return whether two batches hold the same table and choices.

    If so, the addresses of the second need not be parsed.
    """
    choices = [(batch.domain, batch.on_existing, batch.generate, batch.same_people) for batch in (one, other)]
    return one.rows is other.rows and one.made is other.made and choices[0] == choices[1]


def _lacks_passwords(validated: pd.DataFrame) -> bool:
    return bool((validated["verdict"] == Verdict.NEEDS_PASSWORD).any())
