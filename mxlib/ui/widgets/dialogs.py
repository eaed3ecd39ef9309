"""Dialogs that outlive a redraw of the page: what is typed into one stays until the operator closes it.

Streamlit shows one dialog at a time. So a drawer draws the dialogs that its own buttons open inside itself, and leads
back to its own content when they end.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, ParamSpec

import streamlit as st

from mxlib.ui.widgets import actions
from mxlib.ui.widgets.format import escaped

P = ParamSpec("P")

_OPEN = "dialog"

#: Pixels.
DRAWER_WIDTH = 620

#: Key of the name of the act in a dialog that has to be confirmed.
ACT_TO_CONFIRM = "act-to-confirm"


@dataclass
class _Opened:
    """The dialog of this tab: what draws it, what forgets it, and on which page, once it was drawn.

    `content` draws it inside a drawer, `inner` is what a drawer shows instead of its own content, and `hosts` says
    that a dialog opened now belongs inside.
    """

    title: str
    draw: Callable[..., None]
    content: Callable[..., None]
    given: tuple[Any, ...]
    forget: Callable[[], None] | None
    must_stay: Callable[[], bool]
    is_drawer: bool
    page: str | None = None
    inner: "_Opened | None" = None
    hosts: bool = False


def dialog(
    title: str,
    *,
    forget: Callable[[], None] | None = None,
    must_stay: Callable[[], bool] = lambda: False,
    drawer: bool = False,
    **look: Any,
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a dialog of what draws its content; calling it opens it.

    `forget` lets go of what the dialog held, however it is closed. While `must_stay`, as for a password that is shown
    once, only its own buttons close it: Escape and a click outside do not. To change that, draw the whole page.
    A `drawer` stands at the right, and its content calls `show_inner` first.
    """
    if drawer:
        look = {"position": "right", "width": DRAWER_WIDTH} | look

    def of(content: Callable[P, None]) -> Callable[P, None]:
        @wraps(content)
        def safely(*given: P.args, **named: P.kwargs) -> None:
            try:
                content(*given, **named)
            except actions.REFUSALS as refusal:
                actions.say(refusal)

        @wraps(content)
        def drawn(*given: P.args, **named: P.kwargs) -> None:
            held: _Opened | None = st.session_state.get(_OPEN)
            stays = {"dismissible": False} if held and _stays(held) else {}
            st.dialog(held.title if held else title, on_dismiss=actions.act(close), **(look | stays))(safely)(
                *given, **named
            )

        @wraps(content)
        def opened(*given: P.args, **named: P.kwargs) -> None:
            assert not named, "A dialog is given its content by position."  # noqa: S101 - a rule of this module
            st.session_state.pop(ACT_TO_CONFIRM, None)
            new = _Opened(title, drawn, safely, given, forget, must_stay, drawer)
            held: _Opened | None = st.session_state.get(_OPEN)
            if held is not None and _stays(held):
                return
            if held is not None and held.hosts:
                held.inner = new
            else:
                st.session_state[_OPEN] = new

        return opened

    return of


def _stays(held: _Opened) -> bool:
    return held.must_stay() or (held.inner is not None and held.inner.must_stay())


def is_open() -> bool:
    """Return whether a dialog is open."""
    return _OPEN in st.session_state


def set_title(title: str) -> None:
    """Name the open dialog."""
    if held := st.session_state.get(_OPEN):
        held.title = title


@contextmanager
def hosting() -> Iterator[None]:
    """Draw dialogs that are opened meanwhile inside the open drawer, if there is one."""
    held: _Opened | None = st.session_state.get(_OPEN)
    if held is None or not has_drawer():
        yield
        return
    held.hosts = True
    try:
        yield
    finally:
        held.hosts = False


def has_drawer() -> bool:
    """Return whether a drawer is open."""
    held: _Opened | None = st.session_state.get(_OPEN)
    return held is not None and held.is_drawer


def show_inner() -> bool:
    """Draw the dialog inside the drawer with a way back; return whether there is one."""
    held: _Opened = st.session_state[_OPEN]
    inner = held.inner
    if inner is None:
        return False
    if not inner.must_stay() and st.button("Back", icon=":material/arrow_back:", type="tertiary", key="drawer_back"):
        back()
        redraw()
    st.header(escaped(inner.title), anchor=False)
    inner.content(*inner.given)
    inner.page = held.page
    return True


def show_inner_next() -> None:
    """Draw a drawer again when a dialog was opened inside it meanwhile."""
    held: _Opened | None = st.session_state.get(_OPEN)
    if held is not None and held.inner is not None and held.inner.page is None:
        redraw()


def draw(page: str) -> None:
    """Draw the open dialog of this page. It is always drawn from the same place, so that a browser keeps it."""
    held: _Opened | None = st.session_state.get(_OPEN)
    if held is None:
        return
    if held.page not in (None, page):
        close()
        return
    held.page = page
    held.draw(*held.given)


def close() -> None:
    """Stop drawing the dialog, and forget what it held."""
    back()
    held: _Opened | None = st.session_state.pop(_OPEN, None)
    if held is not None and held.forget is not None:
        held.forget()


def back() -> None:
    """End the dialog inside a drawer, and forget what it held."""
    st.session_state.pop(ACT_TO_CONFIRM, None)
    held: _Opened | None = st.session_state.get(_OPEN)
    if held is not None and held.inner is not None:
        inner, held.inner = held.inner, None
        if inner.forget is not None:
            inner.forget()


def leave() -> NoReturn:
    """Close the dialog, or lead back to the drawer round it, and draw the page."""
    end()
    st.rerun()


def end() -> None:
    """Close the dialog, or lead back to the drawer round it."""
    held: _Opened | None = st.session_state.get(_OPEN)
    if held is not None and held.inner is not None:
        back()
    else:
        close()


def redraw() -> NoReturn:
    """Draw the dialog again, alone where that is possible."""
    st.rerun(scope="fragment" if actions.draws_a_part() else "app")
