"""What is told of a mailbox to somebody who may change it, but may not see it: what was done, and no figures of it."""

import re

from mxlib.core.text import findings

#: Phrases with a figure in them, made in `findings` and in the sentences of a run, and what is left of each.
_LEFT = tuple(
    (re.compile(phrase), left)
    for phrase, left in (
        (r" \(it was \w+ when this was planned\)", ""),
        (r"\b(quota|limit) (?:\w+ → \w+|set to \w+)", r"\1 changed"),
        (r"\b(quota|limit) (?:changed|\d+|unlimited) as asked", r"\1 as asked"),
        (r"\b(quota|limit) is \d+, not \d+ as asked", r"\1 is not as asked"),
        (r"\b(quota|limit) \d+, not \d+", r"\1 not as asked"),
        (r"\b(quota|limit) was changed to \d+ since", r"\1 was changed since"),
        (r"\bkept: holds [^.;]*", "kept: holds mail"),
        (r"\bkept: [\d,]+ sent today", "kept: mail was sent today"),
        (re.escape(findings.RECOVERY_CHANGED), findings.RECOVERY_SET),
    )
)


def without_figures(sentence: str) -> str:
    """A sentence about a mailbox, or phrases of one, without what it has or had."""
    for phrase, left in _LEFT:
        sentence = phrase.sub(left, sentence)
    return sentence
