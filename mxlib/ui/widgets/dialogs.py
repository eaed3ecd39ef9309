"""Dialogs that outlive a redraw of the page: what is typed into one stays until the operator closes it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, NoReturn, ParamSpec

import streamlit as st

from mxlib.ui.widgets import actions

P = ParamSpec("P")

_OPEN = "dialog"

#: Key of the name of the act in a dialog that has to be confirmed.
ACT_TO_CONFIRM = "act-to-confirm"


@dataclass
class _Opened:
    """The dialog of this tab: what draws it, what forgets it, and on which page, once it was drawn."""

    draw: Callable[..., None]
    given: tuple[Any, ...]
    forget: Callable[[], None] | None
    page: str | None = None


def dialog(
    title: str,
    *,
    forget: Callable[[], None] | None = None,
    must_stay: Callable[[], bool] = lambda: False,
    **look: Any,
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Make a dialog of what draws its content; calling it opens it.

    `forget` lets go of what the dialog held, however it is closed. While `must_stay`, as for a password that is shown
    once, only its own buttons close it: Escape and a click outside do not. To change that, draw the whole page.
    """

    def of(content: Callable[P, None]) -> Callable[P, None]:
        @wraps(content)
        def safely(*given: P.args, **named: P.kwargs) -> None:
            try:
                content(*given, **named)
            except actions.REFUSALS as refusal:
                actions.say(refusal)

        dismissible = st.dialog(title, on_dismiss=actions.act(close), **look)(safely)
        lasting = st.dialog(title, on_dismiss=actions.act(close), **(look | {"dismissible": False}))(safely)

        @wraps(content)
        def drawn(*given: P.args, **named: P.kwargs) -> None:
            (lasting if must_stay() else dismissible)(*given, **named)

        @wraps(content)
        def opened(*given: P.args, **named: P.kwargs) -> None:
            assert not named, "A dialog is given its content by position."  # noqa: S101 - a rule of this module
            st.session_state.pop(ACT_TO_CONFIRM, None)
            st.session_state[_OPEN] = _Opened(drawn, given, forget)

        return opened

    return of


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
    held: _Opened | None = st.session_state.pop(_OPEN, None)
    st.session_state.pop(ACT_TO_CONFIRM, None)
    if held is not None and held.forget is not None:
        held.forget()


def leave() -> NoReturn:
    """Close the dialog and draw the page."""
    close()
    st.rerun()


def redraw() -> NoReturn:
    """Draw the dialog again, alone where that is possible."""
    st.rerun(scope="fragment" if actions.draws_a_part() else "app")
