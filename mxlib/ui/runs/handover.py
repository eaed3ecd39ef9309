"""Hand over the passwords of a finished run: the ways, who has theirs, and the end of MXM's copy."""

import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.clients import LANGUAGES
from mxlib.core.format import moment
from mxlib.core.handover.letters import Paper
from mxlib.core.text import handover as texts
from mxlib.core.text import run_status
from mxlib.core.vocabulary import AT_AN_END, HandOverWay
from mxlib.runs.run_view import RunView
from mxlib.services.handover import Person, Progress, Shown
from mxlib.services.handover_files import UNMARKED
from mxlib.ui.app import layout
from mxlib.ui.links import of_run
from mxlib.ui.mailboxes import change_dialogs, client_setup
from mxlib.ui.widgets import actions, dialogs, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two looks for downloads, of which the server learns and the page does not.
LOOK_EVERY = 4

#: People that the table shows at once.
PAGE = 200

_MESSAGE, _TURN, _WAY, _SHOWN = "handover-text", "handover-turn", "handover-way", "handover-shown"
_LACKS, _PEOPLE, _LANGUAGE, _PAGE = "handover-lacks", "handover-people", "handover-language", "handover-page"

_LABELS = {Shown.EVERYONE: "Everyone", Shown.WAITING: "Not yet", Shown.DONE: "Handed over"}


def show(view: RunView) -> None:
    """Show the passwords of an ended run; once they are erased, who has theirs."""
    app, caller = services.current(), layout.caller()
    if (
        view.status not in AT_AN_END
        or not (view.has_passwords or view.forgotten)
        or not app.runs.may_have(caller, view)
    ):
        return
    progress = app.handover.progress(caller, view.id)
    if not view.has_passwords and not progress.people:
        return
    with st.container(border=True, key="handover"):
        st.header(texts.TITLE if view.has_passwords else texts.TITLE_ERASED, anchor=False)
        _progress(view, progress)
        if progress.to_have and view.has_passwords:
            _ways(view, progress)
        if progress.to_have:
            _offer(view, progress)
        if progress.people:
            _people(view, progress)
        if view.has_passwords:
            _erasing(view, progress)


def _progress(view: RunView, progress: Progress) -> None:
    """Say how far it is. The page is drawn again once passwords are taken or marked elsewhere."""
    drawn = services.current().handover.version(layout.caller(), view.id)

    def part() -> None:
        until = texts.kept_until(view.passwords_until or 0.0) if view.has_passwords else texts.COPY_ERASED
        st.caption(escaped(f"{texts.progress(progress.done, progress.to_have)} {until}" if progress.to_have else until))
        if actions.draws_a_part() and services.current().handover.version(layout.caller(), view.id) != drawn:
            st.rerun()

    actions.live(part, every=LOOK_EVERY)


def _ways(view: RunView, progress: Progress) -> None:
    """Show the files by which passwords reach their owners, side by side."""
    if of_run.is_for(view):
        with st.container(border=True):
            of_run.offer(view)
    people, letters = _choices(progress)
    merge, print_, client, manager = st.columns(4, border=True, gap="small")
    with merge:
        st.markdown("**Excel for mail merge**")
        st.caption("One row a person, one header row.")
        _file(view, "Download Excel", "mail-merge.xlsx", "mail-merge", people)
    with print_:
        st.markdown("**Letters**")
        st.caption("PDF, one page a person.")
        with st.container(horizontal=True, gap="small"):
            for paper in Paper:
                chosen = {"paper": paper.value} | letters
                _file(view, f"{paper} paper", "letters.pdf", f"letters-{paper}", chosen)
    with client:
        st.markdown("**One file per client**")
        st.caption("ZIP: Excel and letters for each client or domain.")
        _file(view, "Download ZIP", "clients.zip", "clients-zip", letters)
    with manager:
        st.markdown("**Password managers**")
        st.caption("CSV with the logins.")
        with st.container(horizontal=True, gap="small"):
            _file(view, "Bitwarden", "bitwarden.csv", "bitwarden", people)
            _file(view, "1Password", "1password.csv", "1password", people)
    for lack in _lacks(view, progress):
        st.warning(escaped(lack), icon=":material/warning:")
    for line in services.current().runs.left_out_of_letters(
        layout.caller(), view.id, language=letters.get("language", "")
    ):
        st.caption(escaped(line))


def _choices(progress: Progress) -> tuple[dict[str, str], dict[str, str]]:
    """Ask for the people and the language of files; return both as parts of addresses."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="handover-choices"):
        numbers = {Shown.EVERYONE: progress.to_have, Shown.WAITING: progress.waiting}
        whom = st.segmented_control(
            "In the files", list(numbers), default=Shown.EVERYONE, required=True, key=_PEOPLE,
            format_func=lambda shown: f"{_LABELS[shown]} {numbers[shown]:,}",
        )  # fmt: skip
        language = st.selectbox(
            "Language of letters", ["", *LANGUAGES], key=_LANGUAGE, width=190,
            format_func=lambda code: LANGUAGES.get(code, "By client"),
        )  # fmt: skip
    people = {"people": UNMARKED} if whom == Shown.WAITING else {}
    return people, people | ({"language": language} if language else {})


def _file(view: RunView, label: str, name: str, key: str, chosen: Mapping[str, str]) -> None:
    href = f"/runs/{view.id}/{name}?{urlencode(chosen)}".rstrip("?")
    links.download(label, href, key=key, may_ask=True)


def _lacks(view: RunView, progress: Progress) -> tuple[str, ...]:
    """Return what letters and logins lack.

    It is looked up once, since every row is read for it.
    """
    asked = (layout.caller().name, view.id, progress.people, progress.changed)
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
    numbers = {Shown.EVERYONE: progress.people, Shown.WAITING: progress.waiting, Shown.DONE: progress.done}
    shown = Shown(
        st.segmented_control(
            "People", list(numbers), default=Shown.EVERYONE, required=True, key=_SHOWN, label_visibility="collapsed",
            format_func=lambda each: f"{_LABELS[each]} {numbers[each]:,}",
        )
        or Shown.EVERYONE
    )  # fmt: skip
    start = _start(numbers[shown])
    people = services.current().handover.people(layout.caller(), view.id, shown, start=start, most=PAGE)
    chosen = [people[row] for row in _selected(view, people)]
    _pages(start, len(people), numbers[shown])
    _acts(view, chosen)


def _start(number: int) -> int:
    """Return how many people stand on the pages before."""
    page = int(st.session_state.get(_PAGE) or 1)
    return min(page - 1, max(0, number - 1) // PAGE) * PAGE


def _pages(start: int, people: int, number: int) -> None:
    if number <= PAGE:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="handover-pages"):
        st.pagination(-(-number // PAGE), key=_PAGE)
        st.caption(texts.shown(start, people, number))


def _acts(view: RunView, chosen: Sequence[Person]) -> None:
    """Show the acts on those who are selected."""
    selected = [each.owner for each in chosen]
    positions = [each.position for each in selected]
    changed = [each.changed for each in chosen]
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
            "Copy message", icon=":material/forward_to_inbox:", key="copy_message",
            disabled=other or none or not view.has_passwords,
            on_click=act(_take_message, view.id, selected[0].position, selected[0].address) if selected else None,
        )  # fmt: skip
        st.button(
            "New password", icon=":material/key:", key="new_handed_password", disabled=other,
            on_click=act(_new_password, view.id, chosen[0]) if selected else None,
        )  # fmt: skip
        if view.has_passwords and not other and not none:
            _file(view, "Letter", "letters.pdf", "letter-of-one", {"person": str(positions[0])})
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
            "name": text("Name", width=140),
            "address": text("Address", width=200),
            "recovery_email": text("Recovery email", width=150),
            "when": text("Handed over", width=135),
            "how": text("By", width=95),
            "who": text("Marked by", width=125),
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


def _new_password(run: int, person: Person) -> None:
    change_dialogs.forget()
    change_dialogs.passwords([person.owner.address], (run, person.owner.position))


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
        if waiting := texts.waiting(progress.waiting):
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
