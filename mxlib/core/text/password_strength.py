"""Words for what makes a sign-in password easy to guess."""

from collections.abc import Sequence

from mxlib.core.format import listed
from mxlib.core.password_strength import Weakness

_NAME = "a name of the person, of the agency or of MXM"

WEAKNESSES = {
    Weakness.OWN_NAME: _NAME,
    Weakness.PRODUCT_NAME: _NAME,
    Weakness.COMMON_PASSWORD: "a common password",
    Weakness.COMMON_WORD: "a common word or name",
    Weakness.NEIGHBOURING_KEYS: "neighbouring keys",
    Weakness.REPETITION: "a repetition",
    Weakness.SEQUENCE: "a sequence such as abc or 321",
    Weakness.YEAR: "a year",
    Weakness.DATE: "a date",
}

#: Weaknesses that are named at most.
_MOST_NAMED = 3


def weak(weaknesses: Sequence[Weakness]) -> str:
    """Say what makes a password easy to guess, such as `a year`."""
    named = dict.fromkeys(WEAKNESSES[each] for each in weaknesses)
    return listed(list(named)[:_MOST_NAMED]) or "too few characters"
