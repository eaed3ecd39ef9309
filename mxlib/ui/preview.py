"""The editable preview: every edit is judged at once, and none is lost.

The grid's editable cells always come from the draft as it was last folded; what was typed since lives in the widget
and is applied on top in `_latest`. Only then do edits, focus and scroll position outlast a changing status column.
Whatever changes which rows are there folds the edits into the draft and gives the grid a new key: a grid that keeps its
key would apply them twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.mailboxes.columns import OnExisting
from mxlib.mailboxes.draft import Draft
from mxlib.mailboxes.kinds import kinds
from mxlib.services.drafts import Work
from mxlib.services.previews import Reading
from mxlib.services.running import REFUSALS
from mxlib.ui import frame

#: Changes that can be taken back; drafts share the columns that they have in common, so that this costs little.
MOST_STEPS = 50


@dataclass
class Preview:
    """What one browser tab holds of a preview."""

    draft: Draft = field(repr=False)
    reading: Reading | None
    domain: str
    generate: bool
    shown: list[int] = field(default_factory=list)
    chosen: str = "all"
    passwords_shown: bool = False
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

    @property
    def updates(self) -> bool:
        """Whether rows of mailboxes that exist change them."""
        return self.on_existing is OnExisting.UPDATE

    @property
    def key(self) -> str:
        """The grid's key; a new one whenever its rows are others."""
        return f"grid-{self.generation}"


def open_preview(
    draft: Draft,
    reading: Reading | None,
    domain: str,
    *,
    generate: bool,
    file: bytes = b"",
    number: str = "",
    on_existing: OnExisting = OnExisting.SKIP,
) -> None:
    """Begin a preview in this tab, in place of any earlier one; `number` is that of a draft gone on with."""
    before = held()
    preview = Preview(draft, reading, domain, generate, generation=before.generation + 1 if before else 0)
    same_file = before is not None and bool(file) and before.file == file
    preview.number = number or (before.number if before and same_file else services.current().drafts.new())
    preview.file, preview.on_existing = file, on_existing
    st.session_state["preview"] = preview
    fold(preview)


def held() -> Preview | None:
    """This tab's preview, if it has one."""
    found: Preview | None = st.session_state.get("preview")
    return found


def discard() -> None:
    """Forget this tab's preview and its draft."""
    preview: Preview | None = st.session_state.pop("preview", None)
    if preview is not None and preview.kept is not None:
        services.current().drafts.discard(frame.caller(), preview.number)


def move(preview: Preview, domain: str) -> None:
    """Let rows without a domain go to another one."""
    preview.domain = domain
    fold(preview)


def now(preview: Preview) -> pd.DataFrame:
    """The rows with everything typed so far, judged; asked for once a drawing."""
    if preview.latest is not None and preview.key not in st.session_state:
        # Leaving the page dropped the widget and its edits; `latest` has them.
        preview.draft, preview.latest = preview.latest, None
        preview.generation += 1
    preview.latest = _latest(preview)
    judged = _judge(preview, preview.latest)
    _keep(preview)
    return judged


def pending(preview: Preview) -> bool:
    """Whether something was typed into the grid since it was last laid."""
    return preview.latest is not None and preview.latest is not preview.draft


def _keep(preview: Preview) -> None:
    """Keep what was mended in the store, so that it outlives this tab."""
    about = (preview.domain, preview.on_existing)
    if preview.latest is None or (preview.latest is preview.kept and about == preview.kept_as):
        return
    work = Work(
        preview.latest.rows, preview.domain, preview.generate, preview.reading, preview.file, preview.on_existing
    )
    try:
        services.current().drafts.keep(frame.caller(), preview.number, work)
    except REFUSALS as refusal:
        preview.not_kept = f"What you mend is kept in this tab only. {refusal}"
    else:
        preview.kept, preview.kept_as, preview.not_kept = preview.latest, about, ""


def recheck(preview: Preview) -> None:
    """Read the domains of these rows anew."""
    house = services.current()
    house.previews.judge(frame.caller(), _latest(preview).rows, preview.domain, newer_than=house.clock.now())


def _judge(preview: Preview, draft: Draft) -> pd.DataFrame:
    house, caller = services.current(), frame.caller()
    return house.previews.judge(caller, draft.rows, preview.domain, on_existing=preview.on_existing)


def _latest(preview: Preview) -> Draft:
    """The draft with everything typed into the grid since it was folded."""
    state = st.session_state.get(preview.key)
    edits: Mapping[Any, Mapping[str, Any]] = state["edited_rows"] if state else {}
    changes = {
        preview.shown[int(position)]: dict(cells)
        for position, cells in edits.items()
        if 0 <= int(position) < len(preview.shown)
    }
    return preview.draft.edited(changes) if changes else preview.draft


def fold(preview: Preview, change: Callable[[Draft], Draft] | None = None) -> None:
    """Take the grid's edits and `change` into the draft, choose anew which rows are in view, and draw a new grid."""
    latest = _latest(preview)
    draft = change(latest) if change is not None else latest
    if draft is not preview.draft:
        preview.past = [*preview.past, preview.draft][-MOST_STEPS:]
        preview.future = []
    if preview.generate:
        house = services.current()
        draft = draft.with_rows(house.previews.with_passwords(frame.caller(), draft.rows, preview.domain))
    _lay(preview, draft)


def undo(preview: Preview) -> None:
    """Take back what was typed since the table was last drawn, else the change before that."""
    latest = _latest(preview)
    if latest is preview.draft and not preview.past:
        return
    earlier = preview.draft if latest is not preview.draft else preview.past.pop()
    preview.future.append(latest)
    _lay(preview, earlier)


def redo(preview: Preview) -> None:
    """Do again what was taken back last."""
    if preview.future and _latest(preview) is preview.draft:
        preview.past.append(preview.draft)
        _lay(preview, preview.future.pop())


def _lay(preview: Preview, draft: Draft) -> None:
    """Put these rows on the table, under a new key."""
    preview.draft = draft
    preview.latest = None
    preview.generation += 1
    preview.shown = _chosen(_judge(preview, draft), preview.chosen)


def _chosen(judged: pd.DataFrame, chosen: str) -> list[int]:
    """The positions of the rows that a badge stands for."""
    ticked = judged["ticked"]
    match chosen:
        case "all":
            mask = pd.Series(True, index=judged.index)
        case "warnings":
            mask = ticked & (judged["warnings"] != "")
        case "left_out":
            mask = ~ticked
        case kind:
            mask = ticked & (kinds(judged) == kind)
    return [int(position) for position in judged.index[mask]]
