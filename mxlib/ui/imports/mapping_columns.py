"""Columns of a mailbox, each with the column of the file that fills it. Others of the file are listed below."""

import streamlit as st

from mxlib.core.format import count
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import targets
from mxlib.core.mapping.clues import Clue
from mxlib.core.schema import MEANINGS, NAME
from mxlib.core.text import columns
from mxlib.ui.imports.mapping_state import Step
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped, spoken, verbatim

_WIDTHS = [2, 3, 4]
_SEEN = [7, 2]

#: Choices of a select besides the columns of the file.
_NONE, _PARTS = -1, -2
_NOT_THERE = "Not in the file"
_MADE = "Not in the file: made of the names"
_JOINED = "Not in the file: first and last name"
_APART = "First and last name, in two columns"

#: Columns left over that are named one by one.
_NAMED = 30


def ask(step: Step) -> None:
    """Ask for the column of the file that fills each column of a mailbox.

    Columns that claim one meaning together are one question.
    """
    with st.container(border=True, key="mapping-columns"):
        for meaning, claimants in step.question.claims.items():
            _resolve(step, meaning, claimants)
        with st.container(gap="xxsmall"):
            for column, title in zip(st.columns(_WIDTHS), ("Import as", "Column of the file", "Sample"), strict=True):
                column.caption(title)
            names = step.names(_NOT_THERE, _MADE, _JOINED, _APART)
            for target in targets.shown(step.answer, parts=step.parts):
                if not _is_claimed(step, target):
                    _choose(step, target, names)
        for at, clue in step.unused.items():
            _offer_unused(step, at, clue)
        _leave_out(step)


def _is_claimed(step: Step, target: str) -> bool:
    """Return whether a question above asks for this column already."""
    meanings = ("username", "address") if target == targets.WHO else (target,)
    return any(meaning in step.question.claims for meaning in meanings)


def _resolve(step: Step, meaning: str, claimants: tuple[int, ...]) -> None:
    now = next((place for place, at in enumerate(claimants) if step.answer.meanings[at] == meaning), None)
    st.radio(
        f"{len(claimants)} columns could hold the {MEANINGS[meaning].plural}. Which one does?",
        claimants,
        index=now,
        format_func=lambda at: escaped(step.name(at)),
        captions=[_samples(step, at) for at in claimants],
        key=step.key(f"pick-{meaning}"),
        on_change=act(_resolved, step, meaning, claimants),
    )


def _resolved(step: Step, meaning: str, claimants: tuple[int, ...]) -> None:
    step.answer_claim(meaning, claimants, st.session_state[step.key(f"pick-{meaning}")])


def _choose(step: Step, target: str, names: list[str]) -> None:
    key = step.key(f"target-{target}")
    label, choice, sample = st.columns(_WIDTHS, vertical_alignment="center")
    label.markdown(f"**{escaped(targets.label(target))}**")
    at = targets.column_of(step.answer, target)
    shown = {_NONE: _without(step, target)}
    if target == NAME.name and not step.parts:
        shown[_PARTS] = _APART
    shown |= dict(enumerate(names))
    st.session_state[key] = _NONE if at is None else at
    choice.selectbox(
        f"Column for {spoken(targets.label(target))}",
        list(shown),
        format_func=shown.__getitem__,
        label_visibility="collapsed",
        key=key,
        on_change=act(_chosen, step, target),
    )
    if at is not None:
        reason = _proposed(step.question.clues[at]) if at in step.by_values else ""
        sample.markdown(f"{_samples(step, at)} {reason}")


def _without(step: Step, target: str) -> str:
    """Return the label of the choice of no column: what fills the target instead."""
    if target == targets.WHO and step.answer.makes_usernames:
        return _MADE
    has_parts = not {"first_name", "last_name"}.isdisjoint(step.answer.meanings)
    return _JOINED if target == NAME.name and has_parts else _NOT_THERE


def _chosen(step: Step, target: str) -> None:
    at = st.session_state[step.key(f"target-{target}")]
    if at == _PARTS:
        step.name_apart()
    else:
        step.choose(target, None if at == _NONE else at)


def _proposed(clue: Clue) -> str:
    return f":blue-badge[:material/lightbulb: Proposed: holds {escaped(columns.holds(clue.holds))}]"


def _offer_unused(step: Step, at: int, clue: Clue) -> None:
    """Warn of an unused column that looks like something, with a button that uses it."""
    warning, button = st.columns(_SEEN, vertical_alignment="center")
    holds = escaped(columns.holds(clue.holds))
    place = "is next to usernames" if step.answer.meanings[at] == ADDRESS else "is not imported"
    text = f"**{escaped(step.name(at))}** {escaped(place)}, and looks like {holds}: {_samples(step, at)}"
    warning.warning(text, icon=":material/warning:")
    noun = escaped(MEANINGS[clue.meaning].noun)
    button.button(
        f"Use as {noun}", icon=":material/add:", key=step.key(f"use-{at}"), on_click=act(step.choose, clue.meaning, at)
    )


def _leave_out(step: Step) -> None:
    """List the other columns that hold something."""
    rest = step.left_out
    if not rest:
        return
    first = [f"{escaped(step.name(at))} {' '.join(map(verbatim, step.samples(at)[:1]))}" for at in rest[:_NAMED]]
    more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
    kept = "is not imported, and comes" if len(rest) == 1 else "are not imported, and come"
    names = f"{', '.join(first)}{more}"
    st.markdown(f"{count(len(rest), 'other column')} {kept} back in the results, passwords apart: {names}.")


def _samples(step: Step, at: int) -> str:
    return " ".join(map(verbatim, step.samples(at))) or "*blank*"
