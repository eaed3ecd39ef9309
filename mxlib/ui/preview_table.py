"""What the operator sees of a preview: badges that filter, tools for the whole table, and the grid."""

from functools import partial

import pandas as pd
import streamlit as st

from mxlib.mailboxes import words
from mxlib.mailboxes.columns import COLUMNS, MASK, OnExisting, Verdict
from mxlib.mailboxes.draft import Draft
from mxlib.mailboxes.kinds import KINDS, UNCHANGED, UPDATE, kinds
from mxlib.services.previews import counts
from mxlib.ui import bulk_tools
from mxlib.ui.preview import Preview, fold, now, pending, recheck, redo, undo

#: Shown in this order; what the operator may type in comes after what MXM says.
GRID = (
    "ticked",
    "status",
    "line",
    "fix",
    "changes",
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
    UPDATE: "#0b7285",
    UNCHANGED: "#6b7b83",
    Verdict.NEEDS_PASSWORD: "#b26a00",
    Verdict.DUPLICATE: "#7a4fbf",
    Verdict.EXISTS: "#4a6fa5",
    Verdict.INVALID: "#c0392b",
}
ICONS = {
    "all": ":material/list:",
    Verdict.READY: ":material/check_circle:",
    UPDATE: ":material/edit:",
    UNCHANGED: ":material/check:",
    "warnings": ":material/warning:",
    Verdict.NEEDS_PASSWORD: ":material/key:",
    Verdict.DUPLICATE: ":material/content_copy:",
    Verdict.EXISTS: ":material/person_check:",
    Verdict.INVALID: ":material/error:",
    "left_out": ":material/check_box_outline_blank:",
}
_ROW = 33
_MOST_ROWS_IN_VIEW = 14


def show(preview: Preview) -> pd.DataFrame:
    """Draw badges, tools and grid; the rows as they are now, judged."""
    judged = now(preview)
    if preview.not_kept:
        st.warning(preview.not_kept, icon=":material/save:")
    _badges(preview, judged)
    _tools(preview, judged)
    _grid(preview, judged)
    return judged


def _badges(preview: Preview, judged: pd.DataFrame) -> None:
    """How many rows are of each kind; a click shows only those, and keeps a mended one in view."""
    figures = {"all": len(judged)} | counts(judged)
    labels = {"all": "All rows", "warnings": "Warnings", "left_out": LEFT_OUT} | {k: words.kind(k) for k in KINDS}
    order = [
        "all",
        Verdict.READY,
        *[UPDATE, UNCHANGED] * preview.updates,
        "warnings",
        Verdict.NEEDS_PASSWORD,
        Verdict.DUPLICATE,
        *[Verdict.EXISTS] * (not preview.updates),
        Verdict.INVALID,
    ]
    if figures["left_out"] or preview.chosen == "left_out":
        order.append("left_out")

    def pick(kind: str) -> None:
        preview.chosen = kind
        fold(preview)

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


def _tools(preview: Preview, judged: pd.DataFrame) -> None:
    """What changes the table as a whole."""

    def generate() -> None:
        preview.generate = bool(st.session_state["generate"])
        fold(preview, None if preview.generate else Draft.without_generated)

    def choose() -> None:
        preview.on_existing = OnExisting(st.session_state["on_existing"])
        preview.chosen = "all"
        fold(preview)

    def reveal() -> None:
        preview.passwords_shown = bool(st.session_state["reveal"])
        fold(preview)

    typed = pending(preview)
    st.session_state["generate"] = preview.generate
    st.session_state["reveal"] = preview.passwords_shown
    st.session_state["on_existing"] = preview.on_existing.value
    with st.container(horizontal=True, vertical_alignment="center", key="tools"):
        st.markdown("Existing mailboxes:", width="content", help=words.UPDATING)
        st.segmented_control(
            "Existing mailboxes",
            [choice.value for choice in OnExisting],
            required=True,
            key="on_existing",
            on_change=choose,
            label_visibility="collapsed",
        )
        st.toggle("Generate secure passwords", key="generate", on_change=generate, help="For rows without a password.")
        st.toggle("Show passwords", key="reveal", on_change=reveal)
        st.button("Add row", icon=":material/add:", key="add", on_click=fold, args=(preview, Draft.added))
        bulk_tools.show(len(preview.shown), partial(_in_bulk, preview, judged))
        st.button("Undo", icon=":material/undo:", key="undo", on_click=undo, args=(preview,),
                  disabled=not (preview.past or typed))  # fmt: skip
        st.button("Redo", icon=":material/redo:", key="redo", on_click=redo, args=(preview,),
                  disabled=not preview.future or typed)  # fmt: skip
        st.button("Re-check", icon=":material/sync:", key="recheck", on_click=recheck, args=(preview,),
                  help="Read the domains of these rows from MXroute again.")  # fmt: skip


def _in_bulk(preview: Preview, judged: pd.DataFrame, tool: bulk_tools.Tool) -> None:
    """Let a bulk tool change the rows in view."""
    fold(preview, lambda draft: tool(draft, preview.shown, judged))


def _grid(preview: Preview, judged: pd.DataFrame) -> None:
    """The table: editable cells from the folded draft, status and reasons from now."""
    if not preview.shown:
        st.info("No row of this kind. Choose another badge to see the rest.", icon=":material/filter_alt_off:")
        return
    base, now = preview.draft.rows.iloc[preview.shown], judged.iloc[preview.shown]
    password = base["password"] if preview.passwords_shown else base["password"].where(base["password"] == "", MASK)
    status = kinds(now).map({kind: words.kind(kind) for kind in KINDS}).where(now["ticked"], LEFT_OUT)
    fix = (now["reasons"] + " " + now["warnings"]).str.strip().str.replace("\n", " ", regex=False)
    view = pd.DataFrame(
        {
            "ticked": base["ticked"],
            "status": [[label] for label in status],
            "line": base["line"].where(base["line"] > 0).astype("Int64"),
            "fix": fix.astype("string"),
            "changes": now["changes"].astype("string"),
            **{name: base[name] for name in COLUMNS},
            "remove": pd.Series([":material/delete:"] * len(base), index=base.index, dtype="string"),
        }
    ).assign(password=password.astype("str"))[[name for name in GRID if name != "changes" or preview.updates]]

    def remove() -> None:
        click = st.session_state.get(f"remove-{preview.generation}")
        if click is not None and 0 <= click.row < len(preview.shown):
            position = preview.shown[click.row]
            fold(preview, lambda draft: draft.deleted([position]))

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
                    options=[*map(words.kind, KINDS), LEFT_OUT],
                    color=[*(COLOURS[kind] for kind in KINDS), "#7d8688"],
                    disabled=True,
                    pinned=True,
                    width=124,
                ),
                "line": st.column_config.NumberColumn("Line", disabled=True, pinned=True, width=56, format="plain"),
                "fix": st.column_config.TextColumn("What to fix", disabled=True, pinned=True, width=280),
                "changes": st.column_config.TextColumn("Changes", disabled=True, pinned=True, width=220),
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
