"""The Streamlit side of the editor: the draft that is open in this tab, and what its grid holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mxlib import services
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import Editor
from mxlib.core.fixes import groups
from mxlib.core.fixes.groups import FixGroup
from mxlib.core.import_batch import ImportBatch
from mxlib.core.validation.incremental import Validation
from mxlib.core.vocabulary import OnExisting
from mxlib.services.drafts import DraftContent
from mxlib.services.imports import counts
from mxlib.ui.app import layout
from mxlib.ui.widgets import actions
from mxlib.ui.widgets.actions import act

#: Key of the last validation of this tab.
_LAST = "last-validation"

#: Key of the filter of the rows.
FILTER = "rows_filter"

#: Keys of the parts of a preview: the one that holds all others, and the one that each edit draws.
WHOLE, ROWS = "preview-whole", "preview-rows"


@dataclass(frozen=True)
class ValidatedRows:
    """The rows of a preview with their verdicts, and the number of each kind."""

    batch: ImportBatch = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    figures: Mapping[str, int]

    @cached_property
    def groups(self) -> list[FixGroup]:
        """Return the groups to fix; found once, after the counts are on their way."""
        return groups.find(self.table)


@dataclass
class OpenDraft:
    """A draft as one browser tab holds it: its editor, the bytes of its file, and its copy in the store."""

    editor: Editor
    content: bytes = field(default=b"", repr=False)
    number: str = ""
    #: Who began the draft; blank while it is the caller.
    begun_by: str = ""
    #: Of the draft as this tab knows it; `conflict`: another tab has changed it since.
    version: int = 0
    conflict: bool = False
    kept: Draft | None = field(default=None, repr=False)
    kept_as: tuple[str, OnExisting] | None = None
    not_kept: str = ""
    rows: ValidatedRows | None = field(default=None, repr=False)
    #: Of each part that an edit may leave as it is: what returns how it looks, and how it looked.
    looks: dict[str, tuple[Callable[[], object], object]] = field(default_factory=dict, repr=False)


def open_preview(content: DraftContent, number: str = "") -> None:
    """Begin a preview in this tab, in place of any earlier one. `number` is that of a draft to continue."""
    before, batch = current(), content.batch
    draft = Draft(batch.rows, made=batch.made, same_people=batch.same_people)
    generation = before.editor.generation + 1 if before else 0
    editor = Editor(draft, _validate, batch.domain, batch.generate, batch.on_existing, content.read_file, generation)
    held = OpenDraft(editor, content.file, begun_by=content.begun_by)
    same_file = before is not None and bool(content.file) and before.content == content.file
    held.number = number or (before.number if before and same_file else services.current().drafts.new())
    held.version = content.version if number or before is None or not same_file else before.version
    st.session_state["preview"] = held
    editor.filter_again()
    if content.version and editor.draft is draft:  # opening a draft is no change of it
        held.kept, held.kept_as = draft, (batch.domain, batch.on_existing)


def current() -> OpenDraft | None:
    """Return this tab's draft, if one is open."""
    found: OpenDraft | None = st.session_state.get("preview")
    return found


def discard() -> None:
    """Forget this tab's preview and its draft."""
    held: OpenDraft | None = st.session_state.pop("preview", None)
    st.session_state.pop(_LAST, None)
    if held is not None and held.kept is not None:
        services.current().drafts.discard(layout.caller(), held.number, own=True, version=held.version)


def change(editor: Editor, step: Callable[..., object], *given: Any) -> Callable[[], None]:
    """Return the callback that takes in what the grid holds and then does `step`."""
    return act(_change, editor, step, given)


def take_in(held: OpenDraft) -> Callable[[], None]:
    """Return the callback that validates what was typed into the grid.

    Streamlit calls it before it draws anything, so that the drawing finds nothing to validate.
    """
    return act(_take_in, held)


def validate(held: OpenDraft) -> ValidatedRows:
    """Validate the rows with all edits so far."""
    editor = held.editor
    receive(editor)
    if editor.pending and editor.key not in st.session_state:
        editor.commit()  # Leaving the page dropped the grid and what it held; the editor still has it.
    table = editor.validate_rows()
    held.rows = ValidatedRows(editor.batch, table, counts(table))
    return held.rows


def validated(held: OpenDraft) -> ValidatedRows:
    """Return the rows as they were validated last; validate them if they have changed since."""
    if held.rows is None or held.rows.batch is not held.editor.batch:
        return validate(held)
    return held.rows


def receive(editor: Editor) -> None:
    """Take in what the grid holds; without a grid, what was typed stays."""
    grid = st.session_state.get(editor.key)
    editor.receive(grid["edited_rows"] if grid else None)


def is_drawn_again() -> bool:
    """Return whether the browser has just drawn the widgets again, with defaults for their values.

    It then reports all of them as changed. A person always leaves one of the filters chosen.
    """
    return st.session_state.get(FILTER) is None


def set_value(key: str, value: object) -> None:
    """Let a widget show what the preview holds."""
    if st.session_state.get(key) != value:
        st.session_state[key] = value


def _take_in(held: OpenDraft) -> None:
    validate(held)
    _draw_what_changed()


def _draw_what_changed() -> None:
    """Let all parts be drawn, unless the rows are and no other part looks different.

    A browser draws each element that it gets once more, and takes longer for sixty than the server for all rows.
    """
    held, context = current(), get_script_run_ctx()
    if held is None or context is None or not actions.draws_a_part():
        return
    rows = context.fragment_storage.resolve_target(ROWS)
    if context.fragment_ids_this_run != rows or any(look() != before for look, before in held.looks.values()):
        st.rerun(WHOLE)


def _change(editor: Editor, step: Callable[..., object], given: tuple[Any, ...]) -> None:
    receive(editor)
    step(*given)
    _draw_what_changed()


def _validate(batch: ImportBatch) -> pd.DataFrame:
    """Return the rows with their verdicts.

    The tab keeps them, so that an edit costs what it changes.
    """
    last: Validation | None = st.session_state.get(_LAST)
    found = services.current().imports.validate_again(layout.caller(), batch, last)
    st.session_state[_LAST] = found
    return found.validated
