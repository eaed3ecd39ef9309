"""Hand over the passwords of a finished run: the ways, who has theirs, and the end of MXM's copy."""

import hashlib
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import moment
from mxlib.core.handover.letters import Paper
from mxlib.core.text import handover as texts
from mxlib.core.text import run_status
from mxlib.core.vocabulary import AT_AN_END, HandOverWay
from mxlib.runs.run_view import RunView
from mxlib.services.handover import Person, Progress
from mxlib.ui.app import layout
from mxlib.ui.mailboxes import change_dialogs, client_setup
from mxlib.ui.widgets import actions, dialogs, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two looks for downloads, of which the server learns and the page does not.
LOOK_EVERY = 4

_MESSAGE, _TURN, _WAY, _SHOWN = "handover-text", "handover-turn", "handover-way", "handover-shown"
_LACKS = "handover-lacks"


def show(view: RunView) -> None:
    """Show the section while MXM has passwords of an ended run."""
    app, caller = services.current(), layout.caller()
    if view.status not in AT_AN_END or not view.has_passwords or not app.runs.may_have(caller, view):
        return
    progress = app.handover.progress(caller, view.id)
    with st.container(border=True, key="handover"):
        st.subheader(texts.TITLE, anchor=False)
        _progress(view, progress)
        if progress.to_have:
            _ways(view, progress)
            _offer(view, progress)
        if progress.people:
            _people(view, progress)
        _erasing(view, progress)


def _progress(view: RunView, progress: Progress) -> None:
    """Say how far it is. The page is drawn again once passwords are taken or marked elsewhere."""
    drawn = services.current().handover.version(layout.caller(), view.id)
    done, people = progress.done, len(progress.to_have)

    def part() -> None:
        until = texts.kept_until(view.passwords_until or 0.0)
        st.caption(escaped(f"{texts.progress(done, people)} {until}" if people else until))
        if actions.draws_a_part() and services.current().handover.version(layout.caller(), view.id) != drawn:
            st.rerun()

    actions.live(part, every=LOOK_EVERY)


def _ways(view: RunView, progress: Progress) -> None:
    """Show the files by which passwords reach their owners, side by side."""
    merge, print_, client, manager = st.columns(4, border=True, gap="small")
    base = f"/runs/{view.id}"
    with merge:
        st.markdown("**Excel for mail merge**")
        st.caption("One row a person, one header row.")
        links.download("Download Excel", f"{base}/mail-merge.xlsx", key="mail-merge", may_ask=True)
    with print_:
        st.markdown("**Letters**")
        st.caption("PDF, one page a person.")
        with st.container(horizontal=True, gap="small"):
            for paper in Paper:
                href = f"{base}/letters.pdf?paper={paper}"
                links.download(f"{paper} paper", href, key=f"letters-{paper}", may_ask=True)
    with client:
        st.markdown("**One file per client**")
        st.caption("ZIP: Excel and letters for each client or domain.")
        links.download("Download ZIP", f"{base}/clients.zip", key="clients-zip", may_ask=True)
    with manager:
        st.markdown("**Password managers**")
        st.caption("CSV with the logins.")
        with st.container(horizontal=True, gap="small"):
            links.download("Bitwarden", f"{base}/bitwarden.csv", key="bitwarden", may_ask=True)
            links.download("1Password", f"{base}/1password.csv", key="1password", may_ask=True)
    for lack in _lacks(view, progress):
        st.warning(escaped(lack), icon=":material/warning:")


def _lacks(view: RunView, progress: Progress) -> tuple[str, ...]:
    """Return what letters and logins lack.

    It is looked up once, since every password is opened for it.
    """
    changed = tuple(each.owner.position for each in progress.people if each.changed)
    asked = (layout.caller().name, view.id, len(progress.people), changed)
    known: tuple[object, tuple[str, ...]] | None = st.session_state.get(_LACKS)
    if known is None or known[0] != asked:
        known = asked, services.current().runs.not_handed_over(layout.caller(), view.id)
        st.session_state[_LACKS] = known
    return known[1]


def _offer(view: RunView, progress: Progress) -> None:
    """Offer to mark those whose passwords were just taken; nothing is marked unasked."""
    offer = progress.offer
    if offer is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="handover-offer"):
        st.markdown(escaped(texts.offer(len(offer.positions), offer.way)), width="content")
        marking = act(_mark, view.id, offer.positions, offer.way)
        st.button(texts.mark(len(offer.positions)), icon=":material/done_all:", key="mark_offered", on_click=marking)


def _people(view: RunView, progress: Progress) -> None:
    """Show who has their password, and the acts on those who are selected."""
    left = [each for each in progress.to_have if not each.is_done]
    counts = {"Everyone": progress.people, "Not yet": left, "Handed over": [e for e in progress.to_have if e.is_done]}
    chosen = st.segmented_control(
        "People", list(counts), default="Everyone", required=True, key=_SHOWN, label_visibility="collapsed",
        format_func=lambda name: f"{name} {len(counts[name]):,}",
    )  # fmt: skip
    people = counts[chosen or "Everyone"]
    chosen_people = [people[row] for row in _selected(view, people)]
    selected = [each.owner for each in chosen_people]
    positions = [each.position for each in selected]
    changed = [each.changed for each in chosen_people]
    with st.container(horizontal=True, vertical_alignment="bottom", key="handover-acts"):
        st.selectbox(
            "By", list(texts.WAYS), key=_WAY, format_func=lambda way: texts.WAYS[way], width=190,
        )  # fmt: skip
        none, other = all(changed), len(selected) != 1  # without a password there is nothing to mark
        way = st.session_state.get(_WAY, HandOverWay.LETTER)
        st.button(
            "Mark as handed over", icon=":material/check:", key="mark_handed", disabled=none,
            on_click=act(_mark, view.id, positions, way),
        )  # fmt: skip
        st.button(
            "Not handed over", icon=":material/undo:", key="unmark_handed", disabled=none,
            on_click=act(_unmark, view.id, positions),
        )  # fmt: skip
        st.button(
            "Copy message", icon=":material/forward_to_inbox:", key="copy_message", disabled=other or none,
            on_click=act(_take_message, view.id, selected[0].position, selected[0].address) if selected else None,
        )  # fmt: skip
        st.button(
            "New password", icon=":material/key:", key="new_handed_password", disabled=other,
            on_click=act(_new_password, selected[0].address) if selected else None,
        )  # fmt: skip
    st.caption(escaped(texts.CHANGED_HOW if any(changed) else texts.selected(len(selected))))


def _selected(view: RunView, people: Sequence[Person]) -> list[int]:
    """Draw the table; return the rows that are selected."""
    now = services.current().clock.now()
    state = [(each.owner.position, each.changed, each.is_done) for each in people]
    digest = hashlib.blake2b(repr(state).encode(), digest_size=8).hexdigest()
    text = st.column_config.TextColumn
    event = st.dataframe(
        pd.DataFrame(
            {
                "name": [each.owner.name for each in people],
                "address": [each.owner.address for each in people],
                "recovery_email": [each.owner.recovery_email for each in people],
                "when": [_when(each, now) for each in people],
                "how": [_how(each) for each in people],
                "who": [each.hand_over.who for each in people],
            }
        ),
        hide_index=True,
        height=(min(max(len(people), 1), 14) + 1) * 33 + 4,
        placeholder="",
        key=f"handover-{view.id}-{digest}-{st.session_state.get(_TURN, 0)}",
        alt=f"People with a password of run {view.id}, and whether they have it",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "name": text("Name", width=150),
            "address": text("Address", width=220),
            "recovery_email": text("Recovery email", width=180),
            "when": text("Handed over", width=170),
            "how": text("By", width=130),
            "who": text("Marked by", width=140),
        },
    )
    rows: list[int] = event["selection"]["rows"]
    return [row for row in rows if row < len(people)]


def _when(person: Person, now: float) -> str:
    if person.changed:
        return texts.CHANGED
    return "" if person.hand_over.at is None else f"✓ {moment(person.hand_over.at, now)}"


def _how(person: Person) -> str:
    way = person.hand_over.way
    return texts.WAYS.get(way, "") if way else ""


def _mark(run: int, positions: Sequence[int], way: HandOverWay) -> None:
    services.current().handover.mark(layout.caller(), run, positions, way)
    _deselect()


def _unmark(run: int, positions: Sequence[int]) -> None:
    services.current().handover.unmark(layout.caller(), run, positions)
    _deselect()


def _deselect() -> None:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _new_password(address: str) -> None:
    change_dialogs.forget()
    change_dialogs.passwords([address])


def _take_message(run: int, position: int, address: str) -> None:
    st.session_state[_MESSAGE] = services.current().handover.message(layout.caller(), run, position)
    _message(run, position)
    dialogs.set_title(f"Message for {escaped(address)}")


def _forget_message() -> None:
    st.session_state.pop(_MESSAGE, None)


@dialogs.dialog(
    "Message", width="medium", icon=":material/forward_to_inbox:", forget=_forget_message,
    must_stay=lambda: _MESSAGE in st.session_state,
)  # fmt: skip
def _message(run: int, position: int) -> None:
    """Show a message with a password until its own button closes it."""
    client_setup.show_text(st.session_state.get(_MESSAGE, ""))
    with st.container(horizontal=True):
        st.button("Mark as handed over", type="primary", key="mark_message", on_click=act(_mark_message, run, position))
        if st.button("Close", key="close_message"):
            dialogs.leave()


def _mark_message(run: int, position: int) -> None:
    _mark(run, [position], HandOverWay.MESSAGE)
    dialogs.end()


def _erasing(view: RunView, progress: Progress) -> None:
    """Offer to erase MXM's copy, or to keep it longer."""
    with st.popover(f"{run_status.ERASE_PASSWORDS}…", icon=":material/delete_forever:", key="handed-over"):
        st.markdown(escaped(run_status.erase_question(view.passwords_until or 0.0)))
        if progress.to_have and (waiting := texts.waiting(len(progress.to_have) - progress.done)):
            st.warning(escaped(waiting), icon=":material/warning:")
        lost = progress.never_taken
        agreed = not lost or st.checkbox(texts.never_taken(lost), key="forget-agreed")
        with st.container(horizontal=True):
            erase = act(_erase, view.id, lost if agreed else 0)
            st.button(run_status.ERASE_PASSWORDS, key="forget", disabled=not agreed, on_click=erase)
            st.button("Keep 7 days from today", key="extend", on_click=act(_extend, view.id, 7))


def _erase(run: int, agreed: int) -> None:
    services.current().handover.erase(layout.caller(), run, agreed=agreed)


def _extend(run: int, days: int) -> None:
    services.current().runs.extend(layout.caller(), run, days)
