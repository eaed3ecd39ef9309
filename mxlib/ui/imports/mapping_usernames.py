"""Usernames for a file of names: by which pattern, and who is another person."""

import pandas as pd
import streamlit as st

from mxlib import services
from mxlib.core.format import count
from mxlib.core.mapping import choices, usernames
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.usernames import PATTERNS, Particles, People, UsernamePattern
from mxlib.ui.app import layout
from mxlib.ui.imports.mapping_state import Step
from mxlib.ui.widgets.format import escaped

_PLAIN_ROWS, _ODD_ROWS = 4, 4
_SECOND = "1 name occurs twice; the second gets a 2."
_NUMBERED = "{} elsewhere too: each gets a number."
_PARTICLES = {
    Particles.JOINED: "jan.vanderberg",
    Particles.KEPT: "jan.van.der.berg",
    Particles.DROPPED: "jan.berg",
}


def ask(step: Step, domain: str) -> tuple[ColumnChoices, list[str]]:
    """Ask for the pattern of usernames and show the result.

    Returns the pattern, and addresses whose owners are other people.
    """
    st.markdown("**How should usernames look?**")
    who = choices.people(step.sheet, step.answer)
    answer = ColumnChoices(step.answer.meanings, _recipe(step, who))
    others = _others(step, answer, domain)
    made = services.current().files.usernames(layout.caller(), step.sheet, answer, domain, others).to_pylist()
    _sample(step, who, made, usernames.plain(who, answer.pattern))
    return answer, others


def _recipe(step: Step, who: People) -> UsernamePattern:
    """Ask for the pattern; for particles and umlauts only where there are any."""
    now = step.answer.pattern
    with st.container(horizontal=True, gap="medium"):
        pattern = st.selectbox(
            "Pattern", list(PATTERNS), index=list(PATTERNS).index(now.pattern), key=step.key("pattern"), width=200
        )
        particles, spelled = now.particles, now.spelled
        if who.have_particles:
            particles = st.segmented_control(
                "Jan van der Berg",
                list(Particles),
                default=now.particles,
                format_func=_PARTICLES.__getitem__,
                required=True,
                key=step.key("particles"),
            )
        if who.have_marks:
            spelled = st.segmented_control(
                "ä, ö, ü, å, ø",
                [False, True],
                default=now.spelled,
                format_func=("a, o, u, a, o", "ae, oe, ue, aa, oe").__getitem__,
                required=True,
                key=step.key("spelled"),
            )
    return UsernamePattern(pattern, particles, spelled)


def _others(step: Step, answer: ColumnChoices, domain: str) -> list[str]:
    """Ask which existing mailboxes belong to other people. The rest belong to the same people, and are skipped."""
    there = services.current().files.namesakes(layout.caller(), step.sheet, answer, domain)
    if not there:
        return []
    exist = "1 of these mailboxes exists" if len(there) == 1 else f"{len(there):,} of these mailboxes exist"
    return st.multiselect(
        f"{exist} already: taken for the same people, and skipped. Choose who is another person and gets a number",
        there,
        placeholder="Nobody: all are the same people",
        key=step.key("others"),
    )


def _sample(step: Step, who: People, made: list[str], plain: list[str]) -> None:
    """Show some of the usernames, the odd ones first, and how many are odd."""
    called = [
        f"{first} {last}".strip() for first, last in zip(who.first.to_pylist(), who.last.to_pylist(), strict=True)
    ]
    numbered = [at for at, name in enumerate(made) if name != plain[at]]
    missing = [at for at, name in enumerate(made) if not name]
    shown = sorted({*range(min(_PLAIN_ROWS, len(made))), *numbered[:_ODD_ROWS], *missing[:_ODD_ROWS]})
    st.table(
        pd.DataFrame(
            {
                "Name": [escaped(called[at]) for at in shown],
                "Username": [escaped(made[at]) if made[at] else "*to be typed*" for at in shown],
            },
            index=pd.Index(step.sheet.table.lines[shown], name="Line"),
        ),
        width="content",
    )
    sentences = []
    if numbered:
        is_second = len(numbered) == 1 and made[numbered[0]] == f"{plain[numbered[0]]}2"
        sentences.append(_SECOND if is_second else _NUMBERED.format(count(len(numbered), "name occurs", "names occur")))
    if missing:
        many = count(len(missing), "name makes", "names make")
        sentences.append(f"{many} no username, since no Latin letters are left of it: type it in the preview.")
    if sentences:
        st.caption(" ".join(sentences))
