"""The Streamlit side of the editor: the draft that is open in this tab, and what its grid holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import Editor
from mxlib.core.import_batch import ImportBatch
from mxlib.core.validation.incremental import Validation
from mxlib.core.vocabulary import OnExisting
from mxlib.services.drafts import DraftContent
from mxlib.ui.app import layout
from mxlib.ui.widgets.actions import act

#: Key of the last validation of this tab.
_LAST = "last-validation"

#: Key of the filter of the rows.
FILTER = "rows_filter"


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


def take_in(editor: Editor) -> Callable[[], None]:
    """Return the callback that validates what was typed into the grid.

    Streamlit calls it before it draws anything. The drawing then finds little to validate, and the counts reach the
    browser together with what is drawn before them: it takes as long to draw an element alone as with others.
    """
    return act(validated_rows, editor)


def validated_rows(editor: Editor) -> pd.DataFrame:
    """Return the rows with all edits so far and their verdicts; computed once a drawing."""
    receive(editor)
    if editor.pending and editor.key not in st.session_state:
        editor.commit()  # Leaving the page dropped the grid and what it held; the editor still has it.
    return editor.validate_rows()


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


def _change(editor: Editor, step: Callable[..., object], given: tuple[Any, ...]) -> None:
    receive(editor)
    step(*given)


def _validate(batch: ImportBatch) -> pd.DataFrame:
    """Return the rows with their verdicts.

    The tab keeps them, so that an edit costs what it changes.
    """
    last: Validation | None = st.session_state.get(_LAST)
    found = services.current().imports.validate_again(layout.caller(), batch, last)
    st.session_state[_LAST] = found
    return found.validated
