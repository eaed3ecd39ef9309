"""The Streamlit side of the editor: the draft that is open in this tab, and what its grid holds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.editor import Editor
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.vocabulary import OnExisting
from mxlib.ui.app import layout
from mxlib.ui.widgets.actions import act


@dataclass
class OpenDraft:
    """A draft as one browser tab holds it: its editor, the bytes of its file, and its copy in the store."""

    editor: Editor
    content: bytes = field(default=b"", repr=False)
    number: str = ""
    #: Of the draft as this tab knows it; `conflict`: another tab has changed it since.
    version: int = 0
    conflict: bool = False
    kept: Draft | None = field(default=None, repr=False)
    kept_as: tuple[str, OnExisting] | None = None
    not_kept: str = ""


def open_preview(
    draft: Draft,
    reading: ReadFile | None,
    domain: str,
    *,
    generate: bool,
    file: bytes = b"",
    number: str = "",
    on_existing: OnExisting = OnExisting.SKIP,
    version: int = 0,
) -> None:
    """Begin a preview in this tab, in place of any earlier one; `number` and `version` are of a draft gone on with."""
    before = current()
    generation = before.editor.generation + 1 if before else 0
    editor = Editor(draft, _validate, domain, generate, on_existing, reading, generation)
    held = OpenDraft(editor, file)
    same_file = before is not None and bool(file) and before.content == file
    held.number = number or (before.number if before and same_file else services.current().drafts.new())
    held.version = version if number or before is None or not same_file else before.version
    st.session_state["preview"] = held
    editor.filter_again()
    if version and editor.draft is draft:  # opening a draft is no change of it
        held.kept, held.kept_as = draft, (domain, on_existing)


def current() -> OpenDraft | None:
    """This tab's draft, if it has one open."""
    found: OpenDraft | None = st.session_state.get("preview")
    return found


def discard() -> None:
    """Forget this tab's preview and its draft."""
    held: OpenDraft | None = st.session_state.pop("preview", None)
    if held is not None and held.kept is not None:
        services.current().drafts.discard(layout.caller(), held.number, own=True, version=held.version)


def change(editor: Editor, step: Callable[..., object], *given: Any) -> Callable[[], None]:
    """Return the callback that takes in what the grid holds and then does `step`."""
    return act(_change, editor, step, given)


def validated_rows(editor: Editor) -> pd.DataFrame:
    """Return the rows with everything typed so far and their verdicts; asked for once a drawing."""
    receive(editor)
    if editor.pending and editor.key not in st.session_state:
        editor.commit()  # Leaving the page dropped the grid and what it held; the editor still has it.
    return editor.validate_rows()


def receive(editor: Editor) -> None:
    """Take in what the grid holds; without a grid, what was typed stays."""
    grid = st.session_state.get(editor.key)
    editor.receive(grid["edited_rows"] if grid else None)


def _change(editor: Editor, step: Callable[..., object], given: tuple[Any, ...]) -> None:
    receive(editor)
    step(*given)


def _validate(rows: pd.DataFrame, domain: str, on_existing: OnExisting) -> pd.DataFrame:
    return services.current().imports.validate(layout.caller(), rows, domain, on_existing=on_existing)
