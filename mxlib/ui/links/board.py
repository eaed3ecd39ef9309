"""The board of a run of links: how far its people are, and what can be done for those who are left."""

import hashlib
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.clients import LANGUAGES
from mxlib.core.format import moment
from mxlib.core.handover.letters import Paper
from mxlib.core.links import LinkStatus
from mxlib.core.text import links as texts
from mxlib.services.link_letters import UNMAILED
from mxlib.services.sent_links import LinkBoard, LinkPerson
from mxlib.ui.app import layout
from mxlib.ui.links import copy, of_mailbox, send
from mxlib.ui.widgets import actions, flash, links
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

#: Seconds between two looks: while mails leave, and while people set their passwords.
LOOK_EVERY, LOOK_SLOWLY = 3, 20

#: Seconds after which a reminder is the next step.
_SOON = 86_400.0

_SHOWN, _TURN = "board-shown", "board-turn"
_LETTERS_FOR, _LANGUAGE = "board-letters-for", "board-letters-language"

_LEAVING = frozenset({LinkStatus.PLANNED, LinkStatus.QUEUED, LinkStatus.DELAYED})
_ENDED = frozenset({LinkStatus.EXPIRED, LinkStatus.REVOKED})

#: What the filter offers, with the states that it shows.
_GROUPS: dict[str, frozenset[LinkStatus]] = {
    "Everyone": frozenset(LinkStatus),
    "Set": frozenset({LinkStatus.SET}),
    "Not yet": frozenset(LinkStatus) - {LinkStatus.SET},
    "Waiting": _LEAVING,
    "Opened": frozenset({LinkStatus.OPENED}),
    "Refused": frozenset({LinkStatus.REFUSED}),
    "Ended": _ENDED,
}


def show(run: int) -> None:
    """Show how far the people of a run are.

    The page is drawn again once something happened.
    """
    found = services.current().sent_links.board(layout.caller(), run)
    with st.container(border=True, key="link-board"):
        _progress(found)
        _offers(found)
    flash.show()  # beside the acts on people, which may be far below the top of the page
    if found.people:
        _people(found)


def _progress(board: LinkBoard) -> None:
    run, now = board.run, services.current().clock.now()
    drawn = services.current().sent_links.version(layout.caller(), run)
    leaving = any(each.status in _LEAVING and each.send_at <= now for each in board.people)
    share = board.done / max(1, len(board.people))

    def part() -> None:
        st.progress(share, text=f"**{escaped(board.text)}**")
        if actions.draws_a_part() and services.current().sent_links.version(layout.caller(), run) != drawn:
            st.rerun()

    actions.live(part, every=LOOK_EVERY if leaving else LOOK_SLOWLY)
    if board.hidden:
        st.caption(escaped(texts.hidden(board.hidden)))


def _offers(board: LinkBoard) -> None:
    """Show what can be done for everyone who is left, and the files."""
    waiting, lately = len(board.to_remind), board.mailed_lately
    over = len(board.to_send_again)
    long_ago = services.current().clock.now() - _SOON
    is_due = any(each.sent_at is not None and each.sent_at < long_ago for each in board.to_remind)
    with st.container(horizontal=True, vertical_alignment="center", key="board-offers"):
        if waiting or lately:
            st.button(
                escaped(texts.remind(waiting)), type="primary" if is_due else "secondary",
                icon=":material/notifications:", key="links_remind", disabled=not waiting,
                help=escaped(texts.REMIND_HELP if waiting else texts.too_soon(lately)),
                on_click=act(_remind, board.run),
            )  # fmt: skip
        if over:
            st.button(
                escaped(texts.again(over)), icon=":material/send:", key="links_again", on_click=act(_again, board.run)
            )  # fmt: skip
        if board.to_print:
            _letters(board)
        links.download("Download results", f"/runs/{board.run}/links.xlsx", key="links-xlsx")
        delimiter = services.current().exports.delimiter(layout.caller())
        separated = f"?delimiter={delimiter}" if delimiter != "comma" else ""
        links.download("Results as CSV", f"/runs/{board.run}/links.csv{separated}", key="links-csv")


def _letters(board: LinkBoard) -> None:
    """Offer letters with the living links: for everyone, or for those without a mail."""
    numbers = {"Everyone": len(board.to_print), "Without a mail": sum(not each.recipient for each in board.to_print)}
    with st.popover(texts.LETTERS, icon=":material/print:", key="links-letters"):
        st.caption(escaped(texts.LETTERS_HELP))
        whom = "Everyone"
        if 0 < numbers["Without a mail"] < numbers["Everyone"]:
            whom = st.segmented_control(
                "Letters for", list(numbers), default="Without a mail", required=True, key=_LETTERS_FOR,
                format_func=lambda name: f"{name} {numbers[name]:,}",
            ) or whom  # fmt: skip
        language = st.selectbox(
            "Language of letters", ["", *LANGUAGES], key=_LANGUAGE,
            format_func=lambda code: LANGUAGES.get(code, texts.BY_CLIENT),
        )  # fmt: skip
        chosen = {"language": language} if language else {}
        chosen |= {"people": UNMAILED} if whom == "Without a mail" else {}
        with st.container(horizontal=True, gap="small"):
            for paper in Paper:
                href = f"/runs/{board.run}/link-letters.pdf?{urlencode({'paper': paper.value} | chosen)}"
                links.download(f"{paper} paper", href, key=f"link-letters-{paper}", may_ask=True)


def _remind(run: int) -> None:
    done = services.current().sent_links.remind(layout.caller(), run)
    flash.set_next(texts.reminded(done.people, done.mailed_lately))


def _again(run: int) -> None:
    board = services.current().sent_links.board(layout.caller(), run)
    send.ask(tuple(each.address for each in board.to_send_again))


def _people(board: LinkBoard) -> None:
    """Show the people with the acts on those who are selected."""
    numbers = {name: sum(each.status in states for each in board.people) for name, states in _GROUPS.items()}
    offered = [name for name, number in numbers.items() if number or name in {"Everyone", st.session_state.get(_SHOWN)}]
    chosen = st.segmented_control(
        "People", offered, default="Everyone", required=True, key=_SHOWN, label_visibility="collapsed",
        format_func=lambda name: f"{name} {numbers[name]:,}",
    )  # fmt: skip
    people = [each for each in board.people if each.status in _GROUPS[chosen or "Everyone"]]
    selected = [people[row] for row in _selected(board.run, people)]
    living = [each for each in selected if each.status not in _ENDED and not each.is_done]
    mailed = [each for each in selected if each.recipient and not each.is_done]
    with st.container(horizontal=True, vertical_alignment="center", key="board-acts"):
        st.button(
            "Resend", icon=":material/forward_to_inbox:", key="board_resend", disabled=not mailed,
            help=texts.RESEND_HELP, on_click=act(_each, of_mailbox.resend, [each.id for each in mailed]),
        )  # fmt: skip
        st.button(
            "Revoke", icon=":material/link_off:", key="board_revoke", disabled=not living, help=texts.REVOKE_HELP,
            on_click=act(_each, of_mailbox.revoke, [each.id for each in living]),
        )  # fmt: skip
        st.button(
            "Copy link", icon=":material/content_copy:", key="board_copy", disabled=len(living) != 1,
            help=texts.COPY_HELP, on_click=act(copy.ask, living[0].id, living[0].address) if living else None,
        )  # fmt: skip
        st.caption(escaped(texts.selected(len(selected))), width="content")


def _each(do: Callable[[int], None], numbers: Sequence[int]) -> None:
    """Act on each of these links, one transaction each, and say what was done."""
    for number in numbers:
        do(number)
    if len(numbers) > 1:
        flash.set_next(texts.did(len(numbers), resent=do is of_mailbox.resend))
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1


def _selected(run: int, people: Sequence[LinkPerson]) -> list[int]:
    """Draw the table; return the rows that are selected."""
    now = services.current().clock.now()
    digest = hashlib.blake2b(repr([each.id for each in people]).encode(), digest_size=8).hexdigest()
    text = st.column_config.TextColumn
    event = st.dataframe(
        pd.DataFrame([_row(each, now) for each in people], columns=_columns(people)),
        hide_index=True,
        height=(min(max(len(people), 1), 16) + 1) * 33 + 4,
        placeholder="",
        key=f"board-{run}-{digest}-{st.session_state.get(_TURN, 0)}",
        alt=f"People of run {run}, and what happened to their links",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={name: text(name, width=width) for name, width in _WIDTHS.items()},
    )
    rows: list[int] = event["selection"]["rows"]
    return [row for row in rows if row < len(people)]


_WIDTHS = {
    "Name": 105, "Mailbox": 165, "State": 70, "Details": 330, "Sent": 90, "Opened": 90, "Set": 105, "Ends": 90,
    "Link goes to": 165,
}  # fmt: skip


def _columns(people: Sequence[LinkPerson]) -> list[str]:
    """Return the columns: details come early, to be in view, or not at all."""
    return [name for name in _WIDTHS if name != "Details" or any(each.happened for each in people)]


def _row(person: LinkPerson, now: float) -> dict[str, str]:
    def when(at: float | None) -> str:
        return "" if at is None else moment(at, now)

    planned = person.status is LinkStatus.PLANNED and person.send_at > now
    return {
        "Name": person.name,
        "Mailbox": person.address,
        "State": texts.status(person.status, person.send_at, now),
        "Sent": f"at {when(person.send_at)}" if planned else when(person.sent_at),
        "Opened": when(person.opened_at),
        "Set": f"✓ {when(person.set_at)}" if person.is_done else "",
        "Ends": "" if person.is_done or person.status in _ENDED else when(person.expires_at),
        "Link goes to": person.recipient or "no mail",
        "Details": person.happened,
    }
