"""The editable preview: every edit is judged at once, and none is lost.

The grid's editable cells always come from the draft as it was last folded; what was typed since lives in the widget
and is applied on top in `_latest`. Only then do edits, focus and scroll position outlast a changing status column.
Whatever changes which rows are there folds the edits into the draft and gives the grid a new key: a grid that keeps its
key would apply them twice.

Which rows are in view is decided when a filter, a search or an order is chosen, and stays: a row that was mended so
that it no longer matches goes when the operator chooses anew, and not under his hands.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core import passwords
from mxlib.core.arrow_text import Mask
from mxlib.core.editing import file_diff, filters
from mxlib.core.editing.draft import Draft
from mxlib.core.editing.file_diff import FileDiff
from mxlib.core.editing.filters import SortOrder
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.text import file_problems
from mxlib.core.vocabulary import OnExisting, Verdict
from mxlib.ui.app import layout

#: Changes that can be taken back; drafts share the columns that they have in common, so that this costs little.
MOST_STEPS = 50

#: Rows on the table at once, since every edit sends the whole table; the others are on further pages.
ROWS_A_PAGE = 1_000

_NO_MASK = "A mask is no password: that cell is as it was."


@dataclass
class EditorState:
    """What one browser tab holds of a preview.

    `chosen`, `search` and `order` say what is to be in view; `view` are the rows that are, by origin, over all pages;
    `in_view` are their positions in `draft`, and `shown` those on the page that is on the table.
    """

    draft: Draft = field(repr=False)
    reading: ReadFile | None
    domain: str
    generate: bool
    chosen: str = filters.ALL
    search: str = ""
    order: SortOrder = SortOrder.LINE
    page: int = 1
    view: list[int] = field(default_factory=list, repr=False)
    in_view: list[int] = field(default_factory=list, repr=False)
    shown: list[int] = field(default_factory=list, repr=False)
    passwords_shown: bool = False
    changes_shown: bool = False
    said: str = ""
    generation: int = 0
    latest: Draft | None = field(default=None, repr=False)
    past: list[Draft] = field(default_factory=list, repr=False)
    future: list[Draft] = field(default_factory=list, repr=False)
    number: str = ""
    file: bytes = field(default=b"", repr=False)
    kept: Draft | None = field(default=None, repr=False)
    kept_as: tuple[str, OnExisting] | None = None
    on_existing: OnExisting = OnExisting.SKIP
    not_kept: str = ""
    #: Of the draft as this tab knows it; `conflict`: another tab has changed it since.
    version: int = 0
    conflict: bool = False

    @property
    def updates(self) -> bool:
        """Whether rows of mailboxes that exist change them."""
        return self.on_existing is OnExisting.UPDATE

    @property
    def key(self) -> str:
        """The grid's key; a new one whenever its rows are others."""
        return f"grid-{self.generation}"

    @property
    def pages(self) -> int:
        """How many pages the rows in view take."""
        return max(1, -(-len(self.in_view) // ROWS_A_PAGE))

    @property
    def sifted(self) -> bool:
        """Whether only some of the rows are in view."""
        return self.chosen != filters.ALL or bool(self.search)


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
    preview = EditorState(draft, reading, domain, generate, generation=before.generation + 1 if before else 0)
    same_file = before is not None and bool(file) and before.file == file
    preview.number = number or (before.number if before and same_file else services.current().drafts.new())
    preview.version = version if number or before is None or not same_file else before.version
    preview.file, preview.on_existing = file, on_existing
    st.session_state["preview"] = preview
    commit_edits(preview, anew=True)
    if version and preview.draft is draft:  # opening a draft is no change of it
        preview.kept, preview.kept_as = draft, (domain, on_existing)


def current() -> EditorState | None:
    """This tab's preview, if it has one."""
    found: EditorState | None = st.session_state.get("preview")
    return found


def discard() -> None:
    """Forget this tab's preview and its draft."""
    preview: EditorState | None = st.session_state.pop("preview", None)
    if preview is not None and preview.kept is not None:
        services.current().drafts.discard(layout.caller(), preview.number, own=True, version=preview.version)


def move(preview: EditorState, domain: str) -> None:
    """Let rows without a domain go to another one."""
    preview.domain = domain
    commit_edits(preview)


def validated_rows(preview: EditorState) -> pd.DataFrame:
    """The rows with everything typed so far, judged; asked for once a drawing."""
    if preview.latest is not None and preview.key not in st.session_state:
        # Leaving the page dropped the widget and its edits; `latest` has them.
        _redraw(preview, preview.latest)
    preview.latest = _latest(preview)
    judged = _judge(preview, preview.latest)
    if preview.generate and _lacks_passwords(judged):
        _generate_beneath(preview)
        judged = _judge(preview, preview.latest)
    masked = _masks(preview)
    if masked or (preview.generate and _lacks_passwords(judged)):
        # The grid shows what is not: only another one can show what is.
        commit_edits(preview)
        preview.said = _NO_MASK if masked else ""
        preview.latest = preview.draft
        judged = _judge(preview, preview.latest)
    return judged


def hold(preview: EditorState) -> None:
    """Take what was typed last into the tab's draft, though no grid is drawn now."""
    preview.latest = _latest(preview) if preview.key in st.session_state else preview.latest


def mended(preview: EditorState) -> FileDiff | None:
    """The rows beside the file that they came from, if from one."""
    draft = preview.latest or preview.draft
    return file_diff.compare(draft.rows, preview.reading) if preview.reading else None


def matching(preview: EditorState, judged: pd.DataFrame) -> Mask:
    """The rows that are what was chosen and searched for, as they are now."""
    found = filters.select_text(judged, preview.search)
    if preview.chosen != filters.CHANGED:
        return found & filters.select_kind(judged, preview.chosen)
    unlike = file_diff.compare(judged, preview.reading) if preview.reading else None
    return found & (unlike.changed | unlike.added) if unlike else found


def pending(preview: EditorState) -> bool:
    """Whether something was typed into the grid since it was last laid."""
    return preview.latest is not None and preview.latest is not preview.draft


def _judge(preview: EditorState, draft: Draft) -> pd.DataFrame:
    app, caller = services.current(), layout.caller()
    return app.imports.validate(caller, draft.rows, preview.domain, on_existing=preview.on_existing)


def _edits(preview: EditorState) -> dict[int, dict[str, Any]]:
    """What was typed into the grid since it was laid: position in the draft to column to value."""
    state = st.session_state.get(preview.key)
    edits: Mapping[Any, Mapping[str, Any]] = state["edited_rows"] if state else {}
    return {
        preview.shown[int(place)]: dict(cells) for place, cells in edits.items() if 0 <= int(place) < len(preview.shown)
    }


def _latest(preview: EditorState) -> Draft:
    """The draft with everything typed into the grid since it was folded."""
    changes = _edits(preview)
    return preview.draft.edited(changes) if changes else preview.draft


def _lacks_passwords(judged: pd.DataFrame) -> bool:
    return bool((judged["verdict"] == Verdict.NEEDS_PASSWORD).any())


def _generate_beneath(preview: EditorState) -> None:
    """Give passwords to rows that came to lack one by what was typed beside it; the grid stays."""
    latest = preview.latest or preview.draft
    filled = services.current().imports.with_passwords(layout.caller(), latest.rows, preview.domain)
    ours = filled["generated"] & ~latest.rows["generated"]
    rows = preview.draft.rows
    preview.draft = preview.draft.with_rows(
        rows.assign(password=rows["password"].where(~ours, filled["password"]), generated=rows["generated"] | ours)
    )
    preview.latest = _latest(preview)


def _masks(preview: EditorState) -> bool:
    """Whether a mask was pasted or typed where a password goes."""
    return any(passwords.is_masked(str(cells.get("password") or "")) for cells in _edits(preview).values())


def commit_edits(
    preview: EditorState, change: Callable[[Draft], Draft] | None = None, *, anew: bool = False, page: int = 0
) -> None:
    """Take the grid's edits and `change` into the draft and draw a new grid, with `page` of the rows in view.

    `anew`: which rows are in view is chosen again; otherwise they stay, and new ones come on top.
    """
    latest = _latest(preview)
    draft = change(latest) if change is not None else latest
    if draft is not preview.draft:
        preview.past = [*preview.past, preview.draft][-MOST_STEPS:]
        preview.future = []
    if preview.generate:
        app = services.current()
        filled = app.imports.with_passwords(layout.caller(), draft.rows, preview.domain)
        if not filled["password"].equals(draft.rows["password"]):
            draft = draft.with_rows(filled)
    _redraw(preview, draft, anew=anew, page=page)


def in_bulk(preview: EditorState, tool: Callable[[Draft, Sequence[int], pd.DataFrame], Draft]) -> None:
    """Let a tool change the rows in view, on every page, and say how many it changed."""
    before = _latest(preview)
    commit_edits(preview, lambda draft: tool(draft, preview.in_view, _judge(preview, draft)))
    deleted = len(before) - len(preview.draft)
    changed = 0 if deleted else int((before.rows != preview.draft.rows).any(axis="columns").sum())
    preview.said = file_problems.bulk_edited(changed, deleted)


def undo(preview: EditorState) -> None:
    """Take back what was typed since the table was last drawn, else the change before that."""
    latest = _latest(preview)
    if latest is preview.draft and not preview.past:
        return
    earlier = preview.draft if latest is not preview.draft else preview.past.pop()
    preview.future.append(latest)
    _redraw(preview, earlier)


def redo(preview: EditorState) -> None:
    """Do again what was taken back last."""
    if preview.future and _latest(preview) is preview.draft:
        preview.past.append(preview.draft)
        _redraw(preview, preview.future.pop())


def _redraw(preview: EditorState, draft: Draft, *, anew: bool = False, page: int = 0) -> None:
    """Put these rows on the table, under a new key."""
    origins = draft.rows["origin"].to_numpy()
    if anew:
        judged = _judge(preview, draft)
        preview.in_view = filters.sort(judged, matching(preview, judged), preview.order)
        preview.page = 1
    else:
        new = origins[~np.isin(origins, preview.draft.rows["origin"].to_numpy())]
        preview.in_view = draft.positions([*new.tolist(), *preview.view])
        if preview.order is SortOrder.LINE:
            preview.in_view.sort()
    preview.view = origins[preview.in_view].tolist()
    preview.page = min(page or preview.page, preview.pages)
    first = (preview.page - 1) * ROWS_A_PAGE
    preview.shown = preview.in_view[first : first + ROWS_A_PAGE]
    preview.draft, preview.latest, preview.said = draft, None, ""
    preview.generation += 1
