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
from mxlib.mailboxes import words
from mxlib.mailboxes.columns import COLUMNS, MASK, Verdict
from mxlib.mailboxes.draft import Draft
from mxlib.services.previews import Reading, counts
from mxlib.ui import frame

#: Shown in this order; what the operator may type in comes after what MXM says.
GRID = (
    "ticked",
    "status",
    "line",
    "fix",
    "username",
    "domain",
    "password",
    "quota",
    "limit",
    "recovery_email",
    "remove",
)
LEFT_OUT = "Left out"
COLOURS = {
    Verdict.READY: "#1a7f5a",
    Verdict.NEEDS_PASSWORD: "#b26a00",
    Verdict.DUPLICATE: "#7a4fbf",
    Verdict.EXISTS: "#4a6fa5",
    Verdict.INVALID: "#c0392b",
}
ICONS = {
    "all": ":material/list:",
    Verdict.READY: ":material/check_circle:",
    "warnings": ":material/warning:",
    Verdict.NEEDS_PASSWORD: ":material/key:",
    Verdict.DUPLICATE: ":material/content_copy:",
    Verdict.EXISTS: ":material/person_check:",
    Verdict.INVALID: ":material/error:",
    "left_out": ":material/check_box_outline_blank:",
}
_ROW = 33
_MOST_ROWS_IN_VIEW = 14


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

    @property
    def key(self) -> str:
        """The grid's key; a new one whenever its rows are others."""
        return f"grid-{self.generation}"


def open_preview(draft: Draft, reading: Reading | None, domain: str, *, generate: bool) -> None:
    """Begin a preview in this tab, in place of any earlier one."""
    before = held()
    preview = Preview(draft, reading, domain, generate, generation=before.generation + 1 if before else 0)
    st.session_state["preview"] = preview
    _fold(preview)


def held() -> Preview | None:
    """This tab's preview, if it has one."""
    found: Preview | None = st.session_state.get("preview")
    return found


def discard() -> None:
    """Forget this tab's preview."""
    st.session_state.pop("preview", None)


def move(preview: Preview, domain: str) -> None:
    """Let rows without a domain go to another one."""
    preview.domain = domain
    _fold(preview)


def show(preview: Preview) -> pd.DataFrame:
    """Draw badges and grid; the rows as they are now, judged."""
    if preview.latest is not None and preview.key not in st.session_state:
        # Leaving the page dropped the widget and its edits; `latest` has them.
        preview.draft, preview.latest = preview.latest, None
        preview.generation += 1
    latest = _latest(preview)
    judged = _judge(preview, latest)
    preview.latest = latest
    _badges(preview, judged)
    _tools(preview)
    _grid(preview, judged)
    return judged


def _judge(preview: Preview, draft: Draft) -> pd.DataFrame:
    house, caller = services.current(), frame.caller()
    return house.previews.judge(caller, draft.rows, preview.domain)


def _latest(preview: Preview) -> Draft:
    """The draft with everything typed into the grid since it was folded."""
    state = st.session_state.get(preview.key)
    edits: Mapping[Any, Mapping[str, Any]] = state["edited_rows"] if state else {}
    changes = {
        preview.shown[int(position)]: dict(cells)
        for position, cells in edits.items()
        if int(position) < len(preview.shown)
    }
    return preview.draft.edited(changes) if changes else preview.draft


def _fold(preview: Preview, change: Callable[[Draft], Draft] | None = None) -> None:
    """Take the grid's edits and `change` into the draft, choose anew which rows are in view, and draw a new grid."""
    draft = _latest(preview)
    if change is not None:
        draft = change(draft)
    if preview.generate:
        house = services.current()
        draft = draft.with_rows(house.previews.with_passwords(frame.caller(), draft.rows, preview.domain))
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
        case verdict:
            mask = ticked & (judged["verdict"] == verdict)
    return [int(position) for position in judged.index[mask]]


def _badges(preview: Preview, judged: pd.DataFrame) -> None:
    """How many rows are of each kind; a click shows only those, and keeps a mended one in view."""
    figures = {"all": len(judged)} | counts(judged)
    labels = {"all": "All rows", "warnings": "Warnings", "left_out": LEFT_OUT} | {v: words.verdict(v) for v in Verdict}
    order = [
        "all",
        Verdict.READY,
        "warnings",
        Verdict.NEEDS_PASSWORD,
        Verdict.DUPLICATE,
        Verdict.EXISTS,
        Verdict.INVALID,
    ]
    if figures["left_out"] or preview.chosen == "left_out":
        order.append("left_out")

    def pick(kind: str) -> None:
        preview.chosen = kind
        _fold(preview)

    with st.container(horizontal=True, key="badges", gap="small"):
        for kind in order:
            st.button(
                f"{labels[kind]} **{figures[kind]:,}**",
                icon=ICONS[kind],
                key=f"badge-{kind}",
                type="primary" if preview.chosen == kind else "secondary",
                on_click=pick,
                args=(str(kind),),
            )


def _tools(preview: Preview) -> None:
    """What changes the table as a whole."""

    def generate() -> None:
        preview.generate = bool(st.session_state["generate"])
        _fold(preview, None if preview.generate else lambda draft: draft.without_generated())

    def reveal() -> None:
        preview.passwords_shown = bool(st.session_state["reveal"])
        _fold(preview)

    st.session_state["generate"] = preview.generate
    st.session_state["reveal"] = preview.passwords_shown
    with st.container(horizontal=True, vertical_alignment="center", key="tools"):
        st.toggle("Generate secure passwords", key="generate", on_change=generate, help="For rows without a password.")
        st.toggle("Show passwords", key="reveal", on_change=reveal)
        st.button(
            "Add row", icon=":material/add:", key="add", on_click=_fold, args=(preview, lambda draft: draft.added(1))
        )
        st.button("Re-check", icon=":material/sync:", key="recheck", on_click=_recheck, args=(preview,),
                  help="Read the domains of these rows from MXroute again.")  # fmt: skip


def _recheck(preview: Preview) -> None:
    house = services.current()
    house.previews.judge(frame.caller(), _latest(preview).rows, preview.domain, newer_than=house.clock.now())


def _grid(preview: Preview, judged: pd.DataFrame) -> None:
    """The table: editable cells from the folded draft, status and reasons from now."""
    if not preview.shown:
        st.info("No row of this kind. Choose another badge to see the rest.", icon=":material/filter_alt_off:")
        return
    base, now = preview.draft.rows.iloc[preview.shown], judged.iloc[preview.shown]
    password = base["password"] if preview.passwords_shown else base["password"].where(base["password"] == "", MASK)
    status = now["verdict"].map({v.value: words.verdict(v) for v in Verdict}).where(now["ticked"], LEFT_OUT)
    fix = (now["reasons"] + " " + now["warnings"]).str.strip().str.replace("\n", " ", regex=False)
    view = pd.DataFrame(
        {
            "ticked": base["ticked"],
            "status": [[label] for label in status],
            "line": base["line"].where(base["line"] > 0).astype("Int64"),
            "fix": fix.astype("string"),
            **{name: base[name] for name in COLUMNS},
            "remove": pd.Series([":material/delete:"] * len(base), index=base.index, dtype="string"),
        }
    ).assign(password=password.astype("str"))[list(GRID)]

    def remove() -> None:
        click = st.session_state.get(f"remove-{preview.generation}")
        if click is not None and 0 <= click.row < len(preview.shown):
            position = preview.shown[click.row]
            _fold(preview, lambda draft: draft.deleted([position]))

    with st.container(key="preview-grid"):
        st.data_editor(
            view,
            key=preview.key,
            num_rows="fixed",
            hide_index=True,
            height=min(len(view), _MOST_ROWS_IN_VIEW) * _ROW + _ROW + 3,
            alt="Rows to import; status and what to fix are read-only",
            column_config={
                "ticked": st.column_config.CheckboxColumn(
                    "Send", width=74, pinned=True, help="Untick to leave it out."
                ),
                "status": st.column_config.MultiselectColumn(
                    "Status",
                    options=[*(words.verdict(v) for v in Verdict), LEFT_OUT],
                    color=[*(COLOURS[v] for v in Verdict), "#7d8688"],
                    disabled=True,
                    pinned=True,
                    width=124,
                ),
                "line": st.column_config.NumberColumn("Line", disabled=True, pinned=True, width=56, format="plain"),
                "fix": st.column_config.TextColumn("What to fix", disabled=True, pinned=True, width=280),
                "username": st.column_config.TextColumn("Username", width=150),
                "domain": st.column_config.TextColumn("Domain", width=120, help="Blank = the active domain."),
                "password": st.column_config.TextColumn("Password", width=130),
                "quota": st.column_config.TextColumn("Quota (MB)", width=90),
                "limit": st.column_config.TextColumn("Limit a day", width=90),
                "recovery_email": st.column_config.TextColumn("Recovery email", width=200),
                "remove": st.column_config.ButtonColumn(
                    "", key=f"remove-{preview.generation}", on_click=remove, type="tertiary", width=48
                ),
            },
        )
